# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forbidden files and content rules of one tree as checks: the contract's own rules, judged without any reference.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.path_severity import PathSeverity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

_REMOVE = remedy(
    "remove", "Look at the files, remove them, and keep them out (an ignore rule, a clean step in the deployment)."
)
_INVESTIGATE = remedy(
    "investigate", "Compare the file with the reference: deploy the version that keeps the rule, or correct the rule."
)
_VERBS = {"must_contain": "must contain", "must_not_contain": "must not contain"}


def forbidden(
    scope: Scope, severities: PathSeverity, tree: Details, contract: Details, seen_whole: bool
) -> list[Check]:
    """Return a check for each hit of a forbidden pattern. A pattern that a whole tree does not hold has passed."""
    made = [_hit(scope, severities, hit) for hit in tree["forbidden"]]
    if seen_whole:
        hit_by = {hit["pattern"] for hit in tree["forbidden"]}
        made += [
            scope.passed("forbidden", f"{tree['path']}:{pattern}", "low", f"No file matches the forbidden {pattern}")
            for pattern in contract.get("forbid") or []
            if pattern not in hit_by
        ]
    return made


def _hit(scope: Scope, severities: PathSeverity, hit: Details) -> Check:
    where = hit["path"].strip("/") or "."
    level = severities.of_group(where, hit["sample"], "low")
    return scope.failed(
        "forbidden",
        f"{where}:{hit['pattern']}",
        level,
        f"{number(hit['count'], 'file')} in {where} must not be there: forbidden by {hit['pattern']}",
        state="unexpected",
        cause="forbidden",
        expected={"count": 0},
        observed={"count": hit["count"], "sample": list(hit["sample"])},
        remedy=_REMOVE,
    )


def contents(scope: Scope, severities: PathSeverity, tree: Details, contract: Details) -> list[Check]:
    """Return one check for each pattern that a file must or must not contain."""
    return [_content(scope, severities, rule, _declared(rule, tree, contract)) for rule in tree["contents"]]


def _declared(rule: Details, tree: Details, contract: Details) -> Details:
    paths = (rule["path"], rule["path"].removeprefix(f"{tree['path']}/"))
    declared: t.Sequence[Details] = contract.get(rule["kind"]) or []
    return next((one for one in declared if one["pattern"] == rule["pattern"] and one["path"] in paths), {})


def _content(scope: Scope, severities: PathSeverity, rule: Details, declared: Details) -> Check:
    kind, path, pattern = rule["kind"], rule["path"], rule["pattern"]
    level = declared.get("severity") or severities.of(path, "high")
    subject = f"{path}:{pattern}"
    if rule["outcome"] != "ok":
        return scope.unknown(kind, subject, level, f"{path} could not be searched for {pattern}: {rule['reason']}")
    wanted = 0 if kind == "must_not_contain" else rule["count"]
    expected = {"pattern": pattern, "count": "1 or more" if wanted is None else wanted}
    observed = {"count": rule["matches"], "lines": list(rule["lines"])}
    kept = rule["matches"] > 0 if wanted is None else rule["matches"] == wanted
    found = f"{number(rule['matches'], 'match', 'matches')} found, {expected['count']} wanted"
    summary = f"{path} {_VERBS[kind]} {pattern}: {found}"
    if kept:
        return scope.passed(kind, subject, level, summary, expected=expected, observed=observed)
    return scope.failed(
        kind,
        subject,
        level,
        summary,
        state="failed",
        cause="rule_broken",
        expected=expected,
        observed=observed,
        remedy=_INVESTIGATE,
    )
