# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system calls that change something: nothing else below ``act/`` calls one. Private to the collection.

Each function is one call, relative to the descriptor of a directory and never through a link. A test fails or kills the
process at any of them by putting its own module in the place of ``os`` here.
"""

from __future__ import annotations

import errno
import fcntl
import os
import typing as t

Name = t.Union[str, bytes]

# FICLONE, and how a file system says that it does not know it.
_CLONE = 0x40049409
_NO_CLONE = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.EPERM, errno.ENOSYS)

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_KEPT = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def create(dir_fd: int, name: Name, mode: int = 0o600) -> int:
    """Return a descriptor of a new, empty file. Raises FileExistsError, whatever the name belongs to."""
    return os.open(name, _NEW, mode, dir_fd=dir_fd)


def open_to_append(dir_fd: int, name: Name) -> int:
    """Return a descriptor that writes to the end of a file, made with mode 0600 when it is missing."""
    return os.open(name, _APPEND, 0o600, dir_fd=dir_fd)


def open_to_keep(dir_fd: int, name: Name) -> int:
    """Return a descriptor of a file that stays for good, such as a lock, made with mode 0600 when it is missing."""
    return os.open(name, _KEPT, 0o600, dir_fd=dir_fd)


def write(fd: int, data: bytes) -> None:
    """Write all of the data. A call may take only a part of it: when the disk is full the next one says so."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def set_size(fd: int, size: int) -> None:
    """Give a file that is being written its size: what was not written is a hole."""
    os.ftruncate(fd, size)


def share(fd: int, source: int) -> bool:
    """Let an empty file have the content of another one without taking space for it: what is written to either later
    is its own. False when their file system cannot (ext4, or not the same one).
    """
    try:
        fcntl.ioctl(fd, _CLONE, source)
    except OSError as error:
        if error.errno in _NO_CLONE:
            return False
        raise
    return True


def overwrite(fd: int, data: bytes) -> None:
    """Put the data in the place of a file's content. Only for notes that nothing depends on: it can be cut short."""
    os.ftruncate(fd, 0)
    os.pwrite(fd, data, 0)


def sync(fd: int) -> None:
    """Bring a file's content and attributes to the disk. An error means that they are lost: it is never tried again."""
    os.fsync(fd)


def sync_directory(fd: int) -> None:
    """Bring the names in a directory to the disk. Some network file systems have no such call, and say EINVAL."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


def rename(from_fd: int, old: Name, to_fd: int, new: Name) -> None:
    """Give a file its other name, in the place of what had it: whoever opens that finds the old or the new file."""
    os.rename(old, new, src_dir_fd=from_fd, dst_dir_fd=to_fd)


def link(from_fd: int, old: Name, to_fd: int, new: Name) -> None:
    """Give a file, or a symbolic link itself, a second name. Raises FileExistsError when the name is taken."""
    os.link(old, new, src_dir_fd=from_fd, dst_dir_fd=to_fd, follow_symlinks=False)


def symlink(target: bytes, dir_fd: int, name: Name) -> None:
    """Make a symbolic link. Raises FileExistsError when the name is taken."""
    os.symlink(target, name, dir_fd=dir_fd)


def unlink(dir_fd: int, name: Name) -> None:
    """Remove a name that is no directory's."""
    os.unlink(name, dir_fd=dir_fd)


def mkdir(dir_fd: int, name: Name, mode: int = 0o700) -> None:
    """Make a directory. Raises FileExistsError when the name is taken."""
    os.mkdir(name, mode, dir_fd=dir_fd)


def make_folders(path: str) -> None:
    """Make the folders of an absolute path that are missing, as the user's umask has it."""
    os.makedirs(path, exist_ok=True)


def rmdir(dir_fd: int, name: Name) -> None:
    """Remove an empty directory."""
    os.rmdir(name, dir_fd=dir_fd)


def chmod(fd: int, mode: int) -> None:
    """Set the 12 permission bits of an open file or directory."""
    os.fchmod(fd, mode)


def chown(fd: int, uid: int, gid: int) -> None:
    """Set owner and group of an open file or directory. The kernel takes setuid bits and capabilities away with it."""
    os.fchown(fd, uid, gid)


def chown_link(dir_fd: int, name: Name, uid: int, gid: int) -> None:
    """Set owner and group of a symbolic link itself."""
    os.chown(name, uid, gid, dir_fd=dir_fd, follow_symlinks=False)


def set_times(fd: int, atime_ns: int, mtime_ns: int) -> None:
    """Set the times of an open file or directory."""
    os.utime(fd, ns=(atime_ns, mtime_ns))


def set_xattr(fd: int, name: str, value: bytes) -> None:
    """Set an extended attribute of an open file or directory."""
    os.setxattr(fd, name, value)


def remove_xattr(fd: int, name: str) -> None:
    """Remove an extended attribute of an open file or directory."""
    os.removexattr(fd, name)


def lock(fd: int) -> bool:
    """Lock an open file for this process, as long as it lives; False when another process holds it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True
