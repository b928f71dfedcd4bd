# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a Compose project, read from below one directory and from nowhere else. Private to the collection."""

from __future__ import annotations

import os
import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_beneath, open_root, read_fd
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.source import MAX_BYTES

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
MAX_FILES = 64


class Missing(Unsupported):
    """The file is not there."""


class Files:
    """What a project's files are read through. Paths are relative to ``top``, normalised, and never lead above it.

    ``directory`` is that of the project, relative to ``top`` (nothing: top itself). ``read_files`` lists what was
    read: ``{path, kind, mtime, mtime_s}``.
    """

    def __init__(self, directory: str, check_time: t.Callable[[], None] = lambda: None) -> None:
        self.directory = directory
        self._check_time = check_time
        self.read_files: list[dict[str, t.Any]] = []

    def read(self, path: str, kind: str) -> bytes:
        """Return the content of a file whose path is relative to the project's directory.

        Raises Missing, and Unsupported when it lies elsewhere, or cannot be read.
        """
        if path.startswith(("~", "\\")) or "://" in path or "\0" in path:
            raise Unsupported("a file that is not in the project's directory is not read")
        if len(self.read_files) >= MAX_FILES:
            raise Unsupported(f"more than {MAX_FILES} files are not read")
        self._check_time()
        inside = self._inside(path)
        content, mtime_s = self._read(inside)
        self._note(path, kind, mtime_s)
        return content

    def _note(self, path: str, kind: str, mtime_s: float | None) -> None:
        if all(one["path"] != path for one in self.read_files):
            mtime = None if mtime_s is None else iso(mtime_s)
            self.read_files.append({"path": path, "kind": kind, "mtime": mtime, "mtime_s": mtime_s})

    def _inside(self, path: str) -> str:
        """Return a path relative to ``top``. Raises Unsupported when it leads elsewhere."""
        if path.startswith("/"):
            raise Unsupported("a file with an absolute path is not read")
        inside = posixpath.normpath(posixpath.join(self.directory, path))
        if inside.split("/")[0] == ".." or inside in (".", "/"):
            raise Unsupported("a file outside of the project's directory and of drift_root is not read")
        return inside

    def _read(self, inside: str) -> tuple[bytes, float | None]:
        raise NotImplementedError


class HostFiles(Files):
    """The files of this host. ``root`` is ``drift_root``, ``directory`` relative to it or absolute.

    Below ``drift_root`` all may be read that the project names; where that is the whole file system, or the directory
    is elsewhere, only what is in the directory. No link is followed below the one or the other.
    """

    def __init__(self, root: str, directory: str, check_time: t.Callable[[], None] = lambda: None) -> None:
        whole = posixpath.normpath(posixpath.join(root, directory))
        inside = posixpath.relpath(whole, root)
        beneath = posixpath.normpath(root) != "/" and inside.split("/")[0] != ".."
        super().__init__(("" if inside == "." else inside) if beneath else "", check_time)
        self.top = posixpath.normpath(root) if beneath else whole
        self.whole = whole

    def _inside(self, path: str) -> str:
        if path.startswith("/"):
            path = posixpath.relpath(posixpath.normpath(path), self.whole)
        return super()._inside(path)

    def _read(self, inside: str) -> tuple[bytes, float | None]:
        root_fd = open_root(self.top)
        try:
            fd = open_beneath(root_fd, os.fsencode(inside))
            try:
                return read_fd(fd, MAX_BYTES), os.fstat(fd).st_mtime
            finally:
                os.close(fd)
        except FileNotFoundError:
            raise Missing("it does not exist") from None
        except OSError as error:
            raise Unsupported(f"it cannot be read: {explain(error)}") from None
        except Unseen as unseen:
            raise Unsupported(f"it cannot be read: {unseen.reason}") from None
        finally:
            os.close(root_fd)
