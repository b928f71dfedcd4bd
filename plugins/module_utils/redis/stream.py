# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One stream of a Redis server: its entries, its groups, their consumers, and what waits. Private to the collection."""

from __future__ import annotations

import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.client import Redis

Json = t.Dict[str, t.Any]

_GROUPS = 50
_CONSUMERS = 100
_ID = re.compile(rb"([0-9]{1,20})-([0-9]{1,20})")
# Ids that are no times, such as 1-1, are left alone: 2001 to 2286 in milliseconds.
_FIRST_MS, _LAST_MS = 10**12, 10**13


def kind(redis: Redis, name: bytes) -> str:
    """Return the type of a key, ``none`` when there is none. Raises Unseen."""
    reply = redis.ask("TYPE", name)
    if not isinstance(reply, bytes):
        raise Unseen("it answers TYPE with something else than a word")
    return redis.text(reply, 40)


def look(redis: Redis, name: bytes, group: bytes | None) -> Json:
    """Return how a stream stands now (a look, ``docs/design.md``), with one group or with all. Raises Unseen."""
    now = time.time()
    about = _fields(redis.ask("XINFO", "STREAM", name), "XINFO STREAM")
    all_groups = [_fields(one, "XINFO GROUPS") for one in _list(redis.ask("XINFO", "GROUPS", name), "XINFO GROUPS")]
    asked = [one for one in all_groups if group is None or one.get(b"name") == group]
    first, last = (_entry_id(about.get(key)) for key in (b"first-entry", b"last-entry"))
    made: Json = {
        "at": iso(now),
        "at_s": round(now, 3),
        "length": _count(about, b"length"),
        "added": _count_or_none(about, b"entries-added"),
        "last_id": _shown_id(_id(about.get(b"last-generated-id"))),
        "first_entry": _shown_id(first),
        "last_entry": _shown_id(last),
        "first_time": id_time(first),
        "last_time": id_time(last),
        "groups": [],
        "groups_total": len(all_groups),
    }
    made["groups"] = [_group(redis, one, made, last) for one in asked[:_GROUPS]]
    _tell_apart(made["groups"])
    made["others"] = sorted(redis.text(_name(one)) for one in all_groups if one not in asked)[:_GROUPS]
    return made


def consumers(redis: Redis, name: bytes, group: bytes) -> Json:
    """Return the consumers of a group, the busiest first, and its oldest pending entry; with the reason when unseen."""
    made: Json = {"listed": [], "total": None, "least_idle_ms": None, "oldest_pending": None, "reason": ""}
    try:
        rows = [
            _fields(one, "XINFO CONSUMERS")
            for one in _list(redis.ask("XINFO", "CONSUMERS", name, group), "XINFO CONSUMERS")
        ]
        listed: list[Json] = [
            {
                "name": redis.text(_name(row)),
                "idle_ms": _count(row, b"idle"),
                # Redis 7.2 and later; -1 says that it never read anything.
                "inactive_ms": _count_or_none(row, b"inactive"),
                "pending": _count(row, b"pending"),
            }
            for row in rows
        ]
        made["listed"] = sorted(listed, key=lambda one: (-one["pending"], -one["idle_ms"], one["name"]))[:_CONSUMERS]
        made["total"] = len(listed)
        made["least_idle_ms"] = min((one["idle_ms"] for one in listed), default=None)
        summary = _list(redis.ask("XPENDING", name, group), "XPENDING")
        if len(summary) == 4 and summary[1] is not None:
            made["oldest_pending"] = id_time(_id(summary[1]))
    except Unseen as unseen:
        made["reason"] = unseen.reason
    return made


def id_time(found: tuple[int, int] | None) -> str | None:
    """Return when an entry was added, by its id; None when the id is no time."""
    return iso(found[0] / 1000) if found and _FIRST_MS <= found[0] < _LAST_MS else None


def parse_id(text: t.Any) -> tuple[int, int] | None:
    """Return the two numbers of an id, None for what is no id."""
    match = _ID.fullmatch(text) if isinstance(text, bytes) else None
    return (int(match[1]), int(match[2])) if match else None


def _group(redis: Redis, row: t.Mapping[bytes, t.Any], stream: Json, last: tuple[int, int] | None) -> Json:
    delivered = _id(row.get(b"last-delivered-id"))
    lag = _count_or_none(row, b"lag")
    read = _count_or_none(row, b"entries-read")
    low, high = waiting(lag, read, delivered, stream["added"], stream["length"], last)
    return {
        "name": redis.text(_name(row)),
        "raw": _name(row),
        "consumers": _count(row, b"consumers"),
        "pending": _count(row, b"pending"),
        "last_delivered": _shown_id(delivered),
        "last_delivered_time": id_time(delivered),
        "read": read,
        "lag": lag,
        "waiting": {"low": low, "high": high},
    }


def _tell_apart(groups: t.Sequence[Json]) -> None:
    """Number the groups whose names differ in nothing but what is masked: each is looked up by its name again."""
    seen: dict[str, int] = {}
    for group in groups:
        name = group["name"]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            group["name"] = f"{name} ({seen[name]})"


def waiting(
    lag: int | None,
    read: int | None,
    delivered: tuple[int, int],
    added: int | None,
    length: int,
    last: tuple[int, int] | None,
) -> tuple[int, int]:
    """Return how many entries wait to be read: at least, at most.

    The server says it (``lag``) from Redis 7 on, but not after entries were deleted, or for a group that began later.
    Nothing waits when the last entry was delivered, at least that one when it was not; no more than the stream holds,
    and than was added since the group's last read (which counts deleted entries too).
    """
    if lag is not None:
        return lag, lag
    if last is None or last <= delivered:
        return 0, 0
    most = length
    if added is not None and read is not None and added >= read:
        most = min(most, added - read)
    return 1, max(most, 1)


def _list(reply: t.Any, command: str) -> list[t.Any]:
    if not isinstance(reply, list):
        raise Unseen(f"it answers {command} with something else than a list")
    return reply


def _fields(reply: t.Any, command: str) -> dict[bytes, t.Any]:
    rows = _list(reply, command)
    if len(rows) % 2 or not all(isinstance(name, bytes) for name in rows[::2]):
        raise Unseen(f"it answers {command} with something else than names and values")
    return dict(zip(rows[::2], rows[1::2]))


def _name(row: t.Mapping[bytes, t.Any]) -> bytes:
    name = row.get(b"name")
    if not isinstance(name, bytes):
        raise Unseen("a group or a consumer has no name")
    return name


def _count(row: t.Mapping[bytes, t.Any], name: bytes) -> int:
    value = row.get(name)
    if not isinstance(value, int):
        raise Unseen(f"it does not tell {name.decode('ascii')}")
    return value


def _count_or_none(row: t.Mapping[bytes, t.Any], name: bytes) -> int | None:
    return None if row.get(name) is None else _count(row, name)


def _id(value: t.Any) -> tuple[int, int]:
    found = parse_id(value)
    if found is None:
        raise Unseen("it tells an id of another form than Redis gives it")
    return found


def _entry_id(entry: t.Any) -> tuple[int, int] | None:
    return _id(entry[0]) if isinstance(entry, list) and entry else None


def _shown_id(found: tuple[int, int] | None) -> str | None:
    return f"{found[0]}-{found[1]}" if found else None
