# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as its parts see it: steps, their directories, and the names beside their places. Private to the
collection.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import Entry, look
from ansible_collections.evenkeel.drift.plugins.module_utils.act.folders import Folders
from ansible_collections.evenkeel.drift.plugins.module_utils.act.steps import Step, beside, moves_nothing
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw


class Surprise(Exception):
    """Something is not as the change left or saw it: somebody else was there. The message names the path."""


class Place(t.NamedTuple):
    """Where a step happens: its directory, the name, and the names beside it for the new file and for the old one."""

    fd: int
    name: bytes
    new: bytes
    old: bytes


class Change:
    """The steps of one journal in open directories. ``at`` is the path that is being worked on, ``left`` what could not
    be done without touching what is somebody else's: ``{path, reason}``; ``warnings`` are sentences.
    """

    def __init__(self, folders: Folders, steps: t.Sequence[Step], journal_id: str) -> None:
        self.folders = folders
        self.steps = steps
        self.journal_id = journal_id
        self.at = ""
        self.left: list[dict[str, str]] = []
        self.warnings: list[str] = []

    def acting(self) -> list[Step]:
        """Return the steps that do something by themselves."""
        return [step for step in self.steps if not moves_nothing(step)]

    def within(self, top: Step) -> list[Step]:
        """Return the steps that come or go with a directory."""
        return [step for step in self.steps if step.get("top") == top["n"]]

    def place(self, step: Step) -> Place:
        """Return where a step happens. Raises OSError, Unseen, Refused when its directory cannot be opened."""
        self.at = step["path"]
        new, old = beside(self.journal_id, step["n"])
        return Place(self.folders.fd(step["folder"]), raw(step["name"]), new.encode("ascii"), old.encode("ascii"))

    @contextlib.contextmanager
    def prepared(self, step: Step) -> t.Iterator[tuple[int, bytes]]:
        """Give the directory and the name under which a step's new file is prepared: beside its place, or inside the
        new directory that it comes with.
        """
        if step["how"] != "inner":
            place = self.place(step)
            yield place.fd, place.new
            return
        top = self.steps[step["top"]]
        place = self.place(top)
        self.at = step["path"]
        with inside(place.fd, place.new, relative(top, step)) as found:
            yield found

    def folders_touched(self) -> list[str]:
        """Return the directories in which names come or go."""
        return sorted({step["folder"] for step in self.acting() if step["how"] != "attributes"})

    def leave(self, step: Step, reason: str) -> None:
        """Note what is left alone."""
        self.left.append({"path": step["path"], "reason": reason})


def relative(top: Step, step: Step) -> list[bytes]:
    """Return the names from a directory that comes or goes whole to a path in it."""
    return raw(step["path"][len(top["path"]) + 1 :]).split(b"/")


@contextlib.contextmanager
def inside(dir_fd: int, name: bytes, below: t.Sequence[bytes]) -> t.Iterator[tuple[int, bytes]]:
    """Give the directory that holds a path below ``name``, and its last name. Raises OSError."""
    fd = open_dir(dir_fd, name)
    try:
        for part in below[:-1]:
            deeper = open_dir(fd, part)
            os.close(fd)
            fd = deeper
        yield fd, below[-1]
    finally:
        os.close(fd)


def standing(dir_fd: int, name: bytes) -> os.stat_result | None:
    """Return what the kernel says of a name, None when nothing has it. Raises OSError."""
    try:
        return os.lstat(name, dir_fd=dir_fd)
    except FileNotFoundError:
        return None


def same_inode(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    """Return whether two names are of one file."""
    return one is not None and other is not None and (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def entry_of(place: Place, step: Step) -> Entry:
    """Return the entry at a step's place; a file that can be neither its old nor its new one is not read.

    Raises OSError, Unseen.
    """
    return look(place.fd, place.name, sizes=sizes_of(step))


def sizes_of(step: Step) -> t.Collection[int] | None:
    """Return the sizes of a step's old and new file, None where one of them is not known."""
    known = [step[side].get("size") for side in ("old", "new") if step[side]["type"] == "file"]
    return None if None in known else known
