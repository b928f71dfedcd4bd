# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that define a systemd unit, without systemctl. Private to the collection."""

from __future__ import annotations

import os
import pwd
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain

_SYSTEM = (
    *("/etc/systemd/system", "/run/systemd/transient", "/run/systemd/system", "/usr/local/lib/systemd/system"),
    *("/usr/lib/systemd/system", "/lib/systemd/system"),
)
_USER = ("/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user")


def unit_files(unit: str, user: int | None, folders: t.Sequence[str] | None = None) -> list[tuple[str, float]]:
    """Return the path and mtime of a unit's file and its drop-ins; ``user`` is set for a unit of that user's own
    manager.

    Raises Unseen when one cannot be read.
    """
    names = [unit]
    stem, at, instance = unit.partition("@")
    if at and not instance.startswith("."):
        names.append(f"{stem}@.{unit.rpartition('.')[2]}")
    found: dict[str, float] = {}
    try:
        searched = folders if folders is not None else _folders(user)
        paths = (f"{folder}/{name}" for name in names for folder in searched)
        fragment = next((path for path in paths if os.path.lexists(path)), None)
        if fragment is not None:
            found[os.path.realpath(fragment)] = os.stat(fragment).st_mtime
        for folder in searched:
            for name in _drop_in_names(names):
                for drop_in in _drop_ins(f"{folder}/{name}.d"):
                    found[os.path.realpath(drop_in)] = os.stat(drop_in).st_mtime
    except OSError as error:
        raise Unseen(f"the files of {unit} cannot be read: {explain(error)}") from None
    return sorted(found.items())


def _folders(user: int | None) -> t.Sequence[str]:
    if user is None:
        return _SYSTEM
    try:
        home = pwd.getpwuid(user).pw_dir
    except KeyError:
        raise Unseen(f"user {user} has no entry, and so no directory of units") from None
    return (f"{home}/.config/systemd/user", f"/run/user/{user}/systemd/transient", *_USER)


def _drop_in_names(names: t.Sequence[str]) -> list[str]:
    """Return whose drop-ins count for a unit.

    Its own, those of each shorter prefix (``app-.service``), and those of all units of its type (``service``).
    """
    stem, _dot, kind = names[0].rpartition(".")
    prefix = stem.partition("@")[0]
    ends = [place + 1 for place, char in enumerate(prefix) if char == "-" and place + 1 < len(prefix)]
    return [*names, *(f"{prefix[:end]}.{kind}" for end in ends), kind]


def _drop_ins(folder: str) -> list[str]:
    try:
        return [f"{folder}/{name}" for name in paths.names_in(folder) if name.endswith(".conf")]
    except (FileNotFoundError, NotADirectoryError):
        return []
