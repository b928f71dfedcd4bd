# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments beside each other: who is ahead of whom, and what is in some of them only. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    bullets,
    code,
    heading,
    join,
    paragraph,
    phrase,
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import UNKNOWN

_NAMED = 5
_GROUPS = 20


def render(report: Report) -> Lines:
    """Return the tables; nothing for one environment whose hosts are alike."""
    return [*_relations(report), *_only(report), *_unlike(report)]


def _relations(report: Report) -> Lines:
    if not report.relations:
        return []
    rows = [(code(one["a"]), code(one["b"]), _direction(one)) for one in report.relations]
    return [*heading(2, "Who is ahead of whom"), *table(("One", "Other", "Commits"), rows)]


def _direction(one: Json) -> Markup:
    """Return the direction in words: both numbers are always told."""
    if one["outcome"] != "ok":
        return phrase("{} {}", UNKNOWN.markdown(), one["reason"])
    a, b, ahead, behind = one["a"], one["b"], one["ahead"], one["behind"]
    if not ahead and not behind:
        return Markup("the same commit")
    if ahead and behind:
        return phrase(
            "they have diverged: {} has {} that {} lacks, and lacks {}",
            *(a, number(ahead, "commit"), b, number(behind, "commit")),
        )
    if ahead:
        return phrase("{} is {} ahead of {}, and 0 behind", a, number(ahead, "commit"), b)
    return phrase("{} is {} behind {}, and 0 ahead", a, number(behind, "commit"), b)


def _only(report: Report) -> Lines:
    """Return the paths that some environments have and others lack, as their findings against the reference tell."""
    names = [one["name"] for one in report.environments]
    if len(names) < 2:
        return []
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for one in report.findings:
        if one["section"] == "trees" and one["check"] == "presence" and one["state"] in ("unexpected", "missing"):
            states = found.setdefault((one["component"], one["subject"]), {})
            states.setdefault(one["state"], set()).add(one["environment"])
    rows: list[tuple[object, ...]] = []
    for (component, subject), states in sorted(found.items()):
        beyond, lacking = sorted(states.get("unexpected", ())), sorted(states.get("missing", ()))
        if lacking and set(lacking) != set(names):
            said = phrase("missing in {}", join(", ", lacking))
        elif beyond and set(beyond) != set(names):
            said = phrase("only in {}", join(", ", beyond))
        else:
            continue
        rows.append((component, code(subject), said))
    if not rows:
        return []
    note = "Each is told against the reference of the environment; one that was not seen is not counted as having it."
    return [*heading(2, "Only in some environments"), *paragraph(note), *table(("Tree", "Path", "Where"), rows)]


def _unlike(report: Report) -> Lines:
    """Return the groups of hosts of each component in which the hosts of one environment differ."""
    mine = [one for one in report.findings if one["cause"] == "hosts_differ"]
    lines: Lines = []
    for one in mine:
        title = phrase("{}: {} {}", one["environment"], one["section"], one["subject"])
        groups = one["observed"]["groups"]
        lines += heading(3, title)
        lines += bullets(
            phrase("Hosts {}: {}", some([code(name) for name in group["hosts"]], group["total"], _NAMED), group["mark"])
            for group in groups[:_GROUPS]
        )
        if len(groups) > _GROUPS:
            lines += paragraph(phrase("... and {} in findings.json.", number(len(groups) - _GROUPS, "more group")))
    return [*heading(2, "Hosts of one environment that differ"), *lines] if lines else []
