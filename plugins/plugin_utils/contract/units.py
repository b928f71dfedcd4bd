# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``units`` section: which systemd units must run. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Wrong,
    found,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

_TYPES = "service|socket|timer|mount|automount|swap|target|path|slice|scope|device"
_UNIT = re.compile(rf"[A-Za-z0-9:_.\\@-]{{1,240}}\.(?:{_TYPES})")


CHECKS = ("loaded", "active", "enabled", "reload", "restarts")
"""The checks of this section, whose severity can be set."""


class UnitName(shapes.Text):
    """The whole name of a unit as systemctl spells it, escapes included."""

    def describe(self) -> str:
        return "name of a systemd unit"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if not _UNIT.fullmatch(text):
            raise Wrong(f"expected a {self.describe()} with its kind, such as nginx.service, found {found(text)}")
        if re.search(r"@\.[a-z]+\Z", text):
            raise Wrong(f"{text} is a template: name an instance of it, such as {text.replace('@.', '@1.')}")
        return text


SHAPE = ListOf(
    Map(
        {
            "name": Key(UnitName(), REQUIRED, "the unit, with its kind: `nginx.service`, `app@1.service`"),
            "active": Key(shapes.Boolean(), True, "whether it must be active, or must not be"),
            "enabled": Key(
                shapes.Boolean(), None, "whether it must be started at boot, or must not be; unset: not judged"
            ),
            "max_restarts": Key(
                shapes.Integer(0, 1_000_000), None, "how often systemd may have restarted it; unset: not judged"
            ),
            **terms(CHECKS),
        }
    ),
    minimum=1,
    unique="name",
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""
