# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers have mounted from their host, also those that do not run: nothing else on the host says so. Private
to the collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.engine import sockets
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Denied, NoEngine, open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

_LIMIT_S = 20.0


def mounted(places: t.Iterable[str] | None = None) -> list[bytes]:
    """Return the absolute paths, without links, that containers have mounted from their host. ``places`` are where
    engines listen, None: where those of this user usually do.

    Where there is no engine, or this user may ask none, there are none: those of other users are passed over, as their
    processes are. Raises Unseen when an engine is there and does not answer, or cannot be understood.
    """
    if places is None:
        places = [place.path for place in sockets.usual()]
    # Several paths can lead to one engine, and several engines can be there: each has containers of its own.
    there = {os.path.realpath(path) for path in places if sockets.look(path)[0] == sockets.THERE}
    return sorted({path for socket in sorted(there) for path in _of_engine(socket)})


def _of_engine(socket: str) -> t.Iterator[bytes]:
    try:
        listed = open_engine(socket, Host("/", _LIMIT_S)).get("/containers/json", {"all": True})
    except Denied:
        return
    except NoEngine as error:
        # Those that it ran may be stopped now, and have what they had mounted when it is back.
        raise Unseen(f"{error.reason}, so that it cannot be told which releases containers have mounted") from None
    try:
        sources = [mount.get("Source") for one in listed for mount in one.get("Mounts") or ()]
    except (AttributeError, TypeError):
        raise Unseen(
            f"the engine at {socket} lists containers in a form that is not known, so that it cannot be told which "
            "releases they have mounted"
        ) from None
    for one in sources:
        if isinstance(one, str) and one.startswith("/"):
            yield os.path.realpath(os.fsencode(spelled(one)))
