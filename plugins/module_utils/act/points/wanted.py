# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore point is made of: which paths, and what is said about others. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.chosen import choose
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]


class What(t.NamedTuple):
    """What a point is made of: one of ``trees`` (as ``trees/spec.py`` has them), ``paths`` and ``operations``; and
    whether the state of the root's repository belongs to it, and what runs.
    """

    trees: t.Sequence[Json]
    paths: t.Sequence[str]
    operations: t.Sequence[Json]
    git: bool
    services: Services = Services()


def wanted_of(what: What, root: str, root_fd: int, state_dir: str, host: Host) -> tuple[list[str], list[str]]:
    """Return the paths to save, and sentences about what is not among them.

    ``root_fd`` is the directory at ``root``; what lies in ``state_dir`` is not saved, or points would hold points.
    Raises PointError, BadOperations, and Unseen when a tree cannot be opened.
    """
    notes: list[str] = []
    wanted = list(what.paths)
    for path in wanted:
        _refuse_link(root_fd, path)
    if what.operations:
        wanted += [operation["path"] for operation in checked(list(what.operations))]
    if what.trees:
        found = choose(root, what.trees, host)
        wanted += sorted(found.paths)
        notes = [f"{path} is a repository of its own: it is not in this point" for path in sorted(found.nested)]
    wanted = _without(wanted, root, state_dir)
    if not wanted:
        raise PointError(f"there is nothing to save: no path was named, and the trees of {root} are empty")
    return wanted, notes


def _without(wanted: list[str], root: str, state_dir: str) -> list[str]:
    own = os.path.relpath(os.path.realpath(state_dir), os.path.realpath(root))
    if own == ".":
        raise PointError(f"{root} is the state directory itself; name another one with drift_state_dir")
    shown = show(own)
    return [path for path in wanted if path != shown and not path.startswith(shown + "/")]


def _refuse_link(root_fd: int, path: str) -> None:
    """Refuse a path that leads through a link: what it leads to has another path, or is not below the root at all."""
    above = path.rpartition("/")[0]
    while above:
        if manifest.is_path(above) and entry.look_at(root_fd, above, content=False)["type"] == "link":
            raise PointError(f"{path} leads through the link {above}: name the path that it leads to")
        above = above.rpartition("/")[0]
