# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show what a log says, of the part that was read. Private to the collection. Pure."""

from __future__ import annotations

import math
import os
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.log_words import KINDS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import literal

_LINES = 200
_SEARCHED = ("forbid", "require", "interval", "numbers")
# As programs spell the levels: docs/sections/logs.md.
_SPELLED = {
    "WARNING": ("WARN", "WARNING"),
    "ERROR": ("ERR", "ERROR", "SEVERE"),
    "CRITICAL": ("CRIT", "CRITICAL", "ALERT", "EMERG"),
    "FATAL": ("FATAL", "PANIC"),
}
_NUMBERED = {"WARNING": "40", "ERROR": "50", "FATAL": "60"}
_FIELD = r"""(?i:(?:level(?:name)?|severity|lvl)["']?\s*[=:]\s*["']?(?:{}))\b"""

Json = t.Mapping[str, t.Any]


def command(check: Json, known: Json) -> str:
    """Return what shows the lines that a check is about, in the part of the log that was read; of a check that is
    about no certain lines the end of it.

    ``known`` has the ``source`` of the log, and where these are known ``read`` (as the evidence has it), ``patterns``
    of the contract by check and name, and ``whole`` for a check that reads on to the end of the log.
    """
    kind = str(known.get("kind") or "")
    named = literal if kind == "journal" else plain
    shown = named(str(known["source"]).removeprefix(KINDS[kind])) if kind in _END else None
    if not shown:
        return ""
    found = _search(check, known)
    if not found:
        return _END[kind].format(shlex.quote(shown))
    return f"{_part(kind, shown, known)} | {found} | tail -n {_LINES}"


def _search(check: Json, known: Json) -> str:
    """Return what finds the lines of a check; nothing when that is not told."""
    kind = str(check["check"])
    word = plain(str(check["subject"]).removeprefix(f"{check['component']}:"))
    if kind == "max" and word:
        return f"grep -nP -e {shlex.quote(_levels(word))}" if word in _SPELLED else f"grep -nw -e {shlex.quote(word)}"
    if kind == "errors":
        return f"grep -nP -e {shlex.quote(_levels('ERROR'))}"
    kind = {"cycles": "interval"}.get(kind, kind)
    pattern = literal(str((known.get("patterns") or {}).get(kind, {}).get(word) or ""))
    return f"grep -nP -e {shlex.quote(pattern)}" if kind in _SEARCHED and pattern and MARK not in pattern else ""


def _levels(name: str) -> str:
    """Return the expression for a level and those that are worse, as a word or as a field."""
    worse = list(_SPELLED)[list(_SPELLED).index(name) :]
    words = [word for level in worse for word in _SPELLED[level]]
    fields = [*words, *(_NUMBERED[level] for level in worse if level in _NUMBERED)]
    return rf"(?<![\w.])(?:{'|'.join(words)})(?![\w.])|{_FIELD.format('|'.join(fields))}"


def _part(kind: str, name: str, known: Json) -> str:
    """Return what prints the part of a log that was read."""
    read, quoted = known.get("read") or {}, shlex.quote(name)
    first, last = read.get("first_s"), read.get("last_s")
    if kind == "journal":
        since = f" --since @{math.floor(first)}" if first is not None else ""
        until = f" --until @{math.floor(last) + 1}" if last is not None and not known.get("whole") else ""
        return f"journalctl --no-pager --utc{since}{until} -u {quoted}"
    if kind == "container":
        since = f" --since {math.floor(first)}" if first is not None else ""
        until = f" --until {math.floor(last) + 1}" if last is not None and not known.get("whole") else ""
        return f"docker logs --timestamps{since}{until} {quoted} 2>&1"
    siblings = [plain(str(one)) for one in read.get("siblings") or ()]
    if siblings and all(siblings):
        # They lie beside it. Which of them were rotated away since, nobody knows: their lines have times.
        beside = [os.path.join(os.path.dirname(name), str(one)) for one in siblings]
        return f"zcat -f -- {' '.join(map(shlex.quote, beside))} {quoted}"
    begin = read.get("from_byte")
    if not isinstance(begin, int) or siblings:
        return f"cat -- {quoted}"
    end = "" if known.get("whole") else f" | head -c {read['bytes']}"
    return f"tail -c +{begin + 1} -- {quoted}{end}"


_END = {
    "path": f"ls -l --time-style=full-iso -- {{0}}; tail -n {_LINES} -- {{0}}",
    "container": f"docker logs --timestamps --tail {_LINES} {{0}}",
    "journal": f"journalctl --no-pager --utc -n {_LINES} -u {{0}}",
}
