# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches many versions of the same texts: a line that was searched once is not searched again. Private to the
collection.
"""

from __future__ import annotations

import codecs
import dataclasses
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.ordinary import is_ordinary
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.detectors import Detectors
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.in_use import looks_like_one
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.shapes import (
    PRIVATE_KEY,
    is_example,
    known_tokens,
    private_keys,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.fingerprints import Fingerprints

_REMEMBERED = 32 << 20
_LONGEST = 1024
_BINARY = 8000
_PRINTABLE = re.compile(rb"[\t\x20-\x7e]{8,}")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Marks = t.FrozenSet["Mark"]
_NONE: Marks = frozenset()


class Mark(t.NamedTuple):
    """A secret that stands in a text. ``kind`` is empty for a value in use; ``digest`` tells one value from another in
    this run, and is stored nowhere.
    """

    kind: str
    digest: str


@dataclasses.dataclass(frozen=True)
class Values:
    """The values in use, by digest. A ``doubtful`` one counts only when it looks like a secret; an ``unnamed`` one only
    where it stands by itself: it can be a part of one that has a name.
    """

    digests: frozenset[str]
    doubtful: frozenset[str] = frozenset()
    unnamed: frozenset[str] = frozenset()


class Searcher:
    """Looks for values in use, as digests under the run's ``key``, and for tokens that show what they are."""

    def __init__(self, key: bytes, values: Values, detectors: Detectors) -> None:
        self._key = key
        self._values = values
        self._prints = Fingerprints(key, values.digests)
        self._detectors = detectors
        # Lines without and with secrets, as many as _REMEMBERED characters.
        self._quiet: set[str] = set()
        self._loud: dict[str, Marks] = {}
        self._size = 0

    def search(self, content: bytes) -> Marks:
        """Return the secrets in a file's content or in a commit; of what is not text, in its printable parts."""
        text = plain(content)
        found: set[Mark] = set()
        fresh = []
        for line in text.split("\n"):
            if line in self._quiet:
                continue
            known = self._loud.get(line)
            if known is None:
                fresh.append(line)
            else:
                found |= known
        if fresh:
            found |= self._searched(fresh)
        for value in private_keys(text):
            found |= self._marks(PRIVATE_KEY, value)
        return frozenset(found)

    def _searched(self, lines: t.Sequence[str]) -> set[Mark]:
        """Search lines that were not seen before, all at once: mostly there is nothing in any of them."""
        if not self._line("\n".join(lines)):
            for line in lines:
                self._remember(line, _NONE)
            return set()
        found: set[Mark] = set()
        for line in lines:
            marks = frozenset(self._line(line))
            self._remember(line, marks)
            found |= marks
        return found

    def _remember(self, line: str, marks: Marks) -> None:
        if len(line) > _LONGEST:
            return
        if self._size > _REMEMBERED:
            self._quiet.clear()
            self._loud.clear()
            self._size = 0
        self._size += len(line)
        if marks:
            self._loud[line] = marks
        else:
            self._quiet.add(line)

    def _line(self, text: str) -> set[Mark]:
        used = self._in_use(text)
        found = {Mark("", digest) for digest in used}
        told = list(used.values())
        for kind, value in set(known_tokens(text)):
            # The token of a web hook in use is part of what is told already.
            if not any(value in whole for whole in used.values()):
                found |= self._marks(kind, value)
                told.append(value)
        for kind, value in self._detectors.find(text):
            # What both know is told once, in our words.
            if not is_example(value) and not any(value in ours or ours in value for ours in told):
                found |= self._marks(kind, value)
        return found

    def _in_use(self, text: str) -> dict[str, str]:
        found = {
            digest: value
            for digest, value in self._prints.values(text).items()
            if not is_ordinary(value) and (digest not in self._values.doubtful or looks_like_one(value))
        }
        parts = {
            digest
            for digest in found.keys() & self._values.unnamed
            if any(found[digest] in value for other, value in found.items() if other != digest)
        }
        return {digest: found[digest] for digest in found if digest not in parts}

    def _marks(self, kind: str, value: str) -> set[Mark]:
        digest = str(keyed(self._key, value))
        return {Mark("" if digest in self._values.digests else kind, digest)}


def plain(content: bytes) -> str:
    """Return a content as text. What holds NUL bytes is not text: of it, the printable parts, one a line."""
    if content.startswith(_UTF16):
        return content.decode("utf-16", "backslashreplace")
    if b"\0" in content[:_BINARY]:
        return "\n".join(part.decode("ascii") for part in _PRINTABLE.findall(content))
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8", "surrogateescape")
