# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's answer on a terminal: matrix, findings by severity, unknowns, verdict. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import terminal_matrix
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.screen import Screen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import (
    UNKNOWN,
    VERDICTS,
    Status,
    priority,
    severity,
    words,
)

SHOWN = 40
"""How many findings are shown, and how many unknowns; the rest is counted."""


def render(findings: Json, *, columns: int = 80, colour: bool = False, report_path: str) -> str:
    """Return what the operator sees, no line but the report's path wider than ``columns`` cells.

    Control codes are there only with ``colour``, and all of them are ours.
    """
    report, screen = Report(findings), Screen(columns, colour)
    run = report.run
    screen.line(f"Audit {run['id']} of {run.get('application') or 'an application without a name'}")
    for one in report.environments:
        screen.line(f"{one['name']} is compared with {report.reference_name(one['name'])}")
    screen.gap()
    terminal_matrix.draw(screen, report)
    _findings(screen, "Findings", report.seen)
    _findings(screen, "Not seen", report.unknown)
    _flows(screen, report)
    _verdict(screen, report)
    screen.whole("Report: ", report_path)
    return screen.text()


def name(findings: Json, report_path: str) -> str:
    """Return one line that says which audit it was, for a play that shows what it found itself."""
    screen = Screen(0, False)
    screen.whole(f"Audit {findings['run']['id']}: ", report_path)
    return screen.text()


def _findings(screen: Screen, title: str, chosen: t.Sequence[Json]) -> None:
    screen.gap()
    counted = [
        f"{count} {name}" for name in SEVERITIES if (count := sum(1 for one in chosen if one["severity"] == name))
    ]
    screen.line(f"{title}: {len(chosen)}" + (f" ({', '.join(counted)})" if counted else ""))
    for one in chosen[:SHOWN]:
        mark, said = severity(one["severity"]), f"{_whose(one)} {one['section']} {one['check']} {one['subject']}"
        if one["outcome"] == "unknown":
            mark, said = UNKNOWN, f"{one['severity']} {said}"
        screen.marked(mark, said)
        screen.paragraph(_explanation(one), "  ", 3)
    if len(chosen) > SHOWN:
        screen.line(f"and {len(chosen) - SHOWN} more in the report")


def _whose(finding: Json) -> str:
    """Return the host, or the environment of what concerns no single one."""
    return str(finding["environment"] if finding["host"] == "*" else finding["host"])


def _explanation(finding: Json) -> str:
    """Return cause and remedy, then the summary without the subject that the line above has named."""
    remedy: Json = finding.get("remedy") or {}
    parts = [words(finding.get("cause") or finding.get("state"))]
    if remedy.get("kind"):
        parts.append(f"-> {words(remedy['kind'])}")
    summary = str(finding["summary"]).removeprefix(str(finding["subject"])).strip()
    return f"{' '.join(part for part in parts if part)}: {summary}"


def _flows(screen: Screen, report: Report) -> None:
    """Say where each event flow stops."""
    broken = [one for one in report.pipelines if one["broken"] is not None]
    if broken:
        screen.gap()
    for one in broken:
        screen.line(f"The event flow of {one['environment']} stops at {one['broken']}")


def _verdict(screen: Screen, report: Report) -> None:
    screen.gap()
    counts = report.counts
    worst = next((name for name in SEVERITIES if counts[name]), None)
    mark: Status = VERDICTS[report.verdict["state"]]
    said = f"{number(len(report.findings), 'finding')}{f', worst {priority(worst)}' if worst else ''}"
    whole = (
        "everything asked was seen" if report.verdict.get("complete") else f"{len(report.unknown)} not seen: incomplete"
    )
    screen.marked(mark, f"{said}; {whole}", before="Verdict: ")
