# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``packages`` section: what virtual environments and systems must have installed. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Key,
    ListOf,
    Map,
    Problems,
    Shape,
    Wrong,
    below,
    found,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = ("version", "installed", "declared", "metadata", "environment")
"""The checks of this section, whose severity can be set."""

SYSTEMS = ("dpkg", "rpm")


class Versions(Shape):
    """A map of package names to patterns of versions."""

    def describe(self) -> str:
        return "map of package name to version pattern"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, str]:
        if not isinstance(value, dict) or not value:
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        return {name: shapes.Text().read(value[name], below(place, name), problems) for name in sorted(value)}


class Entries(ListOf):
    """The entries, no two of them about the same."""

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        entries = super().read(value, place, problems)
        first: dict[str, int] = {}
        for number, entry in enumerate(entries):
            system = entry.get("system")
            if system is not None and first.setdefault(system, number) != number:
                problems.add(f"{place}[{number}].system", f'"{system}" is already the one of {place}[{first[system]}]')
        return entries


def _one_kind(entry: dict[str, t.Any]) -> None:
    if (entry["venv"] is None) == (entry["system"] is None):
        raise Wrong("expected exactly one of venv and system")
    if entry["venv"] is not None and entry["names"] is not None:
        raise Wrong("names belong to system; the packages of a venv are named by requirements")
    if entry["system"] is not None and entry["names"] is None:
        raise Wrong('system needs names, such as {openssl: "3.*"}')
    if entry["system"] is not None and (entry["requirements"] or entry["only_declared"]):
        raise Wrong("requirements and only_declared belong to venv")
    if entry["only_declared"] and not entry["requirements"]:
        raise Wrong("only_declared needs requirements")


SHAPE = Entries(
    Map(
        {
            "venv": Key(shapes.AnyPath(), None, "the virtual environment"),
            "requirements": Key(
                shapes.OneOrMore(shapes.RootPath()),
                [],
                "requirements files whose packages it must have, in the wanted versions",
            ),
            "only_declared": Key(shapes.Boolean(), False, "whether packages that no requirements file names are drift"),
            "system": Key(shapes.Choice(SYSTEMS), None, "instead of venv: whose record of system packages"),
            "names": Key(Versions(), None, 'with system: the packages, such as `{openssl: "3.*", curl: "*"}`'),
            **terms(CHECKS),
        },
        check=_one_kind,
    ),
    minimum=1,
    unique="venv",
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""
