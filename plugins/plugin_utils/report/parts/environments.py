# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments beside each other: who is ahead of whom, and whose hosts are not alike. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    bullets,
    code,
    heading,
    paragraph,
    phrase,
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.parts import presence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import UNKNOWN

_NAMED = 5
_GROUPS = 20


def render(report: Report) -> Lines:
    """Return the tables; nothing for one environment whose hosts are alike."""
    return [*_relations(report), *presence.render(report), *_unlike(report)]


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
