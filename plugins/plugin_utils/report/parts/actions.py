# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recommended actions by horizon, and what not to do. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    bullets,
    code,
    fence,
    heading,
    join,
    more,
    paragraph,
    phrase,
    some,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import HORIZONS, priority, words

ACTIONS = 100
_HOST_WORK = ("host_ahead", "both")
_DO_NOT = (
    "**[DO NOT]** stash, pull, reset, check out, or copy over anything on the hosts below before their own work is "
    "saved: it exists nowhere else."
)
Action = t.Tuple[str, str, t.Tuple[str, ...]]


def holds_host_work(finding: Json) -> bool:
    """Return whether a finding tells of work that exists only on the host, or may: what cannot be told counts."""
    if finding["outcome"] == "unknown" or finding.get("state") == "missing":
        return False
    untold = not finding.get("cause") and finding.get("state") in ("differs", "unexpected")
    return finding.get("direction") in _HOST_WORK or (untold and finding["section"] in ("git", "trees"))


def render(report: Report) -> Lines:
    """Return the warnings, then the actions of each horizon, those with the same remedy told once."""
    lines = heading(2, "Recommended actions") + _warnings(report)
    start = 1
    for severity in SEVERITIES:
        actions = _grouped(report, severity)
        if actions:
            lines += heading(3, f"{priority(severity)}: {HORIZONS[severity]}")
        for position, (action, findings) in enumerate(list(actions.items())[:ACTIONS], start):
            lines += _action(position, action, findings)
        lines += more(len(actions) - ACTIONS, "action")
        start += len(actions)
    if not report.findings:
        lines += paragraph("None: there is no finding.")
    return lines


def _warnings(report: Report) -> Lines:
    own: dict[str, list[Json]] = {}
    for one in report.findings:
        if holds_host_work(one):
            own.setdefault(where(one), []).append(one)
    if not own:
        return []
    items = [
        phrase("On {}: {} ({})", place, number(len(found), "finding"), _subjects(found))
        for place, found in sorted(own.items())
    ]
    return [*paragraph(Markup(_DO_NOT)), *bullets(items[:ACTIONS]), *more(len(items) - ACTIONS, "host")]


def _grouped(report: Report, severity: str) -> dict[Action, list[Json]]:
    actions: dict[Action, list[Json]] = {}
    for one in report.findings:
        if one["severity"] == severity:
            remedy: Json = one.get("remedy") or {}
            text = remedy.get("text") or "No remedy is stated: investigate."
            key = (str(remedy.get("kind") or "investigate"), str(text), tuple(map(str, remedy.get("commands") or ())))
            actions.setdefault(key, []).append(one)
    return actions


def _action(position: int, action: Action, findings: t.Sequence[Json]) -> Lines:
    kind, text, commands = action
    places = sorted({where(one) for one in findings})
    owners = sorted({str(one["owner"]) for one in findings if one.get("owner")})
    lines = [
        phrase("- [ ] **A{}** {}: {}", position, words(kind), text),
        phrase(
            "  - Solves {} on {}: {}", number(len(findings), "finding"), some(places, len(places)), _subjects(findings)
        ),
    ]
    if owners:
        lines.append(phrase("  - Owner: {}", join(", ", owners)))
    if commands:
        return [*lines, "", *fence("\n".join(commands), "sh")]
    return [*lines, ""]


def _subjects(findings: t.Sequence[Json]) -> t.Any:
    names = sorted({(str(one["section"]), str(one["check"]), str(one["subject"])) for one in findings})
    return some([phrase("{} {} {}", section, check, code(subject)) for section, check, subject in names], len(names))
