# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ran when a host was observed just before its watch, so that nothing ends unseen in between. Private to the
collection.
"""

from __future__ import annotations

import os
import re

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.containers import UP
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Json

_ID = re.compile("[0-9a-f]{12,64}")


def containers(run: RunFolder, host: str) -> list[Json]:
    """Return the containers that ran, or were being restarted, as a look has them. Raises StoreError, also when a
    folder is that of no run, or of one that did not observe this host: that nothing ran is for a run to say.

    Where the run did not see the containers there are none.
    """
    if not os.path.isfile(run.join("run.json")):
        raise StoreError(f"run: {run.path} is not the folder of a run: it has no run.json")
    if evidence.load(run, host, evidence.HOST) is None:
        raise StoreError(f"run: the run {run.path} did not observe {host}: name the one that did, or none")
    seen = evidence.load(run, host, "containers")
    if seen is None or seen["outcome"] != "ok":
        return []
    return [
        {
            **{key: one[key] for key in ("name", "id", "state", "started", "restarts")},
            "health": one["health"]["status"] if one["health"] else None,
        }
        for one in seen["data"]["containers"]
        if one["state"] in UP and _ID.fullmatch(one["id"])
    ]
