# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units for processes that nothing supervises. Private to the collection. Pure."""

from __future__ import annotations

import json
import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.process_instance import is_supervised
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import unit_words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.command_line import (
    Hidden,
    name_bytes,
    of_process,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import (
    UNIT,
    Json,
    Proposal,
    Seen,
    Step,
    reasons,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.shell import filename, quoted

_FOLDER = "/etc/systemd/system"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SLACK_MB, _STEP_MB = 64, 32
_UNKNOWN_USER = "FILL-IN"
# What a login or nohup leaves in an environment, and no service needs.
_OF_THE_LOGIN = "_|HOME|LOGNAME|LS_COLORS|MAIL|OLDPWD|PATH|PWD|SHELL|SHLVL|TERM|USER|VIRTUAL_ENV|(SSH|XDG|SUDO)_.*"


def units(seen: Seen) -> list[Proposal]:
    """Return a proposal for each process of the contract that nothing supervises, and should be."""
    data = seen.section("processes")
    if data is None:
        return []
    wrong = seen.found("processes", "supervised", "unit")
    made = []
    for entry in seen.contract.get("processes") or []:
        why = [one for one in wrong if one["component"] == entry["name"] and one["cause"] == "unsupervised"]
        pids = set(data["matches"].get(entry["name"], []))
        mine = [one for one in data["processes"] if one["pid"] in pids and "unit" not in one["unread"]]
        loose = [one for one in mine if not is_supervised(one)]
        name = _name(entry, seen)
        if why and loose and not _exists(name, seen):
            made.append(_Unit(entry, seen, data["paths"], name, loose).proposal(why))
    return made


def _name(entry: Json, seen: Seen) -> str:
    """Return how the unit is to be called: as the contract calls it, if it does."""
    if entry["unit"]:
        return unit_words.unit_name(str(entry["unit"]).removesuffix(".service"))
    stems = (entry["name"], f"{seen.application}-{entry['name']}")
    for one in seen.contract.get("units") or []:
        if one["name"].removesuffix(".service") in stems and one["active"]:
            return str(one["name"])
    return unit_words.unit_name(stems[1])


def _exists(name: str, seen: Seen) -> bool:
    """Whether the host has the unit already: then it is to be started, and there is nothing to write."""
    data = seen.section("units") or {"units": []}
    return any(one["name"] == name and one.get("load") == "loaded" for one in data["units"])


class _Unit:
    """One unit in the making."""

    def __init__(self, entry: Json, seen: Seen, paths: Json, name: str, loose: t.Sequence[Json]) -> None:
        self._entry = entry
        self._seen = seen
        self._paths = paths
        self._name = name
        self._loose = sorted(loose, key=lambda one: (self._fits(one), one["started_s"], one["pid"]))
        self._chosen = self._loose[-1]
        self._words = of_process(self._chosen)
        self._environment = f"/etc/default/{filename(name.removesuffix('.service'))}"
        self._notes: list[str] = []

    def _fits(self, process: Json) -> int:
        """Return in how many things a process is as the contract wants it: the unit is made of the right one."""
        right: int = sum(
            self._paths.get(self._entry[key]) == process[key] for key in ("cwd", "venv") if self._entry[key] is not None
        )
        return right + int(self._entry["user"] is not None and self._entry["user"] == process["user"])

    def proposal(self, why: t.Sequence[Json]) -> Proposal:
        process, entry = self._chosen, self._entry
        text = self._text()
        return Proposal(
            kind=UNIT,
            subject=entry["name"],
            host=self._seen.host,
            title=f"A systemd unit for {entry['name']}: {self._name}",
            what=(
                f"{entry['name']} was started by hand on {self._seen.host} (pid {process['pid']} since "
                f"{process['started']}). As a unit it is started again after a crash and after a boot."
            ),
            why=reasons(why),
            files={self._name: text, "environment.example": self._example()},
            notes=(*self._notes, *self._words.doubts, *self._others()),
            review=(
                Step(
                    "Compare ExecStart= with what runs, on the host:",
                    (f"tr '\\0' ' ' </proc/{process['pid']}/cmdline",),
                ),
                Step("Let systemd read the unit:", (f"systemd-analyze verify {quoted('./' + self._name)}",)),
            ),
            apply=self._by_hand(),
            undo=(
                Step(
                    "On the host:",
                    (
                        f"systemctl disable --now {quoted(self._name)}",
                        f"rm {quoted(f'{_FOLDER}/{self._name}')} && systemctl daemon-reload",
                    ),
                ),
                self._as_before(),
            ),
        )

    def _as_before(self) -> Step:
        one = self._chosen
        if self._words.hidden or self._words.doubts or one["user"] is None or one["cwd"] is None:
            return Step("Start the process again as it was started before.")
        command = " ".join(map(quoted, one["argv"]))
        return Step(
            "Start the process again as it was started before, with the variables that it needs:",
            (f"cd {quoted(one['cwd'])} && runuser -u {quoted(one['user'])} -- nohup {command} >/dev/null 2>&1 &",),
        )

    def _text(self) -> str:
        process = self._chosen
        lines = [
            f"# Proposed by evenkeel.drift, from process {process['pid']} of {unit_words.comment(self._seen.host)}.",
            "[Unit]",
            "Description="
            + unit_words.comment(f"{self._entry['name']} of {self._seen.application}").replace("%", "%%"),
            "Wants=network-online.target",
            "After=network-online.target",
            "",
            "[Service]",
            "Type=exec",
            f"User={self._user()}",
            *self._place(),
            *self._venv(),
            "# Mode 0600: it is filled in on the host, and its values are in no report.",
            f"EnvironmentFile={self._environment}",
            "ExecStart=" + " ".join(_word(parts) for parts in self._words.words),
            "Restart=on-failure",
            "RestartSec=5",
            f"# It used {_mb(process)} MiB when it was looked at.",
            f"MemoryMax={_limit(process)}M",
            "",
            "[Install]",
            "WantedBy=multi-user.target",
        ]
        return "\n".join(lines) + "\n"

    def _user(self) -> str:
        """Return whom it runs as. A unit that says nothing would run as root."""
        user = self._chosen["user"] or self._entry["user"]
        if user is None or MARK in user:
            self._notes.append(f"as whom it runs is not known: replace {_UNKNOWN_USER} in User=")
            return _UNKNOWN_USER
        return unit_words.line(name_bytes(user)) or _UNKNOWN_USER

    def _place(self) -> list[str]:
        """Return the setting of the directory. One that no line can hold is entered by the command itself."""
        cwd = self._chosen["cwd"]
        if cwd is None or MARK in cwd or "cwd" in self._chosen["replaced"]:
            self._notes.append(f"in which directory it runs is not known for certain: {cwd or 'it was not read'}")
            cwd = self._seen.root
        fit = unit_words.line(name_bytes(cwd))
        if fit is not None:
            return [f"WorkingDirectory={fit}"]
        self._words.words[:0] = [[b"/usr/bin/env"], [b"--chdir=" + name_bytes(cwd)]]
        return []

    def _venv(self) -> list[str]:
        """Return what activating the virtual environment sets."""
        venv = self._chosen["venv"]
        if venv is None or MARK in venv:
            return []
        variables = (b"VIRTUAL_ENV=" + name_bytes(venv), b"PATH=" + name_bytes(venv) + f"/bin:{_PATH}".encode("ascii"))
        return ["Environment=" + " ".join(unit_words.word(one, variables=False) for one in variables)]

    def _example(self) -> str:
        lines = [
            f"# {self._environment}, mode 0600, root's own. One NAME=value a line; what holds blanks stands in quotes.",
            "# An audit does not read the environment of a process: README.md says how to look at it.",
        ]
        for variable, about in self._words.hidden.items():
            lines += [f"# {unit_words.comment(about)}:", f"{variable}="]
        return "\n".join(lines) + "\n"

    def _others(self) -> list[str]:
        """Return what is to be known of the other instances."""
        others = [one for one in self._loose if one is not self._chosen]
        told = [
            f"another instance runs: pid {one['pid']} since {one['started']}"
            + (f", from {one['venv']}" if one["venv"] != self._chosen["venv"] else "")
            + ("" if one["argv"] == self._chosen["argv"] else f", with the command {one['command'][:200]}")
            for one in others
        ]
        wanted = self._entry["instances"]
        if wanted > 1:
            told.append(f"the contract wants {wanted} instances, and a unit starts one: copy it under other names")
        if self._words.hidden:
            told.append(
                "its command holds what was masked: it is passed as "
                + ", ".join(self._words.hidden)
                + f" from {self._environment}, where the values are filled in"
            )
        return told

    def _by_hand(self) -> tuple[Step, ...]:
        name, host = quoted(self._name), quoted(self._seen.host)
        pids = [one["pid"] for one in self._loose]
        target = f"{_FOLDER}/{self._name}"
        copy = json.dumps({"src": self._name, "dest": target, "owner": "root", "group": "root", "mode": "0644"})
        return (
            Step(
                "From this folder, bring the unit to the host:",
                (f"ansible -i INVENTORY {host} --become -m ansible.builtin.copy -a {quoted(copy)}",),
            ),
            Step(
                f"On the host, make {self._environment} and fill it in: what environment.example names, and what the "
                "process was started with. A value with quotes, backslashes or several lines has to be quoted by hand.",
                (
                    f"install -m 0600 /dev/null {self._environment}",
                    f"tr '\\0' '\\n' </proc/{pids[-1]}/environ | grep -vE '^({_OF_THE_LOGIN})=' >>{self._environment}",
                    f"${{EDITOR:-vi}} {self._environment}",
                ),
            ),
            Step("Let systemd read it:", ("systemctl daemon-reload", f"systemd-analyze verify {name}")),
            Step(
                "Stop what was started by hand, when the start times are still these: "
                + ", ".join(f"pid {one['pid']} since {one['started']}" for one in self._loose),
                (f"TZ=UTC ps -o pid,lstart,args -p {','.join(map(str, pids))}", f"kill {' '.join(map(str, pids))}"),
            ),
            Step("Start the unit, and look at it:", (f"systemctl enable --now {name}", f"systemctl status {name}")),
            Step("Audit again."),
        )


def _word(parts: t.Sequence[bytes | Hidden]) -> str:
    if len(parts) == 1 and isinstance(parts[0], bytes):
        return unit_words.word(parts[0])
    shown = "".join(f"${{{one.variable}}}" if isinstance(one, Hidden) else unit_words.inner(one) for one in parts)
    return f'"{shown}"'


def _mb(process: Json) -> int:
    return math.ceil(int(process["rss_kb"]) / 1024)


def _limit(process: Json) -> int:
    """Return twice what it used, and some more where that is little: a limit that it meets in daily work kills it."""
    used = _mb(process)
    return math.ceil(max(2 * used, used + _SLACK_MB) / _STEP_MB) * _STEP_MB
