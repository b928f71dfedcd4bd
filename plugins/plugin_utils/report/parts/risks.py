# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The risk assessment: every finding once, in its group. Impact and owner are the contract's words, never invented.

Private to the collection.
"""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    heading,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import status
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import NOT_STATED, RISKS, priority, severity

_TITLES = ("Risk", "Where", "Severity", "Description", "Impact", "Owner", "Status")


def render(report: Report) -> Lines:
    """Return one table a risk group."""
    lines = heading(2, "Risk assessment")
    for group, title in RISKS.items():
        mine = [one for one in report.findings if group_of(one) == group]
        lines += heading(3, f"{title}: {number(len(mine), 'finding')}")
        lines += table(_TITLES, [_row(one) for one in mine]) if mine else paragraph("No finding.")
    return lines


def group_of(finding: Json) -> str:
    """Return the risk group of a finding; one without a known group is operational."""
    risk = finding.get("risk")
    return str(risk) if risk in RISKS else "operational"


def _row(finding: Json) -> tuple[object, ...]:
    return (
        phrase("{} {}: {}", finding["section"], finding["check"], finding["subject"]),
        where(finding),
        phrase("{} {}", severity(finding["severity"]).icon, priority(finding["severity"])),
        finding["summary"],
        finding.get("impact") or NOT_STATED,
        finding.get("owner") or NOT_STATED,
        status(finding),
    )
