# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section logs: what is searched in which window, and what an answer looks like. Private to the collection."""

from __future__ import annotations

import datetime
import re

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.log_shapes import DEPLOY, LEVELS, UNHANDLED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import ByName, GarbledAnswer, OneOf, require

_WHAT = "the answer about the logs"
_TEXT = OneOf([None, str])
_TIME = OneOf([None, re.compile(r"\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\dZ")])
_NUMBER = OneOf([None, int, float])
_SECONDS = OneOf([int, float])
_COUNT = OneOf([None, int])
_SPAN = {"first": _TIME, "last": _TIME}
_LINE = {"time": _TIME, "text": str}
_HIT = {"name": str, "count": int, **_SPAN, "samples": [_LINE]}
_INTERVAL = {
    "name": str,
    **_SPAN,
    **dict.fromkeys(("first_s", "last_s", "min_s", "mean_s", "max_s"), _NUMBER),
    **dict.fromkeys(("count", "dated", "over", "under"), int),
    "longest": OneOf([None, [_TIME]]),
}
_MEASURED = {
    "name": str,
    **dict.fromkeys(("count", "unread", "over", "under"), int),
    **dict.fromkeys(("min", "mean", "max", "last"), _NUMBER),
    "sample": OneOf([None, _LINE]),
}
_READ = {
    **_SPAN,
    **dict.fromkeys(("first_s", "last_s"), _NUMBER),
    **dict.fromkeys(("lines", "bytes", "cut"), int),
    **dict.fromkeys(("from_byte", "of_total"), _COUNT),
    **dict.fromkeys(("dated", "complete", "unsorted"), bool),
    "reason": str,
    "changed": str,
    "siblings": [str],
}
_LOG = {
    "path": _TEXT,
    **dict.fromkeys(("inode", "size"), _COUNT),
    "mtime": _TIME,
    "mtime_s": _NUMBER,
    "newest": _TIME,
    "newest_s": _NUMBER,
    "read": _READ,
    "levels": ByName(int),
    "exceptions": ByName(int),
    "exceptions_rest": int,
    "unhandled": ByName(int),
    "forbid": [_HIT],
    "require": [_HIT],
    "intervals": [_INTERVAL],
    "numbers": [_MEASURED],
}
_SHAPE = {
    "now": _TIME,
    "now_s": _SECONDS,
    "logs": [
        {
            "name": str,
            "kind": re.compile("path|journal|container"),
            "source": str,
            "outcome": re.compile("ok|missing|unknown"),
            "reason": str,
        }
    ],
}


class LogsExchange(Exchange):
    """Asks for each log of the contract."""

    def request(self) -> Json:
        return {"logs": [_asked(entry) for entry in self.contract]}

    def read(self, data: Json) -> Json:
        require(data, _SHAPE, _WHAT)
        asked = self.request()["logs"]
        if [log["name"] for log in data["logs"]] != [log["name"] for log in asked]:
            raise GarbledAnswer(f"{_WHAT} is garbled: it is about other logs")
        for log, wanted in zip(data["logs"], asked, strict=True):
            if log["outcome"] != "ok":
                continue
            require(log, _LOG, f"{_WHAT}: {log['name'][:100]!r}")
            for kind in ("forbid", "require", "intervals", "numbers"):
                if [one["name"] for one in log[kind]] != [one["name"] for one in wanted[kind]]:
                    raise GarbledAnswer(f"{_WHAT} is garbled: {log['name'][:100]!r} has other {kind}")
            if not _agrees(log):
                raise GarbledAnswer(f"{_WHAT} is garbled: {log['name'][:100]!r} contradicts itself")
        return data


def _agrees(log: Json) -> bool:
    """Return whether what belongs together is there together: a count, and what was counted."""
    together = [
        *([[log[key], log[f"{key}_s"]] for key in ("mtime", "newest")]),
        [log["read"][key] for key in ("first", "last", "first_s", "last_s")],
    ]
    for one in log["intervals"]:
        together.append([one[key] for key in ("first", "last", "first_s", "last_s")] + [one["dated"] or None])
        together.append([one[key] for key in ("min_s", "mean_s", "max_s", "longest")])
    together += [
        [one[key] for key in ("min", "mean", "max", "last")] + [one["count"] or None] for one in log["numbers"]
    ]
    return (
        all(None not in values or not any(value is not None for value in values) for values in together)
        and all(one["longest"] is None or len(one["longest"]) == 2 for one in log["intervals"])
        and set(log["levels"]) <= set(LEVELS)
        and set(log["unhandled"]) <= set(UNHANDLED)
    )


def _asked(entry: Json) -> Json:
    named = ("name", "pattern")
    return {
        **{key: entry[key] for key in ("name", "path", "journal", "container", "socket") if entry[key] is not None},
        **_window(entry),
        "forbid": _only(entry["forbid"], *named),
        "require": _only(entry["require"], *named),
        "intervals": _only(entry["interval"], *named, "min_s", "max_s"),
        "numbers": _only(entry["numbers"], *named, "min", "max"),
        "classes": sorted(set(entry["max"]) - {*LEVELS, *UNHANDLED}),
    }


def _only(entries: list[Json], *keys: str) -> list[Json]:
    return [{key: entry[key] for key in keys if entry[key] is not None} for entry in entries]


def _window(entry: Json) -> Json:
    since = entry["since"]
    if since is None:
        return {key: entry[key] for key in ("lines", "bytes") if entry[key] is not None}
    if since == DEPLOY:
        return {"deploy": True, **_only([entry], "written_by")[0]}
    if isinstance(since, int):
        return {"age_s": since}
    return {"since_s": datetime.datetime.fromisoformat(since).timestamp()}
