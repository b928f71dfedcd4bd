# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named volumes as a container engine keeps them: where one lies, what is in it, who uses it. Private to the
collection.

Volumes of the local driver alone, which are folders of the host: what another driver mounts is elsewhere, and is
refused by its name. The paths of a volume begin at the folder that holds ``_data``, so that its own mode and owner are
among them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import PREFIX
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import levels, manifest, recipe
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Container, Engines
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.look import look
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

DATA = levels.TOP_OF_VOLUME
_NAME = re.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}")
_DEEPEST = 200
# One that is paused goes on some day, with the files that it has open.
_WRITING = ("running", "restarting", "paused")

Json = t.Dict[str, t.Any]


class Volume(t.NamedTuple):
    """A volume that is there; ``folder`` holds its ``_data``."""

    name: str
    folder: str
    labels: dict[str, str]


def checked(names: t.Sequence[str]) -> list[str]:
    """Return the names of volumes, each once. Raises PointError for what is no such name."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise PointError(f"volumes: {text(name, 100)!r} is no name of a volume (docker volume ls lists them)")
    return sorted(set(names))


def find(engines: Engines, name: str) -> Volume | None:
    """Return a volume, None when there is none of this name. Raises PointError when it is none that is a folder of the
    host, Unseen.
    """
    try:
        told = engines.engine.get(f"/volumes/{checked([name])[0]}")
    except NotFound:
        return None
    fields = told if isinstance(told, dict) else {}
    driver, options = text(fields.get("Driver"), 100), fields.get("Options") or {}
    if driver != "local" or options:
        with_options = f" with options ({', '.join(text(key, 100) for key in sorted(options))})" if options else ""
        raise PointError(
            f"the volume {name} is of the driver {driver}{with_options}: only those of the driver local without "
            "options are folders of this host; save it by the means of its own"
        )
    place = fields.get("Mountpoint")
    if not isinstance(place, str) or not place.startswith("/") or not place.endswith(f"/{name}/{DATA}"):
        raise PointError(f"the volume {name} lies at {text(place, 200)}, where the driver local keeps none")
    labels = fields.get("Labels") or {}
    return Volume(name, os.path.realpath(os.path.dirname(place)), {str(key): str(one) for key, one in labels.items()})


@contextlib.contextmanager
def opened(volume: Volume) -> t.Iterator[int]:
    """Open the folder of a volume. Raises Unseen, OSError."""
    fd = paths.open_root(volume.folder)
    try:
        yield fd
    finally:
        os.close(fd)


def must_find(engines: Engines, name: str) -> Volume:
    """Return a volume. Raises PointError, also when there is none of this name; Unseen."""
    found = find(engines, name)
    if found is None:
        raise PointError(f"there is no volume {name} on this host (docker volume ls lists them)")
    return found


class Users:
    """All containers of an engine, as far as they use volumes."""

    def __init__(self, engines: Engines) -> None:
        """Look. Raises Unseen."""
        names = engines.names()
        found = [engines.look(identity, names) for identity in sorted(names)]
        self._all = [one for one in found if one is not None]

    def of(self, volume: str) -> list[Container]:
        """Return the containers that have a volume mounted, sorted by name."""
        return sorted((one for one in self._all if volume in volumes_of(one)), key=lambda one: one.name)

    def to_stop(self, volumes: t.Iterable[str]) -> list[Container]:
        """Return the containers that have to be stopped while volumes are not to change, in the order in which they are
        started again: those that use them, and those that share the network of one, which it takes along.
        """
        writing = [one for one in self._all if one.state in _WRITING]
        chosen = self._with_sharing(volumes, writing)
        by_name = {one.name: one for one in chosen.values()}
        return [
            by_name[one["name"]] for one in recipe.ordered([self._needing(one, chosen) for one in by_name.values()])
        ]

    def depending(self, volumes: t.Iterable[str]) -> list[str]:
        """Return the names of the containers that use volumes or share the network of one that does, running or not."""
        return sorted(one.name for one in self._with_sharing(volumes, self._all).values())

    def _with_sharing(self, volumes: t.Iterable[str], among: t.Sequence[Container]) -> dict[str, Container]:
        """Return, by id, which of some containers use volumes, and which share the network of one."""
        wanted = set(volumes)
        chosen = {one.id: one for one in among if wanted & set(volumes_of(one))}
        more = True
        while more:
            sharing = [one for one in among if one.id not in chosen]
            sharing = [one for one in sharing if chosen.keys() & {*recipe.joined(one.inspected)}]
            chosen.update({one.id: one for one in sharing})
            more = bool(sharing)
        return chosen

    @staticmethod
    def _needing(one: Container, chosen: t.Mapping[str, Container]) -> Json:
        joined, needed = set(recipe.joined(one.inspected)), one.depends_on()
        others = [other for other in chosen.values() if other.id != one.id]
        after = [
            other.name
            for other in others
            if other.id in joined or (other.project == one.project and other.service in needed)
        ]
        return {"name": one.name, "after": sorted(after)}


def volumes_of(one: Container) -> list[str]:
    """Return the names of the volumes that a container has mounted."""
    mounts = one.inspected.get("Mounts") or []
    return sorted({str(mount.get("Name") or "") for mount in mounts if mount.get("Type") == "volume"})


def refuse_running(users: Users, names: t.Sequence[str]) -> None:
    """Raise PointError when a container that uses one of the volumes runs again: somebody starts what is stopped."""
    found = users.to_stop(names)
    if found:
        raise PointError(
            f"{found[0].name} was stopped for the volumes {', '.join(names)}, and runs again: stop what starts it, "
            "such as a unit of systemd"
        )


def not_to_stop(containers: t.Iterable[Container]) -> list[str]:
    """Return which cannot be stopped for a volume, and why, a sentence each."""
    found = []
    for one in containers:
        if one.inspected["HostConfig"].get("AutoRemove"):
            found.append(f"{one.name} was started with --rm, so stopping it would remove it: stop it by hand")
        elif one.state == "paused":
            found.append(f"{one.name} is paused, and would go on with what it has open: unpause it or stop it by hand")
    return found


def sizes(folder_fd: int, host: Host) -> t.Iterator[tuple[str, int]]:
    """Yield the paths of files of a volume and their sizes. Raises as :func:`paths_in`."""
    for path, seen in look(folder_fd, paths_in(folder_fd, host), host, content=False):
        if seen["type"] == "file":
            yield path, seen["size"]


def paths_in(folder_fd: int, host: Host) -> list[str]:
    """Return the paths of a volume, as ``text.show`` spells them, sorted; those of changes in progress are left out.

    Raises PointError when a part of it cannot be listed, is another file system, or there are too many; Unseen when the
    time is up.
    """
    found: list[str] = []

    def walk(fd: int, above: bytes, device: int) -> None:
        for name in sorted(map(os.fsencode, os.listdir(fd))):
            host.check_time()
            if name.startswith(PREFIX.encode("ascii")):
                continue
            path = above + b"/" + name
            found.append(show(path))
            if len(found) > manifest.MAX_ENTRIES or path.count(b"/") > _DEEPEST:
                raise PointError(
                    f"a volume has more than {manifest.MAX_ENTRIES} files and directories, or more than {_DEEPEST} in "
                    f"each other: {show(path)[:200]}"
                )
            below(fd, name, path, device)

    def below(fd: int, name: bytes, path: bytes, device: int | None) -> None:
        try:
            held = paths.open_dir(fd, name)
        except OSError as error:
            # A file; a link, which is saved as one wherever it leads; or what is gone meanwhile.
            if device is not None and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return
            raise PointError(f"{show(path)} cannot be read: {explain(error)}") from None
        try:
            own = os.fstat(held).st_dev
            if device is not None and own != device:
                raise PointError(f"{show(path)} is a file system of its own, which is not saved with the volume")
            walk(held, path, own)
        finally:
            os.close(held)

    data = os.fsencode(DATA)
    below(folder_fd, data, data, None)
    return sorted([DATA, *found])
