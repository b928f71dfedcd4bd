# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses the syntax of git configuration files, as data: an ``include`` is a section like any other and is never
followed. Private to the collection.

Source: https://git-scm.com/docs/git-config#_syntax
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

LIMIT = 1 << 20
"""Largest configuration that is read, in bytes."""

_HEADER = re.compile(rb'\[([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\\n\0]|\\[^\n\0])*)")?\]')
_KEY = re.compile(rb"([A-Za-z][A-Za-z0-9-]*)[ \t]*")
_BLANK = re.compile(rb"(?:[ \t\r\n\f\v]+|[#;][^\n]*)*")
_PLAIN = re.compile(rb'[^\\"\n#;\s]+')
_ESCAPES = {b"t": b"\t", b"b": b"\b", b"n": b"\n", b"\\": b"\\", b'"': b'"'}
_FALSE = (b"", b"false", b"no", b"off", b"0")

Name = t.Tuple[str, t.Optional[bytes], str]


class Config:
    """The settings of a configuration: for each (section, subsection, key) its values in the order of the file.

    Sections and keys are lower-case text, subsections bytes as they stand; a key without ``=`` has the value None.
    """

    def __init__(self) -> None:
        self.values: dict[Name, list[bytes | None]] = {}

    def add(self, section: str, subsection: bytes | None, key: str, value: bytes | None) -> None:
        """Append a value to what is known of a key."""
        self.values.setdefault((section, subsection, key), []).append(value)

    def get(self, section: str, key: str, subsection: bytes | None = None) -> bytes | None:
        """Return the last value of a key, None when it has none."""
        return self.values.get((section, subsection, key), [None])[-1]

    def flag(self, section: str, key: str, default: bool) -> bool:
        """Return a key of the two words that git knows as a truth value; ``default`` when it is not set."""
        values = self.values.get((section, None, key))
        if values is None:
            return default
        return values[-1] is None or values[-1].lower() not in _FALSE

    def subsections(self, section: str) -> list[bytes]:
        """Return the names of all subsections of a section, sorted."""
        return sorted({sub for name, sub, _key in self.values if name == section and sub is not None})


def parse(text: bytes, into: Config | None = None) -> Config:
    """Return the settings in ``text``, added to ``into`` if given. Raises Unseen for what git would refuse."""
    config = into or Config()
    text = text[3:] if text.startswith(b"\xef\xbb\xbf") else text
    text = text.replace(b"\r\n", b"\n")
    section, subsection = "", None
    at = _skip(text, 0)
    while at < len(text):
        header = _HEADER.match(text, at)
        if header:
            section, subsection = _section(header.group(1), header.group(2))
            at = header.end()
        else:
            key = _KEY.match(text, at)
            if not key:
                raise _wrong(text, at)
            value, at = _value(text, key.end())
            config.add(section, subsection, key.group(1).decode("ascii").lower(), value)
        at = _skip(text, at)
    return config


def _skip(text: bytes, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _section(name: bytes, quoted: bytes | None) -> tuple[str, bytes | None]:
    if quoted is not None:
        return name.decode("ascii").lower(), re.sub(rb"\\(.)", rb"\1", quoted, flags=re.DOTALL)
    # The old spelling [section.subsection] knows no case.
    section, dot, subsection = name.lower().partition(b".")
    return section.decode("ascii"), subsection if dot else None


def _value(text: bytes, at: int) -> tuple[bytes | None, int]:
    """Return the value that begins at ``at``, behind the key, and where the next line begins."""
    if text[at : at + 1] in (b"", b"\n"):
        return None, at
    if text[at : at + 1] != b"=":
        raise _wrong(text, at)
    at += 1
    value = bytearray()
    kept = 0  # what the value has up to here, without the blanks at its end
    quoted = False
    while at < len(text):
        char = text[at : at + 1]
        plain = _PLAIN.match(text, at)
        if plain:
            value += plain.group()
            at = plain.end()
            kept = len(value)
            continue
        at += 1
        if char == b"\n":
            break
        if char == b"\\":
            follows = text[at : at + 1]
            at += 1
            if follows == b"\n":
                continue
            if follows not in _ESCAPES:
                raise _wrong(text, at - 1)
            value += _ESCAPES[follows]
            kept = len(value)
        elif char == b'"':
            quoted = not quoted
            kept = len(value)
        elif quoted:
            value += char
            kept = len(value)
        elif char in b"#;":
            end = text.find(b"\n", at)
            at = len(text) if end < 0 else end
        elif value:
            value += char
    if quoted:
        raise _wrong(text, at - 1)
    return bytes(value[:kept]), at


def _wrong(text: bytes, at: int) -> Unseen:
    line = text.count(b"\n", 0, at) + 1
    return Unseen(f"config: line {line} is not in the syntax of git")
