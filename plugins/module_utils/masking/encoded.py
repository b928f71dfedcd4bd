# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in an encoding: a run is decoded, and goes when what it says is secret. Private to the collection."""

from __future__ import annotations

import base64
import binascii
import html
import re
import typing as t
import urllib.parse

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import MARK

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}")
# Printable ASCII in hex: a digest of 16 bytes has this form once in six million times.
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[2-7][0-9a-f]){8,}(?![0-9A-Za-z])", re.IGNORECASE)
_RUN = re.compile(r"[^\s<>]+")
_ESCAPES = re.compile(r"\\(?:u00([0-9a-fA-F]{2})|x([0-9a-fA-F]{2})|(/))")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-z]{2,8});")
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")

Test = t.Callable[[str], bool]


def plain_texts(text: str) -> t.Iterator[str]:
    """Yield what the base64, hex, URL, JSON and HTML runs of ``text`` say, where that is text."""
    for match in _BASE64.finditer(text):
        if not match.group().islower():
            yield from (plain.decode("ascii") for plain in _from_base64(match.group()))
    for match in _HEX.finditer(text):
        yield from (plain.decode("ascii") for plain in _from_hex(match.group()))
    for hint, form, decode in _DECODERS:
        if hint in text:
            yield from (decode(match.group()) for match in _RUN.finditer(text) if form.search(match.group()))


def mask_encoded(text: str, secret: Test) -> str:
    """Return ``text`` without the base64, hex, URL, JSON or HTML runs for whose plain text ``secret`` is true."""
    text = _BASE64.sub(lambda match: _base64(match.group(), secret), text)
    text = _HEX.sub(lambda match: MARK if _says(_from_hex(match.group()), secret) else match.group(), text)
    for hint, form, decode in _DECODERS:
        if hint in text and form.search(text):
            text = _runs(text, form, decode, secret)
    return text


def _runs(text: str, form: t.Pattern[str], decode: t.Callable[[str], str], secret: Test) -> str:
    def shown(match: t.Match[str]) -> str:
        run = match.group()
        if not form.search(run):
            return run
        plain = decode(run)
        return MARK if plain != run and secret(plain) else run

    return _RUN.sub(shown, text)


def _base64(run: str, secret: Test) -> str:
    # Base64 of text has capitals: a path or a name in lower case is not worth decoding.
    return run if run.islower() or not _says(_from_base64(run), secret) else MARK


def _says(candidates: t.Iterable[bytes], secret: Test) -> bool:
    return any(secret(plain.decode("ascii")) for plain in candidates)


def _from_base64(run: str) -> t.Iterator[bytes]:
    # A run that was cut begins anywhere in a group of four.
    letters = run.rstrip("=").replace("-", "+").replace("_", "/")
    for skip in range(4):
        body = letters[skip:]
        body = body[: len(body) - 1] if len(body) % 4 == 1 else body
        raw = base64.b64decode(body + "=" * (-len(body) % 4))
        if _PRINTABLE.fullmatch(raw):
            yield raw
        elif skip:
            # The first and the last bytes can belong to what was cut away.
            inner = raw[2:-2]
            if _PRINTABLE.fullmatch(inner):
                yield inner


def _from_hex(run: str) -> t.Iterator[bytes]:
    yield binascii.unhexlify(run)


def _unescape(run: str) -> str:
    return _ESCAPES.sub(lambda match: match.group(3) or chr(int(match.group(1) or match.group(2), 16)), run)


_DECODERS: tuple[tuple[str, t.Pattern[str], t.Callable[[str], str]], ...] = (
    ("%", _PERCENT, urllib.parse.unquote_plus),
    ("\\", _ESCAPES, _unescape),
    ("&", _ENTITY, html.unescape),
)
