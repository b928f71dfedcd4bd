# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show what a log says, of the part that was read. Private to the collection. Pure."""

from __future__ import annotations

import math
import os
import re
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.log_shapes import LEVELS, UNHANDLED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.log_words import KINDS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import literal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import searching
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.searching import STAMP_ERE

_SEARCHED = ("forbid", "require", "interval", "numbers")
_CLASS = re.compile(r"[A-Za-z_$][\w$]*")

Json = t.Mapping[str, t.Any]


def command(check: Json, known: Json) -> str:
    """Return what tells of the lines that a check is about, in the part of the log that was read; of a check that is
    about no certain lines when the log was last written.

    ``known`` has the ``source`` of the log, and where these are known ``read`` (as the evidence has it), ``patterns``
    of the contract by check and name, ``whole`` for a check that reads on to the end of the log, and ``ask``, the
    client of the engine.
    """
    kind = str(known.get("kind") or "")
    named = literal if kind == "journal" else plain
    shown = named(str(known["source"]).removeprefix(KINDS[kind])) if kind in _END else None
    if not shown:
        return ""
    ask = str(known.get("ask") or "docker")
    found = _search(check, known, kind)
    if not found:
        if MARK in _pattern(check, known):
            return ""
        return (ask if kind == "container" else "") + _END[kind].replace("NAME", _word(shown))
    return f"{_part(kind, shown, known, ask)} | {found}"


def _search(check: Json, known: Json, source: str) -> str:
    """Return what finds the lines of a check; nothing when that is not told."""
    kind = {"cycles": "interval"}.get(check["check"], str(check["check"]))
    word = str(check["subject"]).removeprefix(f"{check['component']}:")
    if kind == "errors" or (kind == "max" and word in LEVELS):
        worse = LEVELS[LEVELS.index("ERROR" if kind == "errors" else word) :]
        return searching.level(source, worse)
    if kind == "max" and word in UNHANDLED:
        return searching.said(source, word)
    if kind == "max":
        return searching.exception(source, word) if _CLASS.fullmatch(word) else ""
    pattern = _pattern(check, known)
    if not pattern or MARK in pattern:
        return ""
    return (searching.numbers if kind == "numbers" else searching.in_log)(source, pattern)


def _pattern(check: Json, known: Json) -> str:
    """Return the expression of the contract that a check is about."""
    kind = {"cycles": "interval"}.get(check["check"], str(check["check"]))
    word = str(check["subject"]).removeprefix(f"{check['component']}:")
    return str((known.get("patterns") or {}).get(kind, {}).get(word) or "") if kind in _SEARCHED else ""


def _part(kind: str, name: str, known: Json, ask: str) -> str:
    """Return what prints the part of a log that was read."""
    read, quoted = known.get("read") or {}, _word(name)
    first, last = read.get("first_s"), read.get("last_s")
    if kind == "journal":
        since = f" --since @{math.floor(first)}" if first is not None else ""
        until = f" --until @{math.floor(last) + 1}" if last is not None and not known.get("whole") else ""
        return f"journalctl --no-pager --quiet -o json --all --output-fields=MESSAGE,PRIORITY{since}{until} -u {quoted}"
    if kind == "container":
        since = f" --since {math.floor(first)}" if first is not None else ""
        until = f" --until {math.floor(last) + 1}" if last is not None and not known.get("whole") else ""
        return f"{ask} logs --timestamps{since}{until} {quoted} 2>&1"
    siblings = [plain(str(one)) for one in read.get("siblings") or ()]
    if siblings and all(siblings):
        # They lie beside it. Which of them were rotated away since, nobody knows: their lines have times.
        beside = [os.path.join(os.path.dirname(name), str(one)) for one in siblings]
        return f"zcat -f -- {' '.join(map(_word, beside))} {quoted}"
    begin = read.get("from_byte")
    if not isinstance(begin, int) or siblings:
        return f"cat -- {quoted}"
    end = "" if known.get("whole") else f" | head -c {read['bytes']}"
    return f"tail -c +{begin + 1} -- {quoted}{end}"


def _word(name: str) -> str:
    # To cat and tail a dash alone is their standard input.
    return shlex.quote(f"./{name}" if name.startswith("-") else name)


_END = {
    "path": f"ls -l --time-style=full-iso -- NAME; tail -n 200 -- NAME | grep -oE -e '{STAMP_ERE}' | tail -n 1",
    "container": " logs --timestamps --tail 1 NAME 2>&1 | cut -d ' ' -f 1",
    "journal": "journalctl --no-pager --quiet --utc -o short-iso -n 1 -u NAME | cut -d ' ' -f 1",
}
