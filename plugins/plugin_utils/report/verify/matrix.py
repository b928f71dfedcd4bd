# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traceability matrix: criterion, check, verdict, evidence, decision. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    join,
    paragraph,
    phrase,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify.model import STATUS, Verification, rows

_TITLES = ("Check", "Host", "Verdict", "What was seen", "Evidence")
_PATHS = 2


def render(seen: Verification) -> Lines:
    """Return one table a criterion, and its decision."""
    lines = heading(2, "Traceability matrix")
    overview = [
        (
            one["name"],
            "yes" if one["required"] else "no",
            len(one["checks"]),
            STATUS[one["verdict"]].markdown(),
            one["decision"],
        )
        for one in seen.data["criteria"]
    ]
    lines += rows(("Criterion", "Required", "Checks", "Verdict", "Decision"), overview)
    for criterion in seen.data["criteria"]:
        lines += _criterion(seen, criterion)
    return lines


def _criterion(seen: Verification, criterion: Json) -> Lines:
    kind = Markup("" if criterion["required"] else " (optional)")
    lines = heading(3, phrase("Criterion: {}{}", criterion["name"], kind))
    if criterion["description"]:
        lines += paragraph(phrase("{}", criterion["description"]))
    found = [_row(seen.check(name)) for name in criterion["checks"]]
    found += [_missing(one) for one in criterion["missing"]]
    lines += rows(_TITLES, found)
    return [
        *lines,
        *paragraph(phrase("**Decision: {}**: {}", STATUS[criterion["verdict"]].markdown(), criterion["decision"])),
    ]


def _row(check: Json) -> tuple[object, ...]:
    name = phrase("{} {} {}", check["section"], check["check"], code(check["subject"]))
    paths = [code(path) for path in check["evidence"][:_PATHS]]
    if len(check["evidence"]) > _PATHS:
        paths.append(Markup(f"and {len(check['evidence']) - _PATHS} more"))
    evidence = join(", ", paths) if paths else "none"
    return (name, check["host"], STATUS[check["verdict"]].markdown(), told(check), evidence)


def told(check: Json) -> object:
    """Return what was seen, and by whom it is accepted when it is waived."""
    waiver = check["waiver"]
    if not waiver:
        return check["summary"]
    return phrase(
        "{} (accepted by {} until {}: {})", check["summary"], waiver["owner"], waiver["expires"], waiver["reason"]
    )


def _missing(gap: Json) -> tuple[object, ...]:
    return ("nothing", gap["host"], STATUS[gap["verdict"]].markdown(), gap["sentence"], "none")
