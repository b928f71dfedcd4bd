# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section processes: what runs on a host, since when, from where, and what it depends on. Private to the collection."""

from __future__ import annotations

import heapq
import json
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import argv_secrets
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.describe import Describer
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.match import Seen, audit_itself, matching, scan
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.shared import Ruler, ruler
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.unit_files import unit_files
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.venv import newest_change
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked

MAX_DESCRIBED = 2000
"""How many processes are described at most; all that match are counted."""
TOP = 10

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "match": {"type": "str"},
    "containers": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 60},
}
"""The options of the module process_info."""

Json = t.Dict[str, t.Any]

_ANSWER = b"A"


def collect(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return the ``data`` of the section processes (its shape is in ``docs/design.md``).

    ``spec``: ``processes``, a list of ``{name, match, containers, reads, cwd, venv}``, and ``all``: whether every
    process is described. It is done by a process of its own, so that a pattern which never ends, or a file on a file
    system that hangs, ends with the time limit. Raises Unseen.
    """
    answers: list[bytes] = []
    parent = os.getpid()

    def work(channel: Channel) -> None:
        made = _Reader(spec, host, Proc(spec.get("proc", "/proc")), {parent, os.getpid()}).read()
        channel.send(_ANSWER, json.dumps(made).encode("ascii"))

    failures = run_forked([work], host, lambda _kind, payload: answers.append(payload))
    if failures or not answers:
        raise Unseen(f"the processes were not read: {'; '.join(failures)}")
    made: Json = json.loads(answers[0])
    return made


class _Reader:
    """Puts together what is seen of the processes of one host."""

    def __init__(self, spec: t.Mapping[str, t.Any], host: Host, proc: Proc, own: set[int]) -> None:
        self._wanted: list[t.Mapping[str, t.Any]] = list(spec.get("processes") or [])
        self._all = bool(spec.get("all"))
        self._host = host
        self._proc = proc
        self._own = own
        self._unread: list[Json] = []

    def read(self) -> Json:
        booted = clock.boot(self._proc)
        measure = ruler(booted.within_s)
        now_s = time.time()
        seen = scan(self._proc, self._host, self._unread)
        apart = audit_itself(seen, self._own)
        describer = Describer(self._proc, booted.time_s, now_s, min(self._own))
        matched = matching(seen, apart, self._wanted, self._host)
        matches, foreign = self._placed(matched, describer)
        chosen = self._chosen(seen, apart, {pid for pids in matches.values() for pid in pids})
        described = []
        for pid in chosen:
            self._host.check_time()
            try:
                described.append(describer.describe(seen[pid]))
                self._host.learn(argv_secrets([show(word) for word in seen[pid].argv]))
            except Gone:
                matches = {name: [one for one in pids if one != pid] for name, pids in matches.items()}
        described.sort(key=lambda one: int(one["pid"]))
        return {
            "root": show(self._host.root),
            "boot": clock.boot_id(self._proc),
            "booted": iso(booted.time_s),
            "booted_s": round(booted.time_s, 3),
            "now_s": round(now_s, 3),
            "clock_reason": booted.reason,
            "tolerance_s": measure(self._host.root),
            "total": len(seen),
            "hidden": self._proc.hidden(),
            "matches": matches,
            "foreign": foreign,
            "processes": described,
            "unread": self._unread[:MAX_DESCRIBED],
            "unread_total": len(self._unread),
            "files": self._files(measure),
            "paths": self._paths(),
            "unit_files": _unit_files(described, measure),
            "environments": _environments(described, measure),
        }

    def _placed(
        self, matched: t.Mapping[str, list[int]], describer: Describer
    ) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        """Return what counts for each entry, and what runs in containers and does not."""
        matches: dict[str, list[int]] = {}
        foreign: dict[str, list[int]] = {}
        for entry in self._wanted:
            name = entry["name"]
            counted = matches.setdefault(name, [])
            apart = foreign.setdefault(name, [])
            for pid in matched[name]:
                try:
                    inside = describer.elsewhere(pid)
                except Gone:
                    continue
                (apart if inside and not entry.get("containers") else counted).append(pid)
        return matches, foreign

    def _chosen(self, seen: t.Mapping[int, Seen], apart: set[int], matched: set[int]) -> list[int]:
        if self._all:
            return sorted(set(seen) - apart)[:MAX_DESCRIBED]
        others = [one for pid, one in seen.items() if pid not in apart]
        top = heapq.nlargest(TOP, others, key=lambda one: one.stat.rss_pages)
        top += heapq.nlargest(TOP, others, key=lambda one: one.stat.utime + one.stat.stime)
        return sorted(matched)[:MAX_DESCRIBED] + sorted({one.stat.pid for one in top} - matched)

    def _files(self, measure: Ruler) -> Json:
        return {path: self._file(path, measure) for entry in self._wanted for path in entry.get("reads") or []}

    def _file(self, path: str, measure: Ruler) -> Json:
        try:
            place = os.path.join(os.fsencode(self._host.root), raw(path))
            return {**_time(os.stat(place).st_mtime), "within_s": measure(place)}
        except OSError as error:
            return _no_time(explain(error))
        except ValueError:
            return _no_time("this is not the spelling of a path")

    def _paths(self) -> dict[str, str]:
        """Return where the directories that the contract names really are, for a process shows only that."""
        root = os.fsencode(self._host.root)
        named = {entry[key] for entry in self._wanted for key in ("cwd", "venv") if entry.get(key)}
        return {path: show(os.path.realpath(os.path.join(root, os.fsencode(path)))) for path in sorted(named)}


def _time(seconds: float) -> Json:
    return {"outcome": "ok", "reason": "", "mtime": iso(seconds), "mtime_s": round(seconds, 6)}


def _changed(path: str | bytes, seconds: float, within_s: float) -> Json:
    """Return when a file was changed, and how far a start must be apart from that to tell which came first."""
    return {
        "path": show(path),
        "mtime": iso(seconds),
        "mtime_s": round(seconds, 6),
        "within_s": within_s,
    }


def _no_time(reason: str) -> Json:
    return {"outcome": "unknown", "reason": reason, "mtime": None, "mtime_s": None, "within_s": None}


def _unit_files(described: t.Sequence[Json], measure: Ruler) -> dict[str, Json]:
    """Return, for each unit (``unit_key``), ``{outcome, reason, files: [{path, mtime, mtime_s, within_s}]}``."""
    found: dict[str, Json] = {}
    for process in described:
        key = process["unit_key"]
        if key is None or key in found:
            continue
        try:
            files = unit_files(process["unit"], process["unit_user"])
            listed = [_changed(path, at, measure(path)) for path, at in files]
            found[key] = {"outcome": "ok", "reason": "", "files": listed}
        except Unseen as unseen:
            found[key] = {"outcome": "unknown", "reason": unseen.reason, "files": []}
    return found


def _environments(described: t.Sequence[Json], measure: Ruler) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for home in sorted({process["venv"] for process in described if process["venv"] is not None}):
        try:
            newest = newest_change(raw(home))
        except Unseen as unseen:
            found[home] = {"outcome": "unknown", "reason": unseen.reason, "newest": None}
            continue
        item = None
        if newest is not None:
            item = _changed(*newest, measure(raw(home)))
        found[home] = {"outcome": "ok", "reason": "", "newest": item}
    return found
