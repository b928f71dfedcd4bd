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

_TYPES = "service|socket|timer|mount|automount|swap|target|path|slice|scope|device"
_UNIT = re.compile(rf"[A-Za-z0-9:_.\\@-]{{1,240}}\.(?:{_TYPES})")


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
            "severity": Key(shapes.Choice(shapes.SEVERITIES), None, "severity of all its findings"),
            "impact": Key(
                shapes.Text(lines=True), None, "what drift here means for the business; shown with each finding"
            ),
            "owner": Key(shapes.Text(), None, "who looks after it; shown with each finding"),
            "remedy": Key(shapes.Text(lines=True), None, "what to do about drift; shown with each finding"),
            "risk": Key(shapes.Choice(shapes.RISKS), "operational", "the risk table that a finding belongs to"),
        }
    ),
    minimum=1,
    unique="name",
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""
