# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change looks at before it touches anything, and what it refuses. Private to the collection."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import struct
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import mounts
from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import ABSENT, Entry, look, stored
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Moved, Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.folders import Folders
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import Operation, differs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.steps import PREPARED, Step, moves_nothing
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir, open_file
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show

_NO_FOLDER = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
# FS_IOC_GETFLAGS, and what `chattr +i` and `chattr +a` set.
_GETFLAGS = 0x80006601 | struct.calcsize("l") << 16
# CAP_CHOWN is the first of the capabilities.
_CAPABILITIES = re.compile(rb"^CapEff:\s*([0-9a-f]+)$", re.MULTILINE)
_CHOWN = 1
_FIXED = {0x10: "immutable (chattr -i)", 0x20: "append-only (chattr -a)"}


def entry_at(folders: Folders, operation: Operation, check_time: t.Callable[[], None]) -> Entry:
    """Return the entry of an operation's path below the root; what is below no directory is absent.

    The content of a file is read where it can matter: where its size is one that the operation expects or wants.

    Raises OSError, Unseen, Refused.
    """
    folder, _slash, name = operation["path"].rpartition("/")
    try:
        fd = folders.fd(folder)
    except OSError as error:
        if error.errno in _NO_FOLDER:
            return dict(ABSENT)
        raise
    return look(fd, raw(name), sizes=_sizes(operation), check_time=check_time)


def _sizes(operation: Operation) -> t.Collection[int] | None:
    """Return the sizes at which a file's content matters, None where that is any."""
    before = operation["before"]
    if before["type"] == "file" and before.get("size") is None:
        return None
    known = {before["size"]} if before["type"] == "file" else set()
    return known | ({operation["size"]} if operation["do"] == "write" else set())


def look_at_all(folders: Folders, operations: t.Sequence[Operation], host: Host) -> dict[str, Entry]:
    """Return the entries of all paths of the operations. Raises Refused with the path that cannot be looked at."""
    found = {}
    for operation in operations:
        path = operation["path"]
        try:
            host.check_time()
            found[path] = entry_at(folders, operation, host.check_time)
        except (OSError, Unseen) as error:
            raise Refused(f"{path} cannot be looked at: {said(error)}") from error
    return found


def check_moved(operations: t.Sequence[Operation], steps: t.Sequence[Step], entries: t.Mapping[str, Entry]) -> None:
    """Raise Moved with all paths that are neither as their operation expects nor as it wants them."""
    moved = [
        {"path": operation["path"], "expected": operation["before"], "found": stored(entries[operation["path"]])}
        for operation, step in zip(operations, steps)
        if step["how"] != "none" and differs(operation["before"], entries[operation["path"]])
    ]
    if moved:
        raise Moved(moved)


def find_staying(folders: Folders, made: t.Sequence[Step]) -> None:
    """Mark the directories that are to go and will not be empty. Raises Refused."""
    going = {step["path"] for step in made if step["new"]["type"] == "absent"}
    for step in made:
        if step["how"] != "rmdir":
            continue
        path = step["path"]
        try:
            names = os.listdir(folders.fd(path))
        except (OSError, Unseen) as error:
            raise Refused(f"{path} cannot be looked at: {said(error)}") from error
        if any(f"{path}/{show(name)}" not in going for name in names):
            step["how"] = "stays"
            going.discard(path)


def check_possible(folders: Folders, steps: t.Sequence[Step], entries: t.Mapping[str, Entry]) -> None:
    """Refuse what is known not to work, before anything is touched. Raises Refused, which names the path."""
    mounted = mounts.points_below(folders.root_fd)
    names: dict[tuple[int, int], int] = {}
    for entry in entries.values():
        if entry["type"] == "file":
            names[entry["dev"], entry["inode"]] = names.get((entry["dev"], entry["inode"]), 0) + 1
    space: dict[int, tuple[os.statvfs_result, int, int]] = {}
    gives_away = _gives_away()
    for step in steps:
        if moves_nothing(step):
            continue
        path, entry = step["path"], entries[step["path"]]
        try:
            fd = folders.fd(step["folder"])
        except (OSError, Unseen) as error:
            raise Refused(f"{path}: its directory cannot be opened: {said(error)}") from error
        _check_folder(step, fd)
        if not gives_away:
            _check_owner(step, os.fstat(fd), entry)
        _check_target(step, fd, entry, raw(path) in mounted)
        if entry["type"] == "file" and step["how"] in ("over", "attributes"):
            named = names[entry["dev"], entry["inode"]]
            if entry["links"] > named:
                raise Refused(
                    f"{path} has {entry['links'] - named} more names (hard links), which would not change with it: "
                    "give it a file of its own, or change all its names"
                )
        if step["how"] == "swap" and entry["type"] == "directory":
            _check_covered(path, fd, raw(step["name"]), {raw(other["path"]) for other in steps}, mounted)
    _check_space(folders, steps, space)


def _check_folder(step: Step, fd: int) -> None:
    folder = step["folder"] or "the root"
    if os.statvfs(fd).f_flag & os.ST_RDONLY:
        raise Refused(f"{step['path']}: its file system is mounted read-only: mount it writable, then deploy again")
    if step["how"] == "attributes":
        return
    fixed = _fixed(fd)
    if fixed:
        raise Refused(f"{step['path']}: {folder} is {fixed}")
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=fd, effective_ids=True):
        raise Refused(
            f"{step['path']}: user {os.geteuid()} cannot write in {folder}: deploy as its owner, or as root (become)"
        )


def _gives_away() -> bool:
    """Return whether this process may give files to other users, as root may."""
    if os.geteuid() == 0:
        return True
    try:
        with open("/proc/self/status", "rb") as file:
            status = file.read()
    except OSError:
        # Then the kernel says so when the change comes to it, and everything goes back.
        return True
    found = _CAPABILITIES.search(status)
    return found is None or bool(int(found.group(1), 16) & _CHOWN)


def _check_owner(step: Step, folder: os.stat_result, entry: Entry) -> None:
    """Refuse a file that would have to be given to somebody else, by a user who may not."""
    new = step["new"]
    if new["type"] == "absent":
        return
    uid, gids = os.geteuid(), {os.getegid(), *os.getgroups()}
    if step["how"] == "attributes":
        uid, gids = entry["uid"], gids | {entry["gid"]}
    elif folder.st_mode & stat.S_ISGID:
        gids.add(folder.st_gid)
    if new["uid"] not in (None, uid) or (new["gid"] is not None and new["gid"] not in gids):
        raise Refused(
            f"{step['path']} would belong to user {new['uid']} and group {new['gid']}, to whom user {os.geteuid()} "
            "cannot give it: deploy as root (become)"
        )


def _check_target(step: Step, dir_fd: int, entry: Entry, mounted: bool) -> None:
    path, name = step["path"], raw(step["name"])
    if mounted or (entry["type"] != "absent" and entry["dev"] != os.fstat(dir_fd).st_dev):
        raise Refused(f"{path} is a mount point: unmount it, or leave it out")
    if entry["type"] in ("file", "directory"):
        try:
            fd = open_file(dir_fd, name) if entry["type"] == "file" else open_dir(dir_fd, name)
        except (OSError, Unseen) as error:
            raise Refused(f"{path} cannot be opened: {said(error)}") from error
        fixed = _fixed(fd)
        os.close(fd)
        if fixed:
            raise Refused(f"{path} is {fixed}")


def _fixed(fd: int) -> str:
    """Return the words for a file that the kernel keeps from changing, "" when it is not or its file system cannot."""
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(fd, _GETFLAGS, bytes(struct.calcsize("l"))))
    except OSError:
        # The kernel says so when the change comes to it, and everything goes back.
        return ""
    return next((words for flag, words in _FIXED.items() if flags & flag), "")


def _check_covered(path: str, dir_fd: int, name: bytes, covered: set[bytes], mounted: t.Collection[bytes]) -> None:
    """Refuse to take a directory away that holds something which no operation removes."""
    fd = open_dir(dir_fd, name)
    try:
        for inner in sorted(os.listdir(fd)):
            below = raw(path) + b"/" + os.fsencode(inner)
            if below not in covered or below in mounted:
                raise Refused(f"{path} holds {show(below)}, which is no part of the change: it stays a directory")
            if entry_type(fd, os.fsencode(inner)) == "directory":
                _check_covered(show(below), fd, os.fsencode(inner), covered, mounted)
    finally:
        os.close(fd)


def entry_type(dir_fd: int, name: bytes) -> str:
    """Return the type of what stands at a name, by a look that opens nothing but directories. Raises OSError."""
    return str(look(dir_fd, name, content=False)["type"])


def _check_space(
    folders: Folders, steps: t.Sequence[Step], space: dict[int, tuple[os.statvfs_result, int, int]]
) -> None:
    for step in steps:
        if step["how"] not in (*PREPARED, "inner"):
            continue
        folder = step["folder"] if step["how"] != "inner" else steps[step["top"]]["folder"]
        fd = folders.fd(folder)
        device = os.fstat(fd).st_dev
        if device not in space:
            space[device] = (os.statvfs(fd), 0, 0)
        seen, blocks, files = space[device]
        size = step["new"].get("size") or 0
        space[device] = (seen, blocks + -(-size // seen.f_frsize), files + 1)
    for seen, blocks, files in space.values():
        free = seen.f_bfree if os.geteuid() == 0 else seen.f_bavail
        if blocks > free:
            raise Refused(
                f"not enough space: the new files take {blocks * seen.f_frsize} bytes beside the old ones, "
                f"and {free * seen.f_frsize} are free: make room, then deploy again"
            )
        if seen.f_files and files > (seen.f_ffree if os.geteuid() == 0 else seen.f_favail):
            raise Refused(f"not enough inodes: {files} new files, and {seen.f_ffree} are free: make room")


def said(error: OSError | Unseen | Refused) -> str:
    """Return an error as a part of a sentence."""
    if isinstance(error, OSError) and error.errno == errno.EXDEV:
        return "its file system cannot move a directory of a lower layer (an overlay, as in a container)"
    return explain(error) if isinstance(error, OSError) else error.reason
