# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A time as text, whoever told it: a file's time may lie beyond the calendar, and a server can say anything. Private to
the collection.
"""

from __future__ import annotations

import math
import time

FIRST_S, LAST_S = 0.0, 253402300799.0
"""From 1970 to the end of the year 9999: what has a text of the form that all here have."""


def iso(seconds: float) -> str:
    """Return a time as ``YYYY-MM-DDTHH:MM:SSZ``; times that this form cannot spell are cut to its ends."""
    within = min(max(seconds, FIRST_S), LAST_S)
    # What is no number is neither more nor less than anything.
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(FIRST_S if math.isnan(within) else within))
