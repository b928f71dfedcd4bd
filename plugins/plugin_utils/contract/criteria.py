# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``criteria``: named groups of checks, by which a verification decides. Private to the collection.

They ask nothing of a host: an audit leaves them alone.
"""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Wrong,
    found,
    nearest,
    unknown_key,
)

REST = "Everything else that the contract declares"
"""The name of the criterion that holds what no other one selects."""

OTHERS = ("run", "regression", "watch")
"""Besides the sections of a contract: what is of the run itself, of an accepted run, of an observation window."""


class SectionPattern(shapes.Text):
    """The name of a section, or a pattern that some section has."""

    def __init__(self, sections: t.Collection[str]) -> None:
        super().__init__()
        self._known = (*sections, *OTHERS)

    def describe(self) -> str:
        return f"section, or pattern (also {', '.join(OTHERS)})"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if not any(fnmatch.fnmatchcase(name, text) for name in self._known):
            raise Wrong(unknown_key(nearest(text, self._known), self._known, "section"))
        return text


class CriterionName(shapes.Label):
    """A name for reports that is not the one of all the rest."""

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if text == REST:
            raise Wrong(f"{found(text)} is the name of the criterion that holds what no other one selects")
        return text


def criteria(sections: t.Collection[str]) -> Key:
    """Return the key of a contract; ``sections`` are those that a contract can have."""
    selector = Map(
        {
            "section": Key(
                SectionPattern(sections), REQUIRED, "the section of the checks; `*`, `?` and `[a-z]` are wildcards"
            ),
            "component": Key(shapes.Text(), "*", "their component, such as a process or an endpoint, with wildcards"),
            "check": Key(shapes.Text(), "*", "their check, with wildcards"),
            "subject": Key(shapes.Text(), "*", "their subject, with wildcards"),
        }
    )
    criterion = Map(
        {
            "name": Key(CriterionName(), REQUIRED, "what it is called in reports, unique"),
            "description": Key(shapes.Text(lines=True), None, "what it is about; shown with it"),
            "required": Key(shapes.Boolean(), True, "false: the verification does not fail when it is not met"),
            "checks": Key(
                ListOf(selector, minimum=1), REQUIRED, "which checks it holds; one that nothing matches is unknown"
            ),
        }
    )
    return Key(
        ListOf(criterion, minimum=1, unique="name"), None, "by what a verification decides; unset: one for each section"
    )
