# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Success criteria with their measured state. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    paragraph,
    phrase,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import RUN, Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import UNKNOWN

_OLDER = ("code", "configuration", "unit_file", "environment", "replaced")
_RUNNING = ("instances", "user", "cwd", "venv", "one_environment", "supervised", "unit")
# Of each section: the checks of a criterion (none: all of them), and what must hold.
_LIVE = {
    "processes": (
        (_RUNNING, "Every declared process runs as declared: how often, by whom, where, and in which environment"),
        (_OLDER, "No process is older than the code, the configuration, the unit or the environment that it uses"),
    ),
    "ports": (((), "Every declared port is served as declared, and nothing else listens where only that may"),),
    "units": (((), "Every declared unit is in the state that was declared, and needs no reload"),),
    "packages": (((), "Every environment has the packages that are asked for"),),
    "containers": (((), "Every container is healthy, stays up, and runs what its image and its project say"),),
    "compose": (((), "Every Compose project runs as its files say"),),
    "configs": (((), "Every configuration has the keys and values that it should, and what runs has read them"),),
    "resources": (((), "Every host is within its limits"),),
    "streams": (((), "Every stream moves, within its limits"),),
    "endpoints": (((), "Every required endpoint answers as declared, and in time"),),
    "logs": (((), "In what was read of them, every log holds what it must, and nothing that it must not"),),
    "commands": (((), "Every command gives the declared result"),),
}
_WORK = ("modified", "untracked", "staged", "stash", "operation", "conflicted")


class Criterion(t.NamedTuple):
    """What must hold, whether it does (None: not known), and what was measured."""

    text: Markup
    holds: bool | None
    measured: str


def render(report: Report) -> Lines:
    """Return the criteria of the sections that this run is about, each ticked only when it was measured and holds."""
    criteria = [_seen(report), _severe(report)]
    if "git" in report.sections:
        criteria += _commits(report)
        criteria.append(
            _none_of(report, "git", "No uncommitted or unfinished work lies on any host", report.of("git", *_WORK))
        )
    if "trees" in report.sections:
        criteria += _trees(report)
    criteria += _live(report)
    criteria.append(_waivers(report))
    lines = heading(2, "Success criteria") + paragraph(
        "The environments are consistent when all of these hold; ticked is what this run measured."
    )
    return [*lines, *(_line(one) for one in criteria), ""]


def _line(criterion: Criterion) -> str:
    box = "x" if criterion.holds else " "
    state = f"{UNKNOWN.markdown()} " if criterion.holds is None else ""
    return phrase("- [{}] {}{} (measured: {})", Markup(box), Markup(state), criterion.text, criterion.measured)


def _seen(report: Report) -> Criterion:
    count = len(report.unknown)
    return Criterion(
        Markup("Everything that was asked was seen"),
        bool(report.verdict.get("complete")) and not count,
        f"{count} unknown",
    )


def _severe(report: Report) -> Criterion:
    count = report.counts["critical"] + report.counts["high"]
    return Criterion(Markup("No finding is critical or high"), not count, number(count, "finding"))


def _commits(report: Report) -> list[Criterion]:
    """Return one criterion for each environment whose reference is a git commit: all hosts are at that commit."""
    made = []
    for env in report.environments:
        references = [one for one in report.references_of(env["name"]) if one.get("kind") == "git"]
        if not references:
            continue
        commits = [
            one for one in [*report.checks, *report.findings] if (one["section"], one["check"]) == ("git", "commit")
        ]
        outcomes = [one["outcome"] for one in commits if one["environment"] == env["name"]]
        total, at, elsewhere = len(env["hosts"]), outcomes.count("pass"), outcomes.count("fail")
        text = phrase("All hosts of {} are at {}", env["name"], code(report.reference_name(env["name"])))
        holds = False if elsewhere else True if total and at == total else None
        others = f"{elsewhere} elsewhere, {total - at - elsewhere} not compared or waived"
        made.append(Criterion(text, holds, f"{at} of {number(total, 'host')}, {others}"))
    return made


def _trees(report: Report) -> list[Criterion]:
    made = []
    if report.references:
        differing = report.of("trees", "content", "mode", "owner", "mtime", "presence")
        made.append(_none_of(report, "trees", "The compared trees equal their reference", differing))
    forbidden = report.of("trees", "forbidden")
    files = sum(one["observed"]["count"] for one in forbidden)
    made.append(_none_of(report, "trees", "No forbidden file lies on any host", forbidden, number(files, "file")))
    return made


def _live(report: Report) -> list[Criterion]:
    made = []
    for section, (checks, text) in ((section, one) for section, many in _LIVE.items() for one in many):
        if section in report.sections:
            found = [one for one in report.of(section, *checks) if one["outcome"] == "fail"]
            made.append(_none_of(report, section, text, found))
    return made


def _none_of(report: Report, section: str, text: str, found: t.Sequence[Json], measured: str = "") -> Criterion:
    """Return a criterion that holds when nothing was found, and nothing of the section was hidden or did not happen."""
    idle = sum(1 for one in report.of(section) if one["outcome"] == "not_exercised")
    hidden = sum(1 for one in report.unknown if one["section"] in (section, RUN))
    waived = sum(1 for one in report.checks if (one["section"], one["outcome"]) == (section, "waived"))
    said = f"{measured or number(len(found), 'finding')}, {hidden} unknown, {waived} waived in {section}"
    said += f", {idle} not exercised" if idle else ""
    return Criterion(Markup(text), False if found else None if hidden or idle else True, said)


def _waivers(report: Report) -> Criterion:
    stale = sum(1 for one in report.waivers if one["state"] in ("expired", "unused"))
    return Criterion(
        Markup("Every waiver is in force and used"), not stale, f"{stale} of {len(report.waivers)} expired or unused"
    )
