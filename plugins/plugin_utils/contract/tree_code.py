# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the contract's ``trees`` section says of code: its imports, and files that must not be alike. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Shape,
    Wrong,
    found,
)

IMPORTS = shapes.Wanted(
    {
        "venv": Key(
            shapes.AnyPath(), None, "the virtual environment; unset: the one of `packages`, or `venv`, `.venv`"
        ),
        "ignore": Key(ListOf(shapes.Text()), [], "modules that need not be found, such as `local_settings`"),
    }
)


class Share(Shape):
    """A number from 0 to 1."""

    def describe(self) -> str:
        return "number, 0 to 1"

    def convert(self, value: t.Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        return float(value)


SIMILAR = ListOf(
    Map(
        {
            "a": Key(shapes.RootPath(), REQUIRED, "one file, relative to drift_root"),
            "b": Key(shapes.RootPath(), REQUIRED, "the other"),
            "max": Key(Share(), REQUIRED, "the share of equal lines that is still right"),
        }
    )
)
