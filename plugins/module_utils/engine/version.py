# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine says about itself, and which of its APIs is spoken with it. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.engine import sockets
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

# The answers that this collection knows: of a newer engine the newest of these is asked for.
_NEWEST = (1, 51)
_OLDEST = (1, 24)
_COMPONENTS = 50


def about(said: t.Any, socket: str) -> dict[str, t.Any]:
    """Return what is known of an engine from its answer to /version. Raises Unseen when it is none, or too old."""
    if not isinstance(said, dict):
        raise Unseen(f"what answers at {socket} is not an engine: it has no version")
    newest, oldest = _api(said.get("ApiVersion")), _api(said.get("MinAPIVersion")) or _OLDEST
    if newest is None:
        raise Unseen(f"what answers at {socket} is not an engine: it does not say which API it speaks")
    used = min(newest, _NEWEST)
    if used < _OLDEST or used < oldest:
        raise Unseen(
            f"the engine at {socket} speaks the API from {_dotted(oldest)} to {_dotted(newest)}, this collection from "
            f"{_dotted(_OLDEST)} to {_dotted(_NEWEST)}"
        )
    listed = said.get("Components")
    components = {
        text(one.get("Name")): text(one.get("Version"))
        for one in (listed if isinstance(listed, list) else [])[:_COMPONENTS]
        if isinstance(one, dict)
    }
    return {
        "version": text(said.get("Version")),
        "api": _dotted(newest),
        "min_api": _dotted(oldest),
        "used_api": _dotted(used),
        "kind": sockets.PODMAN if any("podman" in name.lower() for name in components) else sockets.DOCKER,
        "os": text(said.get("Os")),
        "arch": text(said.get("Arch")),
        "components": components,
    }


def _api(said: t.Any) -> tuple[int, int] | None:
    found = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})(?:\.[0-9]{1,3})?", said) if isinstance(said, str) else None
    return (int(found[1]), int(found[2])) if found else None


def _dotted(api: tuple[int, int]) -> str:
    return f"{api[0]}.{api[1]}"
