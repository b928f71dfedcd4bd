# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the code of a tree was changed last, for processes that must not be older. Private to the collection."""

from __future__ import annotations

import itertools

from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import by_name
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import TreeView
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories

# So many that the files which only the host has do not crowd out those of the reference.
_COUNT = 500
_BEFORE = 10
# In their order: packages of code are called log and cache, too.
_APART = (
    *("log/", "logs/", "cache/"),
    *("!*.py", "!*.js", "!*.mjs", "!*.ts", "!*.rb", "!*.go"),
    *("*.log", "*.log.*", "*.pid", "*.lock", "*.sock", "*.tmp", "*.swp", "tmp/"),
    *("*.py[co]", "__pycache__/", ".cache/", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/"),
)


def asked(contract: Json, name: str) -> Json | None:
    """Return what the request asks about the tree ``name``; nothing unless a process of the contract depends on it."""
    for process in contract.get("processes") or []:
        if name in (process.get("not_older_than") or []):
            return {"count": _COUNT, "apart": compile_selection(_APART)}
    return None


def newest(view: TreeView, reference: Directories | None) -> Json:
    """Return the file that was changed last among those that the reference knows: ``{outcome, reason, path, mtime,
    mtime_s, before, cut}``; without a reference among all that are not ignored. ``before`` has those that were changed
    just before it, ``{path, mtime, mtime_s}``, for a process that has read the last one again; ``cut`` says that there
    may be more.

    The outcome is ``ok`` without a path when there is none. It is ``unknown`` when not all was seen; a path is then
    the newest of what was seen, and as much proof that a process is older as any.
    """
    known = (file for file in view.newest["files"] if reference is None or _knows(reference, file[0]))
    found = [_moment(*file) for file in itertools.islice(known, 2 + _BEFORE)]
    made: Json = {"outcome": "ok", "reason": "", "path": None, "mtime": None, "mtime_s": None, "cut": False}
    made.update(before=found[1 : 1 + _BEFORE], cut=len(found) > 1 + _BEFORE or view.newest["dropped"])
    if found:
        made.update(found[0])
    elif view.newest["dropped"]:
        made.update(outcome="unknown", reason=f"the {_COUNT} newest files are none that the reference knows")
    if view.outcome != "ok" or not view.complete or view.unseen_total:
        made.update(outcome="unknown", reason=view.reason or "not all of the tree could be read")
    return made


def _moment(path: str, mtime_ns: int) -> Json:
    return {"path": path, "mtime": iso(mtime_ns / 1e9), "mtime_s": mtime_ns / 1e9}


def _knows(reference: Directories, path: str) -> bool:
    folder, _slash, name = path.rpartition("/")
    directory = reference.get(folder + "/" if folder else "")
    return directory is not None and name in by_name(directory)
