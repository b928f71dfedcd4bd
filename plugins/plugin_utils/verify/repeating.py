# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each check is repeated by hand: a command that only reads, or why there is none. Private to the collection.

Pure.
"""

from __future__ import annotations

import shlex
import typing as t
import urllib.parse

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import container_commands, live_commands
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.asking import BODY, FILL_IN, asking
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import literal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import (
    answering,
    repeating_code,
    repeating_compose,
    repeating_configs,
    repeating_host,
    repeating_logs,
    repeating_processes,
    repeating_streams,
)

_CHANNEL = ("configured", "well_formed", "distinct", "sent")
_READS = ("GET", "HEAD")
_UNIT = "Id,ActiveState,SubState,MainPID,NRestarts,ActiveEnterTimestamp"
_CONTAINER = (
    "{{.Id}} {{.State.Status}} since {{.State.StartedAt}}, {{.RestartCount}} restarts, out of memory: "
    "{{.State.OOMKilled}}"
)
_USED = "{{.Name}} {{.MemUsage}} {{.CPUPerc}}"
_BOOT = "uptime -s; cat /proc/sys/kernel/random/boot_id; date -u"
_EVENTS = "memory.events"
_KILLED = (
    "free -m; grep '^oom_kill ' /proc/vmstat; "
    f"grep -rsE '^oom(_kill)? [1-9]' --include={_EVENTS} --include={_EVENTS}.local /sys/fs/cgroup"
)

NONE = "no command that only reads says the same: what was seen stands in its evidence"
"""What is said of a kind of check that nothing here knows."""

_SEVERAL = "it is about several hosts, or about a reference: the report of the run has what each of them holds"
_UNSHOWN = "a name in it has characters that a command line cannot show"
_RUN = {
    "observed": "it is whether the host can be reached: from the control node, ansible.builtin.ping tells",
    "change": "it is the host's own record of changes, in its state directory, which a deploy reads",
}
_OF_HISTORY = ("history", "secrets_in_history", "secret_files")
_HISTORY = (
    "the control node searched the history of the reference for it: what shows a secret is no command to note down"
)
_FILL = f"write that value in the place of {FILL_IN}"
_FILES = "it compares two sets of files key by key: the report of the run has each key that differs, with both sides"
_WAIVER = "it is about a waiver of the contract: the report of the run lists what each of them covers"

Json = t.Mapping[str, t.Any]


class Places:
    """What a run knows of the things that its checks are about: where an endpoint is, which source a log has."""

    def __init__(self, findings: Json, more: t.Mapping[str, Json] | None = None) -> None:
        """``more`` is by host what a run has besides (``repeatable.py``)."""
        self._more = more or {}
        self._references = {one["id"]: one for one in findings.get("references") or ()}
        self._hosts = {host for environment in findings["environments"] for host in environment["hosts"]}
        self._known: dict[tuple[str, str, str], Json] = {}
        self._engines: dict[str, str] = {}
        for facts in findings["facts"]:
            section = facts["section"]
            if section == "containers":
                self._engines[facts["host"]] = container_commands.client(facts["facts"].get("engine") or {})
            for one in facts["facts"].get(_LISTED.get(section, section)) or () if section in _NAMED else ():
                self._known[facts["host"], section, str(one[_NAMED[section]])] = one

    def of(self, check: Json) -> dict[str, str]:
        """Return ``{command, instead}``: a command for a shell in the root of its host, or why there is none."""
        told = _SEVERAL if check["host"] not in self._hosts else ""
        command = "" if told else self._command(check)
        return {"command": command, "instead": "" if command else told or self._instead(check)}

    def _about(self, check: Json) -> Json:
        section, component = check["section"], check["component"]
        known = dict(self._known.get((check["host"], section, component), {}))
        known.update((self._more.get(check["host"], {}).get(section) or {}).get(component) or {})
        known["ask"] = known.get("ask") or self._engines.get(check["host"], "docker")
        if section == "streams":
            known["servers"] = self._more.get(check["host"], {}).get("servers") or {}
        if section == "processes":
            trees = [
                one for (host, kind, _name), one in self._known.items() if (host, kind) == (check["host"], "trees")
            ]
            known["trees"] = {one["name"]: one["path"] for one in trees}
        if section == "trees" and known.get("path"):
            known["of"] = self._references.get(known.get("reference"))
        return known

    def _command(self, check: Json) -> str:
        section = check["section"]
        if section == "regression":
            return self._command(_compared(check)) if check["check"] != "host" else ""
        if section == "watch":
            watched = _watched(check)
            special = repeating_logs.command if watched["section"] == "logs" else None
            # A window begins after the audit has read: to the end of the log.
            return special(watched, {**self._about(watched), "whole": True}) if special else self._shown(watched)
        return self._audited(check)

    def _shown(self, watched: Json) -> str:
        return _of_window(watched, self._engines.get(watched["host"], "docker")) or self._audited(watched)

    def _audited(self, check: Json) -> str:
        section = check["section"]
        special = _SPECIAL.get(section)
        return special(check, self._about(check)) if special else _live(check, check["expected"] or {})

    def _instead(self, check: Json) -> str:
        section, name = check["section"], check["check"]
        if section in ("watch", "regression") and check["check"] != "host":
            return self._instead(_watched(check) if section == "watch" else _compared(check))
        if section == "regression":
            return "nothing of this host is in what was accepted"
        if section == "run":
            return _WAIVER if check["component"] == "waivers" else _RUN.get(name, NONE)
        if any(plain(str(check[key])) is None for key in ("component", "subject")):
            return _UNSHOWN
        if name in answering.CHECKS and check["outcome"] == "unknown" and section in ("endpoints", "commands"):
            return "what it looks for was not decided: its finding says why"
        if name in answering.CHECKS and self._audited(
            {**check, "check": "exit" if section == "commands" else "status"}
        ):
            return "what it looks for is too long to be shown, or has a secret in it: the contract has it"
        if section == "endpoints":
            return _not_asked(check, self._about(check))
        if section == "configs":
            return "it is about the environment of what runs, whose values no command should show"
        if section == "compose" and name == "reference":
            return _FILES
        if section in ("logs", "trees") and MARK in f"{check['subject']}{check['expected']}{self._about(check)}":
            return "what it searches for has a secret in it: the contract has the expression"
        if section == "commands":
            return "it did not run on the host, or holds a secret: the contract has the command"
        return _HISTORY if section == "git" and name in _OF_HISTORY else NONE


def thing(check: Json) -> tuple[str, str]:
    """Return the section and the name of what a check of the window or of a comparison is about."""
    about = _watched(check) if check["section"] == "watch" else _compared(check)
    return about["section"], about["component"]


def _compared(check: Json) -> dict[str, t.Any]:
    """Return a check of the thing whose figures were compared."""
    section, _colon, name = check["component"].partition(":")
    subject, kind = name, ""
    if check["check"] == "errors":
        # A log of which no error is told has no class behind its name.
        name, kind = name.rpartition(":")[0] or name, "max"
    return {**check, "section": section, "component": name, "subject": subject, "check": kind, "expected": {}}


def _watched(check: Json) -> dict[str, t.Any]:
    """Return a check of the thing that was watched. Its evidence has its name whole: a subject may have more."""
    _file, _mark, place = (check["evidence"] or ["#window"])[0].partition("#")
    kind, _slash, name = place.partition("/")
    return {**check, "section": kind, "component": name or kind, "expected": {}}


def _of_window(check: Json, ask: str) -> str:
    """Return what shows how something that was watched is now; nothing when an audit has a command for that."""
    section = check["section"]
    name = (literal if section == "units" else plain)(str(check["component"]))
    if section in ("window", "memory"):
        return _BOOT if section == "window" else _KILLED
    if name is None:
        return ""
    if section == "units":
        asked = f"systemctl --no-pager show --property={_UNIT} -- {shlex.quote(name)}"
        return f"{asked}; {_killed_in(name)}"
    if section == "containers" and check["check"] == "seen":
        return container_commands.everything(ask)
    if section == "containers":
        used = f"{ask} stats --no-stream --format {shlex.quote(_USED)} -- {shlex.quote(name)}"
        return f"{container_commands.inspect(_CONTAINER, [name], ask)}; {used}"
    return ""


def _killed_in(unit: str) -> str:
    """Return what shows how many processes of a unit the kernel killed, in either version of control groups."""
    group = f"systemctl --no-pager show --property=ControlGroup --value -- {shlex.quote(unit)} | grep ."
    files = f"/sys/fs/cgroup{{}}/{_EVENTS} /sys/fs/cgroup/memory{{}}/memory.oom_control"
    return f"{group} | xargs -r -d '\\n' -I{{}} grep -s '^oom_kill ' {files}"


def _live(check: Json, expected: Json) -> str:
    """Return the command that an audit's report has for a finding of a section about what runs."""
    made = live_commands.commands([{**check, "expected": expected, "outcome": "fail"}], plain)
    return made[0][1] if made else ""


def _endpoint(check: Json, known: Json) -> str:
    if check["check"] in _CHANNEL or not known.get("url") or known["from"] != "host":
        return ""
    if check["check"] in answering.CHECKS:
        found, told = asking(known, plain, BODY), answering.holds(check)
        return f"{found.command} | {told}" if found and told and not found.missing else ""
    found = asking(known, plain)
    made = found.command if found and not found.missing else ""
    return f"{_certificate(known)}{made}" if made and check["check"] == "certificate" else made


def _certificate(known: Json) -> str:
    """Return what shows how long a certificate is good for, whether it is trusted or not."""
    url = urllib.parse.urlsplit(str(known["url"]))
    host = url.hostname or ""
    place = shlex.quote(f"{f'[{host}]' if ':' in host else host}:{url.port or 443}")
    named = f" -servername {shlex.quote(host)}" if host.strip("0123456789.") and ":" not in host else ""
    ask = f"timeout 10 openssl s_client -connect {place}{named} </dev/null 2>/dev/null"
    return f"{ask} | openssl x509 -noout -subject -issuer -dates; "


def _not_asked(check: Json, known: Json) -> str:
    """Return why an endpoint is not to be asked by hand on its host."""
    if check["check"] in _CHANNEL or not known.get("url"):
        return "its address is a secret of the host, or the run does not list it: no command should show it"
    if known["method"] not in _READS:
        return f"it is asked with {known['method']}, which may change something: only what the contract says sends that"
    found = asking(known, plain)
    if found is not None and known["from"] != "host":
        said = f"the control node asked it, and not the host: {found.command}"
        return said + (f" ({_FILL})" if found.missing else "")
    if found is not None:
        names = ", ".join(found.missing)
        return f"it is asked with {names}, of which only the contract has the value: {found.command} ({_FILL})"
    return "its address, or a header, has a part that is a secret, or that no command line can show"


def _run(check: Json, known: Json) -> str:
    """Return a command of the contract, which only reads, as it was run, and what tells what was judged of it."""
    command, folder = literal(str(known.get("command") or "")), str(known.get("cwd") or ".")
    if not command or literal(folder) is None or MARK in f"{command}{folder}":
        return ""
    if folder != ".":
        command = f"(cd -- {shlex.quote(folder)} && {command})"
    if check["check"] in answering.CHECKS:
        told = answering.holds(check)
        return f"{command} 2>/dev/null | {told}" if told else ""
    return f'{command} >/dev/null 2>&1; echo "ended with $?"'


def _container(check: Json, known: Json) -> str:
    return container_commands.command([check], plain, str(known["ask"]))


def _nothing(_check: Json, _known: Json) -> str:
    return ""


_NAMED = {
    "endpoints": "name",
    "logs": "name",
    "trees": "name",
    "configs": "name",
    "commands": "name",
    "streams": "entry",
}
"""The sections whose facts are listed, and by what."""

_LISTED = {"configs": "files"}
"""Where the facts of a section stand that are not called as it is."""

_SPECIAL: dict[str, t.Callable[[Json, Json], str]] = {
    "endpoints": _endpoint,
    "logs": repeating_logs.command,
    "trees": repeating_code.tree,
    "git": repeating_code.git,
    "streams": repeating_streams.command,
    "configs": repeating_configs.command,
    "processes": repeating_processes.command,
    "containers": _container,
    "compose": repeating_compose.command,
    "ports": repeating_host.port,
    "resources": repeating_host.resource,
    "packages": repeating_host.package,
    "commands": _run,
    "run": _nothing,
}
