# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where engines listen, and why one there does not answer. Private to the collection.

``DOCKER_HOST`` and Docker's contexts are not followed: they are settings of whoever is logged in, and may name another
machine.
"""

from __future__ import annotations

import glob
import grp
import os
import pwd
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.command import find
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import explain

DOCKER = "docker"
PODMAN = "podman"
KINDS = (DOCKER, PODMAN)

THERE = "there"
ABSENT = "absent"
HIDDEN = "hidden"

_RIGHTS = "audit with become"
_PROGRAMS = {DOCKER: ("dockerd", "docker"), PODMAN: ("podman",)}


class Place(t.NamedTuple):
    """A path where an engine of a kind usually listens."""

    path: str
    kind: str


def usual(kind: str | None = None) -> list[Place]:
    """Return where the engines of this user listen, of one kind or of both, the most usual first."""
    mine = f"/run/user/{os.geteuid()}"
    folders = dict.fromkeys([os.environ.get("XDG_RUNTIME_DIR") or mine, mine])
    places = [Place("/var/run/docker.sock", DOCKER), Place("/run/podman/podman.sock", PODMAN)]
    for folder in folders:
        places += [Place(f"{folder}/docker.sock", DOCKER), Place(f"{folder}/podman/podman.sock", PODMAN)]
    return [place for place in places if kind in (None, place.kind)]


def others(kind: str | None = None) -> list[Place]:
    """Return where engines of other users listen, as far as this user may look."""
    found = [Place(path, DOCKER) for path in glob.glob("/run/user/*/docker.sock")]
    found += [Place(path, PODMAN) for path in glob.glob("/run/user/*/podman/podman.sock")]
    mine = {place.path for place in usual()}
    return [place for place in sorted(found) if place.path not in mine and kind in (None, place.kind)]


def look(path: str) -> tuple[str, str]:
    """Return whether a socket is at a path (THERE, ABSENT, HIDDEN) and, unless it is, why not. Links are followed."""
    try:
        seen = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):
            return ABSENT, f"{path} is a link that leads nowhere"
        return ABSENT, f"there is no socket {path}"
    except PermissionError:
        return HIDDEN, f"{_me()} may not look for {path}: {_RIGHTS}"
    except OSError as error:
        return HIDDEN, f"{path} cannot be looked at: {explain(error)}"
    if not stat.S_ISSOCK(seen.st_mode):
        return ABSENT, f"{path} is not a socket"
    return THERE, ""


def same(one: str, other: str) -> bool:
    """Return whether two paths lead to one socket."""
    return os.path.realpath(one) == os.path.realpath(other)


def installed(kind: str | None = None) -> str:
    """Return a program that shows that an engine is installed on this host, nothing when there is none."""
    for one in KINDS if kind is None else (kind,):
        for program in _PROGRAMS[one]:
            path = find(program)
            if path is not None:
                return path
    return ""


def denied(path: str) -> str:
    """Return who may use a socket that this user may not."""
    try:
        seen = os.stat(path)
    except OSError:
        return f"{_me()} may not use the socket {path}: {_RIGHTS}"
    mode = stat.S_IMODE(seen.st_mode)
    owner, group = _name(pwd.getpwuid, seen.st_uid), _name(grp.getgrgid, seen.st_gid)
    if not mode & stat.S_IWGRP:
        return f"{_me()} may not use the socket {path}, which is for {owner} (mode {mode:04o}): {_RIGHTS}"
    return (
        f"{_me()} may not use the socket {path}, which is for {owner} and the group {group} (mode {mode:04o}): "
        f"{_RIGHTS}, or as a member of that group, which is as good as root"
    )


def not_running(path: str) -> str:
    """Return the sentence about a socket behind which nobody listens."""
    _state, reason = look(path)
    return reason or f"nobody listens at {path}: the engine does not run, or ended without removing its socket"


def _me() -> str:
    return f"the user {_name(pwd.getpwuid, os.geteuid())}"


def _name(lookup: t.Callable[[int], t.Any], number: int) -> str:
    try:
        return str(lookup(number)[0])
    except KeyError:
        return str(number)
