# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section resources of a report: the health of each host, and what takes most of it. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    join,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import findings, host_status

SECTION = "resources"
_DAY_S = 86400
_SYNCHRONIZED = {True: "synchronised", False: "not synchronised", None: "not known whether synchronised"}


def render(report: Report) -> Lines:
    """Return the resources part: health, systems, biggest processes, findings."""
    lines = [*heading(3, "Host health"), *_health(report), *_systems(report), *_consumers(report)]
    return [*lines, *findings(report, SECTION, report.of(SECTION))]


def _health(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        mark = host_status(report, SECTION, place)
        facts = place.facts
        if facts is None:
            rows.append([place.environment, place.host, "not seen", None, None, None, None, None, mark])
            continue
        rows.append(
            [
                place.environment,
                place.host,
                _percent(facts.get("memory")),
                _percent(facts.get("swap")),
                join(", ", [_disk(disk) for disk in facts.get("disks") or []]),
                _load(facts),
                _uptime(facts.get("uptime_s")),
                _clock(facts.get("clock") or {}),
                mark,
            ]
        )
    titles = ("Environment", "Host", "Memory", "Swap", "Disks", "Load (5 min)", "Up", "Clock", "Status")
    return table(titles, rows)


def _percent(usage: Json | None) -> str:
    if usage is None:
        return "not seen"
    return f"{usage['used_percent']:g} %" if usage["total_kb"] else "none"


def _disk(disk: Json) -> object:
    if disk["outcome"] != "ok":
        return phrase("{} not seen: {}", code(disk["path"]), disk["reason"])
    used = "?" if disk["used_percent"] is None else disk["used_percent"]
    return phrase("{} {} %{}", code(disk["path"]), used, Markup(" (read-only)" if disk["read_only"] else ""))


def _load(facts: Json) -> str:
    load, cores = facts.get("load"), facts.get("cores")
    if load is None or cores is None:
        return "not seen"
    return f"{load[1]:g} on {number(cores, 'core')}"


def _uptime(seconds: int | None) -> str:
    if seconds is None:
        return "not seen"
    return number(seconds // _DAY_S, "day") if seconds >= _DAY_S else f"{seconds // 3600} h {seconds % 3600 // 60} min"


def _clock(clock: Json) -> str:
    kept = _SYNCHRONIZED[clock.get("synchronized")]
    if clock.get("skew_s") is None:
        return kept
    return f"{clock['skew_s']:+.1f} s (within {clock['uncertainty_s']:.1f} s), {kept}"


def _systems(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        if place.facts is not None:
            facts = place.facts
            system: Json = facts.get("os") or {}
            addresses = facts.get("addresses")
            shown = "not seen" if addresses is None else join(", ", addresses[:5])
            named = system.get("pretty") or "not seen"
            rows.append([place.host, named, facts["kernel"], facts["hostname"], shown, facts["clock"]["zone"]])
    titles = ("Host", "System", "Kernel", "Own name", "Addresses", "Time zone")
    return table(titles, rows) if rows else []


def _consumers(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        taken: Json | None = (place.facts or {}).get("consumers")
        if taken is not None:
            memory = [
                phrase("{} ({}) {} MiB", code(one["name"]), one["pid"], one["rss_kb"] >> 10) for one in taken["memory"]
            ]
            cpu = [phrase("{} ({}) {} %", code(one["name"]), one["pid"], one["cpu_percent"]) for one in taken["cpu"]]
            rows.append([place.host, join(", ", memory), join(", ", cpu)])
    titles: t.Sequence[str] = ("Host", "Most memory (name, pid)", "Most processor time over its life")
    return table(titles, rows) if rows else []
