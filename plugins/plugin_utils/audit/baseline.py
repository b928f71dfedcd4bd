# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saving what a run saw of its host as a baseline. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import run_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import source_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import baseline
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.config_side import frozen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.host import freeze, published
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

Json = dict[str, t.Any]


def save_baseline(folder: RunFolder, path: str, signing_key: str | None) -> None:
    """Write the whole trees and the configurations of the run's one host to ``path``.

    Raises StoreError unless there is one, wholly seen.
    """
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
        **_configs(folder, host, settings.get("contract", {}).get("configs") or []),
    }
    try:
        baseline.save(path, content, signing_key)
    except OSError as error:
        raise StoreError(f"drift_save_baseline: {path} cannot be written: {error.strerror}") from error


def _configs(folder: RunFolder, host: str, entries: t.Sequence[Json]) -> Json:
    """Return the configurations of a baseline; nothing when the contract has none."""
    if not entries:
        return {}
    seen = evidence.load(folder, host, "configs")
    if seen is None or seen["outcome"] != "ok":
        reason = "there is no evidence of them" if seen is None else seen["reason"]
        raise StoreError(
            f"drift_save_baseline: the configurations of {host} were not seen, so no baseline was saved: {reason}"
        )
    for one in seen["data"]["configs"]:
        if one["outcome"] == "unknown":
            raise StoreError(
                f"drift_save_baseline: {one['name']} of {host} was not seen, so no baseline was saved: {one['reason']}"
            )
    key = run_key(folder)
    found = zip(entries, seen["data"]["configs"], strict=True)
    return {"configs": [{**frozen(one, key), "declared": source_of(entry)} for entry, one in found]}


def _tree(folder: RunFolder, host: str, tree: Json) -> Json:
    whole = published(folder, host, tree["name"])
    if whole is None:
        raise StoreError(
            f"drift_save_baseline: tree {tree['name']} of {host} was not wholly seen, so no baseline was saved; "
            f"the evidence in {os.path.dirname(folder.join(evidence.path_of(host, 'trees')))} says why"
        )
    spec = {"compare": tree["compare"], "exclude": tree["exclude"], "secret": compile_selection(tree["secret"])}
    return {"name": tree["name"], "path": tree["path"], "spec": spec, "directories": freeze(whole)}
