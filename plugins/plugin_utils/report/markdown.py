# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""report.md: findings.json as a Markdown document for people. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import Lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.parts import (
    actions,
    config_pairs,
    criteria,
    environments,
    header,
    matrix,
    overviews,
    records,
    register,
    risks,
    summary,
    unseen,
    verification,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import registry

PARTS: tuple[t.Callable[[Report], Lines], ...] = (
    header.render,
    summary.render,
    matrix.render,
    environments.render,
    config_pairs.render,
    overviews.catalogue,
    overviews.flow,
    registry.render,
    unseen.render,
    risks.render,
    register.render,
    actions.render,
    verification.render,
    criteria.render,
    records.waivers,
    records.evidence,
    records.legend,
)


def render(findings: Json) -> str:
    """Return the report of one findings.json. The same dictionary gives the same text: no clock, no file is read."""
    report = Report(findings)
    lines = [line for part in PARTS for line in part(report)]
    return "\n".join(lines).rstrip("\n") + "\n"
