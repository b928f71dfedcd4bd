# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's certificate says of itself, read from its bytes: the standard library tells nothing about one that
is not trusted. Private to the collection.

ASN.1 in DER as in RFC 5280, and of that only what is shown: https://www.rfc-editor.org/rfc/rfc5280#section-4.1
"""

from __future__ import annotations

import calendar
import re
import typing as t

_SEQUENCE, _SET, _OID = 0x30, 0x31, 0x06
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_COMMON_NAME = b"\x55\x04\x03"
_ORGANISATION = b"\x55\x04\x0a"
_VERSION = 0xA0
_NAMES = 50
_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z")
_UTF16 = 0x1E


class Garbled(ValueError):
    """The bytes are no certificate."""


class Certificate(t.NamedTuple):
    """Whose a certificate is, who vouches for it, and from when to when (epoch seconds)."""

    subject: str
    issuer: str
    not_before_s: int
    not_after_s: int


def read_certificate(der: bytes) -> Certificate:
    """Return what a certificate says. Raises Garbled."""
    try:
        return _read(der)
    except (IndexError, ValueError) as error:
        raise Garbled(f"the certificate cannot be read: {error}") from None


def _read(der: bytes) -> Certificate:
    certificate = _expect(_items(der)[0], _SEQUENCE)
    signed = _items(_expect(_items(certificate)[0], _SEQUENCE))
    # version (may be left out), serial number, signature, issuer, validity, subject
    at = 1 if signed[0][0] == _VERSION else 0
    issuer, validity, subject = (_expect(signed[at + number], _SEQUENCE) for number in (2, 3, 4))
    before, after = _items(validity)[:2]
    return Certificate(_name(subject), _name(issuer), _moment(before), _moment(after))


Item = t.Tuple[int, bytes]


def _items(data: bytes) -> list[Item]:
    """Return the tag and the content of each value in ``data``."""
    found: list[Item] = []
    at = 0
    while at < len(data):
        tag, size = data[at], data[at + 1]
        at += 2
        if size > 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[at : at + count], "big")
            at += count
        elif size == 0x80:
            raise ValueError("a length is missing")
        if at + size > len(data):
            raise ValueError("it ends too early")
        found.append((tag, data[at : at + size]))
        at += size
    return found


def _expect(item: Item, tag: int) -> bytes:
    if item[0] != tag:
        raise ValueError(f"0x{item[0]:02x} stands where 0x{tag:02x} belongs")
    return item[1]


def _name(data: bytes) -> str:
    """Return the common name, else the organisation, else nothing."""
    found: dict[bytes, str] = {}
    for part in _items(data)[:_NAMES]:
        for attribute in _items(_expect(part, _SET)):
            oid, value = _items(_expect(attribute, _SEQUENCE))[:2]
            coding = "utf-16-be" if value[0] == _UTF16 else "utf-8"
            found.setdefault(_expect(oid, _OID), value[1].decode(coding, "backslashreplace"))
    return found.get(_COMMON_NAME) or found.get(_ORGANISATION) or ""


def _moment(item: Item) -> int:
    tag, text = item
    if tag == _UTC_TIME:
        # RFC 5280: two digits below 50 are of this century.
        text = (b"20" if text[:2] < b"50" else b"19") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("a time is missing")
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("a time has another form")
    return calendar.timegm((*map(int, match.groups()), 0, 0, 0))
