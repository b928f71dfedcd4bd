# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section endpoints: what each declared endpoint answers. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import endpoint_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.endpoint_rules import EndpointRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope

SECTION = "endpoints"


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge the endpoints of one host. ``evidence`` is the ``data`` of endpoints.json (docs/design.md)."""
    made = Judgement()
    by_name: dict[str, list[Check]] = {}
    for entry, seen in zip(contract, evidence["endpoints"], strict=True):
        scope = Scope(context, SECTION, entry["name"], entry, "operational")
        by_name[entry["name"]] = EndpointRules(scope, entry, seen).judge()
        made.checks += by_name[entry["name"]]
        made.cells[entry["name"]] = "in_sync"
    made.facts = words.facts(contract, evidence["endpoints"], by_name)
    made.cover()
    return made
