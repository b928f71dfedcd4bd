# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis server says of itself. Private to the collection."""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.client import Redis, Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.commands import SETTINGS

Json = t.Dict[str, t.Any]

_SECTIONS = ("server", "clients", "memory", "persistence", "stats", "replication")
_CLIENTS = 20
# A line of the list has about 300 bytes: a longer one would be too large an answer.
_MOST_CLIENTS = 5000
_SLOW = 10
_STREAMS = 50
_SCANS = 200
_PER_SCAN = 500


def describe(redis: Redis) -> Json:
    """Return what it says of itself (``docs/design.md``). Raises Unseen when it does not even tell its version."""
    info: dict[str, str] = {}
    for section in _SECTIONS:
        info.update(parse_info(redis, redis.ask("INFO", section)))
    if "redis_version" not in info:
        raise Unseen("what answers there has no redis_version: it is not Redis")
    _leave_no_trace(redis, info["redis_version"])
    return {
        "version": info["redis_version"],
        "mode": info.get("redis_mode"),
        "uptime_s": _int(info, "uptime_in_seconds"),
        "port": _int(info, "tcp_port"),
        "memory": _memory(info),
        "replication": {
            "role": info.get("role"),
            "master": f"{info['master_host']}:{info.get('master_port')}" if "master_host" in info else None,
            "link": info.get("master_link_status"),
            "replicas": _int(info, "connected_slaves"),
        },
        "persistence": _persistence(info),
        "evicted": _int(info, "evicted_keys"),
        "rejected_connections": _int(info, "rejected_connections"),
        "keys": _try(lambda: _number(redis.ask("DBSIZE"))),
        "settings": {name: _try(functools.partial(_setting, redis, name)) for name in SETTINGS},
        "clients": _clients(redis, info),
        "slow_log": _try(lambda: _slow_log(redis)),
        "auth_required": redis.auth_required,
    }


def _leave_no_trace(redis: Redis, version: str) -> None:
    """Ask that what this connection reads does not count as used; Redis knows that from 7.2 on."""
    numbers = version.split(".")[:2]
    if all(one.isdigit() for one in numbers) and [int(one) for one in numbers] >= [7, 2]:
        with contextlib.suppress(Refused):
            redis.ask("CLIENT", "NO-TOUCH", "ON")


def parse_info(redis: Redis, said: t.Any) -> dict[str, str]:
    """Return the fields of an answer to INFO, masked. Raises Unseen."""
    if not isinstance(said, bytes):
        raise Unseen("it answers INFO with something else than text")
    found = {}
    for line in said.splitlines():
        name, colon, value = line.partition(b":")
        if colon and not line.startswith(b"#") and len(name) <= 64:
            found[redis.text(name)] = redis.text(value)
    return found


def streams(redis: Redis) -> Json:
    """Return the names of the database's streams as bytes, the first 50 found: ``{names, complete}``. Raises Unseen.

    ``complete`` is false when there are more, or more keys than were looked through.
    """
    names: set[bytes] = set()
    cursor = b"0"
    for _scan in range(_SCANS):
        reply = redis.ask("SCAN", cursor, "COUNT", _PER_SCAN, "TYPE", "stream")
        if not (isinstance(reply, list) and len(reply) == 2 and isinstance(reply[1], list)):
            raise Unseen("it answers SCAN with something else than keys")
        cursor = reply[0]
        names.update(name for name in reply[1] if isinstance(name, bytes))
        if cursor == b"0" or len(names) > _STREAMS:
            break
    return {"names": sorted(names)[:_STREAMS], "complete": cursor == b"0" and len(names) <= _STREAMS}


def _memory(info: t.Mapping[str, str]) -> Json:
    return {
        "used": _int(info, "used_memory"),
        "peak": _int(info, "used_memory_peak"),
        "resident": _int(info, "used_memory_rss"),
        "max": _int(info, "maxmemory"),
        "system": _int(info, "total_system_memory"),
        "policy": info.get("maxmemory_policy"),
        "fragmentation": _float(info, "mem_fragmentation_ratio"),
    }


def _persistence(info: t.Mapping[str, str]) -> Json:
    saved = _int(info, "rdb_last_save_time")
    return {
        "saved": None if not saved else iso(saved),
        "save_ok": _ok(info, "rdb_last_bgsave_status"),
        "changes_since": _int(info, "rdb_changes_since_last_save"),
        "append_only": None if "aof_enabled" not in info else info["aof_enabled"] == "1",
        "append_ok": _ok(info, "aof_last_write_status"),
    }


def _clients(redis: Redis, info: t.Mapping[str, str]) -> Json:
    connected = _int(info, "connected_clients")
    made: Json = {
        "connected": connected,
        "blocked": _int(info, "blocked_clients"),
        "max": _int(info, "maxclients"),
        "listed": [],
        "reason": "",
    }
    if connected is not None and connected > _MOST_CLIENTS:
        made["reason"] = f"more than {_MOST_CLIENTS} are connected: they are counted, not listed"
        return made
    try:
        said = redis.ask("CLIENT", "LIST")
        if not isinstance(said, bytes):
            raise Unseen("it answers CLIENT LIST with something else than text")
        made["listed"] = [_client(redis, line) for line in said.splitlines()[:_CLIENTS] if line.strip()]
    except Unseen as unseen:
        made["reason"] = unseen.reason
    return made


def _client(redis: Redis, line: bytes) -> Json:
    fields = dict(word.partition(b"=")[::2] for word in line.split(b" "))
    shown: Json = {name: redis.text(fields.get(name.encode(), b"")) for name in ("name", "addr", "user", "cmd")}
    plain = {name: redis.text(fields.get(name.encode(), b"")) for name in ("age", "idle")}
    return {**shown, "age_s": _int(plain, "age"), "idle_s": _int(plain, "idle")}


def _slow_log(redis: Redis) -> Json:
    """Return the newest entries of the slow log: commands and keys, no other argument."""
    length = _number(redis.ask("SLOWLOG", "LEN"))
    reply = redis.ask("SLOWLOG", "GET", _SLOW)
    if not isinstance(reply, list):
        raise Unseen("it answers SLOWLOG GET with something else than a list")
    entries = []
    for entry in reply:
        if not (isinstance(entry, list) and len(entry) >= 4 and isinstance(entry[3], list)):
            raise Unseen("it answers SLOWLOG GET with entries of another form")
        at, took, words = _number(entry[1]), _number(entry[2]), [one for one in entry[3] if isinstance(one, bytes)]
        entries.append(
            {
                "at": iso(at),
                "took_ms": round(took / 1000, 3),
                "command": " ".join(redis.text(word, 80) for word in words[:2]),
                "arguments": max(len(entry[3]) - 1, 0),
            }
        )
    return {"length": length, "entries": sorted(entries, key=lambda one: (-one["took_ms"], one["at"]))}


def _setting(redis: Redis, name: str) -> str | None:
    reply = redis.ask("CONFIG", "GET", name)
    if not isinstance(reply, list):
        raise Unseen(f"it answers CONFIG GET {name} with something else than a list")
    return redis.text(reply[1]) if len(reply) == 2 and isinstance(reply[1], bytes) else None


def _try(read: t.Callable[[], t.Any]) -> Json:
    """Return ``{value, reason}``: what may be forbidden costs nothing but itself."""
    try:
        return {"value": read(), "reason": ""}
    except Unseen as unseen:
        return {"value": None, "reason": unseen.reason}


def _number(reply: t.Any) -> int:
    if not isinstance(reply, int):
        raise Unseen("it answers with something else than a number")
    return reply


def _int(fields: t.Mapping[str, str], name: str) -> int | None:
    text = fields.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else None


def _float(fields: t.Mapping[str, str], name: str) -> float | None:
    whole, _dot, part = fields.get(name, "").partition(".")
    good = whole.isascii() and whole.isdigit() and len(whole) < 10 and (not part or (part.isascii() and part.isdigit()))
    return float(f"{whole}.{part[:6] or 0}") if good else None


def _ok(fields: t.Mapping[str, str], name: str) -> bool | None:
    return fields[name] == "ok" if name in fields else None
