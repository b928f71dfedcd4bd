# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a systemd unit file as systemd reads them. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import (
    Double,
    Item,
    Parsed,
    Unreadable,
    gathered,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.words import BadWords, split_words

_BLANKS = " \t\n\r"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN = 5

Setting = t.Tuple[str, str, str, int]


def read(said: str) -> Parsed:
    """Return the settings as ``Section.Name``, ``Section.Name[0]`` and so on for one that is set several times, and
    ``Section.Environment.NAME`` for each variable.

    Specifiers such as ``%h`` stay as they are. Raises Unreadable.
    """
    odd: list[str] = []
    settings = list(_settings(said, odd))
    plain: dict[tuple[str, str], list[tuple[str, int]]] = {}
    variables: dict[str, list[Item]] = {}
    for section, name, value, line in settings:
        if name == "Environment":
            _assign(variables.setdefault(section, []), section, value, line, odd)
        else:
            plain.setdefault((section, name), []).append((value, line))
    items: list[Item] = []
    for (section, name), values in plain.items():
        several = len(values) > 1
        for number, (value, line) in enumerate(values):
            items.append(Item((section, name, number) if several else (section, name), value, line))
    doubles: list[Double] = []
    for assigned in variables.values():
        found = gathered(assigned)
        items += found.keys
        doubles += found.doubles
    made = gathered(items, _partial(odd))
    return made._replace(doubles=[*made.doubles, *doubles])


def _partial(odd: list[str]) -> str:
    more = f" and {len(odd) - _SHOWN} more places" if len(odd) > _SHOWN else ""
    return f"systemd leaves out what it does not understand: {'; '.join(odd[:_SHOWN])}{more}" if odd else ""


def _assign(found: list[Item], section: str, value: str, line: int, odd: list[str]) -> None:
    if not value:
        # An empty assignment forgets those before it.
        found.clear()
        return
    try:
        words = split_words(value)
    except BadWords as error:
        odd.append(f"line {line}: {error}")
        return
    for word in words:
        name, sign, rest = word.partition("=")
        if sign and _NAME.fullmatch(name):
            found.append(Item((section, "Environment", name), rest.replace("%%", "%"), line))
        else:
            odd.append(f"line {line} assigns to what is no name of a variable")


def _settings(said: str, odd: list[str]) -> t.Iterator[Setting]:
    section = ""
    for line, whole in _joined(said):
        if not whole:
            continue
        if whole.startswith("["):
            if not whole.endswith("]"):
                raise Unreadable(f"line {line}: the name of a section is not closed")
            section = whole[1:-1]
            continue
        name, sign, value = whole.partition("=")
        if not sign or not section or not name.strip(_BLANKS):
            odd.append(f"line {line} is no setting" if section else f"line {line} stands before all sections")
            continue
        yield section, name.strip(_BLANKS), value.strip(_BLANKS), line


def _joined(said: str) -> t.Iterator[tuple[int, str]]:
    """Yield the lines with their numbers: without comments, those that end in a backslash joined with what follows."""
    held: list[str] = []
    begun = 0
    for number, whole in enumerate(said.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        line = whole.lstrip(_BLANKS)
        # A comment between lines that belong together does not part them.
        if line.startswith(("#", ";")):
            continue
        begun = begun if held else number
        if (len(line) - len(line.rstrip("\\"))) % 2:
            held.append(f"{line[:-1]} ")
        else:
            yield begun, "".join([*held, line]).strip(_BLANKS)
            held = []
    if held:
        yield begun, "".join(held).strip(_BLANKS)
