# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of manual changes: what was made on a host and stands nowhere else. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import NOT_STATED, words

_BY_HAND = frozenset(
    {"edited_on_host", "both_changed", "only_on_host", "deleted_on_host", "mode_changed", "uncommitted_work"}
)
_OVERWRITTEN = frozenset({"edited_on_host", "both_changed", "deleted_on_host", "mode_changed"})
_TITLES = ("Where", "What", "How", "First seen", "Survives a redeploy", "Owner")


def render(report: Report) -> Lines:
    """Return the register, nothing when no change was made by hand as far as was seen."""
    mine = [one for one in report.findings if is_manual(one)]
    if not mine:
        return []
    said = phrase("{} made on a host, by what the evidence shows.", number(len(mine), "change"))
    return [*heading(2, "Register of manual changes"), *paragraph(said), *table(_TITLES, [_row(one) for one in mine])]


def is_manual(finding: Json) -> bool:
    """Return whether a finding is a change that somebody made on the host, a waived or unseen one apart."""
    if finding["outcome"] == "unknown":
        return False
    return finding.get("cause") in _BY_HAND or finding.get("direction") in ("host_ahead", "both")


def survives(finding: Json) -> Markup:
    """Return whether the change is still there after the reference has been deployed over it."""
    if finding["section"] == "git" and finding["check"] == "stash":
        return Markup("yes, until the repository is replaced")
    cause, subject = finding.get("cause"), str(finding["subject"])
    untracked = cause == "only_on_host" or finding["check"] == "untracked"
    if cause in _OVERWRITTEN or (finding["section"] == "git" and not untracked):
        return Markup("no")
    if untracked:
        kind = "directory" if subject.endswith("/") else "path"
        return phrase("yes, unless the deployment removes what it does not know: this {} is not in the reference", kind)
    return Markup("not known")


def _row(finding: Json) -> tuple[object, ...]:
    return (
        where(finding),
        phrase("{} {}", finding["section"], code(finding["subject"])),
        words(finding.get("cause") or finding.get("state")),
        finding.get("first_seen"),
        survives(finding),
        finding.get("owner") or NOT_STATED,
    )
