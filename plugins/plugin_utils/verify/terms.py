# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract states about a thing counts for its checks of the window and of comparisons as well: who looks after
it, what drift there means, what to do. Private to the collection. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import with_terms
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import repeating

Json = dict[str, t.Any]
Terms = dict[tuple[str, str], Json]

_STATED = ("impact", "owner", "remedy")
_CALLED = {"memory": "resources"}
"""What a watch calls otherwise than the contract."""


def of_contract(contract: t.Mapping[str, t.Any]) -> Terms:
    """Return what a contract states, by section and name; without a name what it states of all of a section."""
    found: Terms = {}
    for section, part in contract.items():
        # What one of several things without a name states, such as a port, is said of that one alone.
        for one in part if isinstance(part, list) else [part]:
            name = (one.get("name") if isinstance(part, list) else "") if isinstance(one, dict) else None
            if name is not None and any(one.get(key) for key in _STATED):
                found[section, str(name)] = {key: one.get(key) or "" for key in _STATED}
    return found


def applied(check: Json, terms: Terms) -> Json:
    """Return a check that a verification made itself, with what the contract states of the thing that it is about."""
    section, name = repeating.thing(check)
    section = _CALLED.get(section, section)
    stated = terms.get((section, name)) or terms.get((section, ""))
    if not stated:
        return check
    remedy = check["remedy"]
    if remedy and check["outcome"] == "fail":
        remedy = with_terms(remedy, stated)
    return {**check, "impact": stated["impact"], "owner": stated["owner"], "remedy": remedy}
