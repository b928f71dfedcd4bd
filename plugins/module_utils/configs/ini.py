# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of an INI text as Python's configparser reads it, without interpolation. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Item, Parsed, Unreadable, gathered

_SECTION = re.compile(r"\[(.+)\]")
_DELIMITER = re.compile("[=:]")


def read(said: str) -> Parsed:
    """Return the keys: ``section.key``, and ``key`` for what stands before all sections; None for one without a value.

    A line of several words without a value, which configparser takes for a key, is none; ``!include`` of MySQL is one.
    Keys have the case in which they are written; those that differ in nothing but case are told as doubles, for
    configparser takes them for one. All values of a key that stands several times count. What is in ``[DEFAULT]`` stays
    there. Raises Unreadable.
    """
    return gathered(_Reader(said).items(), same=str.lower)._replace(lists=True)


class _Reader:
    def __init__(self, said: str) -> None:
        self._lines = said.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._section: tuple[str, ...] = ()
        self._name = ""
        self._line = 0
        self._value: list[str] | None = None

    def items(self) -> t.Iterator[Item]:
        indent = 0
        for number, whole in enumerate(self._lines, 1):
            line = whole.strip()
            if not line or line[0] in "#;":
                # An empty line belongs to a value that may go on after it.
                if not line and self._value is not None:
                    self._value.append("")
                continue
            deeper = len(whole) - len(whole.lstrip())
            if self._name and deeper > indent:
                if self._value is None:
                    raise Unreadable(f"line {number} goes on with a key that has no value")
                self._value.append(line)
                continue
            yield from self._done()
            indent = deeper
            self._begin(line, number)
        yield from self._done()

    def _begin(self, line: str, number: int) -> None:
        section = _SECTION.match(line)
        if section:
            self._section = (section[1],)
            return
        delimiter = _DELIMITER.search(line)
        self._name, self._line = (line[: delimiter.start()].rstrip() if delimiter else line), number
        self._value = [line[delimiter.end() :].strip()] if delimiter else None
        if not self._name:
            raise Unreadable(f"line {number} has a value and no key")
        if self._value is None and " " in self._name.expandtabs(1) and not line.startswith("!"):
            # A key is told, and what stands here may be a password behind a word.
            raise Unreadable(f"line {number} is neither key = value nor a key of one word")

    def _done(self) -> t.Iterator[Item]:
        if self._name:
            value = None if self._value is None else "\n".join(self._value).rstrip()
            yield Item((*self._section, self._name), value, self._line)
        self._name, self._value = "", None
