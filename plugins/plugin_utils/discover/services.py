# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of an application as entries of a contract: which belong together, and what tells them apart from all
others. Private to the collection.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

Json = dict[str, t.Any]

_INTERPRETER = re.compile(r"(?:python|pypy|perl|ruby|node|nodejs|php|lua|bash|sh|dash)[0-9.]*")
_LONGEST = 400
_MOST = 200
_PLAINER = {" ": " ", "-": "-", "\n": "\\n"}
_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_ENDING = re.compile(r"\.(?:py|pyc|pl|rb|js|mjs|php|sh|lua|jar)$")


@dataclasses.dataclass
class Service:
    """An entry of ``processes``: instances with the same program. ``processes`` are sorted by pid."""

    name: str
    match: str
    processes: list[Json]

    @property
    def pids(self) -> list[int]:
        return [int(one["pid"]) for one in self.processes]

    def common(self, key: str) -> t.Any:
        """Return the value that all instances share, else None."""
        values = {one[key] for one in self.processes}
        return values.pop() if len(values) == 1 else None


def services(mine: t.Sequence[Json], everything: t.Sequence[Json]) -> tuple[list[Service], list[str]]:
    """Return the services that the processes ``mine`` are, and a sentence for each that cannot be told apart from the
    other processes of the host, or has no arguments that could be shown.
    """
    groups: dict[tuple[str, ...], list[Json]] = {}
    left_out = []
    for process in mine:
        program = _program(process["argv"])
        if "".join(program).strip():
            groups.setdefault(program, []).append(process)
        else:
            left_out.append(
                f"process {process['pid']} ({process['name']}): it has no arguments, or secret ones from the start"
            )
    found: list[Service] = []
    if len(groups) > _MOST:
        left_out.append(f"{len(groups) - _MOST} programs: only the first {_MOST} are drafted")
    for program, group in list(groups.items())[:_MOST]:
        pattern = _pattern(program, group, everything)
        if pattern is None:
            pids = ", ".join(str(one["pid"]) for one in group)
            left_out.append(f"processes {pids}: no pattern tells {' '.join(program)} apart from other processes")
            continue
        found.append(Service(_unique(_stem(program, group[0]), found), pattern, group))
    return found, left_out


def _program(argv: t.Sequence[str]) -> tuple[str, ...]:
    """Return the arguments that say what runs, without those that say how: up to the script or module."""
    words = _shown(argv)
    if not words or not _INTERPRETER.fullmatch(posixpath.basename(words[0])):
        return tuple(words[:1])
    for number, word in enumerate(words[1:], 1):
        if word in ("-m", "-c", "-e"):
            return tuple(words[: number + 2])
        if not word.startswith("-"):
            return tuple(words[: number + 1])
    return tuple(words)


def _exact(word: str) -> str:
    """Return an argument as patterns see it, from how evidence spells it."""
    try:
        return raw(word).decode("utf-8", "surrogateescape")
    except ValueError:
        return word


def _text(process: Json) -> str:
    return " ".join(map(_exact, process["argv"]))


def _shown(argv: t.Sequence[str]) -> list[str]:
    """Return the arguments before the first that has something secret in it."""
    words: list[str] = []
    for word in argv:
        if MARK in word:
            break
        words.append(word)
    return words


def _pattern(program: tuple[str, ...], group: t.Sequence[Json], everything: t.Sequence[Json]) -> str | None:
    """Return a regular expression that matches the group and no other process; the shortest that does."""
    wanted = {one["pid"] for one in group}
    candidates = [_anchored(program, all(len(one["argv"]) == len(program) for one in group))]
    whole = {tuple(_shown(one["argv"])) for one in group}
    if len(whole) == 1:
        words = whole.pop()
        candidates.append(_anchored(words, all(len(one["argv"]) == len(words) for one in group)))
    for pattern in candidates:
        search = re.compile(pattern).search
        if {one["pid"] for one in everything if search(_text(one))} == wanted:
            return pattern
    return None


def _anchored(words: t.Sequence[str], complete: bool) -> str:
    text = " ".join(map(_exact, words))
    end = "" if len(text) > _LONGEST else "$" if complete else "(?: |$)"
    return "^" + "".join(map(_escaped, text[:_LONGEST])) + end


def _escaped(char: str) -> str:
    """Return a character of a pattern: on one line, as text that YAML can hold, and with no more backslashes than need
    be. A byte that is no UTF-8 is any one character.
    """
    return "." if "\udc80" <= char <= "\udcff" else _PLAINER.get(char, re.escape(char))


def _stem(program: tuple[str, ...], process: Json) -> str:
    """Return what people call it: its module or script, else its program."""
    last = program[-1]
    if len(program) > 1 and program[-2] in ("-c", "-e"):
        last = process["name"]
    name = _NAME.sub("-", _ENDING.sub("", posixpath.basename(last.rstrip("/")))).lstrip(".-")[:50]
    return name or _NAME.sub("-", process["name"]).lstrip(".-")[:50] or "process"


def _unique(name: str, taken: t.Sequence[Service]) -> str:
    names = {service.name for service in taken}
    number = 2
    found = name
    while found in names:
        found = f"{name}-{number}"
        number += 1
    return found
