# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML in which every line can carry a comment. Private to the collection.

Names on a host can hold anything. A value is written by PyYAML, and marked ``!unsafe`` where Ansible would take it for
a template; a comment is one visible line, whatever it quotes.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

import yaml
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal

_TEMPLATE = re.compile(r"\{[{%#]")
# Text that needs no quotes, not even within brackets, unless it would be read as a number, a date or a truth value.
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@%+=-]*")
_PRINTABLE = re.compile(r"[ -~]*")
_WIDTH = 1 << 20
_LONGEST = 300


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A scalar, or a list or map of scalars on one line, and why it is there."""

    value: t.Any
    why: str = ""


@dataclasses.dataclass(frozen=True)
class Branch:
    """A map. ``why`` stands above it."""

    pairs: t.Sequence[tuple[str, Node]]
    why: str = ""


@dataclasses.dataclass(frozen=True)
class Rows:
    """A list, one row or more for each item. ``why`` stands above it."""

    rows: t.Sequence[Node]
    why: str = ""


Node = Leaf | Branch | Rows


def plain(node: Node) -> t.Any:
    """Return the value without its comments."""
    if isinstance(node, Leaf):
        return node.value
    if isinstance(node, Rows):
        return [plain(row) for row in node.rows]
    return {key: plain(below) for key, below in node.pairs}


def comment(text: str) -> str:
    """Return a comment: one line, in which nothing can end it or steer a terminal."""
    shown = terminal(text)
    return "# " + (shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…")


def lines(node: Node, indent: int = 0) -> list[str]:
    """Return a map or a list as lines of YAML."""
    pad = " " * indent
    found = []
    if isinstance(node, Branch):
        for key, below in node.pairs:
            found += _pair(key, below, indent)
    elif isinstance(node, Rows):
        for row in node.rows:
            found += _row(row, indent)
    else:
        found.append(pad + scalar(node.value) + _behind(node.why))
    return found


def _pair(key: str, below: Node, indent: int) -> list[str]:
    pad = " " * indent
    if isinstance(below, Leaf):
        return [f"{pad}{scalar(key)}: {scalar(below.value)}{_behind(below.why)}"]
    above = [pad + comment(below.why)] if below.why else []
    inner = lines(below, indent + 2)
    return [*above, f"{pad}{scalar(key)}:" + ("" if inner else " {}" if isinstance(below, Branch) else " []"), *inner]


def _row(row: Node, indent: int) -> list[str]:
    pad = " " * indent
    above = [pad + comment(row.why)] if row.why and not isinstance(row, Leaf) else []
    first, *rest = lines(row, indent + 2) or [pad + "  " + scalar(plain(row))]
    return [*above, f"{pad}- {first.lstrip(' ')}", *rest]


def _behind(why: str) -> str:
    return f"  {comment(why)}" if why else ""


def scalar(value: t.Any) -> str:
    """Return a value in YAML on one line. Loaded by Ansible or by any YAML reader, it is this value and no template."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {scalar(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(scalar(item) for item in value) + "]"
    text = _text(value) if isinstance(value, str) else _dumped(value, None)
    return f"!unsafe {text}" if isinstance(value, str) and _TEMPLATE.search(value) else text


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and _dumped(value, None) == value:
        return value
    if _PRINTABLE.fullmatch(value):
        return "'" + value.replace("'", "''") + "'"
    return _dumped(value, '"')


def _dumped(value: t.Any, style: str | None) -> str:
    text = str(yaml.safe_dump(value, default_style=style, width=_WIDTH))
    return text.removesuffix("\n").removesuffix("\n...")
