# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saving what a run saw of its host as a baseline. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import baseline
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.host import freeze, published
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

Json = dict[str, t.Any]


def save_baseline(folder: RunFolder, path: str, signing_key: str | None) -> None:
    """Write the whole trees of the run's one host to ``path``. Raises StoreError unless there is one, wholly seen."""
    run = folder.read("run.json")
    if len(run["hosts"]) != 1:
        raise StoreError(
            f"drift_save_baseline: a baseline is of one host, and this run has {len(run['hosts'])}; "
            "add --limit with one host"
        )
    host = run["hosts"][0]
    settings = evidence.load(folder, host, evidence.SETTINGS) or {}
    trees = [_tree(folder, host, tree) for tree in settings.get("contract", {}).get("trees", [])]
    git = evidence.load(folder, host, "git")
    content = {
        "application": settings.get("application"),
        "environment": settings.get("environment"),
        "host": host,
        "created": run["as_of"],
        "collector": "evenkeel.drift.snapshot_info",
        "trees": trees,
        "git": git["data"] if git is not None and git["outcome"] == "ok" else {},
    }
    try:
        baseline.save(path, content, signing_key)
    except OSError as error:
        raise StoreError(f"drift_save_baseline: {path} cannot be written: {error.strerror}") from error


def _tree(folder: RunFolder, host: str, tree: Json) -> Json:
    whole = published(folder, host, tree["name"])
    if whole is None:
        raise StoreError(
            f"drift_save_baseline: tree {tree['name']} of {host} was not wholly seen, so no baseline was saved; "
            f"the evidence in {os.path.dirname(folder.join(evidence.path_of(host, 'trees')))} says why"
        )
    spec = {"compare": tree["compare"], "exclude": tree["exclude"], "secret": compile_selection(tree["secret"])}
    return {"name": tree["name"], "path": tree["path"], "spec": spec, "directories": freeze(whole)}
