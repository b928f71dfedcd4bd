# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was searched for secrets in the commits of references: a part of the section git. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    code,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import OUTCOMES


def searched(report: Report) -> Lines:
    """Return a row for each history that was searched, nothing when no contract asks for it."""
    rows = [
        _row(one) for one in [*report.checks, *report.findings] if (one["section"], one["check"]) == ("git", "history")
    ]
    if not rows:
        return []
    titles = ("Environment", "Repository", "Commits", "Versions of files", "Read", "Looked for", "Secrets", "Status")
    return [
        *paragraph("Histories searched for secrets; each one that was found is a finding below:"),
        *table(titles, rows),
    ]


def _row(check: Json) -> list[object]:
    read: Json = check["observed"]
    status = OUTCOMES[check["outcome"]].markdown()
    if "commits" not in read:
        return [check["environment"], code(check["subject"]), "not searched", None, None, None, None, status]
    known = "tokens of known form"
    looked_for = phrase("{} in use, {}", read["in_use"], known)
    if read["detectors"]:
        looked_for = phrase("{}, those of detect-secrets {}", looked_for, read["detectors"])
    counted = [read["commits"], read["files"], size(read["bytes"]), looked_for, read["found"]]
    return [check["environment"], code(check["subject"]), *counted, status]
