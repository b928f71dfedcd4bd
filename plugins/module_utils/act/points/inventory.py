# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers belong to an application, and what an engine says of each. Private to the collection."""

from __future__ import annotations

import fnmatch
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Writer, open_writer
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import recipe
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Engine, NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.errors import OtherKind
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]

_LABEL = "com.docker.compose."
_MOST = 500
_RUNNING = ("running", "restarting", "paused")


class Asked(t.NamedTuple):
    """Whose containers: those of Compose projects, and those whose names match patterns; at which engine."""

    projects: t.Sequence[str]
    names: t.Sequence[str]
    socket: str | None = None

    def any(self) -> bool:
        """Return whether anything is asked for."""
        return bool(self.projects or self.names)


class Container:
    """A container as it is now. ``inspected`` is all that the engine says of it; it holds secrets."""

    def __init__(self, inspected: Json, names: t.Mapping[str, str]) -> None:
        self.inspected = inspected
        self.id = str(inspected["Id"])
        self.name = str(inspected["Name"]).lstrip("/")
        self.image = str(inspected["Image"])
        state = inspected["State"]
        self.state = str(state.get("Status") or "")
        self.running = self.state in _RUNNING
        labels = inspected["Config"].get("Labels") or {}
        self.project = str(labels.get(f"{_LABEL}project") or "")
        self.service = str(labels.get(f"{_LABEL}service") or "")
        self.print = recipe.print_of(inspected, names)

    def files_below(self, root: str) -> list[str]:
        """Return the files of its Compose project that lie below a root, relative to it."""
        labels = self.inspected["Config"].get("Labels") or {}
        folder = str(labels.get(f"{_LABEL}project.working_dir") or "")
        named = [str(labels.get(f"{_LABEL}project.{name}") or "") for name in ("config_files", "environment_file")]
        paths = [path for one in named for path in one.split(",") if path]
        found = {os.path.normpath(os.path.join(folder, path)) for path in [*paths, *([".env"] if folder else [])]}
        above = root.rstrip("/") + "/"
        return sorted(show(path[len(above) :]) for path in found if path.startswith(above))

    def depends_on(self) -> set[str]:
        """Return the services of its Compose project that it was made after."""
        labels = self.inspected["Config"].get("Labels") or {}
        told = str(labels.get(f"{_LABEL}depends_on") or "")
        return {one.partition(":")[0] for one in told.split(",") if one} if self.project else set()

    @property
    def stop_grace(self) -> float | None:
        """How long it has to end, None for the engine's own time."""
        grace = self.inspected["Config"].get("StopTimeout")
        return grace if isinstance(grace, int) else None

    @property
    def networks(self) -> list[str]:
        """The networks that it is in, without those that every engine has."""
        made = recipe.recipe(self.inspected, self.image)
        first = made["create"].get("NetworkingConfig", {}).get("EndpointsConfig", {})
        return sorted({*first, *made["connect"]})


class Engines:
    """The engine of a host, and its containers when it was asked; ``writer`` is how it is changed."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    @property
    def engine(self) -> Engine:
        return self.writer.engine

    def names(self) -> dict[str, str]:
        """Return the names of all containers by their ids. Raises Unseen."""
        listed = self.engine.get("/containers/json", {"all": True})
        try:
            return {str(one["Id"]): str(one["Names"][0]).lstrip("/") for one in listed}
        except (KeyError, IndexError, TypeError):
            raise Unseen(
                f"the engine at {self.engine.socket} lists its containers in a form that is not known"
            ) from None

    def look(self, container: str, names: t.Mapping[str, str]) -> Container | None:
        """Return a container by its id or name, None when there is none. Raises Unseen."""
        try:
            found = Container(self.engine.get(f"/containers/{container}/json"), names)
        except NotFound:
            return None
        except (KeyError, TypeError, AttributeError):
            raise Unseen(f"the engine tells of the container {container[:80]} in a form that is not known") from None
        # Where none has the name, an engine takes it for the beginning of an id: db, cafe. That is somebody else's.
        return found if container in (found.id, found.name) else None

    def chosen(self, asked: Asked) -> list[Container]:
        """Return the containers that are asked for, sorted by name. Raises Unseen."""
        names = self.names()
        listed = self.engine.get("/containers/json", {"all": True})
        mine = [one for one in listed if self._counts(one, asked, names.get(str(one["Id"]), ""))]
        if len(mine) > _MOST:
            raise Unseen(f"there are {len(mine)} containers to save, more than {_MOST}")
        found = [self.look(str(one["Id"]), names) for one in mine]
        return sorted((one for one in found if one is not None), key=lambda one: one.name)

    @staticmethod
    def _counts(listed: Json, asked: Asked, name: str) -> bool:
        labels = listed.get("Labels") or {}
        if str(labels.get(f"{_LABEL}oneoff")).lower() == "true":
            # docker compose run: made for one command, and gone after it.
            return False
        return labels.get(f"{_LABEL}project") in asked.projects or any(
            fnmatch.fnmatchcase(name, pattern) for pattern in asked.names
        )


def opened(asked: Asked, host: Host) -> Engines:
    """Return the engine of a host. Raises Unseen when none answers, or one of another kind."""
    try:
        return Engines(open_writer(asked.socket, host, "docker"))
    except OtherKind as other:
        cure = "a restore point holds those of Docker alone; save and bring back what runs there by hand"
        raise OtherKind(f"{other.reason}: {cure}") from None
