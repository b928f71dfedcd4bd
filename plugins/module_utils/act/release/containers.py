# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers have mounted from their host, also those that do not run: nothing else on the host says so. Private
to the collection.
"""

from __future__ import annotations

import os

from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Denied, NoEngine, open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

_LIMIT_S = 20.0


def mounted(socket: str | None = None) -> list[bytes]:
    """Return the absolute paths, without links, that containers have mounted from their host.

    Where there is no engine, or this user may ask none, there are none: those of other users are passed over, as their
    processes are. Raises Unseen when an engine is there and cannot be understood.
    """
    try:
        engine = open_engine(socket, Host("/", _LIMIT_S))
        listed = engine.get("/containers/json", {"all": True})
    except (NoEngine, Denied):
        return []
    try:
        sources = [mount.get("Source") for one in listed for mount in one.get("Mounts") or ()]
    except (AttributeError, TypeError):
        raise Unseen(
            f"the engine at {engine.socket} lists containers in a form that is not known, so that it cannot be told "
            "which releases they have mounted"
        ) from None
    paths = (os.fsencode(spelled(one)) for one in sources if isinstance(one, str) and one.startswith("/"))
    return sorted({os.path.realpath(path) for path in paths})
