# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the logs say of the window, by their own times: read once, when it is over. Private to the collection."""

from __future__ import annotations

import math
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.snapshot import PROTOCOL
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.logs import LogsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen, Send
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import OUTCOME, GarbledAnswer, require
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.log_words import ahead_s, granularity_s
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import utc
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Json

TIMEOUT_S = 300
"""What reading all logs may take."""

_WINDOWS = ("lines", "bytes", "since_s", "age_s", "deploy", "written_by")
_CLASSES = 20


def read(contract: t.Sequence[Json], context: Context, base: Json, since_s: float, send: Send) -> Json:
    """Return ``{outcome, reason, from, to, window_s, logs}``: what was written since a time of the host's day."""
    half = LogsExchange(contract, context)
    asked = [
        # Lines have whole seconds: those of the window's first second are among them, whenever in it they came.
        {**{key: value for key, value in log.items() if key not in _WINDOWS}, "since_s": math.floor(since_s)}
        for log in half.request()["logs"]
    ]
    sections = {"logs": {"logs": asked}}
    request = {**base, "protocol": PROTOCOL, "timeout_s": TIMEOUT_S, "sections": sections, "changes": None}
    begun_s = time.monotonic()
    try:
        section = send(request)["sections"]["logs"]
        require(section, {"outcome": OUTCOME, "reason": str, "data": dict}, "the answer about the logs")
        if section["outcome"] != "ok":
            return unread(section["reason"], since_s)
        data = half.read(section["data"])
    except (HostUnseen, GarbledAnswer) as error:
        return unread(str(error), since_s)
    except (KeyError, TypeError):
        return unread("the host's answer about the logs is garbled", since_s)
    span = since_s, data["now_s"]
    reading_s = time.monotonic() - begun_s
    return {
        "outcome": "ok",
        "reason": "",
        "from": utc(since_s),
        "to": utc(data["now_s"]),
        "window_s": round(data["now_s"] - since_s, 1),
        "logs": [_log(entry, log, span, reading_s) for entry, log in zip(contract, data["logs"], strict=True)],
    }


def unread(reason: str, since_s: float | None = None) -> Json:
    """Return what stands there when the logs were not read."""
    start = None if since_s is None else utc(since_s)
    return {"outcome": "unknown", "reason": reason, "from": start, "to": None, "window_s": 0.0, "logs": []}


def _log(entry: Json, log: Json, span: tuple[float, float], reading_s: float) -> Json:
    """Return one log: what was counted in it, beside what the contract declares, and by how much its newest time lies
    ahead of the host's clock.
    """
    told: Json = {"name": entry["name"], "outcome": log["outcome"], "reason": log["reason"]}
    told.update(required=entry["required"], max=entry["max"])
    if log["outcome"] != "ok":
        return told
    lines = log["read"]
    times = [log["newest_s"], *(seen["last_s"] for seen in log["intervals"])]
    classes = sorted(log["exceptions"].items(), key=lambda one: (-one[1], one[0]))[:_CLASSES]
    return {
        **told,
        "read": {key: lines[key] for key in ("lines", "first", "last", "dated", "complete", "reason", "unsorted")},
        "ahead_s": round(ahead_s(times, log, span[1], reading_s), 1),
        "levels": log["levels"],
        "exceptions": dict(classes),
        "exceptions_rest": log["exceptions_rest"] + sum(log["exceptions"].values()) - sum(dict(classes).values()),
        "unhandled": log["unhandled"],
        "forbid": [
            {"name": seen["name"], "count": seen["count"], "max": wanted["max"], "last": seen["last"]}
            for wanted, seen in zip(entry["forbid"], log["forbid"], strict=True)
        ],
        "cycles": [
            {
                **{key: wanted[key] for key in ("min_s", "max_s")},
                **{key: seen[key] for key in ("name", "count", "dated", "first", "last", "over", "longest")},
                "mean_s": seen["mean_s"],
                "longest_s": seen["max_s"],
                **_ends(seen, span),
            }
            for wanted, seen in zip(entry["interval"], log["intervals"], strict=True)
        ],
    }


def _ends(seen: Json, span: tuple[float, float]) -> Json:
    """Return how long the first one took to come, and how long ago the last one was when the window ended, at least: a
    time without parts of a second is of any moment of it.
    """
    if seen["first_s"] is None or seen["last_s"] is None:
        return {"until_first_s": None, "since_last_s": None}
    begin_s, end_s = span
    latest_s = seen["last_s"] + granularity_s(seen["last_s"])
    return {
        "until_first_s": round(max(seen["first_s"] - begin_s, 0.0), 3),
        "since_last_s": round(max(end_s - latest_s, 0.0), 3),
    }
