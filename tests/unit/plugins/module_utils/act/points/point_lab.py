# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A root with files, and a folder with restore points of it."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import make, shelf, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

ABOUT = {"kind": "backup", "who": "ops", "why": "a test", "run": ""}


class PointLab:
    """``root`` is the application, ``folder`` holds its restore points."""

    def __init__(self, top: Path) -> None:
        self.root = top / "app"
        self.folder = top / "points"
        self.root.mkdir()
        self.folder.mkdir(mode=0o700)
        self._count = 0

    @property
    def host(self) -> Host:
        return Host(str(self.root), 60, workers=1)

    @contextlib.contextmanager
    def fds(self) -> t.Iterator[tuple[int, int]]:
        points_fd, root_fd = os.open(self.folder, os.O_RDONLY), os.open(self.root, os.O_RDONLY)
        try:
            yield points_fd, root_fd
        finally:
            os.close(points_fd)
            os.close(root_fd)

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)
        return target

    def everything(self) -> list[str]:
        found = []
        for folder, folders, files in os.walk(self.root):
            found += [os.path.relpath(os.path.join(folder, name), self.root) for name in folders + files]
        return found

    def new_id(self) -> str:
        """Return an id that sorts after those before it."""
        self._count += 1
        return shelf.new_id(time.time() + self._count)

    def make(
        self, paths: t.Sequence[str] | None = None, earlier: str | None = None, point: str = "", **more: t.Any
    ) -> str:
        point = point or self.new_id()
        with self.fds() as (points_fd, root_fd):
            wanted = self.everything() if paths is None else paths
            asked = make.Request(point, shelf.created_at(point), str(self.root), root_fd, wanted, ABOUT)
            make.make(points_fd, asked, self.host, earlier, **more)
        return point

    def verify(self, point: str) -> dict[str, t.Any]:
        with self.fds() as (points_fd, _root_fd):
            return verify.verify(points_fd, point, self.host)

    def states(self) -> dict[str, str]:
        with self.fds() as (points_fd, _root_fd):
            return {one["id"]: one["state"] for one in shelf.listed(points_fd)}
