# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the secrets that a host has learned out of its whole answer. Private to the collection.

Hundreds of secrets in dozens of spellings against megabytes: the answer is looked at once, by windows of four bytes,
and walked only when a spelling is in it.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import MARK, free_key
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.known import NO_SECRET, whole_spellings
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.ordinary import is_ordinary, is_reference

EXACT = frozenset({"details", "trees"})
"""Sections whose text is compared with other text: an ordinary word stays in it, or it would differ by the mask."""

_LONGEST = 1 << 14
_SHORTEST_WORD = 4
_WINDOW = 4
# So long a text holds a whole window wherever it begins.
_FINDABLE = 2 * _WINDOW - 1
_PORTION = 1 << 20
_MOST_WINDOWS = 8
# What a contract expects of a value is no name: it can be the secret itself.
_VALUES = "tests"
_BLANK = re.compile(r"\s")
_WORD = re.compile(r"\w+")
# What a contract calls things: web-2, /srv/app, app.service, https://web-2/up; not a value that it was trusted with.
_NAME = re.compile(
    r"(?:https?://(?:(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?/)?|[/.])?"
    r"[A-Za-z]{1,24}\d{0,4}(?:[ ._/:@-]{1,2}(?:[A-Za-z]{1,24}\d{0,4}|\d{1,5})){0,16}/?"
)

Json = t.Dict[str, t.Any]


def recognised(learned: t.Iterable[str], asked: t.Any = None) -> list[str]:
    """Return those of the learned values that are secrets wherever they stand, sorted: no short or ordinary ones, and
    none that is a name in ``asked``, what the control node asked for.
    """
    values = {value.strip() for value in learned if len(value) <= _LONGEST and not is_ordinary(value)}
    return sorted(values - names_in(asked)) if values else []


def mask_answer(sections: Json, learned: t.Collection[str], asked: t.Any = None) -> Json:
    """Return the sections of an answer without the learned values, in any spelling, in texts and in keys.

    A value that is an ordinary word or short is only taken out of longer text, where it stands as a word: ``running``
    is a state before it is a password. ``asked`` is what the control node asked for: the names in it stay.
    """
    if not learned:
        return sections
    words = _words(learned, names_in(asked))
    text = json.dumps(sections).encode("ascii")
    forms = {form for value in recognised(learned, asked) for form in whole_spellings(value) if form not in MARK}
    spelled = {json.dumps(form)[1:-1].encode("ascii"): form for form in forms | words}
    present = {spelled[needle] for needle in occurring(text, spelled)}
    if not present:
        return sections
    exact = _Taker(present & forms, set())
    free = _Taker(present & forms, present & words)
    return {name: (exact if name in EXACT else free).walk(section) for name, section in sections.items()}


def occurring(text: bytes, needles: t.Iterable[bytes]) -> list[bytes]:
    """Return those of ``needles`` that ``text`` holds. The cost hardly depends on how many there are."""
    known = [(needle, _windows(needle)) for needle in needles if len(needle) >= _FINDABLE]
    found = {needle for needle in needles if len(needle) < _FINDABLE and needle in text}
    overlap = max((len(needle) for needle, _shifts in known), default=0)
    for begin in range(0, len(text), _PORTION):
        portion = text[begin : begin + _PORTION + overlap]
        seen = set(memoryview(portion[: len(portion) // _WINDOW * _WINDOW]).cast("I"))
        for needle, shifts in known:
            if any(shift <= seen for shift in shifts) and needle in portion:
                found.add(needle)
    return sorted(found)


def _windows(needle: bytes) -> list[frozenset[int]]:
    """Return the aligned windows that a text with ``needle`` in it has, for each place that it can begin at."""
    shifts = []
    for shift in range(_WINDOW):
        count = min((len(needle) - shift) // _WINDOW, _MOST_WINDOWS)
        shifts.append(frozenset(memoryview(needle[shift : shift + count * _WINDOW]).cast("I")))
    return shifts


def _words(learned: t.Iterable[str], named: t.Iterable[str]) -> set[str]:
    known = {word for text in named for word in _WORD.findall(text)}
    return {
        value
        for value in (learned_value.strip() for learned_value in learned)
        if len(value) >= _SHORTEST_WORD
        and is_ordinary(value)
        and value.lower() not in NO_SECRET
        and value not in MARK
        and not is_reference(value)
        and not known.issuperset(_WORD.findall(value))
    }


def names_in(asked: t.Any) -> set[str]:
    """Return the texts in a contract, or in what is asked of a host, that are names of things."""
    return {text for text in _strings(asked) if _NAME.fullmatch(text)}


def _strings(content: t.Any) -> t.Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            if key != _VALUES:
                yield key
                yield from _strings(value)
    elif isinstance(content, (list, tuple)):
        for item in content:
            yield from _strings(item)


class _Taker:
    """Takes texts out of a JSON value: ``forms`` everywhere, ``words`` where they stand alone in longer text."""

    def __init__(self, forms: t.Collection[str], words: t.Collection[str]) -> None:
        # The longest first: a spelling can hold a shorter one.
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        union = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
        self._words = re.compile(rf"(?<![\w+/.-])(?:{union})(?![\w+/=-])") if union else None

    def walk(self, content: t.Any) -> t.Any:
        """Return a JSON value without the texts."""
        if isinstance(content, str):
            return self._take(content)
        if isinstance(content, dict):
            out: Json = {}
            for key, value in content.items():
                out[free_key(self._take(key), out)] = self.walk(value)
            return out
        if isinstance(content, (list, tuple)):
            return [self.walk(item) for item in content]
        return content

    def _take(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MARK)
        if self._words is not None and _BLANK.search(text.strip()):
            text = self._words.sub(MARK, text)
        return text
