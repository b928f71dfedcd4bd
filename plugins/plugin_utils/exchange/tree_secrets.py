# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret-class files of a tree, compared by digests under the run's key. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.shown import shown_entry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import Comparison, by_name, join
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import TreeView
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories


def compare_secrets(
    side: Side, name: str, spec: Json, key: bytes, reference: Directories, view: TreeView, result: Comparison
) -> None:
    """Add the secret-class files whose content differs; one that cannot be compared is unknown."""
    wanted = _secret_paths(reference)
    both = sorted(wanted.keys() & view.secrets.keys())
    if not both:
        return
    keyed = side.keyed(name, spec, both, key)
    known = {difference["path"]: difference for difference in result.differences}
    for path in both:
        if keyed is None or path not in keyed:
            result.equal -= path not in known
            result.unknown.append({"path": path, "reason": "its secret content cannot be compared with this reference"})
        elif keyed[path] != view.secrets[path] and path in known:
            known[path]["aspects"].insert(0, "content")
        elif keyed[path] != view.secrets[path]:
            result.equal -= 1
            entry = shown_entry(wanted[path])
            result.differences.append(
                {
                    "path": path,
                    "host": entry,
                    "reference": entry,
                    "aspects": ["content"],
                    "diff": None,
                    "secret": True,
                }
            )
    result.differences.sort(key=lambda difference: str(difference["path"]))


def _secret_paths(directories: Directories) -> dict[str, t.Any]:
    found = {}
    marker = f'"{digest.KEYED}"'.encode("ascii")
    for directory in directories:
        if directory.entries is not None and marker in directory.entries:
            for name, fields in by_name(directory).items():
                if fields[3] == digest.KEYED:
                    found[join(directory.path, name)] = fields
    return found
