# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that containers of a restore point had, and that are gone: an engine makes each anew, empty, in silence.
Private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import recipe, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import read_member
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Engines
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text

Json = t.Dict[str, t.Any]


def told(
    containers: t.Iterable[Json], brought: t.Container[str], objects_fd: int, engines: t.Callable[[], Engines]
) -> list[str]:
    """Return a sentence for each volume of some saved containers that is gone, and is not among those that are
    ``brought`` back with their content. Raises Damaged, Unseen.
    """
    found = []
    for one in containers:
        create = json.loads(read_member(objects_fd, one["recipe"]["sha256"].encode("ascii"), verify.SMALL))
        for name, place in sorted(recipe.volumes(create).items()):
            if name not in brought and not _is_there(engines().engine, name):
                found.append(
                    f"{one['name']} begins with an EMPTY volume at {text(place, 200)}: {text(name, 100)} is gone, and "
                    "its content is not brought back"
                )
    return found


def _is_there(engine: t.Any, name: str) -> bool:
    try:
        engine.get(f"/volumes/{name}")
    except NotFound:
        return False
    return True
