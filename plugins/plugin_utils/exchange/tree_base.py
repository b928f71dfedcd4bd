# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs in a tree, against the commit that it was deployed from. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.trees.shown import shown_entry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import by_name
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Base
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories


def class_against(base: Base, host: Directories, reference: Directories, evidence: Json) -> None:
    """Say in the evidence what each differing file was in the commit that the host's tree was deployed from."""
    evidence["base"] = base.about
    for difference in evidence["differences"]:
        fields = _find(base.directories, difference["path"])
        difference["base"] = None if fields is None else shown_entry(fields)
    for group in evidence["groups"]:
        present = host if group["side"] == "host" else reference
        group["base"] = _group_base(group["path"], present, base.directories)


def _group_base(path: str, present: Directories, base: Directories) -> str:
    """Return whether a whole directory is in the base: ``none`` of it, the ``same``, or ``unknown``."""
    mine = {directory.path: directory.digest for directory in present if directory.path.startswith(path)}
    theirs = {directory.path: directory.digest for directory in base if directory.path.startswith(path)}
    if not theirs:
        return "none"
    return "same" if mine == theirs else "unknown"


def _find(directories: Directories, path: str) -> t.Any:
    folder, _slash, name = path.rpartition("/")
    directory = directories.get(folder + "/" if folder else "")
    found = by_name(directory).get(name)
    return found if found is not None else by_name(directories.get(path + "/")).get("")
