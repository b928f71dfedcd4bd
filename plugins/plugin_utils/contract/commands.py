# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``commands`` section: what the operator's own commands must say. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_argv
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import assertions, shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Problems,
    Wrong,
    found,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = ("exit", "output", "json")
"""The checks of this section, whose severity can be set."""


class Argument(shapes.Text):
    """One argument of a command: any text, the empty one too."""

    def describe(self) -> str:
        return "text"

    def convert(self, value: t.Any) -> str:
        if not isinstance(value, str) or "\0" in value:
            raise Wrong(f"expected {self.describe()}, found {found(value)}")
        return value


class Argv(ListOf):
    """A program and its arguments; no shell reads it."""

    def __init__(self) -> None:
        super().__init__(Argument(), minimum=1)

    def describe(self) -> str:
        return "list of text"

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        if isinstance(value, str):
            words = value.split()
            hint = f": no shell reads it, write {words}" if words else ""
            problems.add(place, f"expected a {self.describe()}, found {found(value)}{hint}")
            return []
        argv = super().read(value, place, problems)
        if argv and isinstance(argv[0], str) and not argv[0].strip():
            problems.add(f"{place}[0]", "names no program")
        return argv


class Entries(ListOf):
    """The commands, each with a name of its own."""

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        entries = super().read(value, place, problems)
        assertions.twins(entries, place, problems)
        return entries


SHAPE = Entries(
    Map(
        {
            "name": Key(shapes.Name(), REQUIRED, "its name in reports, unique"),
            "run": Key(
                Argv(),
                REQUIRED,
                "the program and its arguments: an absolute path, a path below `cwd`, or a name; no shell reads it",
            ),
            "cwd": Key(shapes.AnyPath(), None, "the directory that it runs in; unset: drift_root"),
            "timeout_s": Key(shapes.Integer(1, 3600), 30, "when it is ended, with all that it started"),
            "exit": Key(
                assertions.OneOrMoreNumbers(-64, 255), [0], "the exit code that it must have, or one of several"
            ),
            **assertions.content_keys("standard output"),
            "required": Key(shapes.Boolean(), True, "false: that the host has no such program is told and is no drift"),
            **terms(CHECKS),
        }
    ),
    minimum=1,
)

DEFAULT: t.Any = None
"""Nothing runs without a contract."""


def stored(contract: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the contract as a run folder may hold it: arguments and JSON values with telling names are masked."""
    return [
        {**entry, "run": mask_argv(entry["run"]), "json": assertions.stored_rules(entry["json"])} for entry in contract
    ]
