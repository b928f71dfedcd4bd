# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section endpoints: what each declared endpoint answers. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import endpoint_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import webhooks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.endpoint_rules import EndpointRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope

SECTION = "endpoints"


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge the endpoints of one host. ``evidence`` is the ``data`` of endpoints.json (docs/design.md)."""
    made = Judgement()
    by_name: dict[str, list[Check]] = {}
    asked = [entry for entry in contract if "webhook" not in entry]
    for entry, seen in zip(asked, evidence["endpoints"], strict=True):
        scope = Scope(context, SECTION, entry["name"], entry, "operational")
        by_name[entry["name"]] = EndpointRules(scope, entry, seen).judge()
        made.checks += by_name[entry["name"]]
        made.cells[entry["name"]] = "in_sync" if seen["outcome"] != "not_asked" else "not_asked"
    made.facts = words.facts(asked, evidence["endpoints"], by_name)
    _channels(made, [entry for entry in contract if "webhook" in entry], evidence["webhooks"], context)
    made.cover()
    return made


def _channels(made: Judgement, entries: t.Sequence[Details], seen: t.Sequence[Details], context: Context) -> None:
    """Judge the alert channels. Those that may be the same as others are nothing that another must differ from."""
    apart = [one for entry, one in zip(entries, seen, strict=True) if entry["distinct"]]
    for entry, one in zip(entries, seen, strict=True):
        checks = webhooks.judge(entry, one, [other for other in apart if other is not one], context)
        made.checks += checks
        made.cells[entry["name"]] = "in_sync"
        made.facts.setdefault("webhooks", []).append(webhooks.fact(entry, one, checks))
