# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an application outside of its root: those of its units, its environment, its crontabs.

All paths are relative to ``/``, as :func:``text.show`` spells them. Private to the collection.
"""

from __future__ import annotations

import glob
import os
import pwd
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.unit_files import unit_files
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd import ask
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.environment import unit_environment
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.show import PROPERTIES, parse_show
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]

UNIT, ENVIRONMENT, CRONTAB = "unit", "environment", "crontab"
# Where administrators put units; those of packages are the packages' to bring back.
_FOLDERS = ("etc/systemd/system", "usr/local/lib/systemd/system")
_SPOOLS = ("var/spool/cron/crontabs", "var/spool/cron")
_MAX_FILE = 1 << 20


class Unit(t.NamedTuple):
    """The state of a unit; ``active`` and ``enabled`` are systemd's words, empty with a ``reason`` when not seen."""

    name: str
    active: str
    enabled: str
    since_us: int
    reason: str = ""


class Outside:
    """Looks for the files of units and crontabs; ``top`` is the root directory, another one in a test."""

    def __init__(self, root: str, top: str = "/") -> None:
        self._root = os.path.realpath(root)
        self._top = top

    def of_unit(self, unit: str) -> list[str]:
        """Return the files and links that make a unit what it is, and where others would count before them.

        Raises OSError when a directory of units cannot be read.
        """
        found = {f"{_FOLDERS[0]}/{unit}", f"{_FOLDERS[0]}/{unit}.d"}
        names = [unit]
        stem, at, rest = unit.partition("@")
        if at:
            names.append(f"{stem}@.{rest.rpartition('.')[2]}")
        for folder in _FOLDERS:
            for name in self._names(folder):
                path = f"{folder}/{name}"
                if name in names or self._is_alias(path, unit):
                    found.add(path)
                elif name in [f"{one}.d" for one in names]:
                    found |= {path, *(f"{path}/{one}" for one in self._names(path))}
                elif name.endswith((".wants", ".requires")) and os.path.islink(self._at(f"{path}/{unit}")):
                    found.add(f"{path}/{unit}")
        return sorted(show(os.fsencode(path)) for path in found)

    def of_environment(self, unit: str, host: Host) -> list[str]:
        """Return the environment files of a unit that lie outside of the root. Raises Unseen."""
        patterns = [pattern for pattern, _optional in unit_environment(unit, host).files]
        return self.outside([path for pattern in patterns for path in glob.glob(pattern) or [pattern]])

    def uses_root(self, unit: str) -> bool:
        """Return whether a unit names the root in one of its files, wherever these lie. Raises Unseen, OSError."""
        for path, _mtime in unit_files(unit, None):
            with open(path, "rb") as file:
                if os.fsencode(self._root) in file.read(_MAX_FILE):
                    return True
        return False

    def outside(self, paths: t.Iterable[str]) -> list[str]:
        """Return those absolute paths that lie outside of the root, relative to ``/``."""
        real = [
            os.path.join(os.path.realpath(os.path.dirname(one)), os.path.basename(one))
            for one in paths
            if one.startswith("/")
        ]
        below = self._root.rstrip("/") + "/"
        return sorted({show(os.fsencode(path.lstrip("/"))) for path in real if not path.startswith(below)})

    def crontabs(self) -> list[str]:
        """Return the crontab of the user to whom the root belongs, there or not, and those of the system that name the
        root. Raises OSError.
        """
        found = []
        try:
            user = pwd.getpwuid(os.stat(self._root).st_uid).pw_name
        except KeyError:
            user = ""
        spool = next((one for one in _SPOOLS if os.path.isdir(self._at(one))), None)
        if spool is not None and user:
            found.append(f"{spool}/{user}")
        system = ["etc/crontab", *(f"etc/cron.d/{name}" for name in self._names("etc/cron.d"))]
        found += [path for path in system if self._names_root(path)]
        return sorted(show(os.fsencode(path)) for path in found)

    def _names_root(self, path: str) -> bool:
        if not os.path.isfile(self._at(path)) or os.path.islink(self._at(path)):
            return False
        with open(self._at(path), "rb") as file:
            return os.fsencode(self._root) in file.read(_MAX_FILE)

    def _is_alias(self, path: str, unit: str) -> bool:
        place = self._at(path)
        return os.path.islink(place) and os.path.basename(os.readlink(place)) == unit

    def _names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self._at(folder)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _at(self, path: str) -> str:
        return os.path.join(self._top, path)


def states(units: t.Sequence[str], host: Host) -> list[Unit]:
    """Return how units are, in the order in which they are named; with the reason where that cannot be seen."""
    if not units:
        return []
    try:
        reason = ask.absent()
        if reason:
            raise Unseen(reason)
        said = ask.show(units, (*PROPERTIES, "ActiveEnterTimestampMonotonic"), host)
        found = parse_show(said, units, 0.0)
    except Unseen as unseen:
        return [Unit(name, "", "", 0, unseen.reason) for name in units]
    since = _since(said)
    return [
        Unit(one["name"], one["active"], one["enabled"], since[number])
        if one["outcome"] == "ok"
        else Unit(one["name"], "", "", 0, one["reason"])
        for number, one in enumerate(found)
    ]


def _since(said: bytes) -> list[int]:
    """Return when each unit became active, in microseconds since the boot."""
    found = []
    for block in said.strip().split(b"\n\n"):
        lines = [line.partition(b"=")[2] for line in block.split(b"\n") if line.startswith(b"ActiveEnterTimestampMono")]
        found.append(int(lines[0]) if lines and lines[0].isdigit() else 0)
    return found


def open_top(top: str) -> int:
    """Return a descriptor of the directory that paths outside of the root start from. Raises OSError."""
    return os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
