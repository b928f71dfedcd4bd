# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that span lines: private keys, YAML blocks, the data of a Kubernetes Secret. Private to the collection."""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import MARK, looks_secret

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", re.IGNORECASE)
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", re.IGNORECASE)
# A line of an armoured key: the sign of a diff, indentation, a quote, then base64 or one of the headers.
_BODY = re.compile(
    r"[+\- ]?[ \t\"'>|]{0,40}(?:[A-Za-z0-9+/=]{1,512}|(?:Proc-Type|DEK-Info|Version|Comment|Hash):.{0,200})?"
    r"(?:\\[nr])*[\"',\\ \t\r]{0,8}"
)
# A line of the width that armour has, wherever it stands: the middle of a key, as a diff or a log shows it.
_ARMOUR = re.compile(
    r"^([+\- ]?[ \t\"'>|]{0,40})([A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}){0,2})(?=(?:\\[nr])*[\"',\\ \t\r]{0,8}$)",
    re.MULTILINE,
)
_MIXED = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))

_BLOCK = re.compile(
    r"^(?P<sign>[+-]?)(?P<indent>[ \t]*)(?P<item>(?:- +)?)[\"']?(?P<key>[A-Za-z_][\w.-]{0,127})[\"']?:[ \t]*"
    r"(?P<style>[|>][+-]?\d?[+-]?|)[ \t\r]*$",
    re.MULTILINE,
)
_ITEM = re.compile(r"[+\- ]?[ \t]*- +[^\s:]")
_SECRET_YAML = re.compile(r"\bkind:[ \t]*[\"']?Secret\b")
# A manifest in JSON, and one that is a text in another JSON document.
_QUOTES = (r"\"", r"\\\"")
_SECRET_JSON = tuple(
    re.compile(rf"{quote}kind{quote}[ \t\r\n]{{0,8}}:[ \t\r\n]{{0,8}}{quote}Secret{quote}") for quote in _QUOTES
)
_DATA_YAML = re.compile(r"^[+-]?(?P<indent>[ \t]*)(?:data|stringData):[ \t\r]*$")
_DATA_JSON = tuple(
    re.compile(rf"(?P<open>{quote}(?:data|stringData){quote}[ \t\r\n]{{0,8}}:[ \t\r\n]{{0,8}}\{{)(?P<body>[^{{}}]*)")
    for quote in _QUOTES
)
_MEMBER_YAML = re.compile(r"^([+-]?[ \t]*[^\s:]{1,256}:[ \t]+)(?=\S)[^\n]*$")
_MEMBER_JSON = (
    re.compile(r"(\"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}\")(?:[^\"\\]|\\.)*"),
    re.compile(r"(\\\"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}\\\")(?:[^\"\\]|\\[^\"])*"),
)


def mask_keys(text: str) -> str:
    """Return ``text`` without private keys, also when only the beginning, the end or the middle of one is in it."""
    if "PRIVATE KEY" in text or "private key" in text:
        text = _without_keys(text)
    return _ARMOUR.sub(_armour, text)


def _armour(match: t.Match[str]) -> str:
    # A digest in hex has one case; base64 of this length has both and digits.
    return match.group(1) + MARK if all(kind.search(match.group(2)) for kind in _MIXED) else match.group()


def _without_keys(text: str) -> str:
    out: list[str] = []
    at = 0
    ends = [match.end() for match in _END.finditer(text)]
    for begin in _BEGIN.finditer(text):
        if begin.start() < at:
            continue
        while ends and ends[0] <= begin.start():
            out.append(_before_end(text[at : ends[0]]))
            at = ends.pop(0)
        out.append(text[at : begin.start()] + MARK)
        at = ends.pop(0) if ends else _cut_key(text, begin.end())
    for end in ends:
        out.append(_before_end(text[at:end]))
        at = end
    out.append(text[at:])
    return "".join(out)


def _cut_key(text: str, at: int) -> int:
    """Return where a key ends that has no END line: after the last line that can belong to it."""
    newline = text.find("\n", at)
    while newline != -1:
        following = text.find("\n", newline + 1)
        line = text[newline + 1 : len(text) if following == -1 else following]
        if not _BODY.fullmatch(line):
            return newline
        newline = following
    return len(text)


def _before_end(text: str) -> str:
    """Return ``text``, which ends in an END line without its BEGIN, without the lines that can belong to the key."""
    lines = text.split("\n")
    kept = len(lines) - 1
    while kept and _BODY.fullmatch(lines[kept - 1]):
        kept -= 1
    return "\n".join([*lines[:kept], MARK])


def mask_blocks(text: str) -> str:
    """Return ``text`` without YAML blocks and lists under a secret key, and the data of a Kubernetes Secret."""
    if ":" not in text:
        return text
    for secret, data, member in zip(_SECRET_JSON, _DATA_JSON, _MEMBER_JSON):
        if secret.search(text):
            text = data.sub(functools.partial(_members, member), text)
    kubernetes = _SECRET_YAML.search(text) is not None
    if not kubernetes and not any(looks_secret(match.group("key")) for match in _BLOCK.finditer(text)):
        return text
    return "\n".join(_lines(text.split("\n"), kubernetes))


def _members(member: t.Pattern[str], match: t.Match[str]) -> str:
    return match.group("open") + member.sub(rf"\1{MARK}", match.group("body"))


def _lines(lines: list[str], kubernetes: bool) -> t.Iterator[str]:
    inside: tuple[int, str] | None = None  # indentation, and: data, block or list
    for line in lines:
        if inside is not None:
            depth, kind = inside
            if not line.strip("+- \t\r"):
                yield line
                continue
            if _indent(line) > depth or (kind == "list" and _indent(line) == depth and _ITEM.match(line)):
                yield _inner(line, kind)
                continue
            inside = None
        inside = _opens(line, kubernetes)
        yield line


def _opens(line: str, kubernetes: bool) -> tuple[int, str] | None:
    data = _DATA_YAML.match(line) if kubernetes else None
    if data is not None:
        return len(data.group("indent")), "data"
    block = _BLOCK.match(line)
    if block is None or not looks_secret(block.group("key")):
        return None
    depth = len(block.group("indent")) + len(block.group("item"))
    return depth, "block" if block.group("style") else "list"


def _indent(line: str) -> int:
    # The first column of a diff is its sign; a list item counts from its dash.
    body = line[1:] if line[:1] in ("+", "-") and line[1:2] in (" ", "\t") else line
    return len(body) - len(body.lstrip(" \t"))


def _inner(line: str, kind: str) -> str:
    if kind == "data":
        return _MEMBER_YAML.sub(rf"\1{MARK}", line)
    if kind == "list" and not _ITEM.match(line):
        return line
    lead = len(line) - len(line.lstrip("+- \t"))
    return line[:lead] + MARK
