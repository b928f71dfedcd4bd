# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relates the commits of a run's environments and branches, once, and keeps the answer in the run folder: judging needs
no repository then. Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_texts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, reference_name, short
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.relations import (
    Node,
    Repositories,
    Tree,
    branch,
    relate,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.sides import stored_references
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

RELATIONS = "relations.json"

Json = dict[str, t.Any]
_SHOWN = 5


def keep_relations(folder: RunFolder) -> None:
    """Write relations.json when the run has several environments, or branches to show.

    ``{commits: {environment: hex}, branches: [...], relations: [...]}`` (docs/design.md).
    """
    run = folder.read("run.json")
    settings = {host: evidence.load(folder, host, evidence.SETTINGS) for host in run["hosts"]}
    references: dict[str, Json] = {one["id"]: one for one in stored_references(folder)}
    hosts: dict[str, list[str]] = {}
    for host, kept in settings.items():
        hosts.setdefault(run["environments"][host] if kept is None else kept["environment"], []).append(host)
    known = {host: kept for host, kept in settings.items() if kept is not None}
    asked = _asked(known)
    if len(hosts) < 2 and not asked:
        return
    nodes = [_environment(folder, name, sorted(members), known, references) for name, members in sorted(hosts.items())]
    with Repositories() as repositories:
        branches = []
        for (name, reference), trees in sorted(asked.items()):
            found = branch(repositories, references[reference], name, trees)
            others = sum(1 for other, _reference in asked if other == name)
            column = name if others == 1 else f"{name} against {reference_name(references[reference])} {reference}"
            branches.append({**found, "column": column})
        nodes += [
            Node(one["column"], references[one["reference"]].get("repo"), one["commit"], one["reason"])
            for one in branches
        ]
        content = {
            "commits": {node.name: node.commit for node in nodes[: len(hosts)] if node.commit},
            "branches": branches,
            "relations": relate(repositories, nodes),
        }
    folder.write(RELATIONS, mask_texts(content))


def load_relations(folder: RunFolder) -> Json:
    """Return what keep_relations wrote, nothing when there was nothing to relate. Raises StoreError."""
    try:
        content: Json = folder.read(RELATIONS)
    except FileNotFoundError:
        return {}
    return content


def _asked(settings: t.Mapping[str, Json]) -> dict[tuple[str, str], dict[str, Tree]]:
    """Return the trees to compare, by branch and reference; of one name in two contracts the first host's counts."""
    asked: dict[tuple[str, str], dict[str, Tree]] = {}
    for _host, kept in sorted(settings.items()):
        for name in kept.get("branches") or ():
            trees = asked.setdefault((name, kept["reference"]), {})
            for entry in kept["contract"].get("trees") or ():
                trees.setdefault(entry["name"], Tree(entry["path"], compile_lines(entry.get("exclude") or [])))
    return asked


def _environment(
    folder: RunFolder,
    name: str,
    hosts: t.Sequence[str],
    settings: t.Mapping[str, Json],
    references: t.Mapping[str, Json],
) -> Node:
    """Return the one commit of an environment, or why it has none."""
    used = {settings[host]["reference"] for host in hosts if host in settings}
    repos = {references[one]["repo"] for one in used if one in references and references[one].get("kind") == "git"}
    repo = next(iter(repos)) if len(repos) == 1 else None
    commits: dict[str, list[str]] = {}
    for host in hosts:
        section = evidence.load(folder, host, "git")
        if section is None or section["outcome"] != "ok":
            why = "the section git was not observed" if section is None else section["reason"]
            return Node(name, repo, None, f"the commit of {host} is not known: {why}")
        commit = section["data"]["head"]["commit"] if section["data"]["repository"] == "present" else None
        if commit is None:
            return Node(name, repo, None, f"{host} has no commit")
        commits.setdefault(commit, []).append(host)
    if len(commits) > 1:
        said = "; ".join(
            f"{short(commit)} on {number(len(on), 'host')}" for commit, on in sorted(commits.items())[:_SHOWN]
        )
        return Node(name, repo, None, f"its hosts are at {number(len(commits), 'commit')}: {said}")
    return Node(name, repo, next(iter(commits)))
