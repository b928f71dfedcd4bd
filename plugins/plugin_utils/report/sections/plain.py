# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every section of a report can show: its findings, and how a host stands. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    heading,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import RUN, Json, Placed, Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import (
    CHECKED,
    NOT_ASKED,
    OUTCOMES,
    severity,
    words,
)

_WORST_FIRST = ("fail", "unknown", "not_exercised", "observation")


def render(report: Report, section: str) -> Lines:
    """Return a section that has no tables of its own."""
    return [*heading(3, section.capitalize()), *findings(report, section, report.of(section))]


def findings(report: Report, section: str, chosen: t.Sequence[Json]) -> Lines:
    """Return the table of some findings of a section, or a sentence that says how many checks passed."""
    if not chosen:
        passed = sum(1 for one in report.checks if one["section"] == section and one["outcome"] == "pass")
        return paragraph(f"No finding about what was seen here; checks that passed: {passed}.")
    rows = [
        (where(one), one["check"], one["subject"], one["summary"], severity(one["severity"]).markdown(), status(one))
        for one in chosen
    ]
    return table(("Where", "Check", "Subject", "Finding", "Severity", "Status"), rows)


def status(finding: Json) -> Markup:
    """Return the status word of a finding, with its state, cause and direction where they are known."""
    # Of what never happened that is known, and the word is all there is to say.
    details = [] if finding["outcome"] == "not_exercised" else [words(finding.get("state"))]
    if finding.get("cause"):
        details.append(words(finding["cause"]))
    if finding.get("direction") not in (None, "none"):
        details.append("both sides ahead" if finding["direction"] == "both" else words(finding["direction"]))
    said = [detail for detail in details if detail]
    return (
        phrase("{} {}", OUTCOMES[finding["outcome"]].markdown(), ", ".join(said))
        if said
        else OUTCOMES[finding["outcome"]].markdown()
    )


def host_status(report: Report, section: str, place: Placed) -> Markup:
    """Return how a host stands in a section; without facts and without a finding nothing was asked."""
    worst = _worst(report.outcomes(place.host, section, RUN))
    return NOT_ASKED.markdown() if worst == "pass" and place.facts is None else OUTCOMES[worst].markdown()


def component_status(report: Report, section: str, host: str, component: str) -> Markup:
    """Return how a component of a section that was observed stands on a host."""
    mine = [one for one in report.by_host.get(host, []) if (one["section"], one["component"]) == (section, component)]
    return OUTCOMES[_worst({one["outcome"] for one in mine})].markdown()


STANDING = "Verdict"


def titles(report: Report, *named: str) -> tuple[str, ...]:
    """Return the titles of a table, in a verification with one for how the thing of each row stands."""
    return named if report.standing is None else (*named, STANDING)


def standing(report: Report, section: str, host: str, component: str | None) -> list[object]:
    """Return that cell, none in an audit. What the contract does not name has no checks, and a dash there."""
    if report.standing is None:
        return []
    verdict = report.standing.get((host, section, component or ""))
    return [None if verdict is None else CHECKED[verdict].markdown()]


def _worst(outcomes: t.Collection[str]) -> str:
    return next((outcome for outcome in _WORST_FIRST if outcome in outcomes), "pass")
