# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in the other environments a file is that one host lacks. Private to the collection."""

from __future__ import annotations

import typing as t

Finding = dict[str, t.Any]


def place_imports(findings: t.Iterable[Finding]) -> None:
    """Fill ``observed.found_in`` of each unresolved import: the other hosts that have one of its candidates.

    Known are the paths that a host has beyond its reference: those are findings. What the reference has stands in
    ``expected.reference_has`` already. Each entry is ``{environment, host, path}``.
    """
    wanted = [one for one in findings if one["cause"] == "unresolved_import"]
    candidates = {path for one in wanted for path in one["expected"]["candidates"]}
    if not candidates:
        return
    having: dict[str, list[Finding]] = {}
    for one in findings:
        if one["section"] == "trees" and one["state"] == "unexpected" and one["subject"] in candidates:
            having.setdefault(one["subject"], []).append(one)
    for one in wanted:
        found = [
            {"environment": other["environment"], "host": other["host"], "path": path}
            for path in one["expected"]["candidates"]
            for other in having.get(path, [])
            if other["host"] != one["host"]
        ]
        if found:
            found.sort(key=lambda place: (place["environment"], place["host"], place["path"]))
            one["observed"] = {**one["observed"], "found_in": found}
            first = found[0]
            said = f"{first['host']} ({first['environment']}) has {first['path']}"
            one["summary"] = f"{one['summary']}; {said}" + (f" and {len(found) - 1} more" if len(found) > 1 else "")
