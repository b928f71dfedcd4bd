# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of images that a rollback moves, and that go back when none of their containers came back. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import images
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Engines
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

Json = t.Dict[str, t.Any]


def present(part: Json, engines: Engines) -> dict[str, str]:
    """Return the image that each name of a point's images stands for now, where it stands for one. Raises Unseen."""
    names = sorted({name for image in part["images"] for name in image["tags"]})
    found = {name: images.stands_for(name, engines.writer) for name in names}
    return {name: image for name, image in found.items() if image}


def put_back(part: Json, engines: Engines, before: t.Mapping[str, str]) -> list[tuple[str, str]]:
    """Give names back that were moved for containers of which none came back; ``before`` says which images they stood
    for. One that stood for none stays: taking it away could take the image with it.

    Returns the names with which that did not succeed, each with the reason.
    """
    failed = []
    for image in part["images"]:
        moved = [name for name in image["tags"] if before.get(name, image["id"]) != image["id"]]
        for name in moved:
            try:
                if not _is_used(part, engines, image["id"]):
                    _put_back(name, image["id"], before[name], engines)
            except (ActError, Unseen) as error:
                failed.append((name, error.reason))
    return failed


def _put_back(name: str, image: str, before: str, engines: Engines) -> None:
    # What somebody else gave it to meanwhile has it.
    if images.stands_for(name, engines.writer) == image:
        images.tag(before, [name], engines.writer)


def _is_used(part: Json, engines: Engines, image: str) -> bool:
    """Return whether a saved container of an image is there as it was saved."""
    names = engines.names()
    saved = [one for one in part["containers"] if one["image"] == image]
    found = [engines.look(one["name"], names) for one in saved]
    return any(now is not None and now.print == one["print"] for one, now in zip(saved, found))
