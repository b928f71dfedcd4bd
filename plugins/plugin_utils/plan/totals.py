# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions of a host in their order, and what they come to. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.files import numbered

Json = dict[str, t.Any]

_BYTES_A_SECOND = 5 << 20
_SECONDS_A_HOST = 3
_SECONDS_A_STEP = 5


def totalled(part: Json) -> Json:
    """Return a host's part of a plan with its actions in their order, services behind all files, and what they come
    to.
    """
    running = [action for action in part["actions"] if "steps" in action]
    actions = numbered([action for action in part["actions"] if "steps" not in action] + running)
    size = sum(action["bytes"] for action in actions)
    seconds = _SECONDS_A_HOST + size // _BYTES_A_SECOND + _SECONDS_A_STEP * len(document.steps(actions))
    return {
        **part,
        "actions": actions,
        "estimate": {"bytes": size, "seconds": seconds if actions else 0},
        "blast": {
            "files": len(document.operations({"actions": actions})),
            "services": [action["path"] for action in running],
            "by_hand": part["blast"]["by_hand"],
        },
    }
