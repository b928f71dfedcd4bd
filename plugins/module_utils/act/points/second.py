# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What requests ask about second places of restore points. Private to the collection.

Only a request that names one comes with this code, and with all that it imports.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import elsewhere, place, restic, sealing
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import NoPoint, OnlyHere
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked

Json = t.Dict[str, t.Any]


def keep(options: Json, asked: Asked, told: Json) -> Json:
    """Keep a point that was just made in the places that are asked for, and return what is told of it then.

    Raises OnlyHere. The lock is not held: a slow line is no reason to keep a rollback waiting.
    """
    point, repository = str(told["point"]), _repository(options)
    with place.existing(asked) as (state, points_fd):
        about = {"who": asked.who, "point": point}
        try:
            if repository is not None:
                told = {**told, "restic": elsewhere.keep(repository, asked, points_fd, point)}
                state.log({"what": "restore point kept elsewhere", **about, **told["restic"]})
            if options.get("fetch") is not None:
                recipient = sealing.Recipient(options["fetch"]["certificate"], options["fetch"]["timeout"])
                told = {**told, "sealed": elsewhere.seal(recipient, state, points_fd, point)}
        except OnlyHere as error:
            state.log({"what": "restore point NOT kept elsewhere", **about, "why": error.reason})
            raise
    return told


def use(options: Json, asked: Asked, check: bool, use_it: t.Callable[[], Json]) -> Json:
    """Use a point that is on the host, or in the repository. Raises what using it raises, and PointError, Unseen."""
    repository, point = _repository(options), options["point"]
    if repository is None:
        return use_it()
    if point is not None:
        returned = elsewhere.bring_back(repository, asked, point, check)
        told = use_it()
        return {**told, "returned": returned, "changed": told["changed"] or returned}
    try:
        return {**use_it(), "returned": False}
    except NoPoint as error:
        raise NoPoint(error.reason + elsewhere.hint(repository, asked.application)) from None


def left(options: Json, asked: Asked) -> list[str]:
    """Return notes about the copies of a point that was removed from its host."""
    repository = _repository(options)
    return [] if repository is None else elsewhere.left(repository, asked.application, options["point"])


def listed(options: Json, asked: Asked, here: t.Container[str]) -> Json:
    """Return which points are in the repository, as :func:`elsewhere.listed` tells it."""
    repository = _repository(options)
    return {} if repository is None else elsewhere.listed(repository, asked.application, here)


def _repository(options: Json) -> restic.Place | None:
    asked = options.get("restic")
    if asked is None:
        return None
    given: Json = {name: asked.get(name) for name in restic.Place._fields}
    return restic.Place(**given)
