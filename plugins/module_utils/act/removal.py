# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing what a change made itself, by the names that it knows. Private to the collection."""

from __future__ import annotations

import errno
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.change import inside, relative, sizes_of, standing
from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import look
from ansible_collections.evenkeel.drift.plugins.module_utils.act.steps import Step, same_thing


def remove_tree(dir_fd: int, name: bytes, top: Step, inner: t.Iterable[Step], known: str | None) -> bool:
    """Remove the directory ``name`` with what the change knows of in it, in this order; False when it holds more.

    ``known`` says by which of their entries the steps know it, ``new`` or ``old``: what holds something else by now is
    somebody's work, and stays. None: it was never anybody's but the change's own, and may be half done. Raises OSError,
    Unseen.
    """
    for step in inner:
        try:
            with inside(dir_fd, name, relative(top, step)) as (fd, inner_name):
                if known is None or same_thing(step[known], look(fd, inner_name, sizes=sizes_of(step))):
                    remove(fd, inner_name)
        except FileNotFoundError:
            continue
    return remove(dir_fd, name)


def remove(dir_fd: int, name: bytes) -> bool:
    """Remove a name, if it is there; False when it is a directory that is not empty. Raises OSError."""
    there = standing(dir_fd, name)
    if there is None:
        return True
    if not stat.S_ISDIR(there.st_mode):
        fs.unlink(dir_fd, name)
        return True
    try:
        fs.rmdir(dir_fd, name)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True
