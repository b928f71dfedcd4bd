# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer of a verification on a terminal: criteria, what is not PASS, the verdict. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.screen import Screen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import soon
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify.model import STATUS, deciding_first
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import standing, verdicts

SHOWN = 20
"""How many things are shown; the checks of the rest are counted."""
_LINES = 5
_WHERE = {"watch": "In the observation window", "regression": "Compared"}
"""The sections of the checks that a verification makes itself, which are of what an audit has checks of as well."""


def render(data: Json, *, columns: int = 80, colour: bool = False, report_path: str) -> str:
    """Return what the operator sees, no line but the report's path wider than ``columns`` cells."""
    screen = Screen(columns, colour)
    screen.line(f"Verification {data['id']} of {data['application'] or 'an application without a name'}")
    told = data["window"]
    screen.line(f"Evidence of {told['from']} to {told['to']}" if told["from"] else "There is no evidence")
    if said := soon.sentence(data):
        screen.paragraph(said, "", 4)
    _logs(screen, data)
    screen.gap()
    for one in data["criteria"]:
        optional = "" if one["required"] else " (optional)"
        screen.marked_paragraph(STATUS[one["verdict"]], f"{one['name']}{optional}", "  ")
        if one["verdict"] != verdicts.PASS:
            screen.paragraph(one["decision"], "  ", 4)
    _open(screen, data)
    _verdict(screen, data)
    screen.whole("Report: ", report_path)
    return screen.text()


def _logs(screen: Screen, data: Json) -> None:
    """Say where logs could not be read since a change that nobody wrote down."""
    for one in data["logs_since"]:
        if one["asked"] == "deploy" and one["from"] is None:
            screen.paragraph(
                f"{one['host']}: when its last change was is not known ({one['reason']}), so its logs are not either: "
                "give -e verify_since=1h, or a time",
                "",
                4,
            )


def _open(screen: Screen, data: Json) -> None:
    found = deciding_first(data)
    screen.gap()
    screen.line(f"Not PASS: {len(found)} of {number(data['counts']['checks'], 'check')}")
    told = _things(found)
    for one, *others in told[:SHOWN]:
        said = f"{one['host']} {one['section']} {one['check']} {one['subject']}"
        screen.marked_paragraph(STATUS[one["verdict"]], said, "  ")
        screen.paragraph(one["summary"], "  ", _LINES)
        for other in others:
            screen.paragraph(f"{_WHERE[other['section']]}: {other['summary']}", "  ", _LINES)
    hidden = sum(len(group) for group in told[SHOWN:])
    if hidden:
        screen.line(f"and {number(hidden, 'more check')} in the report")


def _things(found: t.Sequence[Json]) -> list[list[Json]]:
    """Return checks in their order, one thing once: those of a window or of a comparison stand with the audit's of the
    same thing and verdict.
    """
    groups = {one["id"]: [one] for one in found}
    first: dict[tuple[str, ...], str] = {}
    for one in found:
        if one["section"] not in _WHERE:
            first.setdefault((one["verdict"], *standing.about(one)), one["id"])
    for one in found:
        place = first.get((one["verdict"], *standing.about(one)))
        if one["section"] in _WHERE and place is not None:
            groups[place].append(one)
            del groups[one["id"]]
    return list(groups.values())


def _verdict(screen: Screen, data: Json) -> None:
    screen.gap()
    overall = data["overall"]
    counts = data["counts"]["criteria_by_verdict"]
    said = ", ".join(f"{counts[one]} {STATUS[one].word}" for one in verdicts.VERDICTS if counts[one])
    counted = f"{number(data['counts']['criteria'], 'criterion', 'criteria')}: {said}"
    screen.marked_paragraph(STATUS[overall["verdict"]], counted, "  ", before="Verdict: ")
    screen.line(f"Verify again by {data['next_validation']['by']}, or after the next deployment")
