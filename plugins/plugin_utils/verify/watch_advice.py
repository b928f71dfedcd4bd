# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to see what a verification right after a change cannot: by a window that is long enough. Private to the
collection. Pure.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts

_LEAST_S, _MOST_S = 600, 24 * 3600
_CYCLES = 3
_WATCHED = {("logs", "interval"), ("streams", "progress"), ("logs", "forbid"), ("logs", "max"), ("logs", "fresh")}

Json = dict[str, t.Any]


def watch_for(expected: t.Mapping[str, t.Any]) -> Json:
    """Return what to do about something that did not happen yet: watch for a few times as long as it may take."""
    longest = [one for key in ("max_s", "fresh_s") if isinstance(one := expected.get(key), (int, float))]
    wanted = max([_LEAST_S, *(_CYCLES * one for one in longest)])
    if wanted > _MOST_S:
        return remedy("investigate", "It may take longer than a window can be: verify again when it is due.")
    minutes = math.ceil(wanted / 60)
    return remedy(
        "investigate", f"Verify with a window in which it has to happen: -e verify_watch={minutes}m, or verify again."
    )


def advised(checks: t.Sequence[Json]) -> list[Json]:
    """Return the checks; what never happened, and a window would have seen, says how long that has to be."""
    return [_advised(one) for one in checks]


def _advised(one: Json) -> Json:
    if one["verdict"] != verdicts.NOT_EXERCISED or (one["section"], one["check"]) not in _WATCHED:
        return one
    return {**one, "remedy": watch_for(one["expected"])}
