# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks secrets whose values are known, in every spelling that a text may give them. Private to the collection."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shlex
import typing as t
import urllib.parse

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.ordinary import is_ordinary

_SHORT = 6
_HALF = 8
_WIDTHS = (64, 76)
_LINE_ENDS = ("\n", "\r\n", "\\n", "\n+", "\n-", "\n ")
# An ordinary word or number occurs in texts that have nothing to do with the secret.
_ORDINARY = re.compile(r"(?:[a-z]{1,12}|[A-Z]{1,12}|[A-Z][a-z]{1,11}|\d{1,7})")
# A value that JSON itself spells, or one character: masking it would destroy the text and protect nothing.
NO_SECRET = frozenset({"true", "false", "null", "none", "yes", "no", "on", "off"})


class Masker:
    """Replaces known secret values and their spellings; trivial values (one character, ``true``) are left alone."""

    def __init__(self, known: t.Iterable[str]) -> None:
        forms: set[str] = set()
        words: set[str] = set()
        for value in sorted(set(known)):
            if len(value) < 2 or value.lower() in NO_SECRET:
                continue
            if len(value) < _SHORT or _ORDINARY.fullmatch(value):
                words |= {value, *_aligned(value), *_digests(value)}
            else:
                forms |= spellings(value)
        harmful = [form for form in forms if form and form not in MARK]
        # The longest first: a spelling can hold a shorter one.
        self._forms = sorted(harmful, key=lambda form: (-len(form), form))
        spelled = sorted((word for word in words if word not in MARK), key=lambda word: (-len(word), word))
        union = "|".join(re.escape(word) for word in spelled)
        self._words = re.compile(rf"(?<![\w+/])(?:{union})(?![\w+/=])") if spelled else None

    def mask(self, text: str) -> str:
        """Return ``text`` with every spelling of a known value replaced by the marker."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MARK)
        return self._words.sub(MARK, text) if self._words is not None else text

    def contains(self, text: str) -> bool:
        """Return whether ``text`` holds a spelling of a known value."""
        return any(form in text for form in self._forms) or (
            self._words is not None and self._words.search(text) is not None
        )


def spellings(value: str) -> set[str]:
    """Return the spellings of ``value``: encodings, cases, halves, wrapped lines and digests."""
    forms = _encodings(value) | _digests(value)
    half = len(value) // 2
    if half >= _HALF:
        forms |= {value[:half], value[half:]}
    return forms | _lines(forms)


def whole_spellings(value: str) -> set[str]:
    """Return the spellings that hold all of ``value``, or a line of it, and nothing that means something else as well:
    neither halves, which can be the beginning of any URL, nor digests, which are the identity of a file.
    """
    forms = _encodings(value)
    return {form for form in forms | _lines(forms) if not is_ordinary(form)}


def _encodings(value: str) -> set[str]:
    forms = {value, value[::-1], value.upper(), value.lower(), *_escaped(value), *_aligned(value)}
    for text in [value, *_base64_whole(value)]:
        forms |= _wrapped(text)
    return forms


def _lines(forms: t.Iterable[str]) -> set[str]:
    """Return the lines of forms that have several: a key of many lines is shown line by line."""
    return {line for form in forms if "\n" in form for line in form.splitlines() if _tells(line)}


def _tells(line: str) -> bool:
    return len(line) >= _HALF and "-----" not in line and _ORDINARY.fullmatch(line.strip()) is None


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _escaped(value: str) -> set[str]:
    raw = _bytes(value)
    quoted = urllib.parse.quote(raw, safe="")
    percent = "".join(f"%{byte:02X}" for byte in raw)
    dumped = json.dumps(value)[1:-1]
    escaped = html.escape(value)
    backslashed = re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)
    return {
        quoted,
        re.sub(r"%[0-9A-F]{2}", lambda match: match.group().lower(), quoted),
        urllib.parse.quote(raw, safe="/"),
        urllib.parse.quote_plus(raw),
        percent,
        percent.lower(),
        dumped,
        dumped.replace("/", "\\/"),
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(dumped)[1:-1],
        "".join(f"\\u{ord(char):04x}" for char in value),
        "".join(f"\\u{ord(char):04X}" for char in value),
        "".join(f"\\x{byte:02x}" for byte in raw),
        escaped,
        html.escape(value, quote=False),
        escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        "".join(f"&#{ord(char)};" for char in value),
        "".join(f"&#x{ord(char):x};" for char in value),
        shlex.quote(value).strip("'") if "'" in value else value,
        backslashed,
        re.sub(r"([$`\"\\])", r"\\\1", value),
        value.replace("'", "''"),
        raw.hex(),
        raw.hex().upper(),
        " ".join(f"{byte:02x}" for byte in raw),
        ":".join(f"{byte:02x}" for byte in raw),
    }


def _base64_whole(value: str) -> list[str]:
    raw = _bytes(value)
    return [base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()]


def _aligned(value: str) -> set[str]:
    """Return what base64 makes of ``value`` at each of the three places that it can have in a group of bytes."""
    raw = _bytes(value)
    forms: set[str] = {form for whole in _base64_whole(value) for form in (whole, whole.rstrip("="))}
    for before in range(3):
        # Only the letters that no neighbour has a part in are the same everywhere.
        first = (before * 8 + 5) // 6
        last = (before + len(raw)) * 8 // 6
        letters = base64.b64encode(b"\0" * before + raw).decode()[first:last]
        if len(letters) >= 4:
            forms |= {letters, letters.replace("+", "-").replace("/", "_")}
    return forms


def _wrapped(text: str) -> set[str]:
    forms: set[str] = set()
    for width in _WIDTHS:
        if len(text) > width:
            lines = [text[at : at + width] for at in range(0, len(text), width)]
            forms |= {end.join(lines) for end in _LINE_ENDS}
            forms |= {line for line in lines if len(line) >= _HALF}
    return forms


def _digests(value: str) -> set[str]:
    forms: set[str] = set()
    for name in ("md5", "sha1", "sha256"):
        for raw in (_bytes(value), _bytes(value) + b"\n"):
            try:
                digest = hashlib.new(name, raw).hexdigest()
            except ValueError:
                # A host in FIPS mode has no MD5, and so nothing that could show it.
                break
            forms |= {digest, digest.upper()}
    return forms
