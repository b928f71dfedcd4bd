# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at given paths now, each looked at through the descriptor of its directory. Private to the collection."""

from __future__ import annotations

import errno
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.chosen import parts
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.changes import Folders
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

BLOCKED = "blocked"
"""The type of a path that cannot be looked at; its ``reason`` says why."""

Json = t.Dict[str, t.Any]


def look(root_fd: int, paths: t.Sequence[str], host: Host, content: bool = True) -> t.Iterator[tuple[str, Json]]:
    """Yield each of the sorted paths with its state (``act/entry.py``); without ``content`` files have no SHA-256.

    Raises Unseen when the time is up.
    """
    with Folders(root_fd) as folders:
        for path in paths:
            host.check_time()
            folder, name = parts(path)
            fd, error = folders.enter(folder)
            if error is not None:
                yield path, _without_folder(folder, error)
                continue
            try:
                yield path, entry.look(fd, name, content, check_time=host.check_time)
            except OSError as failed:
                yield path, {"type": BLOCKED, "reason": explain(failed)}
            except Unseen as unseen:
                yield path, {"type": BLOCKED, "reason": unseen.reason}


def _without_folder(folder: bytes, error: OSError) -> Json:
    # What would be below a file or a link is not there: no path of a tree leads through a link.
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        return {"type": "absent"}
    return {"type": BLOCKED, "reason": f"{show(folder[:-1])}: {explain(error)}"}
