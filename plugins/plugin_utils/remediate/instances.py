# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of single processes before and after a change. Private to the collection. Pure.

Each is named by the process's pid. What a change starts anew has another one, so the ids of its checks tell nothing of
before: as many that fail as before are what failed before as well, whichever they are.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts

_PID = re.compile(r"\[[0-9]+\]")

Json = dict[str, t.Any]
Kept = t.Mapping[str, t.Mapping[str, str]]
"""The verdict of each check by id, by what is asked of all processes of one name."""


def place(check: Json) -> str | None:
    """Return what a check has in common with the same one of other processes, None for all other checks."""
    if check["section"] != "processes" or not check["subject"].startswith(check["component"]):
        return None
    rest = check["subject"][len(check["component"]) :]
    found = _PID.match(rest)
    return (
        None if found is None else json.dumps([check["host"], check["component"], check["check"], rest[found.end() :]])
    )


def kept(checks: t.Iterable[Json]) -> dict[str, dict[str, str]]:
    """Return what is kept of an audit before a change."""
    made: dict[str, dict[str, str]] = {}
    for one in checks:
        where = place(one)
        if where is not None:
            made.setdefault(where, {})[one["id"]] = one["verdict"]
    return made


def before(checks: t.Iterable[Json], then: Kept) -> dict[str, str]:
    """Return the verdict before the change for each check by id, as far as there was one: the worst for the worst."""
    found: dict[str, str] = {}
    for where, mine in kept(checks).items():
        worst = sorted(then.get(where, {}).values(), key=verdicts.VERDICTS.index)
        found.update(zip(sorted(mine, key=lambda name: verdicts.VERDICTS.index(mine[name])), worst, strict=False))
    return found


def planned(check: Json, then: Kept, names: t.Container[str]) -> bool:
    """Return whether a change was to remove what a check says of a process, or of one that ran in its place."""
    where = place(check)
    return check["id"] in names or (where is not None and any(name in names for name in then.get(where, {})))
