# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of one host: what of its drift becomes actions, and what is left out. Private to the collection. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.tree_files import subject_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.tree_words import base_name
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import build, decide, left_out
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.decide import Change, Knowledge, Policy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.left_out import LeftOut

Json = dict[str, t.Any]


_HOST_WORK = ("edited_on_host", "both_changed", "only_on_host", None)


class Tree(t.NamedTuple):
    """A tree of the contract: its evidence, what is known besides, its findings by subject, and the entries of its base
    commit by path.
    """

    evidence: Json
    known: Knowledge
    findings: t.Mapping[str, Json]
    based: t.Mapping[str, Json]


class Unit(t.NamedTuple):
    """What one difference of the evidence leads to: its path there, the text diff if there is one, and its changes."""

    path: str
    diff: Json | None
    changes: list[Change]


def plan_files(
    trees: t.Sequence[Tree], policy: Policy, restarts: t.Callable[[str, str], list[str]]
) -> tuple[list[Json], list[LeftOut]]:
    """Return the actions, in the order in which they are applied, and what is left out, sorted by path.

    ``restarts(tree, path)`` names the processes that only a restart makes use a changed path. The shape of an action is
    in docs/design.md.
    """
    actions: list[Json] = []
    left: dict[str, LeftOut] = {}
    planned: set[str] = set()
    for tree in trees:
        units, out = _units(tree, policy)
        left.update((one.path, one) for one in out)
        left.update((hit["path"], left_out.forbidden(hit["path"], hit["count"])) for hit in tree.evidence["forbidden"])
        folders = build.Directories(_there(tree))
        for unit in units:
            changes = [change for change in unit.changes if change.path not in planned]
            planned.update(change.path for change in changes)
            if changes:
                about = tree.findings.get(unit.path) or tree.findings.get(subject_of(unit.path)) or {}
                needs = sorted({name for one in changes for name in restarts(tree.evidence["name"], one.path)})
                actions.append(_action(unit, changes, folders, about, needs, tree.known.saved))
        _clear(actions, units, _folders([*tree.known.wanted, *left]))
    return numbered(actions), [left[path] for path in sorted(left) if path not in planned]


def numbered(actions: list[Json]) -> list[Json]:
    """Return actions with their numbers, in their order."""
    for position, action in enumerate(actions, start=1):
        action["n"] = position
    return actions


def _units(tree: Tree, policy: Policy) -> tuple[list[Unit], list[LeftOut]]:
    """Return what becomes part of the plan, one unit a difference or whole directory, and what does not."""
    evidence, known = tree.evidence, tree.known
    base = base_name(evidence["base"])
    found: list[tuple[str, Json | None, list[Change | LeftOut]]] = [
        (one["path"], one["diff"], [decide.decide(one, base, policy, known)]) for one in evidence["differences"]
    ]
    for group in evidence["groups"]:
        extra = group["side"] == "host"
        decided = (
            decide.decide_extra(group, policy, known, tree.based)
            if extra
            else decide.decide_missing(group, base, known)
        )
        found.append((group["path"], None, decided))
    host_paths, host_folders = _host_paths(evidence)
    units, left = [], []
    for path, diff, decisions in sorted(found, key=lambda one: one[0]):
        changes = []
        for one in decisions:
            obstacle = build.obstructed(one, host_paths, host_folders) if isinstance(one, Change) else one
            if obstacle is not None:
                left.append(obstacle)
            elif isinstance(one, Change):
                changes.append(one)
        units.append(Unit(path, diff, changes))
    return units, left


def _host_paths(evidence: Json) -> tuple[set[str], set[str]]:
    """Return the files and links that only the host has, and the directories on the way to anything of it alone."""
    files = {one["path"] for one in evidence["differences"] if one["host"] is not None and one["reference"] is None}
    groups = {group["path"] for group in evidence["groups"] if group["side"] == "host"}
    return files, {folder for path in files | groups for folder in build.parents(path)}


def _there(tree: Tree) -> set[str]:
    """Return the directories that the host has for certain: those of a file of the reference that it does not lack."""
    evidence = tree.evidence
    missing = {one["path"] for one in evidence["differences"] if one["host"] is None}
    groups = tuple(group["path"] for group in evidence["groups"] if group["side"] == "reference")
    prefix = "" if evidence["path"] == "." else evidence["path"]
    found = {folder for folder in (*build.parents(prefix), prefix) if folder}
    for path in tree.known.wanted:
        if path not in missing and not path.startswith(groups):
            found.update(build.parents(path))
    return found


def _folders(paths: t.Iterable[str]) -> set[str]:
    return {folder for path in paths for folder in build.parents(path)}


def _clear(actions: list[Json], units: t.Sequence[Unit], needed: t.Container[str]) -> None:
    """Add the removal of directories that the plan empties to the last action that removes something."""
    clearing = build.clearing([change for unit in units for change in unit.changes], needed)
    already = {one["path"] for action in actions for one in action["operations"]}
    emptied = [one for one in clearing if one["path"] not in already]
    last = next((one for one in reversed(actions) if any(op["do"] == "remove" for op in one["operations"])), None)
    if last is not None:
        last["operations"] += emptied


def _action(
    unit: Unit,
    changes: t.Sequence[Change],
    folders: build.Directories,
    about: Json,
    restart: list[str],
    saved: t.Container[str],
) -> Json:
    operations: list[Json] = []
    for change in changes:
        if change.host is None:
            operations += folders.making(change.path)
        operations.append(build.operation(change))
    ids = [about["id"]] if about.get("id") else []
    return {
        "n": 0,
        "kind": "file",
        "path": unit.path,
        "summary": _summary(unit.path, changes, saved),
        "severity": about.get("severity") or SEVERITIES[-1],
        "findings": ids,
        "operations": operations,
        "undo": _undo(changes),
        "restart": restart,
        "bytes": sum(one["size"] for one in operations if one["do"] == "write"),
        "diff": unit.diff,
        "overwrites": any(one.host and one.cause in _HOST_WORK and one.path not in saved for one in changes),
    }


_WHY = {
    "behind": "the host has an older version",
    "never_deployed": "added and never deployed",
    "deleted_on_host": "deleted on the host",
    "mode_changed": "another mode",
    "edited_on_host": "overwrites an edit made on the host",
    "both_changed": "overwrites an edit made on the host",
    "only_on_host": "exists only on the host",
}


def _summary(path: str, changes: t.Sequence[Change], saved: t.Container[str]) -> str:
    """Return the sentence about an action."""
    first = changes[0]
    verb = _verb(first)
    why = _WHY.get(first.cause or "", "differs from the reference")
    if first.cause == "behind" and first.wanted is None:
        why = "the reference has removed it"
    elif first.path in saved:
        why = "edited on the host, and that version is in the repository"
    if path.endswith("/"):
        return f"{verb} the directory {path.rstrip('/')}, {number(len(changes), 'file')}: {why}"
    return f"{verb} {path}{_shown(first)}: {why}"


def _verb(change: Change) -> str:
    if change.wanted is None:
        return "Remove"
    if change.host is None:
        return "Add"
    return "Set the mode of" if build.operation(change)["do"] == "attributes" else "Replace"


def _shown(change: Change) -> str:
    if change.wanted is None:
        return ""
    made = build.operation(change)
    if made["do"] == "attributes":
        return f", {(change.host or {}).get('mode')} to {made['mode']}"
    if made["do"] == "link":
        return f", a link to {made['target']}"
    return f", {size(made['size'])}"


def _undo(changes: t.Sequence[Change]) -> str:
    if all(change.host is None for change in changes):
        return "remove what was added"
    return "put back what the restore point holds"
