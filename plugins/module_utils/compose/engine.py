# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the engine about the containers of one Compose project, and their images. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.running import (
    LABEL,
    container_settings,
    image_settings,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.unsaid import unsaid
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Engine, NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

Json = t.Dict[str, t.Any]

_MOST = 500
_INSPECT_S = 10.0
_ID = re.compile("(?:sha256:)?([0-9a-f]{64})")


class Engines:
    """What one engine knows; images are asked for once, whatever number of containers was made of them."""

    def __init__(self, engine: Engine, host: Host) -> None:
        self._engine = engine
        self._host = host
        self._images: dict[str, Json] = {}
        listed = engine.get("/containers/json", {"all": True})
        if not isinstance(listed, list):
            raise Unseen(f"the engine at {engine.socket} lists its containers in another form than its API says")
        self._listed = [Fields(one, "a container in the list") for one in listed]

    def of_project(self, project: str, directory: str) -> list[Json]:
        """Return the containers of a project (docs/design.md). Raises Unseen when not all of them can be seen."""
        mine = [one for one in self._listed if one.map("Labels").raw(f"{LABEL}project") == project]
        if len(mine) > _MOST:
            raise Unseen(f"the project has {len(mine)} containers, more than the {_MOST} that are looked at")
        found = []
        for one in mine:
            self._host.check_time()
            try:
                identity = _identity(one.raw("Id"))
                found.append(self._told(identity, self._inspect(identity), directory))
            except NotFound:
                # It went away after it was listed.
                continue
        return sorted(found, key=lambda one: (one["service"], one["number"], one["name"]))

    def outside(self, identity: str) -> Json:
        """Return a container that belongs to no project, in the same form, with ``unsaid``: what it has besides.

        Raises Unseen, and NotFound when it went away.
        """
        self._host.check_time()
        container = self._inspect(identity)
        return {**self._told(identity, container, ""), "unsaid": unsaid(container)}

    def neighbours(self) -> list[Json]:
        """Return the names by which containers can be found in each network, ``[{network, names}]``."""
        names: dict[str, set[str]] = {}
        for one in self._listed:
            service = one.map("Labels").raw(f"{LABEL}service")
            known = {name.lstrip("/") for name in one.texts("Names")} | ({service} if service else set())
            for network in one.map("NetworkSettings").map("Networks"):
                names.setdefault(network, set()).update(known)
        return [
            {"network": mask(spelled(network)), "names": sorted(mask(spelled(one)) for one in found)}
            for network, found in sorted(names.items())
        ]

    def image_id(self, name: str) -> str | None:
        """Return the id that an image's name stands for now; None when the engine has none of that name."""
        answer = self._image(name)
        return answer["id"] if answer else None

    def _inspect(self, identity: str) -> Fields:
        return Fields(
            self._engine.get(f"/containers/{identity}/json", limit_s=_INSPECT_S), f"container {identity[:12]}"
        )

    def _told(self, identity: str, container: Fields, directory: str) -> Json:
        labels = container.map("Config").map("Labels")
        working_dir = labels.raw(f"{LABEL}project.working_dir")
        created_s = container.moment("Created")
        defaults, reason = self._defaults(container.raw("Image"))
        number = labels.raw(f"{LABEL}container-number")
        return {
            "id": identity,
            "name": container.text("Name").lstrip("/"),
            "service": labels.text(f"{LABEL}service"),
            "number": int(number) if re.fullmatch("[0-9]{1,5}", number) else 0,
            "oneoff": labels.raw(f"{LABEL}oneoff").lower() == "true",
            "state": container.map("State").text("Status"),
            "created": None if created_s is None else iso(created_s),
            "created_s": created_s,
            "image_id": container.text("Image"),
            "working_dir": labels.text(f"{LABEL}project.working_dir"),
            "config_hash": labels.text(f"{LABEL}config-hash"),
            "config_files": labels.text(f"{LABEL}project.config_files"),
            "defaults": defaults,
            "defaults_reason": reason,
            **container_settings(container, [working_dir, directory], self._host),
        }

    def _defaults(self, image: str) -> tuple[Json | None, str]:
        try:
            answer = self._image(image)
        except Unseen as unseen:
            return None, unseen.reason
        return (answer["settings"], "") if answer else (None, "the image that it was made of is gone")

    def _image(self, name: str) -> Json | None:
        """Return ``{id, settings}`` of an image, None when there is none. Raises Unseen."""
        if name not in self._images:
            self._host.check_time()
            try:
                answer = self._engine.get(f"/images/{name}/json", limit_s=_INSPECT_S)
            except NotFound:
                answer = {}
            image = Fields(answer, f"image {name[:80]}")
            made = {"id": image.text("Id"), "settings": image_settings(image, self._host)}
            self._images[name] = made if answer else {}
        return self._images[name] or None


def _identity(said: str) -> str:
    found = _ID.fullmatch(said)
    if not found:
        raise Unseen("the engine lists a container without an id")
    return found[1]
