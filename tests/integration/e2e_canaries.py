# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planted secrets: who made which, and which of them can be read in what an operator was left with."""

from __future__ import annotations

import base64
import random
import typing as t
import urllib.parse
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.answer import occurring
from secret_kinds import ALNUM, documents, pieces, some

_LONG_ENOUGH = 12


class Leak(t.NamedTuple):
    """A canary that could be read: where it was planted, its kind, the form that was read, and where."""

    place: str
    kind: str
    form: str
    sink: str


class Canaries:
    """Makes secrets, no two alike, and looks for them and their usual encodings."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._planted: dict[str, tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self._planted)

    @property
    def kinds(self) -> set[str]:
        return {kind for _place, kind in self._planted.values()}

    @property
    def places(self) -> set[str]:
        return {place for place, _kind in self._planted.values()}

    def texts(
        self, place: str, lines: bool = False, without: t.Container[str] = (), only: t.Container[str] | None = None
    ) -> list[str]:
        """Return one text for each kind, each with a secret in it; with ``lines`` those of one line alone."""
        made = []
        for kind, secret, text in documents(self._rng.getrandbits(32)):
            if kind in without or (only is not None and kind not in only) or (lines and "\n" in text):
                continue
            made.append(text)
            self._note(place, kind, secret)
        return made

    def values(self, place: str, count: int) -> list[str]:
        """Return values that only their names, or where they were read, tell to be secrets."""
        made = [some(self._rng, ALNUM, 24) for _number in range(count)]
        for value in made:
            self._note(place, "value", value)
        return made

    def leaks(self, sinks: t.Mapping[str, bytes]) -> list[Leak]:
        """Return which canaries can be read in which sink, in any of their forms."""
        forms: dict[bytes, tuple[str, str]] = {}
        for value in self._planted:
            for name, form in _forms(value):
                forms.setdefault(form, (value, name))
        found = occurring(b"\n".join(sinks.values()), forms)
        return [
            Leak(*self._planted[forms[form][0]], forms[form][1], sink)
            for sink, data in sorted(sinks.items())
            for form in found
            if form in data
        ]

    def _note(self, place: str, kind: str, secret: str) -> None:
        for piece in pieces(secret):
            if len(piece) >= _LONG_ENOUGH:
                self._planted[piece] = (place, kind)


def everything_below(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, and the names there."""
    paths = sorted(folder.rglob("*"))
    found = {str(path): path.read_bytes() for path in paths if path.is_file() and not path.is_symlink()}
    return {**found, "names": "\n".join(map(str, paths)).encode("utf-8", "surrogateescape")}


def _forms(value: str) -> t.Iterator[tuple[str, bytes]]:
    raw = value.encode()
    yield "plain", raw
    yield "reversed", raw[::-1]
    yield "hex", raw.hex().encode()
    yield "upper-case hex", raw.hex().upper().encode()
    yield "url", urllib.parse.quote(value, safe="").encode()
    for before in range(3):
        # What is the same whatever stands beside it.
        first, last = (before * 8 + 5) // 6, (before + len(raw)) * 8 // 6
        yield f"base64 after {before}", base64.b64encode(b"\0" * before + raw)[first:last]
