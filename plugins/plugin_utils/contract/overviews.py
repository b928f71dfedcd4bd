# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``pipeline`` and ``catalogue``: what is audited, seen as a flow and as groups of services.

Neither asks anything of a host. Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Problems,
    Shape,
    Wrong,
    below,
    found,
    nearest,
    unknown_key,
)


class Component(shapes.Text):
    """A component of a section, with a colon between the two."""

    def __init__(self, sections: t.Collection[str]) -> None:
        super().__init__()
        self._sections = sections

    def describe(self) -> str:
        return "section:component, such as processes:main"

    def convert(self, value: t.Any) -> str:
        section, colon, component = super().convert(value).partition(":")
        if not colon or not component.strip():
            raise Wrong(f"expected {self.describe()}, found {found(value)}")
        if section not in self._sections:
            raise Wrong(unknown_key(nearest(section, self._sections), self._sections, "section"))
        return f"{section}:{component.strip()}"


class Catalogue(Shape):
    """Components by the category that they are shown in."""

    def __init__(self, sections: t.Collection[str]) -> None:
        self._components = shapes.OneOrMore(Component(sections))

    def describe(self) -> str:
        return "map of category to section:component, or list of them"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if not isinstance(value, dict) or not value:
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        return {
            shapes.Text().read(name, place, problems): self._components.read(value[name], below(place, name), problems)
            for name in value
        }


def overviews(sections: t.Collection[str]) -> dict[str, Key]:
    """Return the keys of a contract that are no sections; ``sections`` are the names that a component may have."""
    stage = Map(
        {
            "stage": Key(shapes.Text(), REQUIRED, "what happens there, in a few words"),
            "of": Key(
                shapes.OneOrMore(Component(sections)),
                REQUIRED,
                "the audited components that it needs; `*` and `?` in a component stand for any characters",
            ),
        }
    )
    return {
        "pipeline": Key(
            ListOf(stage, minimum=1, unique="stage"), None, "the stages that an event passes, from first to last"
        ),
        "catalogue": Key(Catalogue(sections), None, "the services of the report's catalogue, by category"),
    }
