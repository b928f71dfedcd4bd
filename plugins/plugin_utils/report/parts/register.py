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
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import NOT_STATED, words

_BY_HAND = frozenset(
    {"edited_on_host", "both_changed", "only_on_host", "deleted_on_host", "mode_changed", "uncommitted_work"}
)
_OVERWRITTEN = frozenset({"edited_on_host", "both_changed", "deleted_on_host", "mode_changed", "layer_changed"})
_KINDS = ("modified", "deleted", "mode", "conflicted", "untracked")
_NAMED = 5
_TITLES = ("Where", "What", "How", "First seen", "Survives a redeploy", "Owner")


def render(report: Report) -> Lines:
    """Return the register, nothing when no change was made by hand as far as was seen."""
    mine = [one for one in report.findings if is_manual(one)]
    if not mine:
        return []
    said = phrase("{} made on a host, by what the evidence shows.", number(len(mine), "change"))
    return [*heading(2, "Register of manual changes"), *paragraph(said), *table(_TITLES, [_row(one) for one in mine])]


def is_manual(finding: Json) -> bool:
    """Return whether a finding is a change that somebody made on the host: seen, and not made in the reference."""
    if finding["outcome"] == "unknown" or finding.get("direction") == "reference_ahead":
        return False
    return finding.get("cause") in _BY_HAND or finding.get("direction") in ("host_ahead", "both")


def survives(finding: Json) -> Markup:
    """Return whether the change is still there after the reference has been deployed over it."""
    if finding["section"] == "git" and finding["check"] == "stash":
        return Markup("yes, until the repository is replaced")
    cause = finding.get("cause")
    untracked = cause == "only_on_host" or finding["check"] == "untracked"
    if cause in _OVERWRITTEN or (finding["section"] == "git" and not untracked):
        return Markup("no")
    if untracked:
        return Markup("yes, unless the deployment removes what is not in the reference")
    return Markup("not known")


def _what(finding: Json) -> Markup:
    """Return what was changed. The finding of a repository lists its paths, which say more than the repository's."""
    said = phrase("{} {}", finding["section"], code(finding["subject"]))
    observed: Json = finding.get("observed") or {}
    listed = [path for kind in _KINDS for path in observed.get(kind) or ()] if finding["section"] == "git" else []
    if not listed:
        return said
    paths = [code(one["path"] if isinstance(one, dict) else one) for one in listed]
    return phrase("{}: {}", said, some(paths, observed["total"], _NAMED))


def _row(finding: Json) -> tuple[object, ...]:
    return (
        where(finding),
        _what(finding),
        words(finding.get("cause") or finding.get("state")),
        finding.get("first_seen"),
        survives(finding),
        finding.get("owner") or NOT_STATED,
    )
