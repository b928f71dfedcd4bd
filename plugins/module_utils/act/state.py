# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory of an application on a host: journal, lock, restore points, history. Private to the collection.

It holds what can bring secrets back, so that it belongs to the user who changes things and is closed to all others.
Both is checked each time, from its outermost folder on.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.prepared import prepared
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import LOG, open_own, read_document
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_file, open_followed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

INCOMING = "incoming"
POINTS = "points"


class State:
    """The open state directory of one application. ``fd`` is its descriptor, ``path`` its absolute path.

    Its folders (``INCOMING``, ``POINTS``, ``HISTORY``) are opened by :meth:`folder`.
    """

    def __init__(self, path: str, fd: int) -> None:
        self.path = path
        self.fd = fd

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self.fd)

    def folder(self, name: str) -> int:
        """Return a descriptor of a folder in the state directory, made when it is missing. Raises OSError, Refused."""
        return _own_folder(self.fd, name, f"{self.path}/{name}")

    def read(self, name: str) -> t.Any:
        """Return a JSON document of the state directory, None when there is none.

        Raises OSError, Unseen, ValueError when it is no JSON.
        """
        return read_document(self.fd, name)

    def write(self, name: str, document: t.Any) -> None:
        """Put a JSON document into the state directory: it is there entirely, on the disk, or not at all."""
        write_document(self.fd, name, document)

    def log(self, entry: t.Mapping[str, t.Any]) -> None:
        """Add a line to the log of the state directory, with the time. A line that a crash cut short ends alone."""
        line = json.dumps({"time": utc_now(), **entry}, sort_keys=True)
        fd = fs.open_to_append(self.fd, LOG)
        try:
            fs.write(fd, b"\n" * _ends_torn(self.fd) + line.encode("ascii") + b"\n")
            fs.sync(fd)
        finally:
            os.close(fd)


def open_state(folder: str, application: str, create: bool = True) -> State | None:
    """Return the state directory of an application, None when there is none and none is to be made.

    ``folder`` is absolute. Raises Refused, with what to do, when it is not this user's alone or cannot be made.
    """
    if (
        application in ("", ".", "..")
        or "/" in application
        or "\0" in application
        or len(os.fsencode(application)) > 200
    ):
        raise Refused(f"{application!r} cannot name an application: it is to be the name of a folder")
    if not folder.startswith("/"):
        raise Refused(f"the state directory {folder!r} is not an absolute path")
    above, name = os.path.split(folder.rstrip("/"))
    path = os.path.join(folder, application)
    held: list[int] = []
    try:
        if create and not os.path.isdir(above or "/"):
            fs.make_folders(above)
        held.append(open_followed(None, above or "/"))
        held.append(_own_folder(held[-1], name, folder, create))
        return State(path, _own_folder(held[-1], application, path, create))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(
            f"the state directory {show(path)} cannot be made or opened: {explain(error)}: make it, or name another "
            "one with drift_state_dir"
        ) from error
    finally:
        for fd in held:
            os.close(fd)


def _own_folder(parent_fd: int, name: str, path: str, create: bool = True) -> int:
    if create:
        try:
            os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
        except FileNotFoundError:
            fs.mkdir(parent_fd, name)
            fs.sync_directory(parent_fd)
    return open_own(parent_fd, name, path)


def write_document(dir_fd: int, name: str, document: t.Any) -> None:
    """Put a JSON document into an open directory: it is there entirely, on the disk, or not at all. Raises OSError."""
    own = f".{name}.new"
    with contextlib.suppress(FileNotFoundError):
        os.stat(own, dir_fd=dir_fd, follow_symlinks=False)
        # A process that was killed here left it.
        fs.unlink(dir_fd, own)
    with prepared(dir_fd, own, dir_fd, name) as fd:
        fs.write(fd, json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii"))
        fs.sync(fd)
    fs.sync_directory(dir_fd)


def utc_now() -> str:
    """Return the time as all documents spell it: ``2026-11-21T15:45:00Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _ends_torn(dir_fd: int) -> bool:
    try:
        fd = open_file(dir_fd, LOG)
    except (OSError, Unseen):
        return False
    try:
        size = os.fstat(fd).st_size
        return size > 0 and os.pread(fd, 1, size - 1) != b"\n"
    finally:
        os.close(fd)
