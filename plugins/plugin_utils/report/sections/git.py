# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section git of a report: where each repository stands, and what it lacks. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, short
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
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Placed, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.history import searched
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import findings, host_status
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import words

SECTION = "git"
LISTS = 20
"""How many lists of commits are shown; hosts that lack the same commits share one."""


_NOTHING: tuple[None, ...] = (None, None, None, None)


def render(report: Report) -> Lines:
    """Return the git part: positions, missing and own commits, remotes, what was searched for secrets, findings."""
    return [
        *heading(3, "Git"),
        *_positions(report),
        *_commits(report, "missing", "lack", "lacks"),
        *_commits(report, "extra", "have of their own", "has of its own"),
        *_remotes(report),
        *_refs(report),
        *searched(report),
        *findings(report, SECTION, report.of(SECTION)),
    ]


def _positions(report: Report) -> Lines:
    titles = (
        "Environment",
        "Host",
        "Commit",
        "Subject",
        "Committed",
        "Branch",
        "Ahead",
        "Behind",
        "Uncommitted",
        "Status",
    )
    rows: list[list[object]] = []
    for env in report.environments:
        for reference in report.references_of(env["name"]):
            if reference.get("kind") == "git":
                commit = [code(short(reference.get("commit"))), reference.get("subject"), reference.get("committed")]
                rows.append([env["name"], Markup("**reference**"), *commit, reference.get("ref"), *_NOTHING])
        rows += [_position(report, place) for place in report.facts(SECTION) if place.environment == env["name"]]
    return table(titles, rows)


def _position(report: Report, place: Placed) -> list[object]:
    status = host_status(report, SECTION, place)
    facts = place.facts
    if facts is None or facts.get("repository", "present") != "present":
        said = "not seen" if facts is None else f"{words(facts['repository'])} repository"
        if facts is not None and facts.get("reason"):
            said = f"{said}: {facts['reason']}"
        return [place.environment, place.host, said, None, None, None, *_NOTHING[1:], status]
    return [
        place.environment,
        place.host,
        code(short(facts.get("commit"))),
        facts.get("subject"),
        facts.get("committed"),
        _branch(facts),
        facts.get("ahead"),
        facts.get("behind"),
        _uncommitted(facts),
        status,
    ]


def _branch(facts: Json) -> object:
    if facts.get("detached"):
        return "detached HEAD"
    return phrase("{} (no commit yet)", facts.get("branch")) if facts.get("unborn") else facts.get("branch")


def _uncommitted(facts: Json) -> str:
    """Return what lies in the working tree beside the commit; what was not seen is said."""
    dirty: Json = facts.get("dirty") or {}
    kinds = ("modified", "deleted", "mode", "conflicted", "untracked", "unverified")
    parts = [f"{dirty[kind]} {'mode changed' if kind == 'mode' else kind}" for kind in kinds if dirty.get(kind)]
    if any(dirty.get(kind) is None for kind in kinds):
        parts.append("working tree not seen")
    if dirty.get("truncated"):
        parts.append("and more")
    if facts.get("staged"):
        parts.append("staged changes")
    if facts.get("stashes"):
        parts.append(number(facts["stashes"], "stash", "stashes"))
    if facts.get("operation"):
        parts.append(f"{facts['operation']} in progress")
    return ", ".join(parts) or "nothing"


def _commits(report: Report, kind: str, many: str, one: str) -> Lines:
    """Return the commits that hosts lack, or have alone; hosts with the same list share it."""
    lists: dict[tuple[str, int, tuple[str, ...]], list[Placed]] = {}
    for place in report.facts(SECTION):
        facts = place.facts or {}
        total = facts.get(f"{kind}_total") or 0
        if total:
            commits = tuple(str(commit["commit"]) for commit in facts.get(kind) or [])
            lists.setdefault((report.reference_name(place.environment), total, commits), []).append(place)
    lines: Lines = []
    for (name, total, _commits), places in list(lists.items())[:LISTS]:
        hosts = some([code(place.host) for place in places], len(places))
        verb = one if len(places) == 1 else many
        compared = "of" if kind == "missing" else "beyond"
        lines += paragraph(phrase("Commits that {} {} {} {}: {}.", hosts, verb, compared, Markup(code(name)), total))
        shown: t.Sequence[Json] = (places[0].facts or {}).get(kind) or []
        rows = [(code(short(one["commit"])), one.get("committed"), one.get("subject")) for one in shown]
        lines += table(("Commit", "Committed", "Subject"), rows)
        lines += more(total - len(rows), "commit")
    return lines + more(len(lists) - LISTS, "list")


def _remotes(report: Report) -> Lines:
    """Return what each host knows of its remotes, as of the last fetch by its owner."""
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        facts = place.facts or {}
        related: Json = facts.get("remote_branches") or {}
        for remote in facts.get("remotes") or []:
            branches: Json = remote.get("branches") or {}
            start: list[object] = [
                place.host,
                remote["name"],
                code(remote.get("url")),
                remote.get("fetched") or "time not known",
            ]
            if not branches:
                rows.append([*start, "no branch", None, None])
            for branch in sorted(branches):
                state: Json = related.get(f"{remote['name']}/{branch}") or {}
                rows.append([*start, branch, code(short(branches[branch])), _holds(state.get("has_reference"))])
    if not rows:
        return []
    titles = ("Host", "Remote", "URL", "Last fetched", "Branch", "Commit", "Holds the reference's commit")
    return [*paragraph("Remotes, as each host last fetched them:"), *table(titles, rows)]


def _holds(value: bool | None) -> str:
    return "not known" if value is None else "yes" if value else "no"


def _refs(report: Report) -> Lines:
    items = []
    for place in report.facts(SECTION):
        facts = place.facts or {}
        parts = [
            phrase("{}: {}", kind, some(_named(facts[kind]), facts.get(f"{kind}_total", len(facts[kind]))))
            for kind in ("branches", "tags")
            if facts.get(kind)
        ]
        if parts:
            items.append(phrase("On {}: {}", code(place.host), join("; ", parts)))
    if not items:
        return []
    return [*paragraph("Branches and tags:"), *bullets(items[:LISTS]), *more(len(items) - LISTS, "host")]


def _named(refs: Json) -> list[Markup]:
    return [phrase("{} {}", code(name), code(short(refs[name]))) for name in sorted(refs)]
