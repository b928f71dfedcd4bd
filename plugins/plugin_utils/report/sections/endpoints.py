# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section endpoints of a report: what each answers, how fast, how good its data are. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.endpoint_words import milliseconds
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, held
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    bullets,
    code,
    heading,
    join,
    more,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import findings, host_status
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import OUTCOMES

SECTION = "endpoints"
_SLOWEST = 5
_OF_CHANNELS = ("configured", "well_formed", "distinct", "sent")


def render(report: Report) -> Lines:
    """Return the endpoints part: the endpoints, their times, findings."""
    lines = [*heading(3, "Endpoints"), *_endpoints(report), *_performance(report), *_channels(report)]
    return [*lines, *findings(report, SECTION, report.of(SECTION))]


def _endpoints(report: Report) -> Lines:
    rows: list[list[object]] = []
    hidden = required = passed = 0
    for place in report.facts(SECTION):
        if place.facts is None:
            mark = host_status(report, SECTION, place)
            rows.append([place.environment, place.host, "not seen", None, None, None, None, mark])
            continue
        for one in place.facts["endpoints"]:
            required += one["required"]
            passed += one["required"] and one["outcome"] == "pass"
            rows.append([place.environment, place.host, *_row(one)])
        hidden += place.facts["total"] - len(place.facts["endpoints"])
    titles = ("Environment", "Host", "Endpoint", "Asked from", "Answer", "Response time", "Data quality", "Status")
    lines = [*table(titles, rows), *more(hidden, "endpoint")]
    if required:
        lines += paragraph(f"Required endpoints that pass every check: {passed} of {required}.")
    return lines


def _channels(report: Report) -> Lines:
    """Return the alert channels, whose addresses are looked at and never used."""
    rows: list[list[object]] = []
    # That another environment has an address too is seen when all hosts are, and no fact of one.
    shared = {(one["host"], one["component"]) for one in report.of(SECTION, "distinct")}
    for place in report.facts(SECTION):
        for one in (place.facts or {}).get("webhooks") or ():
            shown = {**one, "distinct": "fail"} if (place.host, one["name"]) in shared else one
            marks = [OUTCOMES[shown[check]].markdown() if shown[check] else None for check in _OF_CHANNELS]
            came = [one.get("came")] if report.standing is not None else []
            rows.append([place.environment, place.host, code(one["name"]), one["kind"], *marks, *came])
    if not rows:
        return []
    titles = ("Environment", "Host", "Channel", "Kind", "Configured", "Well-formed", "Distinct", "Sent")
    more_titles = () if report.standing is None else ("What came of a test message",)
    return [*heading(4, "Alert channels"), *table((*titles, *more_titles), rows)]


def _row(one: Json) -> list[object]:
    name = phrase("{} {}", one["method"], code(one["name"]))
    if not one["required"]:
        name = join(" ", (name, "(optional)"))
    side = "the host" if one["from"] == "host" else "the control node"
    return [name, side, _answer(one), _time(one), _quality(one), OUTCOMES[one["outcome"]].markdown()]


def _answer(one: Json) -> object:
    if one["status"] is not None:
        return one["status"]
    return phrase("none: {}", one["failure"] or one["reason"]) if one["failure"] or one["reason"] else "not seen"


def _time(one: Json) -> object:
    if one["median_ms"] is None:
        return None
    said = milliseconds(one["median_ms"])
    if one["samples"] > 1:
        said += f" (median of {one['samples']})"
    return f"{said}, limit {one['under_ms']} ms" if one["under_ms"] is not None else said


def _quality(one: Json) -> object:
    data = one["data"]
    parts: list[str] = []
    if data["age_s"] is not None:
        live = {True: "live", False: "stale", None: "age not judged"}[data["live"]]
        parts.append(f"{live}: {duration(max(data['age_s'], 0.0))} old")
    if data["asserted"]:
        parts.append(held(data["hold"], data["asserted"]))
    if one["not_after"]:
        parts.append(f"certificate until {one['not_after'][:10]}")
    if one["partial"]:
        parts.append("not wholly read")
    return "; ".join(parts)


def _performance(report: Report) -> Lines:
    """Return the slowest endpoints, over all hosts, with their limits."""
    timed: list[tuple[float, str, t.Any]] = []
    for place in report.facts(SECTION):
        for one in (place.facts or {}).get("endpoints") or ():
            if one["median_ms"] is not None:
                timed.append((one["median_ms"], place.host, one))
    if len(timed) < 2:
        return []
    slowest = sorted(timed, key=lambda item: (-item[0], item[1], item[2]["name"]))[:_SLOWEST]
    lines = [
        phrase("{} on {}: {}, the first byte after {}", code(one["name"]), host, milliseconds(took), _first(one))
        for took, host, one in slowest
    ]
    return [*paragraph(Markup("Slowest answers:")), *bullets(lines)]


def _first(one: Json) -> object:
    return milliseconds(one["first_byte_ms"]) if one["first_byte_ms"] is not None else "a time that was not seen"
