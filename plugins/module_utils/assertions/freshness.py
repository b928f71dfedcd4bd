# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the time in an answer is fresh: one rule for the judge and for the looks of a watch. Private to the
collection. Pure.
"""

from __future__ import annotations

import typing as t

FRESH, OLD, AHEAD, NO_ZONE = "fresh", "old", "ahead", "no zone"

_SKEW_S = 60
"""How far ahead of the asking clock a time may lie before the two clocks cannot be believed to agree."""


def freshness(ages_s: t.Sequence[float], limit_s: float) -> str:
    """Return what the ages say that a time may have, of which there is at least one.

    Nothing is known of a time that lies ahead, nor of one without a zone that is fresh in one zone alone.
    """
    states = {_state(age, limit_s) for age in ages_s}
    return states.pop() if len(states) == 1 else NO_ZONE


def _state(age_s: float, limit_s: float) -> str:
    if age_s < -_SKEW_S:
        return AHEAD
    return OLD if age_s > limit_s else FRESH
