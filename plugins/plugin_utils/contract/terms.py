# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that an entry of every section has: how bad its findings are, for whom, and what to do. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Key, MapOf, Problems


class Severities(MapOf):
    """The severity of single checks, or one for all of them; read as a map of checks."""

    def __init__(self, checks: t.Sequence[str]) -> None:
        self._checks = checks
        super().__init__(checks, shapes.Choice(shapes.SEVERITIES), f"check ({', '.join(checks)})")

    def describe(self) -> str:
        return f"one severity, or {super().describe()}"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if isinstance(value, str):
            value = dict.fromkeys(self._checks, shapes.Choice(shapes.SEVERITIES).read(value, place, problems))
            return {check: level for check, level in value.items() if level is not None}
        return super().read(value, place, problems)


def shown_terms(risk: str) -> dict[str, Key]:
    """Return the keys whose text is shown with each finding; ``risk`` is the default."""
    return {
        "impact": Key(shapes.Text(lines=True), None, "what drift here means for the business; shown with each finding"),
        "owner": Key(shapes.Text(), None, "who looks after it; shown with each finding"),
        "remedy": Key(shapes.Text(lines=True), None, "what to do about drift; shown with each finding"),
        "risk": Key(shapes.Choice(shapes.RISKS), risk, "the risk table that a finding belongs to"),
    }


def terms(checks: t.Sequence[str], risk: str = "operational") -> dict[str, Key]:
    """Return the keys of an entry whose severity can be set by check."""
    return {
        "severity": Key(Severities(checks), {}, "severity of its findings, by check or of all"),
        **shown_terms(risk),
    }
