# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking the steps of a prepared change: each a rename. Private to the collection.

What is beside a place says whether its step was taken already, so that the same code goes on after a crash.
"""

from __future__ import annotations

import collections
import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.attributes import give
from ansible_collections.evenkeel.drift.plugins.module_utils.act.change import (
    Change,
    Place,
    Surprise,
    entry_of,
    same_inode,
    standing,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import Entry, look, stored
from ansible_collections.evenkeel.drift.plugins.module_utils.act.staging import NO_LINKS, OWNER_BITS
from ansible_collections.evenkeel.drift.plugins.module_utils.act.steps import Step, is_idle
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir, open_file

Seen = t.Dict[str, t.Any]
# Of a directory these move with what is done in it.
_MOVING = ("mtime_ns", "size")
# By these the kernel tells that a file, a link or a directory is still the one that was looked at.
_TELLING = ("type", "inode", "ctime_ns", "mtime_ns", "size")
_TIMES = ("ctime_ns", "mtime_ns")
_TELLING_FOLDER = ("type", "inode", "mode", "uid", "gid")
_CHANGED = "{} was changed by somebody else meanwhile"


def take_all(change: Change, seen: t.Mapping[int, Seen] | None) -> None:
    """Take all steps that were not taken yet, and bring them to the disk.

    ``seen`` is what :func:`check_again` returned, None after a crash: then what stands at a path is compared with the
    journal before it is replaced. Raises OSError, Unseen, Surprise; ``change.at`` is the path.
    """
    for step in change.acting():
        place = change.place(step)
        if step["how"] == "attributes":
            if seen is not None:
                _check_seen(place, step, seen[step["n"]])
            _set_attributes(place, step)
        elif step["how"] == "place":
            _put(place, step)
        elif step["how"] != "rmdir" and not _taken(place, step):
            if seen is None:
                _check_old(entry_of(place, step), step)
            else:
                _check_seen(place, step, seen[step["n"]])
            _replace(place, step)
        elif step["how"] == "swap":
            _put(place, step)
    _check_kept(change)
    for folder in change.folders_touched():
        change.at = folder
        fs.sync_directory(change.folders.fd(folder))


def check_again(change: Change) -> dict[int, Seen]:
    """Look at everything once more when all is prepared, and return what the kernel says of each path that is to be
    replaced.

    Raises OSError, Unseen, Surprise when something is not as the change was made for.
    """
    found_by_step: dict[int, Entry] = {}
    for step in change.steps:
        if is_idle(step) or step["how"] == "inner":
            continue
        found = entry_of(change.place(step), step)
        _check_old(found, step)
        found_by_step[step["n"]] = found
    named = collections.Counter(found.get("inode") for found in found_by_step.values())
    # Of a file with several names in the change, one name's step moves what the kernel tells of the others.
    return {
        number: _without(_telling(found), _TIMES if named[found.get("inode")] > 1 else ())
        for number, found in found_by_step.items()
    }


def _check_old(found: Entry, step: Step) -> None:
    """Compare what stands at a path with the journal. Raises Surprise."""
    ignored = _MOVING if step["old"]["type"] == "directory" else ()
    if _without(stored(found), ignored) != _without(step["old"], ignored):
        raise Surprise(_CHANGED.format(step["path"]))


def _check_seen(place: Place, step: Step, seen: Seen) -> None:
    """Compare what stands at a path with the last look at it, without reading it. Raises Surprise."""
    found = look(place.fd, place.name, content=False)
    if any(found.get(key) != value for key, value in seen.items()):
        raise Surprise(_CHANGED.format(step["path"]))


def _telling(entry: Entry) -> Seen:
    keys = _TELLING_FOLDER if entry["type"] == "directory" else _TELLING
    return {key: entry.get(key) for key in keys}


def _without(entry: Entry, ignored: t.Collection[str]) -> Entry:
    return {key: value for key, value in entry.items() if key not in ignored}


def _taken(place: Place, step: Step) -> bool:
    """Return whether the old file of a step is out of its place already."""
    if step["how"] == "over":
        return standing(place.fd, place.new) is None
    return standing(place.fd, place.old) is not None


def _replace(place: Place, step: Step) -> None:
    if step["how"] == "over":
        fs.rename(place.fd, place.new, place.fd, place.name)
        return
    fs.rename(place.fd, place.name, place.fd, place.old)
    if step["how"] == "swap":
        _put(place, step)


def _put(place: Place, step: Step) -> None:
    """Give what was prepared its name, unless somebody took the name."""
    prepared = standing(place.fd, place.new)
    if prepared is None:
        return
    there = standing(place.fd, place.name)
    if same_inode(prepared, there):
        return
    if there is not None:
        raise Surprise(f"{step['path']} was made by somebody else meanwhile")
    if not stat.S_ISDIR(prepared.st_mode):
        try:
            fs.link(place.fd, place.new, place.fd, place.name)
            return
        except FileExistsError:
            raise Surprise(f"{step['path']} was made by somebody else meanwhile") from None
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
    fs.rename(place.fd, place.new, place.fd, place.name)


def _set_attributes(place: Place, step: Step) -> None:
    is_directory = step["new"]["type"] == "directory"
    fd = (open_dir if is_directory else open_file)(place.fd, place.name)
    try:
        give(fd, step["new"], also_mode=OWNER_BITS if is_directory else 0)
        (fs.sync_directory if is_directory else fs.sync)(fd)
    finally:
        os.close(fd)


def _check_kept(change: Change) -> None:
    """Look at the old files: a program that had one open may have written to it until now."""
    for step in change.acting():
        if step["how"] in ("over", "remove", "swap") and step["old"]["type"] == "file":
            place = change.place(step)
            kept = standing(place.fd, place.old)
            if kept and (kept.st_size, kept.st_mtime_ns) != (step["old"]["size"], step["old"]["mtime_ns"]):
                raise Surprise(f"{step['path']} was written to by somebody else meanwhile")
