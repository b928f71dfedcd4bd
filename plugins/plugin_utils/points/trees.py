# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which trees of a contract a restore point saves, and what of them. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines, compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git_side import GitSide
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache

Json = dict[str, t.Any]


def trees_of(settings: Settings, cache: Cache) -> list[Json]:
    """Return the trees of a host's contract, as ``module_utils/trees/spec.py`` has them.

    What the commit that is the reference ignores can be made again, and is left out; another reference ignores nothing.
    Raises ContractError when there is no tree, ReferenceUnavailable when the commit cannot be read.
    """
    trees = settings.contract.get("trees") or []
    if not trees:
        raise ContractError(["drift_contract.trees: has no tree, so there is nothing to save: name one, or some paths"])
    ignored, kept = _ignored(settings, cache)
    return [
        {
            "name": tree["name"],
            "path": tree["path"],
            "exclude": compile_lines(tree["exclude"]),
            "ignore": ignored,
            "keep": kept,
            "secret": compile_selection(tree["secret"]),
            "cross_filesystems": tree["cross_filesystems"],
        }
        for tree in trees
    ]


def _ignored(settings: Settings, cache: Cache) -> tuple[list[list[t.Any]], list[str]]:
    wanted = (settings.reference or {}).get("git")
    if wanted is None:
        return [], []
    about = git.resolve(wanted["repo"], wanted["ref"])
    return GitSide("points", {"repo": wanted["repo"], "commit": about["commit"]}, cache).ignored()
