# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section configs: configuration, key by key. Private to the collection."""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_file import FileRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_keys import Rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, number, reference_name

SECTION = "configs"


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge the configurations of one host. ``evidence`` is the ``data`` of configs.json (docs/design.md)."""
    made = Judgement(facts={"files": [], "expected": [], "expected_total": 0})
    expected: list[dict[str, t.Any]] = []
    reasons: list[str] = []
    for entry, one in zip(contract, evidence["configs"], strict=True):
        rules = FileRules(Scope(context, SECTION, entry["name"], entry, "operational"), entry, one)
        made.checks += rules.judge()
        made.cells[entry["name"]] = rules.cell()
        made.facts["files"].append(rules.fact())
        expected += rules.expected
        if one["outcome"] == "ok":
            made.marks[entry["name"]] = _mark(one, Rules(entry))
        if rules.cell() == "not_asked":
            reasons.append(f"{entry['name']}: keys that must match are not compared: {_why(one, context)}")
    made.facts["expected_total"] = len(expected)
    made.facts["expected"] = expected[: 4 * LISTED]
    made.cover(reasons)
    return made


def _why(one: Details, context: Context) -> str:
    if context.reference is None:
        return "no reference is named"
    reference = one["reference"]
    return reference["reason"] if reference is not None else f"{reference_name(context.reference)} does not have it"


def _mark(one: Details, rules: Rules) -> str:
    """Say what must be equal on hosts that are alike. What may differ is left out."""
    kept = []
    for key in one["keys"]:
        rule = rules.of(key["key"])
        if rule is None or rule.word != "may_differ":
            kept.append([key["key"], key["digest"]])
    text = json.dumps(kept, separators=(",", ":"))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{number(len(kept), 'key')}, values {digest}"
