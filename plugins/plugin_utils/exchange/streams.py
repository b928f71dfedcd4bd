# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section streams: the contract's entries by server, and what an answer looks like. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.streams import address_of, kind_of, servers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    GarbledAnswer,
    OneOf,
    require,
)

_WHAT = "the answer about the streams"
_TEXT, _INT, _BOOL = OneOf([None, str]), OneOf([None, int]), OneOf([None, bool])
_ID = re.compile("[0-9]{1,20}-[0-9]{1,20}")
_NUMBER = OneOf([int, float])


def _told(shape: t.Any) -> Json:
    return {"value": OneOf([None, shape]), "reason": str}


_MEMBERS = {
    "listed": [{"name": str, "idle_ms": int, "inactive_ms": _INT, "pending": int}],
    "total": _INT,
    "least_idle_ms": _INT,
    "oldest_pending": _TEXT,
    "reason": str,
}
_GROUP = {
    "name": str,
    "consumers": int,
    "pending": int,
    "last_delivered": _ID,
    "last_delivered_time": _TEXT,
    "read": _INT,
    "lag": _INT,
    "waiting": {"low": int, "high": int},
}
_LOOK = {
    "at": str,
    "at_s": _NUMBER,
    "length": int,
    "added": _INT,
    "last_id": _ID,
    **dict.fromkeys(("first_entry", "last_entry"), OneOf([None, _ID])),
    **dict.fromkeys(("first_time", "last_time"), _TEXT),
    "groups": [_GROUP],
    "groups_total": int,
    "others": [str],
}
_FIRST = {**_LOOK, "groups": [{**_GROUP, "members": _MEMBERS}]}
_COUNTED = {"field": str, "present": int}
_SAMPLE = {
    "entries": int,
    **dict.fromkeys(("newest", "oldest"), _TEXT),
    "fields": [_COUNTED],
    "required": [_COUNTED],
    "stuck": [{"field": str, "present": int, "distinct": int, "matching": _INT, "value": _TEXT}],
}
_STREAM = {
    "outcome": OUTCOME,
    "reason": str,
    "type": _TEXT,
    "first": OneOf([None, _FIRST]),
    "second": OneOf([None, _LOOK]),
    "second_reason": str,
    "sample": OneOf([None, _SAMPLE]),
    "sample_reason": str,
}
_FOUND = {
    "outcome": OUTCOME,
    "reason": str,
    "complete": bool,
    "streams": [{"name": str, "look": OneOf([None, _LOOK]), "reason": str}],
}
_BINDING = {
    "outcome": re.compile("ok|unknown|not_asked"),
    "reason": str,
    "addresses": [re.compile("[0-9a-f.:]{2,45}")],
    "open": _BOOL,
}
_SERVER = {
    "kind": re.compile("redis|memcached|influxdb"),
    "address": str,
    "outcome": re.compile("ok|silent|unknown"),
    "reason": str,
    "about": OneOf([None, {"version": str, "auth_required": _BOOL}]),
    "binding": _BINDING,
    "streams": [_STREAM],
    "found": OneOf([None, _FOUND]),
}
_REDIS = {
    "mode": _TEXT,
    **dict.fromkeys(("uptime_s", "port", "evicted", "rejected_connections"), _INT),
    "memory": {
        **dict.fromkeys(("used", "peak", "resident", "max", "system"), _INT),
        "policy": _TEXT,
        "fragmentation": OneOf([None, int, float]),
    },
    "replication": {"role": _TEXT, "master": _TEXT, "link": _TEXT, "replicas": _INT},
    "persistence": {
        "saved": _TEXT,
        "changes_since": _INT,
        **dict.fromkeys(("save_ok", "append_only", "append_ok"), _BOOL),
    },
    "keys": _told(int),
    "settings": dict.fromkeys(
        ("appendonly", "bind", "maxmemory", "maxmemory-policy", "protected-mode", "save"), _told(str)
    ),
    "clients": {
        **dict.fromkeys(("connected", "blocked", "max"), _INT),
        "listed": [{**dict.fromkeys(("name", "addr", "user", "cmd"), str), "age_s": _INT, "idle_s": _INT}],
        "reason": str,
    },
    "slow_log": _told({"length": int, "entries": [{"at": str, "took_ms": _NUMBER, "command": str, "arguments": int}]}),
}
_MEMCACHED = {
    **dict.fromkeys(("uptime_s", "keys", "evicted", "rejected_connections", "port", "udp_port"), _INT),
    "memory": {"used": _INT, "max": _INT},
    "clients": {"connected": _INT, "max": _INT},
    "bind": _TEXT,
}
_INFLUXDB = {"ready": bool, "health": _TEXT, "message": _TEXT, "uptime_s": _INT}
_ABOUT: dict[str, Json] = {"redis": _REDIS, "memcached": _MEMCACHED, "influxdb": _INFLUXDB}


class StreamsExchange(Exchange):
    """Asks each server once, whatever the number of entries about it."""

    def request(self) -> Json:
        return {"servers": [_server(entries) for entries in servers(self.contract)]}

    def read(self, data: Json) -> Json:
        require(data, {"now_s": _NUMBER, "waited_s": _NUMBER, "servers": [_SERVER]}, _WHAT)
        groups = servers(self.contract)
        if len(data["servers"]) != len(groups):
            raise GarbledAnswer(f"{_WHAT} is garbled: it has another number of servers than were asked about")
        for server, entries in zip(data["servers"], groups, strict=True):
            self._read_server(server, entries)
        return data

    def _read_server(self, server: Json, entries: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        """Check one server and note which entries it and its streams are about."""
        what = f"{_WHAT}: {address_of(entries[0])}"
        declared = [entry for entry in entries if entry["stream"] is not None]
        if (server["kind"], server["address"]) != (kind_of(entries[0]), address_of(entries[0])):
            raise GarbledAnswer(f"{what} is garbled: it is about another server")
        if server["outcome"] == "ok":
            require(server["about"], {**_ABOUT[server["kind"]], "version": str}, what)
            if len(server["streams"]) != len(declared):
                raise GarbledAnswer(f"{what} is garbled: it has another number of streams than were asked about")
        server["entries"] = [entry["name"] for entry in entries]
        for stream, entry in zip(server["streams"], declared, strict=False):
            stream["entry"] = entry["name"]
            if not _is_about(stream, entry):
                raise GarbledAnswer(f"{what} is garbled: what it says of {entry['name']} is not what was asked")


def _is_about(stream: Json, entry: t.Mapping[str, t.Any]) -> bool:
    """Return whether all is answered that was asked of a stream: what is left out would count as in order."""
    if stream["outcome"] == "ok" and (stream["type"] == "stream") != (stream["first"] is not None):
        return False
    sample = stream["sample"]
    if sample is None:
        return True
    asked = (entry["required_fields"], [one["field"] for one in entry["stuck"]])
    return asked == tuple([one["field"] for one in sample[part]] for part in ("required", "stuck"))


def _server(entries: t.Sequence[t.Mapping[str, t.Any]]) -> Json:
    first = entries[0]
    return {
        "kind": kind_of(first),
        "address": address_of(first),
        **{key: first[key] for key in ("user", "password_from", "tls", "database")},
        "discover": any(entry["stream"] is None for entry in entries) and kind_of(first) == "redis",
        "streams": [_stream(entry) for entry in entries if entry["stream"] is not None],
    }


def _stream(entry: t.Mapping[str, t.Any]) -> Json:
    return {
        **{key: entry[key] for key in ("stream", "group", "sample", "stuck")},
        "required": entry["required_fields"],
        "progress_s": entry["must_progress_within_s"],
    }
