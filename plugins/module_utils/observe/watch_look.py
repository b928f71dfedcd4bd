# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look of a watch: what the sections see, reduced to what can change while nobody changes anything. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.freshness import FRESH, OLD, freshness
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import watch_processes
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import read_target
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.registry import collector
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.system.killed import killed, killed_in
from ansible_collections.evenkeel.drift.plugins.module_utils.system.memory import parse_meminfo

Json = t.Dict[str, t.Any]

COLLECTED = ("units", "containers", "endpoints", "streams")
"""The parts that the collector of the section of that name looks at."""

_LIMIT = 1 << 20


def look(asked: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return ``{part: {outcome, reason, items}}`` for each part that is asked for; the items are in ``docs/design.md``.

    ``asked`` holds what the collectors take, by section; ``memory`` takes nothing.
    """
    parts: Json = {}
    for name, read in PARTS.items():
        if name not in asked:
            continue
        try:
            host.check_time()
            parts[name] = {"outcome": "ok", "reason": "", "items": read(asked[name], host)}
        except Unseen as unseen:
            parts[name] = {"outcome": "unknown", "reason": unseen.reason, "items": []}
        except ImportError as error:
            reason = f"this host's Python lacks a part of its standard library: {error}"
            parts[name] = {"outcome": "unknown", "reason": reason, "items": []}
    return parts


def _units(asked: t.Mapping[str, t.Any], host: Host) -> list[Json]:
    seen = collector("units")(asked, host)
    if not seen["systemd"]:
        raise Unseen(seen["reason"])
    told = ("name", "outcome", "reason", "active", "sub", "main_pid", "restarts", "since")
    return [
        {**{key: unit.get(key) for key in told}, "oom_kills": killed_in(unit.get("cgroup", ""))}
        for unit in seen["units"]
    ]


def _containers(asked: t.Mapping[str, t.Any], host: Host) -> list[Json]:
    """Return the containers; one of which nothing is told has a ``reason``."""
    seen = collector("containers")({**asked, "brief": True}, host)
    unread = [one for one in seen["unread"] if one["what"] == "container"]
    return [_container(one) for one in seen["containers"]] + [
        {"name": one["container"], "outcome": "unknown", "reason": one["reason"]} for one in unread
    ]


def _container(one: t.Mapping[str, t.Any]) -> Json:
    usage = one["usage"] or {}
    memory = usage.get("memory")
    return {
        "name": one["name"],
        "outcome": "ok",
        "reason": "",
        "id": one["id"],
        "state": one["state"],
        "started": one["started"],
        "restarts": one["restarts"],
        "policy": one["restart_policy"]["name"],
        "exit_code": one["exit_code"],
        "oom_killed": one["oom_killed"],
        "health": one["health"]["status"] if one["health"] else None,
        "memory_kb": None if memory is None else memory // 1024,
        "cpu_s": usage.get("cpu_s"),
    }


def _endpoints(asked: t.Mapping[str, t.Any], host: Host) -> list[Json]:
    seen = collector("endpoints")(asked, host)["endpoints"]
    return [_endpoint(one, entry.get("fresh")) for one, entry in zip(seen, asked["endpoints"])]


def _endpoint(one: t.Mapping[str, t.Any], fresh: t.Mapping[str, t.Any] | None) -> Json:
    answer, failure = one["answer"], one["failure"]
    held = [(part, _holds(part, answer, fresh)) for part in (answer["content"] if answer else [])]
    named = {
        holds: [f"{part['kind']} {part['subject']}" for part, said in held if said is holds] for _part, holds in held
    }
    return {
        "name": one["name"],
        "outcome": one["outcome"],
        "reason": one["reason"],
        "failure": failure["text"] if failure else None,
        "status": answer["status"] if answer else None,
        "total_ms": answer["median_ms"] if answer else None,
        "late": bool(answer and answer["late"]),
        # What the contract says of the content: what the answer does not keep, and what cannot be told of it.
        "broken": named.get(False, []),
        "untold": named.get(None, []),
    }


def _holds(
    part: t.Mapping[str, t.Any], answer: t.Mapping[str, t.Any], fresh: t.Mapping[str, t.Any] | None
) -> bool | None:
    """Return whether an answer keeps one thing that is said of its content, by the rules of the judge; None is not
    known. A time that stands still is old in one of the looks: which is decided here, with the host's own clock.
    """
    if part["outcome"] != "ok":
        return None
    if part["kind"] != "fresh" or fresh is None or part["missing"]:
        return bool(part["holds"])
    if not part["times_s"]:
        return False
    state = freshness([answer["at_s"] - moment for moment in part["times_s"]], fresh["within_s"])
    return {FRESH: True, OLD: False}.get(state)


def _streams(asked: t.Mapping[str, t.Any], host: Host) -> list[Json]:
    """Return one item for each declared stream, by the places of its server and of itself in what was asked."""
    items = []
    for number, (server, wanted) in enumerate(zip(collector("streams")(asked, host)["servers"], asked["servers"])):
        for place in range(len(wanted["streams"])):
            seen = server["streams"][place] if place < len(server["streams"]) else None
            items.append({"server": number, "stream": place, **_stream(server, seen)})
    return items


def _stream(server: t.Mapping[str, t.Any], seen: t.Mapping[str, t.Any] | None) -> Json:
    first = seen["first"] if seen else None
    if seen is None or server["outcome"] != "ok":
        return _unseen(server["reason"] or "its server did not tell of it")
    if seen["outcome"] != "ok" or first is None:
        other = "there is no such stream" if seen["type"] == "none" else f"it is no stream, but {seen['type']}"
        return _unseen(seen["reason"] or other)
    told = ("name", "lag", "pending", "last_delivered")
    return {
        "outcome": "ok",
        "reason": "",
        "length": first["length"],
        "last_id": first["last_id"],
        "groups": [{key: group[key] for key in told} for group in first["groups"]],
    }


def _unseen(reason: str) -> Json:
    return {"outcome": "unknown", "reason": reason, "length": None, "last_id": None, "groups": []}


def _memory(_asked: t.Mapping[str, t.Any], _host: Host) -> list[Json]:
    """Return one item: what is in use of the host's memory, and how often its kernel has killed for want of it."""
    memory = parse_meminfo(read_target("/proc/meminfo", _LIMIT))["memory"]
    return [{"used_percent": memory["used_percent"], **killed()}]


PARTS: dict[str, t.Callable[[t.Mapping[str, t.Any], Host], list[Json]]] = {
    "processes": watch_processes.collect,
    "units": _units,
    "containers": _containers,
    "endpoints": _endpoints,
    "streams": _streams,
    "memory": _memory,
}
"""In the order in which they are looked at: those whose time matters most are first."""
