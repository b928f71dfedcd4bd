# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds secrets in text by their keyed digests alone: the values themselves never leave their hosts. Private to the
collection.

A text is taken apart in every way in which a secret may stand in it, and each part is looked up. What is looked for has
eight characters at least (``masking/ordinary.py``).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import typing as t
from collections.abc import Iterator

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.encoded import plain_texts
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.ordinary import SHORTEST

_DEPTH = 2
_REMEMBERED = 1 << 18
_LONGEST = 256
# What stands around a value: blanks, quotes and brackets; then what joins several, beginning with what is least likely
# to be a part of a value itself.
_AROUND = re.compile(r"[\s\"'`<>(){}\[\]\0]+")
_JOINTS = (
    re.compile(r"[,;&|]+"),
    re.compile(r"[,;&|=:@]+"),
    re.compile(r"[,;&|=:@/?#\\]+"),
    re.compile(r"[^\w-]+"),
    re.compile(r"[\W_]+"),
)
_EDGES = " \t,;:.=&|\\/?!#@*-_"
_QUOTED = re.compile(r"\"([^\"\n]+)\"|'([^'\n]+)'")
_SIGN = re.compile(r"[=:@]")
_MOST_SIGNS = 8


class Fingerprints:
    """Secret values as HMAC-SHA256 in hex under a run's ``key`` (``module_utils/keyed.py``)."""

    def __init__(self, key: bytes, digests: t.Iterable[str]) -> None:
        self._wanted = frozenset(digests)
        self._keyed = hmac.new(key, digestmod=hashlib.sha256)
        # Evidence says most things many times. Without a bound this would grow to the size of what is searched.
        self._harmless: set[str] = set()

    def find(self, text: str) -> set[str]:
        """Return the digests of the secrets in ``text``: plain, or in base64, hex, URL, JSON or HTML form."""
        return set(self.values(text))

    def values(self, text: str) -> dict[str, str]:
        """Return the secrets that stand in ``text``, digest to value. The values are for masking, never for showing."""
        found: dict[str, str] = {}
        if self._wanted:
            self._search(text, _DEPTH, found)
        return found

    def _search(self, text: str, depth: int, found: dict[str, str]) -> None:
        if len(text) < SHORTEST or text in self._harmless:
            return
        words = _AROUND.split(text)
        if len(words) > 1:
            for part in _phrases(text):
                self._look_up(part, found)
        for word in words:
            if len(word) < SHORTEST or word in self._harmless:
                continue
            here: dict[str, str] = {}
            for part in {word, *_pieces(word)}:
                self._look_up(part, here)
            if depth:
                for plain in plain_texts(word):
                    self._search(plain, depth - 1, here)
            found.update(here)
            # Below the top a word is not searched to the full depth: what it seems to lack says nothing.
            if not here and depth == _DEPTH:
                self._remember(word)

    def _look_up(self, part: str, found: dict[str, str]) -> None:
        if len(part) < SHORTEST:
            return
        keyed = self._keyed.copy()
        keyed.update(part.encode("utf-8", "surrogatepass"))
        digest = keyed.hexdigest()
        if digest in self._wanted:
            found[digest] = part

    def _remember(self, word: str) -> None:
        if len(word) > _LONGEST:
            return
        if len(self._harmless) >= _REMEMBERED:
            self._harmless.clear()
        self._harmless.add(word)


def _phrases(text: str) -> Iterator[str]:
    """Yield where a value with blanks in it can stand: the whole, a line, what follows a sign, what is quoted."""
    yield text
    for line in {line.strip() for line in text.splitlines()}:
        yield line
        if _AROUND.search(line):
            yield from (part.strip() for part in _after_signs(line))
            for match in _QUOTED.finditer(line):
                yield match.group(1) or match.group(2)


def _pieces(word: str) -> Iterator[str]:
    """Yield the parts of a word that a value can be, with what joins words inside it and without."""
    if word.isalnum():
        return
    yield word.strip(_EDGES)
    for part in _after_signs(word):
        yield part
        # A password with any characters in a URL ends at the last @.
        yield part.rpartition("@")[0]
    for joint in _JOINTS:
        yield from joint.split(word)


def _after_signs(text: str) -> Iterator[str]:
    for number, sign in enumerate(_SIGN.finditer(text)):
        if number == _MOST_SIGNS:
            break
        yield text[sign.end() :]
