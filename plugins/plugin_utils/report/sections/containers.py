# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section containers of a report: what runs in containers, and how well. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    join,
    more,
    phrase,
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import (
    findings,
    host_status,
    standing,
    titles,
)

SECTION = "containers"
_MIB = 1 << 20


def render(report: Report) -> Lines:
    """Return the containers part: engines, containers, findings."""
    lines = [*heading(3, "Containers"), *_engines(report), *_containers(report)]
    return [*lines, *findings(report, SECTION, report.of(SECTION))]


def _engines(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        mark = host_status(report, SECTION, place)
        if place.facts is None:
            rows.append([place.environment, place.host, "not seen", None, None, None, None, mark])
            continue
        engine, about = place.facts["engine"], place.facts["about"] or {}
        storage = join(", ", [about[key] for key in ("storage_driver", "system") if about.get(key)])
        left_out = place.facts["total"] - place.facts["selected"]
        count = f"{place.facts['selected']}" + (f" of {place.facts['total']}" if left_out else "")
        name = f"{engine['kind'].title()} {engine['version']}"
        cgroup = about.get("cgroup_version")
        rows.append([place.environment, place.host, name, code(engine["socket"]), storage, cgroup, count, mark])
    named = ("Environment", "Host", "Engine", "Socket", "Storage, system", "Cgroups", "Containers", "Host's status")
    return table(named, rows)


def _containers(report: Report) -> Lines:
    rows: list[list[object]] = []
    hidden = 0
    for place in report.facts(SECTION):
        if place.facts is not None:
            rows += [
                [place.environment, place.host, *_row(one), *standing(report, SECTION, place.host, one["name"])]
                for one in place.facts["containers"]
            ]
            hidden += place.facts["selected"] - len(place.facts["containers"])
    named = (
        *("Environment", "Host", "Container", "Compose service", "State", "Health", "Since", "Restarts", "Image"),
        *("Revision", "Ports", "Memory", "Changed files"),
    )
    return [*table(titles(report, *named), rows), *more(hidden, "container")] if rows else []


def _row(one: Json) -> list[object]:
    service = phrase("{}/{}", one["project"], one["service"]) if one["project"] else None
    ended = one["state"] in ("exited", "dead")
    state = phrase("{} ({})", one["state"], one["exit_code"]) if ended else one["state"]
    changed = "not seen" if one["changed_files"] is None else one["changed_files"] or "none"
    return [
        code(one["name"]),
        service,
        state,
        one["health"] or "no check",
        one["finished"] if ended else one["started"],
        one["restarts"],
        phrase("{} ({})", code(one["image"]), code(one["image_id"])),
        code((one["revision"] or "")[:12]),
        some(list(map(code, one["ports"])), len(one["ports"]), 4),
        _memory(one),
        changed,
    ]


def _memory(one: Json) -> object:
    if one["memory"] is None:
        return Markup("-") if one["state"] != "running" else "not seen"
    used = f"{one['memory'] / _MIB:.1f} MiB"
    if not one["limit"]:
        return f"{used}, no limit"
    return f"{used} of {one['limit'] / _MIB:.0f} MiB ({one['memory'] / one['limit']:.0%})"
