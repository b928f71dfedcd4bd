# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was really observed of the window in which the hosts were watched. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    code,
    heading,
    join,
    paragraph,
    phrase,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify.model import STATUS, Verification, rows
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import SECTION, file_of

_TITLES = ("Host", "Asked", "Observed", "From", "To", "Looks", "Not observed", "Evidence")
_NOTE = (
    "Observed is the time between looks that followed each other; nothing passes when that is less than 95 % of what "
    "was asked for."
)


def render(seen: Verification) -> Lines:
    """Return the windows, and each check of them; nothing when none was asked for."""
    checks = [one for one in seen.checks if one["section"] == SECTION]
    if not checks:
        return []
    lines = [*heading(2, "Observation window"), *paragraph(_NOTE)]
    if seen.data["watch"]:
        lines += rows(_TITLES, [_window(one) for one in seen.data["watch"]])
    carried = [one for one in seen.data["watch"] if one["carried"]]
    if carried:
        batches = join("; ", [phrase("{} in {}", code(one["host"]), code(one["carried"])) for one in carried])
        lines += paragraph(phrase("Watched after their change, by the verification of their batch: {}.", batches))
    gaps = [(one["host"], gap) for one in seen.data["watch"] for gap in one["window"]["gaps"]]
    if gaps:
        told = [(host, gap["from"], gap["to"], duration(gap["seconds"]), gap["reason"]) for host, gap in gaps]
        lines += rows(("Host", "Not observed from", "To", "Time", "Why"), told)
    found = [(STATUS[one["verdict"]].markdown(), one["host"], one["component"], one["summary"]) for one in checks]
    return [*lines, *rows(("Verdict", "Host", "Of", "What was seen"), found)]


def _window(one: Json) -> tuple[object, ...]:
    window = one["window"]
    missing = duration(window["gaps_s"]) if window["gaps"] else "-"
    return (
        one["host"],
        f"{duration(window['for_s'])}, every {duration(window['every_s'])}",
        duration(window["observed_s"]),
        window["from"] or "never",
        window["to"] or "never",
        window["looks"],
        one["reason"] or missing,
        code(file_of(one["host"])),
    )
