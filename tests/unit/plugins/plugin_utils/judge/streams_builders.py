# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small evidence about servers and streams."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.streams import SHAPE, servers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import streams
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement

Json = dict[str, t.Any]

REDIS = "127.0.0.1:6379"
LOCAL: Json = {"outcome": "ok", "reason": "", "addresses": ["127.0.0.1"], "open": False}
WIDE: Json = {"outcome": "ok", "reason": "", "addresses": ["0.0.0.0"], "open": True}


def contract(*entries: Json) -> list[Json]:
    problems = Problems()
    read = SHAPE.read([{"redis": REDIS, **one} if "memcached" not in one else one for one in entries], "s", problems)
    problems.raise_any()
    return t.cast("list[Json]", read)


def about(**more: t.Any) -> Json:
    """Return what a quiet Redis says of itself; ``settings`` are values."""
    settings = {"protected-mode": "yes", "bind": "", **more.pop("settings", {})}
    return {
        "version": "7.0.15",
        "uptime_s": 7500,
        "memory": {"used": 10 << 20, "peak": 1, "resident": 1, "max": 0, "system": 1 << 30, "policy": "noeviction"},
        "replication": {"role": "master"},
        "persistence": {"saved": None, "append_only": False},
        "evicted": 0,
        "clients": {"connected": 2, "blocked": 0},
        "slow_log": {"value": {"length": 0, "entries": []}, "reason": ""},
        "auth_required": False,
        **more,
        "settings": {
            name: value if isinstance(value, dict) else {"value": value, "reason": ""}
            for name, value in settings.items()
        },
    }


def group(name: str = "billing", **more: t.Any) -> Json:
    """Return a group that has read all of 10 entries; ``low`` and ``high`` are how many wait."""
    low = more.pop("low", 0)
    return {
        "name": name,
        "consumers": 1,
        "pending": 0,
        "last_delivered": "1795262009000-0",
        "last_delivered_time": "2026-11-21T11:53:29Z",
        "read": 10,
        "lag": low,
        "waiting": {"low": low, "high": more.pop("high", low)},
        "members": {
            "listed": [{"name": "worker-1", "idle_ms": 500, "inactive_ms": None, "pending": 0}],
            "total": 1,
            "least_idle_ms": 500,
            "oldest_pending": None,
            "reason": "",
        },
        **more,
    }


def look(*groups: Json, at: float = 0, **more: t.Any) -> Json:
    return {
        "at": f"2026-11-21T12:00:{int(at):02}Z",
        "at_s": 1795262400.0 + at,
        "length": 10,
        "added": 10,
        "last_id": "1795262009000-0",
        "first_entry": "1795262000000-0",
        "last_entry": "1795262009000-0",
        "first_time": "2026-11-21T11:53:20Z",
        "last_time": "2026-11-21T11:53:29Z",
        "groups": list(groups),
        "groups_total": len(groups),
        "others": [],
        **more,
    }


def stream(first: Json | None, second: Json | None = None, **more: t.Any) -> Json:
    return {
        "outcome": "ok",
        "reason": "",
        "type": "stream" if first else "none",
        "first": first,
        "second": second,
        "second_reason": "",
        "sample": None,
        "sample_reason": "",
        **more,
    }


def server(*seen: Json, **more: t.Any) -> Json:
    return {
        "kind": "redis",
        "address": REDIS,
        "outcome": "ok",
        "reason": "",
        "about": about(),
        "binding": LOCAL,
        "streams": list(seen),
        "found": None,
        **more,
    }


def judged(entries: list[Json], *seen: Json) -> Judgement:
    """Judge entries as the contract has them against servers in the order of the entries."""
    read = contract(*entries)
    for one, mine in zip(seen, servers(read), strict=True):
        named = [entry["name"] for entry in mine if entry["stream"] is not None]
        for part, name in zip(one["streams"], named, strict=False):
            part["entry"] = name
    evidence = {"now_s": 1795262400.0, "waited_s": 0.0, "servers": list(seen)}
    return streams.judge(read, evidence, Context("prod", "web1"))


def one_stream(entry: Json, seen: Json) -> Judgement:
    """Judge one stream of a server that is well."""
    return judged([{"stream": "orders", **entry}], server(seen))


def told(made: Judgement) -> set[tuple[str, str, str, str | None]]:
    """Return (outcome, check, subject, cause) of all that did not pass."""
    return {(one.outcome, one.check, one.subject, one.cause) for one in made.checks if one.outcome != "pass"}
