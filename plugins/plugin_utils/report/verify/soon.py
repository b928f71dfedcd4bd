# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification right after a change cannot have seen. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.after_change import SOON_S


def sentence(data: Json) -> str:
    """Return which hosts were looked at so soon after their change that what fails later is not seen; nothing where all
    of them were watched, or were changed long ago.
    """
    watched = {one["host"] for one in data["watch"]}
    found = [one for one in data["looked"] if one["seconds"] < SOON_S and one["host"] not in watched]
    if not found:
        return ""
    least, most = min(one["seconds"] for one in found), max(one["seconds"] for one in found)
    after = duration(least) if least == most else f"{duration(least)} to {duration(most)}"
    return (
        f"{some([one['host'] for one in found])}: looked at {after} after the last change, and not watched: what fails "
        "only after a while (a crash loop, a cycle that stops, a consumer that stalls) is not seen so soon. "
        "-e verify_watch=10m watches for it"
    )
