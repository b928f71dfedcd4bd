# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back: everything returns to what it was before a change. Private to the collection.

Each step can be undone however far it came, and undone again. What somebody else put in the place of the change's files
is left alone, and told.
"""

from __future__ import annotations

import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.attributes import give
from ansible_collections.evenkeel.drift.plugins.module_utils.act.change import (
    Change,
    Place,
    entry_of,
    same_inode,
    standing,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.removal import remove_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.act.steps import PREPARED, Step, same_thing
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir, open_file


def undo_all(change: Change, taken: bool, mtimes: t.Mapping[str, int]) -> None:
    """Undo all steps and bring that to the disk. ``taken`` is False when nothing but preparing began, ``mtimes`` are
    those of the directories before the change.

    Raises OSError, Unseen; ``change.at`` is the path.
    """
    steps = [step for step in reversed(change.steps) if step["how"] in (*PREPARED, "remove")]
    for step in steps:
        try:
            place = change.place(step)
        except FileNotFoundError:
            change.leave(step, "its directory was removed by somebody else")
            continue
        if taken:
            _undo(change, place, step)
        _clear(change, place, step, taken)
    if taken:
        for step in change.acting():
            if step["how"] == "attributes":
                _restore_attributes(change, step)
    for folder in change.folders_touched():
        change.at = folder
        _sync(change, folder)
    for folder, mtime_ns in sorted(mtimes.items(), reverse=True):
        change.at = folder
        _restore_mtime(change, folder, mtime_ns)


def _undo(change: Change, place: Place, step: Step) -> None:
    """Put the old file back, if the step was taken; what was prepared is beside its place again, or gone."""
    prepared = standing(place.fd, place.new)
    kept = standing(place.fd, place.old)
    there = standing(place.fd, place.name)
    if step["how"] == "over":
        if prepared is None and kept is not None and not same_inode(kept, there):
            if there is None or _is_ours(place, step):
                fs.rename(place.fd, place.old, place.fd, place.name)
            else:
                _leave(change, place, step)
        return
    if there is not None and not same_inode(kept, there) and step["how"] != "remove":
        if same_inode(prepared, there):
            if not _is_ours(place, step):
                _leave(change, place, step)
                return
            fs.unlink(place.fd, place.name)
            there = None
        elif prepared is None and (step["how"] == "place" or kept is not None) and _is_ours(place, step):
            fs.rename(place.fd, place.name, place.fd, place.new)
            change.folders.forget(step["path"])
            there = None
    if kept is not None:
        if there is None:
            fs.rename(place.fd, place.old, place.fd, place.name)
        else:
            _leave(change, place, step)


def _clear(change: Change, place: Place, step: Step, taken: bool) -> None:
    """Remove what is beside the place: the second name of the old file first, so that it never stands alone."""
    kept = standing(place.fd, place.old)
    prepared = standing(place.fd, place.new)
    if step["how"] == "over" and kept is not None:
        if prepared is None and not same_inode(kept, standing(place.fd, place.name)):
            # Left above: it is all that there is of the old file.
            return
        fs.unlink(place.fd, place.old)
    if prepared is None:
        return
    if not stat.S_ISDIR(prepared.st_mode):
        fs.unlink(place.fd, place.new)
    elif not remove_tree(place.fd, place.new, step, reversed(change.within(step)), "new" if taken else None):
        if standing(place.fd, place.name) is None:
            fs.rename(place.fd, place.new, place.fd, place.name)
            change.leave(step, "somebody else has put files into the new directory: it stays, with these alone")
        else:
            change.leave(step, f"somebody else has put files into the new directory: they are in {place.new.decode()}")


def _is_ours(place: Place, step: Step) -> bool:
    """Return whether what stands at a path is what the change put there."""
    return same_thing(step["new"], entry_of(place, step))


def _leave(change: Change, place: Place, step: Step) -> None:
    reason = "somebody else has changed it or put something in its place meanwhile: that stays"
    if standing(place.fd, place.old) is not None:
        reason += f"; what was there before is beside it as {place.old.decode('ascii')}"
    change.leave(step, reason)


def _restore_attributes(change: Change, step: Step) -> None:
    place = change.place(step)
    there = standing(place.fd, place.name)
    is_directory = step["old"]["type"] == "directory"
    if there is None or stat.S_ISDIR(there.st_mode) != is_directory:
        change.leave(step, "somebody else has removed or replaced it meanwhile")
        return
    fd = (open_dir if is_directory else open_file)(place.fd, place.name)
    try:
        give(fd, step["old"])
        (fs.sync_directory if is_directory else fs.sync)(fd)
    finally:
        os.close(fd)


def _sync(change: Change, folder: str) -> None:
    try:
        fs.sync_directory(change.folders.fd(folder))
    except FileNotFoundError:
        # Told above, where its steps were.
        return


def _restore_mtime(change: Change, folder: str, mtime_ns: int) -> None:
    try:
        fd = change.folders.fd(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    if os.fstat(fd).st_mtime_ns != mtime_ns:
        give(fd, {"mtime_ns": mtime_ns})
        fs.sync_directory(fd)
