# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What could not be seen, and how much was looked at. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    heading,
    paragraph,
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import severity, words


def render(report: Report) -> Lines:
    """Return the unknown findings and the coverage of every host and section."""
    lines = heading(2, "What could not be seen")
    if report.unknown:
        rows = [
            (
                where(one),
                one["section"],
                one["check"],
                one["subject"],
                one["summary"],
                words(one.get("cause")),
                severity(one["severity"]).markdown(),
            )
            for one in report.unknown
        ]
        lines += table(("Where", "Section", "Check", "Subject", "Why", "Cause", "Severity"), rows)
    else:
        lines += paragraph("Nothing: every check that was asked could be made.")
    lines += heading(3, "Coverage")
    covered = [
        (
            one["host"],
            one["section"],
            one["checked"],
            one["unknown"],
            one["ignored"],
            some(list(one.get("reasons") or []), len(one.get("reasons") or [])),
        )
        for one in report.coverage
    ]
    if not covered:
        return lines + paragraph("No host was covered.")
    return lines + table(("Host", "Section", "Checked", "Unknown", "Ignored", "Reasons"), covered)
