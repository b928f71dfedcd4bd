# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to check before and after the change, and the commands to do it by hand. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, short
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import script
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    bullets,
    code,
    fence,
    heading,
    more,
    paragraph,
    phrase,
    some,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.parts.actions import holds_host_work

ITEMS = 50
_SERVICES = (
    *("processes", "ports", "units", "containers", "compose", "packages", "configs", "resources"),
    *("streams", "endpoints", "logs", "commands"),
)
_HOW = (
    "These only read. Set the first line, then paste. ssh is to connect as a user that may see what the audit saw: "
    "where it became root, let it be root."
)
_BOX = "- [ ]"
_LEFT_OUT = (
    "{} left out of the commands: a name that a shell line cannot show safely (control or invisible characters, bytes "
    "that are not UTF-8), or more than are listed here. All are in findings.json."
)


def render(report: Report) -> Lines:
    """Return the checklists and the commands, all computed from the findings."""
    lines = [*heading(2, "Verification checklist"), *heading(3, "Before the change"), *bullets(_before(report), _BOX)]
    after = _after(report)
    lines += [*heading(3, "After the change"), *bullets(after[:ITEMS], _BOX), *more(len(after) - ITEMS, "item")]
    return lines + _services(report) + _commands(report)


def _before(report: Report) -> list[Markup]:
    items = []
    own = [one for one in report.findings if holds_host_work(one)]
    if own:
        places = sorted({where(one) for one in own})
        items.append(
            phrase(
                "Work that exists only on a host is saved: {} on {}",
                number(len(own), "finding"),
                some(places, len(places)),
            )
        )
    if report.unknown:
        items.append(
            phrase("What could not be seen can be seen: {} in this run", number(len(report.unknown), "unknown check"))
        )
    items.append(Markup("A verified copy of everything that will be changed exists, and how to restore it was tried"))
    return items


def _after(report: Report) -> list[Markup]:
    items = [*_commits(report)]
    kinds = (
        ("Files that differed equal the reference", ("content", "mode", "owner", "mtime"), "differs"),
        ("Paths that were missing are there", ("presence",), "missing"),
        ("Paths that only the host had are committed, ignored or removed", ("presence",), "unexpected"),
        ("Forbidden files are gone", ("forbidden",), "unexpected"),
    )
    shown = []
    for text, checks, state in kinds:
        found = [one for one in report.of("trees", *checks) if one["state"] == state]
        shown += found
        if found:
            items.append(phrase("{}: {}", Markup(text), number(len(found), "finding")))
    told = {one["id"] for one in shown}
    rest = [one for one in report.seen if one["id"] not in told and (one["section"], one["check"]) != ("git", "commit")]
    items += [phrase("Solved on {}: {}", where(one), one["summary"]) for one in rest]
    return [*items, Markup("A new audit has the verdict [OK] and is complete")]


def _services(report: Report) -> Lines:
    """Return what was declared to run or to be there, ticked where every check of it passed in this run."""
    counted: dict[tuple[str, str, str], dict[str, int]] = {}
    for one in [*report.findings, *report.checks]:
        if one["section"] in _SERVICES and one["outcome"] != "observation":
            outcomes = counted.setdefault((where(one), str(one["section"]), str(one["component"])), {})
            outcomes[one["outcome"]] = outcomes.get(one["outcome"], 0) + 1
    if not counted:
        return []
    lines = [_service(name, counted[name]) for name in sorted(counted)]
    return [*heading(3, "Services, as this run saw them"), *lines[:ITEMS], "", *more(len(lines) - ITEMS, "service")]


def _service(name: tuple[str, str, str], outcomes: dict[str, int]) -> str:
    place, section, component = name
    words = {
        "pass": "passed",
        "fail": "failed",
        "unknown": "not seen",
        "not_exercised": "not exercised",
        "waived": "waived",
    }
    said = ", ".join(f"{outcomes[outcome]} {word}" for outcome, word in words.items() if outcome in outcomes)
    box = Markup("x" if set(outcomes) == {"pass"} else " ")
    return phrase("- [{}] {} {} on {}: {}", box, section, code(component), place, said)


def _commits(report: Report) -> list[Markup]:
    items = []
    for one in report.of("git", "commit"):
        wanted, now = (one["expected"] or {}).get("commit"), (one["observed"] or {}).get("commit")
        items.append(phrase("Host {} is at {} (now {})", code(one["host"]), code(short(wanted)), code(short(now))))
    return items


def _commands(report: Report) -> Lines:
    lines = heading(2, "Verification commands")
    commands, left_out = script(report)
    if commands:
        lines += paragraph(_HOW) + fence("\n".join(commands), "sh")
    else:
        lines += paragraph("No finding of this run can be checked by a command.")
    if left_out:
        lines += paragraph(phrase(_LEFT_OUT, number(left_out, "host or path", "hosts or paths")))
    return lines
