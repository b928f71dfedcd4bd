# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Levels, exceptions and what nobody handled, counted in blocks of lines. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import Words, literal
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import LEVELLED, Clock

KINDS = 50
"""How many classes of exceptions are told apart; the rest is counted together."""

# A line that says nothing bad has none of these. Levels that are not in capitals are fields: [error], level=Error.
_LOWER = (b"err", b"warn", b"crit", b"fatal", b"emerg", b"alert", b"panic", b"severe")
_LEVEL = b"(?:%s)" % b"|".join(_LOWER + tuple(map(bytes.capitalize, _LOWER)))
# What begins with one certain byte is found about as fast as that byte.
_BEGINNINGS = (
    (b"[", re.compile(rb"\[(?:\w{1,20}:)?" + _LEVEL)),
    *((mark, re.compile(re.escape(mark) + _LEVEL)) for mark in (b"=", b"|")),
    (b'"', re.compile(rb'"(?:level": ?[456]|' + _LEVEL + rb")")),
    (b"E", re.compile(rb"E(?:RR|rror|MERG|xception)")),
    (b"W", re.compile(rb"WARN")),
    (b"C", re.compile(rb"CRIT")),
    (b"A", re.compile(rb"ALERT")),
    (b"P", re.compile(rb"PANIC")),
    (b"S", re.compile(rb"S(?:EVERE|egmentation fault)")),
    (b"O", re.compile(rb"Out of memory")),
    (b"R", re.compile(rb"Rejection")),
)
# What the syslog priority of a line says, where its text does not.
PRIORITIES = {b"0": "CRITICAL", b"1": "CRITICAL", b"2": "CRITICAL", b"3": "ERROR", b"4": "WARNING"}
_SAID = (
    *(b"FATAL", b"exception", b"raceback (most", b"panic: "),
    *(b"panicked at", b"heap out of memory", b"core dumped"),
)
_WORDS = Words((*(LEVELLED + priority for priority in PRIORITIES), *_SAID))
NAMES = {
    "WARN": "WARNING",
    "WARNING": "WARNING",
    "40": "WARNING",
    "ERR": "ERROR",
    "ERROR": "ERROR",
    "SEVERE": "ERROR",
    "50": "ERROR",
    "CRIT": "CRITICAL",
    "CRITICAL": "CRITICAL",
    "ALERT": "CRITICAL",
    "EMERG": "CRITICAL",
    "PANIC": "FATAL",
    "FATAL": "FATAL",
    "60": "FATAL",
}
_ANY = rb"TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|SEVERE|CRIT(?:ICAL)?|ALERT|EMERG|FATAL|PANIC"
# As a field of its own, in any case; numbers are those of bunyan and pino.
FIELD = re.compile(
    rb"""["']?(?:log\.level|level(?:name)?|severity|lvl)["']?\s*[=:]\s*["']?(%s|[1-6]0)\b""" % _ANY, re.IGNORECASE
)
WORD = re.compile(rb"(?<![\w.])(%s)(?![\w.])|\.(%s): |[\[:|]((?i:%s))[\]|]" % (_ANY, _ANY, _ANY))
_LEVELS = frozenset(("TRACE", "DEBUG", "INFO", "NOTICE"))
HEAD = 400
# Exception groups draw lines beside their tracebacks.
_FRAME = re.compile(rb" +[|+] ")
NAMED = re.compile(
    rb"(?:(?<![\w.])|(?<=\\n))(?:[A-Za-z_$][\w$]*\.)*([A-Z][\w$]*(?:Error|Exception)\b|(?:Error|Exception)(?=: ))"
)
# Of no module, only a name that begins as classes do.
_LAST = re.compile(rb"(?:(?:[A-Za-z_]\w*\.)+(?=\w)|(?=[A-Z]))([A-Za-z_]\w*)(?::|\s*$)")
_TRACEBACK = b"Traceback (most recent call last)"
# What is said of an error that no code took care of.
UNHANDLED = {
    "Traceback": re.compile(re.escape(_TRACEBACK)),
    "Task exception was never retrieved": re.compile(rb"(?:Task|Future) exception was never retrieved"),
    "Exception in thread": re.compile(rb"Exception in thread|Exception ignored in"),
    "Unhandled": re.compile(rb"(?:Unhandled|Uncaught) ?(?:[Ee]xception|Error|[Pp]romise ?Rejection)"),
    "panic": re.compile(rb"^panic: |\bkernel panic|thread '.*' panicked at"),
    "Segmentation fault": re.compile(rb"Segmentation fault|core dumped"),
    "Out of memory": re.compile(rb"Out of memory|heap out of memory"),
}


def sieves() -> list[bytes]:
    """Return expressions of ``grep -E``: every line that counts matches one, unless its source gives its level."""
    return [expression.pattern.replace(b"(?:", b"(") for _byte, expression in _BEGINNINGS] + [*map(literal, _SAID)]


class Severity:
    """Counts the lines of each level from WARNING on, the exceptions that are named, and what nobody handled.

    A line has the first level that it names. Indented lines belong to the one before. A traceback is counted under its
    last line, and not again when the line before it names the same class.
    """

    def __init__(self, clock: Clock, always: t.Iterable[str] = ()) -> None:
        """``always`` are the classes that are counted by name whatever others there are."""
        self.levels: dict[str, int] = {}
        self.exceptions: dict[str, int] = dict.fromkeys(always, 0)
        self.rest = 0
        self.unhandled: dict[str, int] = {}
        self._clock = clock
        self._named: tuple[int, frozenset[str]] = (-1, frozenset())
        self._passed = 0

    def apart(self) -> None:
        """Say that what comes next does not follow what came before."""
        self._named = (-1, frozenset())

    def feed(self, block: bytes) -> None:
        """Count a block of whole lines. A traceback is whole in one block (`whole`)."""
        told = -1
        for start, end in _candidates(block):
            if start == told:
                continue
            line = _plain(self._clock.text(block[start:end]))
            if line[:1] in (b" ", b"\t"):
                continue
            self._level(line, self._clock.level(block[start:end]))
            names = frozenset(match.group(1).decode("ascii") for match in NAMED.finditer(line))
            for name in names:
                self._exception(name)
            for name, pattern in UNHANDLED.items():
                if pattern.search(line):
                    self.unhandled[name] = self.unhandled.get(name, 0) + 1
            if _TRACEBACK in line and not names:
                told = self._traceback(block, start, end)
            self._named = (self._passed + end + 1, names)
        self._passed += len(block)

    def _level(self, line: bytes, priority: bytes) -> None:
        head = line[:HEAD]
        field, word = FIELD.search(head), WORD.search(head)
        # In a record of fields the message may come first; in a line of text the level does.
        match = field or word
        if field and word and not line.startswith(b"{") and word.start() < field.start():
            match = word
        if match is not None:
            name = NAMES.get(next(filter(None, match.groups())).decode("ascii").upper())
        else:
            name = PRIORITIES.get(priority)
        if name is not None:
            self.levels[name] = self.levels.get(name, 0) + 1

    def _traceback(self, block: bytes, start: int, end: int) -> int:
        """Count the exception of a traceback; return where its last line starts, -1 when it breaks off."""
        at, last = last_line(block, end, self._clock)
        match = _LAST.match(last)
        name = match.group(1).decode("ascii") if match is not None else ""
        # One that breaks off is followed by another record, or another traceback.
        if not name or name in NAMES or name in _LEVELS:
            return -1
        before, names = self._named
        if not (before == self._passed + start and name in names):
            self._exception(name)
        return at

    def _exception(self, name: str) -> None:
        if name in self.exceptions or len(self.exceptions) < KINDS:
            self.exceptions[name] = self.exceptions.get(name, 0) + 1
        else:
            self.rest += 1


def _candidates(block: bytes) -> list[tuple[int, int]]:
    """Return (start, end) of the lines that may say something bad, in order."""
    starts = dict(_WORDS.lines(block))
    for byte, expression in _BEGINNINGS:
        if byte in block:
            for match in expression.finditer(block):
                starts[block.rfind(b"\n", 0, match.start()) + 1] = block.find(b"\n", match.end())
    return sorted(starts.items())


def _plain(line: bytes) -> bytes:
    frame = _FRAME.match(line)
    return line[frame.end() :] if frame else line


def last_line(block: bytes, end: int, clock: Clock) -> tuple[int, bytes]:
    """Return where the first line that is not indented starts after the one that ends at ``end``, and its text.

    (-1, nothing) when the block ends before.
    """
    while end + 1 < len(block):
        start, end = end + 1, block.find(b"\n", end + 1)
        line = _plain(clock.text(block[start:end]))
        if line and line[:1] not in (b" ", b"\t"):
            return start, line
    return -1, b""


def whole(block: bytes, clock: Clock) -> int:
    """Return how much of a block may be counted when more comes: up to a traceback whose last line is not there yet."""
    at = block.rfind(_TRACEBACK) if b"k" in block and b"(" in block else -1
    if at == -1:
        return len(block)
    start, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
    return start if last_line(block, end, clock)[0] == -1 else len(block)
