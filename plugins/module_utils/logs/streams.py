# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs that are no files: a unit's part of the journal, and what a container wrote. Private to the collection."""

from __future__ import annotations

import glob
import json
import os
import re
import typing as t
import urllib.parse

from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound, open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import Missing
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import Lines
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.measures import Json
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.tally import Tally
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock, stamped
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

ENTRIES = 50_000
"""How many entries of a journal are looked at: journalctl gives the newest."""

_LIMIT = 64 << 20
_BLOCK = 256 * 1024
_PLACES = ("/var/log/journal", "/run/log/journal")
_PRIORITIES = tuple("01234567")
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")

Stamped = t.Iterator[bytes]


def read_journal(spec: t.Mapping[str, t.Any], since_s: float | None, host: Host) -> Json:
    """Return what is known of the journal of the unit ``spec["journal"]``. Raises Missing, Unseen."""
    program = command.find("journalctl")
    if program is None:
        raise Unseen("this host has no journalctl")
    _readable()
    asked = min(ENTRIES, spec["lines"] if since_s is None else ENTRIES)
    out = command.run([*_journalctl(program, spec["journal"], asked), *_since(since_s)], host)
    counted = _Counted(spec, host)
    entries = counted.count(_entries(out))
    if not entries and not command.run(_journalctl(program, spec["journal"], 1), host).strip():
        raise Missing(f"the journal has no entry of {spec['journal']}")
    limited = entries >= ENTRIES and (since_s is not None or spec["lines"] > ENTRIES)
    return counted.result(f"only the newest {ENTRIES} entries were asked for" if limited else "")


def _journalctl(program: str, unit: str, entries: int) -> list[str]:
    # Without --all a message of more than 4096 bytes, such as a traceback, comes as null.
    shown = ("--output=json", "--all", "--output-fields=MESSAGE,PRIORITY")
    return [program, "--no-pager", "--quiet", *shown, f"--lines={entries}", f"--unit={unit}"]


def _since(since_s: float | None) -> list[str]:
    return [] if since_s is None else [f"--since=@{since_s:.6f}"]


def _readable() -> None:
    """Raise Unseen when this user would be shown no or not all entries: journalctl itself then just says less."""
    journals = [path for place in _PLACES for path in glob.glob(f"{place}/*/*.journal")]
    if os.geteuid() == 0:
        if not journals:
            raise Unseen("this host keeps no journal")
        return
    system = [path for path in journals if os.path.basename(path) == "system.journal"]
    if not any(os.access(path, os.R_OK) for path in system):
        raise Unseen("there is no journal, or it may only be read by root and the groups systemd-journal and adm")


def _entries(out: bytes) -> Stamped:
    """Yield the lines of the entries that journalctl gave as JSON, each with its time. Raises Unseen."""
    for line in out.splitlines():
        try:
            entry = json.loads(line)
            seconds = int(entry["__REALTIME_TIMESTAMP"]) / 1e6
            text = _message(entry.get("MESSAGE", ""))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Unseen("journalctl gave something else than entries in JSON") from None
        priority = str(entry.get("PRIORITY"))
        first, *rest = text.split(b"\n")
        yield stamped(seconds, first, priority.encode("ascii") if priority in _PRIORITIES else b"")
        for more in rest:
            yield stamped(seconds, more)


def _message(value: t.Any) -> bytes:
    """Return the text of an entry: bytes that are not UTF-8 come as a list of numbers. Raises Unseen for null, which
    stands for what journalctl holds too long.
    """
    if value is None:
        raise Unseen("journalctl left out the text of an entry")
    if isinstance(value, list):
        # A field that an entry has several times is a list of texts.
        return b"\n".join(_message(one) for one in value) if value and isinstance(value[0], str) else bytes(value)
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else b""


def read_container(spec: t.Mapping[str, t.Any], since_s: float | None, host: Host) -> Json:
    """Return what is known of the log of the container ``spec["container"]``. Raises Missing, Unseen."""
    engine = open_engine(spec.get("socket"), host)
    path = f"/containers/{urllib.parse.quote(spec['container'], safe='')}"
    try:
        about = engine.container(spec["container"])
    except NotFound:
        raise Missing(f"{engine.kind} has no container {spec['container']}") from None
    config = about.get("Config") if isinstance(about, dict) else None
    if not isinstance(config, dict):
        raise Unseen(f"the engine's answer about {spec['container']} is none")
    query: dict[str, str | int | bool] = {"stdout": True, "stderr": True, "timestamps": True}
    query.update({"tail": spec["lines"]} if since_s is None else {"since": f"{since_s:.6f}"})
    counted = _Counted(spec, host)
    problem = ""
    try:
        counted.count(_container_lines(engine.lines(f"{path}/logs", query, _LIMIT, 60.0, bool(config.get("Tty")))))
    except Unseen as error:
        if not counted.any:
            raise
        problem = error.reason
    return counted.result(problem)


def _container_lines(lines: t.Iterable[tuple[str, bytes]]) -> Stamped:
    clock = Clock([b"2000-01-01T00:00:00Z"], 0.0)
    before = 0.0
    for _stream, line in lines:
        match = _TIME.match(line)
        seconds = clock.of(match.group()) if match is not None else None
        # What has no time of its own goes on where the line before it was cut.
        before = before if seconds is None else seconds
        yield stamped(before, line[match.end() + 1 :] if match is not None else line)


class _Counted:
    """A log of stamped lines."""

    def __init__(self, spec: t.Mapping[str, t.Any], host: Host) -> None:
        self._host = host
        self._tally = Tally(spec, Clock((), 0.0, stamps=True))
        self._lines = Lines()
        self._bytes = 0

    def count(self, lines: Stamped) -> int:
        """Count lines; return how many they are. Raises what ``lines`` raises."""
        total, size = 0, 0
        held: list[bytes] = []
        try:
            for line in lines:
                total += 1
                size += len(line)
                held.append(line)
                if size >= _BLOCK:
                    self._feed(held)
                    held, size = [], 0
        finally:
            # Lines that came before something went wrong are counted.
            self._feed(held)
        return total

    @property
    def any(self) -> bool:
        """Whether anything was counted."""
        return self._bytes > 0

    def _feed(self, held: list[bytes]) -> None:
        self._host.check_time()
        block = self._lines.feed(b"".join(line + b"\n" for line in held))
        self._bytes += len(block)
        self._tally.feed(block)

    def result(self, problem: str) -> Json:
        self._tally.end()
        counted = self._tally.result()
        read = {key: counted.pop(key) for key in ("lines", "first", "first_s", "last", "last_s")}
        return {
            **dict.fromkeys(("path", "inode", "size", "mtime", "mtime_s")),
            "newest": read["last"],
            "newest_s": read["last_s"],
            "read": {
                **read,
                "from_byte": None,
                "bytes": self._bytes,
                "of_total": None,
                "dated": True,
                "complete": not problem,
                "reason": problem,
                "siblings": [],
                "cut": self._lines.cut,
                "changed": "",
                "unsorted": False,
            },
            **counted,
        }
