# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section streams of a report: the servers, and how each stream is worked off. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    code,
    heading,
    join,
    more,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Placed, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import (
    findings,
    host_status,
    standing,
    titles,
)

SECTION = "streams"

_PRODUCERS = {"not_looked": None, "moving": "adds entries", "quiet": "added nothing"}
_STATES = {
    "not_looked": None,
    "progressing": "progressing",
    "stalled": "STALLED",
    "idle": "idle, nothing to do",
    "unsure": "not known yet",
}


def render(report: Report) -> Lines:
    """Return the streams part: servers, streams with their groups, findings. What only informs is in the tables."""
    told = [one for one in report.of(SECTION) if one["outcome"] != "observation"]
    return [
        *heading(3, "Streams and caches"),
        *_servers(report),
        *_streams(report),
        *findings(report, SECTION, told),
    ]


def _servers(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        mark = host_status(report, SECTION, place)
        if place.facts is None:
            rows.append([place.environment, place.host, "not seen", *[None] * 6, mark])
            continue
        for one in place.facts["servers"]:
            rows.append([place.environment, place.host, code(one["name"]), *_server(one), mark])
    named = (
        *("Environment", "Host", "Server", "Version", "Up", "Memory", "Clients", "Listens at", "Password"),
        "Host's status",
    )
    return table(named, rows)


def _server(one: Json) -> list[object]:
    if one["outcome"] != "ok":
        state = "does not answer" if one["outcome"] == "silent" else "not seen"
        return [state, None, None, None, None, None]
    up = None if one["uptime_s"] is None else duration(one["uptime_s"])
    bind = join(", ", map(code, one["bind"])) if one["bind"] else one["bind_reason"] or "a socket"
    asks = {True: "asked for", False: "none", None: None}[one["auth_required"]]
    return [one["version"], up, _memory(one), one["clients"], bind, asks]


def _memory(one: Json) -> object:
    if one["memory_used"] is None:
        return None
    if one["memory_max"]:
        return phrase("{} of {} ({} %)", size(one["memory_used"]), size(one["memory_max"]), one["memory_percent"])
    return phrase("{}, no limit", size(one["memory_used"]))


def _streams(report: Report) -> Lines:
    rows: list[list[object]] = []
    hidden = 0
    waited = 0.0
    for place in report.facts(SECTION):
        if place.facts is None:
            continue
        waited = max(waited, place.facts["waited_s"])
        hidden += place.facts["streams_total"] - len(place.facts["streams"])
        for stream in place.facts["streams"]:
            verdict = standing(report, SECTION, place.host, stream["entry"])
            rows += [[*row, *verdict] for row in _rows(place, stream)]
    if not rows:
        return []
    named = (
        *("Environment", "Host", "Stream", "Contract", "Entries", "Last entry", "Producer", "Group", "Consumers"),
        *("To read", "To acknowledge", "Progress"),
    )
    lines = [*table(titles(report, *named), rows), *more(hidden, "stream")]
    if waited:
        lines += paragraph(phrase("Streams that must move were looked at twice, up to {} apart.", duration(waited)))
    return lines


def _rows(place: Placed, stream: Json) -> list[list[object]]:
    """Return one row for each group of a stream."""
    contract = "declared" if stream["entry"] is not None else "not declared"
    head: list[object] = [place.environment, place.host, code(stream["stream"]), contract]
    if not stream["seen"]:
        return [[*head, "not there, or not seen", *[None] * 7]]
    head += [stream["length"], stream["last_time"], _PRODUCERS[stream["producer"]]]
    if not stream["groups"]:
        return [[*head, "none", *[None] * 4]]
    return [
        [*head, code(one["name"]), one["consumers"], _waiting(one), one["pending"], _STATES[one["state"]]]
        for one in stream["groups"]
    ]


def _waiting(group: Json) -> object:
    low, high = group["waiting"]["low"], group["waiting"]["high"]
    return low if low == high else phrase("{} to {}", low, high)
