# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections of a contract. Private to the collection.

A section is a module with ``SHAPE`` (its schema) and ``DEFAULT`` (its value when there is no contract, None: left out,
and not to be written without a value). One whose entries name those of another section also has ``check``.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import (
    commands,
    compose,
    configs,
    containers,
    endpoints,
    git,
    logs,
    packages,
    ports,
    processes,
    resources,
    streams,
    trees,
    units,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.criteria import criteria
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.overviews import overviews
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Problems,
    Shape,
    Wrong,
    below,
    found,
    nearest,
    unknown_key,
)

if t.TYPE_CHECKING:

    class Section(t.Protocol):
        """What a section's module holds."""

        DEFAULT: t.Any

        @property
        def SHAPE(self) -> Shape: ...


SECTIONS: dict[str, Section] = {
    "git": git,
    "processes": processes,
    "ports": ports,
    "units": units,
    "containers": containers,
    "compose": compose,
    "packages": packages,
    "configs": configs,
    "resources": resources,
    "streams": streams,
    "endpoints": endpoints,
    "logs": logs,
    "trees": trees,
    "commands": commands,
}

# ``check(contract, place, problems)`` of the sections that name entries of others, when all are read.
_CROSS_CHECKS: tuple[t.Callable[[t.Mapping[str, t.Any], str, Problems], None], ...] = (processes.check, configs.check)

# What a run folder holds of the sections that can name secrets.
_STORED: dict[str, t.Callable[[t.Any], t.Any]] = {
    "configs": configs.stored,
    "endpoints": endpoints.stored,
    "commands": commands.stored,
}

OVERVIEWS = {**overviews(SECTIONS), "criteria": criteria(SECTIONS)}
"""What a contract holds besides sections."""


class SectionName(Shape):
    """The name of a section that this release audits."""

    def describe(self) -> str:
        return f"section ({', '.join(SECTIONS)})"

    def convert(self, value: t.Any) -> str:
        if isinstance(value, str) and value in SECTIONS:
            return value
        if not isinstance(value, str):
            raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        raise Wrong(unknown_key(nearest(value, SECTIONS), SECTIONS, "section"))


class Contract(Shape):
    """A map of sections, of which only those that it names are audited, and of overviews of them."""

    def describe(self) -> str:
        return "map of sections"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        if OVERVIEWS.keys() >= value.keys():
            problems.add(place, "names no section; leave it out to audit " + " and ".join(default_contract()))
        for name in value:
            if name not in SECTIONS and name not in OVERVIEWS:
                SectionName().read(name, below(place, name), problems)
        contract = {
            name: section.SHAPE.read(
                section.DEFAULT if value[name] is None else value[name], f"{place}.{name}", problems
            )
            for name, section in SECTIONS.items()
            if name in value
        }
        contract |= {
            name: key.shape.read(value[name], f"{place}.{name}", problems)
            for name, key in OVERVIEWS.items()
            if value.get(name) is not None
        }
        for check in _CROSS_CHECKS:
            check(contract, place, problems)
        return contract


def stored(contract: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a contract as a run folder holds it: judging needs no secret."""
    return {name: _STORED[name](part) if name in _STORED else part for name, part in contract.items()}


def default_contract() -> dict[str, t.Any]:
    """Return what is audited when no contract is given."""
    return {name: section.DEFAULT for name, section in SECTIONS.items() if section.DEFAULT is not None}
