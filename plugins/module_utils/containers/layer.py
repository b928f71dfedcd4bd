# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was changed in a container after its image: files that were copied or edited there.

Private to the collection.
"""

from __future__ import annotations

import os
import re
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

MOST = 200
"""How many changed files of a container are named."""

KINDS = {0: "modified", 1: "added", 2: "deleted"}

# What every program changes at work, and what engines put there themselves.
_ALWAYS = re.compile(
    r"/(?:tmp|var/tmp|run|var/run|var/log|var/cache|var/lib/apt/lists|var/spool|dev|proc|sys)(?:/.*)?"
    r"|/etc/(?:hosts|hostname|resolv\.conf|mtab|ld\.so\.cache|\.pwd\.lock)"
    r"|/\.dockerenv|/\.dockerinit|/(?:usr/)?sbin/docker-init|/etc"
    r"|(?:/.*)?/(?:__pycache__|\.cache|\.npm|\.pytest_cache|\.mypy_cache|lost\+found)(?:/.*)?"
    r"|.*\.(?:py[co]|pid|sock|log|tmp|swp)"
    r"|(?:/.*)?/\.(?:bash_history|ash_history|python_history|wget-hsts|viminfo|lesshst)",
    re.DOTALL,
)

Json = t.Dict[str, t.Any]


def layer(changes: t.Any, mounted: t.Iterable[str], upper: str) -> Json:
    """Return ``{changed: [{path, kind, type, size, mtime}], total, ignored}`` from ``/containers/<id>/changes``.

    Directories that changed because something in them did are left out; what always changes and what is mounted is
    counted in ``ignored``. ``upper`` is the folder of the host that holds the changes, or nothing: type, size and
    time are null where it may not be read. Raises Unseen when the answer has another form than it should.
    """
    if changes is not None and not isinstance(changes, list):
        raise Unseen("the list of changed files has another form than the engine's API says")
    found: dict[str, str] = {}
    for item in changes or ():
        fields = Fields(item, "a changed file")
        kind = KINDS.get(fields.number("Kind"))
        path = fields.raw("Path")
        if kind is None or not path.startswith("/"):
            raise Unseen("a changed file has another form than the engine's API says")
        found[path] = kind
    parents = {path[: path.rindex("/")] for path in found}
    targets = tuple(mounted)
    ends = [path for path in sorted(found) if path not in parents]
    own = [path for path in ends if not _is_noise(path, targets)]
    made: list[Json] = []
    directories = 0
    with _Upper(upper) as files:
        for path in own:
            if len(made) == MOST:
                break
            seen = files.look(path) if found[path] != "deleted" else _NOTHING
            if seen["type"] == "directory":
                directories += 1
            else:
                made.append({"path": text(path, 1000), "kind": found[path], **seen})
    return {"changed": made, "total": len(own) - directories, "ignored": len(ends) - len(own) + directories}


def _is_noise(path: str, mounted: t.Sequence[str]) -> bool:
    return _ALWAYS.fullmatch(path) is not None or any(
        path == target or path.startswith(f"{target}/") or target.startswith(f"{path}/") for target in mounted
    )


_NOTHING: Json = {"type": None, "size": None, "mtime": None}
_TYPES = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "directory"), (stat.S_ISLNK, "link"))


class _Upper:
    """Looks at files of the changed layer as they lie on the host; no link is followed, nothing is opened for reading.

    The layer is in the container's hands: a name can be anything.
    """

    def __init__(self, folder: str) -> None:
        self._fd: int | None = None
        if folder.startswith("/"):
            try:
                self._fd = paths.open_root(folder)
            except Unseen:
                self._fd = None

    def __enter__(self) -> _Upper:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._fd is not None:
            os.close(self._fd)

    def look(self, path: str) -> Json:
        """Return type, size and time of change of a path, null where they cannot be told."""
        if self._fd is None:
            return _NOTHING
        *folders, name = [part for part in path.split("/") if part]
        opened: list[int] = []
        try:
            held = self._fd
            for folder in folders:
                held = paths.open_dir(held, folder)
                opened.append(held)
            seen = os.lstat(name, dir_fd=held)
        except (OSError, ValueError):
            return _NOTHING
        finally:
            for fd in opened:
                os.close(fd)
        kind = next((word for test, word in _TYPES if test(seen.st_mode)), "other")
        return {"type": kind, "size": seen.st_size if kind == "file" else None, "mtime": iso(seen.st_mtime)}
