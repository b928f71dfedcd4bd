# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify-report.md: verify.json as a Markdown document for people. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import Lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import header, matrix, parts, watch
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify.model import Verification

PARTS: tuple[t.Callable[[Verification], Lines], ...] = (
    header.render,
    header.summary,
    matrix.render,
    parts.gates,
    parts.regression,
    watch.render,
    parts.measured,
    parts.risks,
    parts.follow_up,
    parts.contacts,
    header.decision,
    parts.evidence,
    parts.commands,
    header.next_validation,
)


def render(data: Json, findings: Json) -> str:
    """Return the report of one verify.json and the findings of its run: the same two give the same text."""
    seen = Verification(data, findings)
    lines = [line for part in PARTS for line in part(seen)]
    return "\n".join(lines).rstrip("\n") + "\n"
