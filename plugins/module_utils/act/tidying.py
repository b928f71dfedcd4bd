# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a change that is in place: what it replaced is removed, directories get their own mode and time. Private
to the collection.
"""

from __future__ import annotations

import stat

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.attributes import give
from ansible_collections.evenkeel.drift.plugins.module_utils.act.change import Change, standing
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import folders_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.removal import remove, remove_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.act.steps import Step


def tidy_all(change: Change) -> None:
    """Remove what is beside the places, and the directories that are to go; nothing can be undone after that.

    Raises OSError, Unseen; ``change.at`` is the path.
    """
    going = {step["path"] for step in change.steps if step["how"] == "rmdir"}
    for step in change.acting():
        try:
            _tidy(change, step)
        except FileNotFoundError:
            # After a crash, the directory may have gone before it.
            if not going.intersection(folders_of(step["path"])):
                change.leave(step, "its directory was removed by somebody else meanwhile")
    for folder in change.folders_touched():
        change.at = folder
        try:
            fs.sync_directory(change.folders.fd(folder))
        except FileNotFoundError:
            # Removed above, or told there.
            continue
    for step in reversed(change.steps):
        if step["new"]["type"] == "directory":
            _settle(change, step)


def _tidy(change: Change, step: Step) -> None:
    place = change.place(step)
    if step["how"] == "rmdir":
        there = standing(place.fd, place.name)
        if there is not None and not stat.S_ISDIR(there.st_mode):
            change.leave(step, "it is no directory any more")
        elif not remove(place.fd, place.name):
            change.leave(step, "it is not empty: it holds what is no part of the change")
        else:
            change.folders.forget(step["path"])
        return
    if step["how"] == "attributes":
        return
    kept = standing(place.fd, place.old)
    if kept is not None and stat.S_ISDIR(kept.st_mode):
        if not remove_tree(place.fd, place.old, step, change.within(step), "old"):
            change.leave(step, f"somebody else has put files into the old directory: they are in {place.old.decode()}")
    elif kept is not None:
        fs.unlink(place.fd, place.old)
    if step["how"] in ("place", "swap") and standing(place.fd, place.new) is not None:
        fs.unlink(place.fd, place.new)


def _settle(change: Change, step: Step) -> None:
    """Give a directory its own mode, and the time that was moved by what was done in it."""
    if step["how"] == "none" and step["new"].get("mtime_ns") is None:
        return
    change.at = step["path"]
    try:
        fd = change.folders.fd(step["path"])
    except (FileNotFoundError, NotADirectoryError):
        change.leave(step, "it was removed by somebody else meanwhile")
        return
    give(fd, {"mode": step["new"]["mode"], "mtime_ns": step["new"].get("mtime_ns")})
    fs.sync_directory(fd)
