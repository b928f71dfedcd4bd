# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section trees: what differs from the reference, what is forbidden, what could not be seen.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import (
    tree_files,
    tree_imports,
    tree_rules,
    tree_words,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.path_severity import PathSeverity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, reference_name

SECTION = "trees"
_FACTS = ("name", "path", "outcome", "reason", "reference", "complete", "digest", "counts", "base", "unknown_total")


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge all trees of one host.

    ``contract`` and ``evidence`` (the ``data`` of trees.json) are described in docs/design.md.
    """
    made = Judgement(coverage={"checked": 0, "unknown": 0, "ignored": 0, "reasons": []}, facts={"trees": []})
    observed = {tree["name"]: tree for tree in evidence["trees"]}
    for entry in sorted(contract, key=lambda one: str(one["name"])):
        missing = {
            "name": entry["name"],
            "path": entry["path"],
            "outcome": "unknown",
            "reason": "the answer does not hold this tree",
        }
        _judge_tree(entry, observed.get(entry["name"], missing), context, made)
    made.coverage["reasons"] = sorted(set(made.coverage["reasons"]))
    return made


def _judge_tree(entry: Details, tree: Details, context: Context, made: Judgement) -> None:
    scope = Scope(context, SECTION, entry["name"], entry, "system")
    severities = PathSeverity(entry.get("severity") or {})
    made.facts["trees"].append({key: tree[key] for key in _FACTS if key in tree})
    if tree["outcome"] != "ok":
        summary = f"The tree {entry['path']} was not seen: {tree['reason']}"
        made.checks.append(scope.unknown("observed", entry["path"], severities.of_tree(), summary))
        made.cells[entry["name"]] = "unknown"
        made.coverage["unknown"] += 1
        made.coverage["reasons"].append(f"{entry['name']}: {tree['reason']}")
        return
    blind = tree_files.Blind(tree)
    whole = tree["complete"] and not tree["unknown_total"]
    made.checks += tree_files.unread(scope, severities, tree)
    made.checks += tree_rules.forbidden(scope, severities, tree, entry, whole)
    made.checks += tree_rules.contents(scope, severities, tree, entry)
    made.checks += tree_imports.imports(scope, severities, tree) + tree_imports.similar(scope, severities, tree)
    compared, hidden = _compare(entry, tree, scope, severities, blind)
    made.checks += compared + _unseen(tree, scope, severities, blind, hidden)
    made.cells[entry["name"]] = _cell(tree, context, whole)
    if whole and tree["digest"]:
        made.marks[entry["name"]] = _mark(tree)
    _cover(tree, entry["name"], context, made)


def _compare(
    entry: Details, tree: Details, scope: Scope, severities: PathSeverity, blind: tree_files.Blind
) -> tuple[list[Check], list[str]]:
    """Return the checks of the comparison, and the paths that only look missing because they were not seen."""
    context = scope.context
    if not context.comparable:
        return [], []
    name = reference_name(context.reference)
    if tree["reference"] is None:
        reason = tree["reason"] or "the reference does not hold it"
        summary = f"The tree {entry['path']} could not be compared with {name}: {reason}"
        return [scope.unknown("comparison", entry["path"], severities.of_tree(), summary)], []
    names = tree_words.Names(context.host, name, tree_words.base_name(tree["base"]))
    files = tree_files.TreeFiles(scope, severities, names, _forbids(entry))
    made, hidden = [], []
    named = {difference["path"] for difference in tree["differences"]}
    for difference in tree["differences"]:
        if difference["host"] is None and blind.hides(difference["path"]):
            hidden.append(difference["path"])
        elif (check := files.difference(difference)) is not None:
            made.append(check)
    for group in tree["groups"]:
        if group["side"] == "reference" and blind.hides(group["path"]):
            hidden.append(group["path"])
        else:
            made.append(files.group(group, tree_files.subject_of(group["path"]) in named))
    if not (tree["differences"] or tree["groups"] or blind.anywhere or tree["unknown_total"]):
        count = tree["counts"]["files"]
        equal = "The one file of {} equals {}" if count == 1 else f"All {number(count, 'file')} of {{}} equal {{}}"
        summary = equal.format(entry["path"], name)
        made.append(
            scope.passed("comparison", entry["path"], severities.of_tree(), summary, observed=dict(tree["counts"]))
        )
    made += [files.verified(identical) for identical in tree["identical"]]
    return made, hidden


def _unseen(
    tree: Details, scope: Scope, severities: PathSeverity, blind: tree_files.Blind, hidden: t.Sequence[str]
) -> list[Check]:
    """Return the check that says that a tree was not seen completely.

    Nothing unseen is missing, nothing unseen is in sync.
    """
    if not blind.anywhere:
        return []
    parts = []
    if not tree["complete"]:
        parts.append(tree["reason"] or "the walk did not reach everything")
    if tree["unknown_total"]:
        parts.append(f"{number(tree['unknown_total'], 'path')} could not be read")
    if hidden:
        parts.append(f"{number(len(hidden), 'path')} of the reference not reached and not counted as missing")
    summary = f"The tree {tree['path']} was not seen completely: {'; '.join(parts)}"
    observed = {"unknown": tree["unknown_total"], "not_reached": len(hidden), "sample": sorted(hidden)[:10]}
    return [scope.unknown("complete", tree["path"], severities.of_tree(), summary, observed=observed)]


def _cell(tree: Details, context: Context, whole: bool) -> str:
    if not whole or (context.reference is not None and (not context.comparable or tree["reference"] is None)):
        return "unknown"
    return "not_asked" if context.reference is None else "in_sync"


def _mark(tree: Details) -> str:
    """Say what must be equal on hosts that are alike. The digest leaves out what secret files hold."""
    secret = sorted(one["path"] for one in tree["differences"] if one["secret"] and "content" in one["aspects"])
    said = f"content {tree['digest'][:12]}"
    return f"{said}, other secrets in {', '.join(secret)}" if secret else said


def _forbids(entry: Details) -> t.Callable[[str], bool]:
    patterns = Patterns(compile_selection(entry.get("forbid") or []))
    return lambda path: patterns.verdict(path, False) is True


def _cover(tree: Details, name: str, context: Context, made: Judgement) -> None:
    made.coverage["checked"] += tree["counts"]["files"]
    made.coverage["unknown"] += tree["unknown_total"]
    made.coverage["ignored"] += tree["counts"]["ignored"]
    reasons = [f"{item['path']}: {item['reason']}" for item in tree["unknown"][:10]]
    if tree["reason"]:
        reasons.append(tree["reason"])
    if context.reference is None:
        reasons.append("comparison not asked: no reference is named")
    elif not context.comparable:
        reasons.append(f"not compared: the reference {reference_name(context.reference)} could not be made")
    made.coverage["reasons"] += [f"{name}: {reason}" for reason in reasons]
