# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section streams: servers that answer, and streams that are worked off. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.streams.progress import added, group_in
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.streams import server_of, servers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.stream_groups import state_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.stream_rules import StreamRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.stream_server import ServerRules, memory_percent
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED

SECTION = "streams"

_BLIND = "its server does not answer: {}"


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge the servers and streams of one host. ``evidence`` is the ``data`` of streams.json (docs/design.md)."""
    made = Judgement(facts={"servers": [], "streams": [], "streams_total": 0, "waited_s": evidence["waited_s"]})
    streams: list[dict[str, t.Any]] = []
    for server, entries in zip(evidence["servers"], servers(contract), strict=True):
        name = server_of(entries[0])
        terms = next((entry for entry in entries if entry["stream"] is None), entries[0])
        scope = Scope(context, SECTION, name, terms, "system")
        made.checks += ServerRules(scope, entries, server).judge()
        # A server that does not answer is a finding, and one that could not be seen has an unknown check.
        made.cells[name] = "in_sync"
        made.marks[name] = server["about"]["version"] if server["outcome"] == "ok" else server["outcome"]
        made.facts["servers"].append(_server_fact(name, server))
        streams += _found_facts(name, server)
        seen = {stream["entry"]: stream for stream in server["streams"]}
        for entry in entries:
            if entry["stream"] is None:
                continue
            stream = seen.get(entry["name"])
            rules = StreamRules(Scope(context, SECTION, entry["name"], entry, "operational"), entry)
            made.cells[entry["name"]] = "in_sync"
            if server["outcome"] != "ok" or stream is None:
                made.checks.append(rules.unseen(_BLIND.format(server["reason"])))
                continue
            made.checks += rules.judge(stream)
            streams.append(_stream_fact(name, entry["stream"], entry["name"], stream["first"], stream["second"]))
            made.marks[entry["name"]] = _mark(stream)
    made.facts["streams_total"] = len(streams)
    made.facts["streams"] = sorted(streams, key=lambda one: (one["entry"] is None, one["server"], one["stream"]))[
        :LISTED
    ]
    made.cover(_untold(evidence))
    return made


def _untold(evidence: Details) -> list[str]:
    """Return what servers did not tell that the contract does not ask for."""
    reasons = []
    for server in evidence["servers"]:
        found = server["found"]
        if found is not None and found["outcome"] != "ok":
            reasons.append(f"the streams of {server['address']} were not listed: {found['reason']}")
        elif found is not None and not found["complete"]:
            reasons.append(f"{server['address']} has more streams or keys than were looked through for the list")
    return reasons


def _mark(stream: Details) -> str:
    if stream["first"] is None:
        return stream["type"] or "not seen"
    return "groups: " + ", ".join(sorted(group["name"] for group in stream["first"]["groups"]))


def _server_fact(name: str, server: Details) -> dict[str, t.Any]:
    about = server["about"] if server["outcome"] == "ok" else {}
    memory = about.get("memory") or {}
    return {
        "name": name,
        "kind": server["kind"],
        "address": server["address"],
        "outcome": server["outcome"],
        "reason": server["reason"],
        "version": about.get("version"),
        "uptime_s": about.get("uptime_s"),
        "role": (about.get("replication") or {}).get("role"),
        "memory_used": memory.get("used"),
        "memory_peak": memory.get("peak"),
        "memory_max": memory.get("max"),
        "memory_percent": memory_percent(memory),
        "policy": memory.get("policy"),
        "clients": (about.get("clients") or {}).get("connected"),
        "blocked": (about.get("clients") or {}).get("blocked"),
        "bind": server["binding"]["addresses"],
        "bind_reason": server["binding"]["reason"],
        "auth_required": about.get("auth_required"),
        "saved": (about.get("persistence") or {}).get("saved"),
        "append_only": (about.get("persistence") or {}).get("append_only"),
        "evicted": about.get("evicted"),
        "slow": ((about.get("slow_log") or {}).get("value") or {}).get("length"),
    }


def _stream_fact(
    server: str, stream: str, entry: str | None, first: Details | None, second: Details | None
) -> dict[str, t.Any]:
    made: dict[str, t.Any] = {"server": server, "stream": stream, "entry": entry, "seen": first is not None}
    if first is None:
        return made
    producer = "not_looked" if second is None else "moving" if added(first, second) else "quiet"
    groups = [
        {
            "name": group["name"],
            "consumers": group["consumers"],
            "pending": (group_in(second, group["name"]) or group)["pending"],
            "waiting": dict((group_in(second, group["name"]) or group)["waiting"]),
            "read": group["read"],
            "last_delivered_time": group["last_delivered_time"],
            "state": state_of(group, first, second),
        }
        for group in first["groups"][:LISTED]
    ]
    return {**made, "length": first["length"], "last_time": first["last_time"], "producer": producer, "groups": groups}


def _found_facts(name: str, server: Details) -> list[dict[str, t.Any]]:
    if server["found"] is None:
        return []
    return [_stream_fact(name, one["name"], None, one["look"], None) for one in server["found"]["streams"]]
