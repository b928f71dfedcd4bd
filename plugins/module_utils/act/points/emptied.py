# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes of the containers of a restore point: those that are gone, which an engine makes anew, empty, in silence; and
those without a name that are others by now. Private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import recipe, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import read_member
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Container, Engines
from ansible_collections.evenkeel.drift.plugins.module_utils.act.unnamed import ID, left_behind
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Engine, NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

Json = t.Dict[str, t.Any]


def told(
    containers: t.Sequence[Json], brought: t.Container[str], objects_fd: int, engines: t.Callable[[], Engines]
) -> list[str]:
    """Return a sentence for each volume of some saved containers, which are to be made anew, that is gone, and is not
    among those that are ``brought`` back with their content; and for each without a name that is used no longer then.

    Raises Damaged, Unseen.
    """
    found = []
    names = engines().names() if containers else {}
    for one in containers:
        create = json.loads(read_member(objects_fd, one["recipe"]["sha256"].encode("ascii"), verify.SMALL))
        had = recipe.volumes(create)
        left = [name for name in sorted(had) if name not in brought]
        found += [_of_one(one["name"], name, text(had[name], 200), engines().engine) for name in left]
        present = engines().look(one["name"], names)
        has = {} if present is None else recipe.unnamed(present.inspected)
        found += [left_behind(name, one["name"], text(has[name], 200)) for name in has if name not in had]
    return [sentence for sentence in found if sentence]


def _of_one(container: str, name: str, place: str, engine: Engine) -> str:
    """Return what is to be told of one volume, nothing where it is there."""
    shown = text(name, 100)
    try:
        if _is_there(engine, name):
            return ""
    except Unseen as unseen:
        # It is told: the rollback of all else does not depend on it.
        return f"whether the volume {shown} of {container} at {place} is there cannot be told: {unseen.reason}"
    return f"{container} begins with an EMPTY volume at {place}: {shown} is gone, and its content is not brought back"


def are_others(create: Json, present: Container, engine: Engine) -> bool:
    """Return whether a container has other volumes without a name than its recipe, although those are there still: it
    runs with another content. Raises Unseen.
    """
    has = recipe.unnamed(present.inspected)
    had = [name for name in recipe.volumes(create) if ID.fullmatch(name) and name not in has]
    return any(_is_there(engine, name) for name in had)


def _is_there(engine: Engine, name: str) -> bool:
    try:
        engine.get(f"/volumes/{name}")
    except NotFound:
        return False
    return True
