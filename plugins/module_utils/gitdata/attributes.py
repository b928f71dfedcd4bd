# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads ``.gitattributes`` as far as it decides how a file's content becomes a blob. Private to the collection.

Source: https://git-scm.com/docs/gitattributes
"""

from __future__ import annotations

import fnmatch
import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_LIMIT = 1 << 20
_NAME = b".gitattributes"

State = t.Union[bool, bytes, None]
"""What an attribute is for a path: set, unset, a value, or None (nothing is said)."""

Rule = t.Tuple[t.Callable[[bytes], object], bool, t.Dict[bytes, State]]


class Attributes:
    """The attributes of the files of one work tree. Each file of attributes is read when it is first asked for."""

    def __init__(self, work_fd: int, common_fd: int) -> None:
        self._work_fd = work_fd
        self._common_fd = common_fd
        self._known: dict[bytes, list[Rule]] = {}
        self._info: list[Rule] | None = None

    def of(self, path: bytes) -> dict[bytes, State]:
        """Return the attributes of a file by its path in the work tree. Raises Unseen when they cannot be read."""
        found: dict[bytes, State] = {}
        folder = b""
        for part in [b"", *path.split(b"/")[:-1]]:
            folder += part + b"/" if part else b""
            _apply(self._rules(folder), path[len(folder) :], found)
        if self._info is None:
            self._info = _rules(files.read(self._common_fd, b"info/attributes", _LIMIT) or b"")
        _apply(self._info, path, found)
        return found

    def _rules(self, folder: bytes) -> list[Rule]:
        if folder not in self._known:
            self._known[folder] = _rules(self._read(folder))
        return self._known[folder]

    def _read(self, folder: bytes) -> bytes:
        try:
            fd = paths.open_beneath(self._work_fd, folder + _NAME)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise Unseen(f"{show(folder + _NAME)}: {explain(error)}") from None
        try:
            return paths.read_fd(fd, _LIMIT)
        finally:
            os.close(fd)


def _apply(rules: list[Rule], path: bytes, found: dict[bytes, State]) -> None:
    name = path.rpartition(b"/")[2]
    for match, whole, states in rules:
        if match(path if whole else name):
            found.update(states)


def _rules(text: bytes) -> list[Rule]:
    rules: list[Rule] = []
    for line in text.split(b"\n"):
        words = line.split()
        # A macro ([attr]name) only gives other attributes a name; of the built-in ones, "binary" matters.
        if len(words) < 2 or words[0].startswith((b"#", b"[attr]", b"!")):
            continue
        pattern, rest = _pattern(line.strip(), words)
        states: dict[bytes, State] = {}
        for word in rest:
            states.update(_state(word))
        rules.append((_matcher(pattern.lstrip(b"/")), b"/" in pattern, states))
    return rules


def _pattern(line: bytes, words: list[bytes]) -> tuple[bytes, list[bytes]]:
    quoted = re.match(rb'"((?:[^"\\]|\\.)*)"', line)
    if quoted:
        return re.sub(rb"\\(.)", rb"\1", quoted.group(1)), line[quoted.end() :].split()
    return words[0], words[1:]


def _matcher(pattern: bytes) -> t.Callable[[bytes], object]:
    if b"/" not in pattern:
        return re.compile(fnmatch.translate(pattern.decode("latin-1")).encode("latin-1"), re.DOTALL).match
    # A star that may cross directories covers too much rather than too little: what an attribute covers is at worst
    # called unverified.
    wide = pattern.replace(b"**/", b"*")
    return re.compile(fnmatch.translate(wide.decode("latin-1")).encode("latin-1"), re.DOTALL).match


def _state(word: bytes) -> dict[bytes, State]:
    name, equals, value = word.partition(b"=")
    if equals:
        return {name: value}
    if name == b"binary":
        return {b"text": False}
    if name == b"crlf":
        return {b"text": True}
    if name == b"-crlf":
        return {b"text": False}
    if name.startswith(b"-"):
        return {name[1:]: False}
    if name.startswith(b"!"):
        return {name[1:]: None}
    return {name: True}
