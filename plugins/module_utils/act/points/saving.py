# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is asked for to a restore point, and what is told of it. Private to the collection."""

from __future__ import annotations

import functools
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    gitstate,
    levels,
    make,
    room,
    services,
    shelf,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import NoPoint
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Asked as AskedContainers
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.kept import sizes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.target import Target
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]


def make_point(
    asked: Asked,
    what: What,
    fds: tuple[int, int],
    named: tuple[t.Sequence[str], t.Sequence[str]],
    host: Host,
    kind: str = "backup",
    state: State | None = None,
) -> Json:
    """Make a point of ``named``, the paths below the root and the notes about others, and return its manifest.

    ``fds`` are those of the folder with the points and of the root, ``state`` where is noted what is stopped for it.
    Whoever asks holds the lock. Raises ActError,
    Unseen, OSError.
    """
    points_fd, root_fd = fds
    point = shelf.new_id(time.time(), shelf.names(points_fd))
    created = shelf.created_at(point)
    about = {"kind": kind, "who": asked.who, "why": asked.why, "run": asked.run}
    try:
        earlier: str | None = shelf.last_good(points_fd)
    except NoPoint:
        earlier = None
    secret = Patterns([pair for tree in what.trees for pair in tree.get("secret", ())])
    git = functools.partial(gitstate.save, root_fd, point, created, secret, host) if what.git else make.no_repository
    running = services.Found(what.services, asked.root, points_fd, host) if what.services.any() else None
    request = make.Request(point, created, asked.root, root_fd, named[0], about, named[1])
    return make.make(points_fd, request, host, earlier, git, running, state)


def make_replaced(asked: Asked, target: Target, volumes: t.Sequence[str], fds: tuple[int, int], state: State) -> Json:
    """Make a point of what a rollback to another one is about to replace, ``volumes`` among it, for which containers
    are stopped. It is born bad, and its images are those that the engine has: they are not archived.
    """
    document, level = target.document, target.level
    part = document.get("services", {})
    named = [one["name"] for one in levels.containers(document, level)]
    units = [one["name"] for one in part.get("units", [])] if level == levels.FULL else []
    engine = part.get("engine") or {}
    running = Services(units, AskedContainers((), named, engine.get("socket")), archive=False, top=target.top)
    running = running._replace(volumes=volumes, stop=True)
    wanted = [one["path"] for one in levels.entries(document, level)]
    return make_point(asked, What((), (), (), False, running), fds, (wanted, []), target.host, shelf.REPLACED, state)


def summary(document: Json) -> Json:
    """Return what is told of a point to whoever made or used it: no digest, and nothing that it holds."""
    git = {name: value for name, value in document["git"].items() if name != "objects"}
    size = room.estimate(document["entries"])
    named = {"point": document["id"], "created": document["created"], "about": document["about"]}
    running = sizes(document.get("services", {}))
    told = {"git": git, "running": running, "levels": levels.told(document), "notes": document["notes"]}
    return {**named, **size, **told}
