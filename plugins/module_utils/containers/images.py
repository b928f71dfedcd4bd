# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images that containers were made from, and what their names lead to now. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.record import bare_id
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Engine, NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

_OCI = "org.opencontainers.image."
_LIMIT_S = 10.0
_DIGESTS = 20
# What names an image by its content: that never leads to another.
_FIXED = re.compile(r"(?:sha256:)?[0-9a-f]{64}|sha256:[0-9a-f]{12,64}|.*@sha256:[0-9a-f]{64}", re.DOTALL)

Json = t.Dict[str, t.Any]


class Images:
    """Asks an engine about images, each once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, Fields | Unseen] = {}

    def about(self, image: Json, name: str) -> Json:
        """Return a container's image (``docs/design.md``) with its digests, labels and time, and in ``now`` the id of
        the image that its ``name``, as the engine spells it, leads to; null with the reason when it leads to none, or
        is no name that could move: then ``named`` is false.

        Raises Unseen.
        """
        made = dict(image)
        try:
            seen = self._ask(f"sha256:{image['id']}")
            labels = seen.map("Config").map("Labels")
            created = seen.moment("Created")
            made.update(
                digests=sorted(text(digest) for digest in seen.texts("RepoDigests"))[:_DIGESTS],
                revision=labels.text(f"{_OCI}revision") or None,
                version=labels.text(f"{_OCI}version") or None,
                created=None if created is None else iso(created),
            )
        except NotFound:
            # It was removed by force, or is in another store: what the container says is all that there is.
            made["digests"] = []
        if _FIXED.fullmatch(name) or (len(name) >= 12 and image["id"].startswith(name)):
            return {**made, "now": None, "named": False, "now_reason": "it is named by its content"}
        try:
            return {**made, "now": bare_id(self._ask(name).raw("Id")), "now_reason": ""}
        except NotFound:
            return {**made, "now": None, "now_reason": "no image has this name any more"}

    def _ask(self, name: str) -> Fields:
        if name not in self._known:
            try:
                self._known[name] = Fields(self._engine.get(f"/images/{name}/json", limit_s=_LIMIT_S), "the image")
            except Unseen as unseen:
                self._known[name] = unseen
        found = self._known[name]
        if isinstance(found, Unseen):
            raise found
        return found
