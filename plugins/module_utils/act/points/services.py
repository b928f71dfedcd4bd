# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs, in a restore point: units, crontabs and environment files, containers, their networks and images.

All of it stays on the host: what an engine says of a container holds the values of its environment. Private to the
collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import copying, images, recipe
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.copying import Copied
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import (
    Asked,
    Container,
    Engines,
    opened,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.kept import sizes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.manifest import canonical
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.objects import Objects
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.outside import (
    CRONTAB,
    ENVIRONMENT,
    UNIT,
    Outside,
    Unit,
    states,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

Json = t.Dict[str, t.Any]

SAVED, NOT_ASKED = "saved", "not_asked"


class Services(t.NamedTuple):
    """What is asked for: units by their names, containers, volumes; ``archive``: whether the images of containers are
    archived as well; ``stop``: whether containers that use a volume are stopped while it is copied.

    ``required``: it is for a change. It is an error when something of it cannot be saved, and volumes are saved that
    its containers use.
    """

    units: t.Sequence[str] = ()
    containers: Asked = Asked((), ())
    archive: bool = True
    required: bool = False
    top: str = "/"
    volumes: t.Sequence[str] = ()
    stop: bool = False

    def any(self) -> bool:
        """Return whether anything is asked for."""
        return bool(self.units or self.containers.any() or self.volumes)


class Found:
    """What there is to save: looked at, and nothing kept yet. ``outside`` are paths below ``top`` with the role of
    each; ``notes`` say what will not be in the point.
    """

    def __init__(self, asked: Services, root: str, points_fd: int | None, host: Host) -> None:
        """Look; ``points_fd`` None: there are no points yet. Raises PointError when what is required is not seen."""
        self.asked = asked
        self.notes: list[str] = []
        self._host = host
        self._points_fd = points_fd
        self._root = os.path.realpath(root)
        self.outside: dict[str, str] = {}
        self._files: dict[str, list[str]] = {}
        self._uses: set[str] = set()
        self._look_outside(Outside(root, asked.top))
        self.units: list[Unit] = states(asked.units, host)
        for one in self.units:
            if one.reason:
                self.lack(f"the state of {one.name}", one.reason)
        self.engines: Engines | None = None
        self.containers: list[Container] = []
        self.images: list[images.Wanted] = []
        self.volumes: list[Copied] = []
        if asked.containers.any():
            self._look_at_engine()
        self.volumes = copying.wanted(self, host)

    @property
    def size(self) -> int:
        """How many bytes of images have to be archived."""
        return images.room(self.images) if self.asked.archive else 0

    @property
    def size_of_volumes(self) -> int:
        """How many bytes the files of volumes have."""
        return sum(one.size for one in self.volumes)

    def sizes(self) -> dict[str, int]:
        """Return how many units, containers, images and files outside of the root there are."""
        return sizes(vars(self))

    def save(self, outside: list[Json], volumes: list[Json], store: Objects) -> Json:
        """Make objects of what was found, and return the part of the manifest; ``outside`` are the entries of paths,
        ``volumes`` what became of these.

        Raises PointError, Unseen, NotFound, ActError, OSError.
        """
        engine = None
        if self.engines is not None:
            told = self.engines.engine
            engine = {"socket": told.socket, "kind": told.kind}
        return {
            "outcome": SAVED,
            "for_change": self.asked.required,
            "engine": engine,
            "units": [
                {**one._asdict(), "files": sorted(self._files[one.name]), "uses": one.name in self._uses}
                for one in self.units
            ],
            "outside": outside,
            "roles": {one["path"]: self.outside[one["path"]] for one in outside},
            "containers": [self._container(one, store) for one in self.containers],
            "images": [self._image(one, store) for one in self.images],
            "networks": self._networks(store),
            "volumes": volumes,
        }

    def lack(self, what: str, reason: str, required: bool = False) -> None:
        """Say that something will not be in the point. Raises PointError when it is required."""
        if required:
            raise PointError(f"{what} cannot be saved: {reason}")
        self.notes.append(f"{what} is NOT in this point: {reason}")

    def _look_outside(self, looked: Outside) -> None:
        for unit in self.asked.units:
            mine = self._files[unit] = []
            try:
                mine += looked.of_unit(unit)
                self.outside.update(dict.fromkeys(mine, UNIT))
                self._uses |= {unit} if looked.uses_root(unit) else set()
            except (Unseen, OSError) as error:
                self.lack(f"a file of {unit}", error.reason if isinstance(error, Unseen) else explain(error))
            try:
                mine += looked.of_environment(unit, self._host)
                self.outside.update({path: ENVIRONMENT for path in mine if path not in self.outside})
            except (Unseen, OSError) as error:
                self.lack(f"the environment of {unit}", error.reason if isinstance(error, Unseen) else explain(error))
        if not self.asked.units:
            return
        try:
            self.outside.update(dict.fromkeys(looked.crontabs(), CRONTAB))
        except OSError as error:
            self.lack("the crontab", explain(error))

    def _look_at_engine(self) -> None:
        try:
            self.engines = opened(self.asked.containers, self._host)
            self.containers = self.engines.chosen(self.asked.containers)
            wanted = [one.image for one in self.containers]
            self.images = images.wanted(self.engines.writer, wanted, self._points_fd)
        except Unseen as unseen:
            self.engines, self.containers, self.images = None, [], []
            self.lack("what runs in containers", unseen.reason, self.asked.required)
        for one in self.images:
            if one.reason and self.asked.archive:
                self.lack(f"the image {one.id[:19]}", one.reason, self.asked.required)

    def _container(self, one: Container, store: Objects) -> Json:
        called = str(one.inspected["Config"].get("Image") or "")
        tags = [tag for image in self.images if image.id == one.image for tag in image.tags]
        made = recipe.recipe(one.inspected, called if called in tags else one.image)
        return {
            **{name: getattr(one, name) for name in ("name", "id", "image", "state", "running", "project", "service")},
            "called": called,
            "removed_on_stop": bool(one.inspected["HostConfig"].get("AutoRemove")),
            "files": one.files_below(self._root),
            "after": self._after(one),
            "print": one.print,
            "inspected": store.put(canonical(one.inspected)),
            "recipe": store.put(canonical(made["create"])),
            "connect": made["connect"],
        }

    def _after(self, one: Container) -> list[str]:
        """Return the names of the containers that have to be there before this one."""
        joined = set(recipe.joined(one.inspected))
        needed = one.depends_on()
        return sorted(
            other.name
            for other in self.containers
            if other.id != one.id and (other.id in joined or (other.project == one.project and other.service in needed))
        )

    def _image(self, one: images.Wanted, store: Objects) -> Json:
        archive, reason = None, one.reason
        if not self.asked.archive:
            reason = "what a rollback replaces keeps its image on the engine alone"
        elif not reason and self.engines is not None:
            self._host.check_time()
            try:
                archive = images.save(one, self.engines.writer, t.cast(int, self._points_fd), store)
            except (Unseen, ActError) as error:
                self.lack(f"the image {one.id[:19]}", error.reason, self.asked.required)
                reason = error.reason
        return {"id": one.id, "tags": one.tags, "size": one.size, "archive": archive, "reason": reason}

    def _networks(self, store: Objects) -> list[Json]:
        found = []
        for name in sorted({name for one in self.containers for name in one.networks}):
            if self.engines is None:
                break
            try:
                told = self.engines.engine.get(f"/networks/{name}")
            except NotFound:
                continue
            kept = ("Name", "Driver", "Internal", "Attachable", "EnableIPv6", "IPAM", "Options", "Labels")
            network = {key: told[key] for key in kept if key in told}
            found.append({"name": name, "recipe": store.put(canonical(network))})
        return found


def nothing() -> Json:
    """Return the part of a manifest that nobody asked for."""
    return {"outcome": NOT_ASKED}
