# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The executive summary: verdict, risk level, counts, top risks, what was not seen. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES, worst
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    bullets,
    heading,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import HORIZONS, VERDICTS, priority, severity

TOP = 5


def render(report: Report) -> Lines:
    """Return the summary."""
    lines = heading(2, "Executive summary")
    lines += bullets([_verdict(report), _level(report), _complete(report), _hosts(report), *_passed(report)])
    lines += heading(3, "Findings by severity") + _counts(report)
    if report.seen:
        lines += heading(3, "Top risks") + bullets([_risk(one) for one in report.seen[:TOP]], "1.")
    if report.unknown:
        lines += heading(3, "Not seen") + bullets([_risk(one) for one in report.unknown[:TOP]], "1.")
    return lines


def _verdict(report: Report) -> Markup:
    return phrase("**Verdict:** {}", VERDICTS[report.verdict["state"]].markdown())


def _level(report: Report) -> Markup:
    """Return the overall risk level: the worst severity of any finding."""
    level = worst(one["severity"] for one in report.findings)
    if level is None:
        return Markup("**Overall risk level:** none: there is no finding")
    return phrase("**Overall risk level:** {} {}: act {}", severity(level).icon, priority(level), HORIZONS[level])


def _complete(report: Report) -> Markup:
    if report.verdict.get("complete"):
        return Markup("**Complete:** yes: everything that was asked was seen")
    unseen = "the coverage below tells what is missing"
    if report.unknown:
        unseen = f"{number(len(report.unknown), 'check')} could not be made"
    return phrase("**Complete:** no: {}. What was not seen is neither in sync nor drift: it is unknown", unseen)


def _hosts(report: Report) -> Markup:
    """Return how many hosts drifted, were not seen whole, or neither; each is counted once."""
    states = [report.outcomes(host) for _environment, host in report.hosts]
    drifted = sum(1 for one in states if "fail" in one)
    unknown = sum(1 for one in states if "unknown" in one and "fail" not in one)
    said = f"{drifted} with drift, {unknown} not seen completely, {len(states) - drifted - unknown} without either"
    return phrase("**Hosts:** {}: {}", len(states), said)


def _passed(report: Report) -> list[Markup]:
    outcomes = [one["outcome"] for one in report.checks]
    counted = f"{outcomes.count('pass')} passed, {outcomes.count('waived')} waived, {len(report.findings)} did not pass"
    lines = [phrase("**Named checks:** {}", counted)]
    for section in report.sections:
        mine = [one for one in report.coverage if one["section"] == section]
        checked, unknown, ignored = (sum(one[key] for one in mine) for key in ("checked", "unknown", "ignored"))
        text = f"{checked} checked, {unknown} unknown, {ignored} ignored, on {number(len(mine), 'host')}"
        lines.append(phrase("**Coverage of {}:** {}", section, text))
    return lines


def _counts(report: Report) -> Lines:
    rows: list[tuple[object, ...]] = []
    for name in SEVERITIES:
        seen = sum(1 for one in report.seen if one["severity"] == name)
        rows.append(
            (
                severity(name).markdown(),
                priority(name),
                seen,
                report.counts[name] - seen,
                report.counts[name],
                HORIZONS[name],
            )
        )
    rows.append((Markup("**all**"), None, len(report.seen), len(report.unknown), len(report.findings), None))
    return table(("Severity", "Priority", "Seen", "Unknown", "Findings", "Act"), rows)


def _risk(finding: Json) -> Markup:
    return phrase("{} {}: {}", severity(finding["severity"]).markdown(), where(finding), finding["summary"])
