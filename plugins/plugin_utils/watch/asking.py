# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a watch asks of a host, and whether an answer is one. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.watching import PROTOCOL
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.streams import servers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.registry import exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    GarbledAnswer,
    OneOf,
    require,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Json

WATCHED = ("processes", "units", "containers", "endpoints", "streams")
"""The sections of a contract that are looked at again and again; ``logs`` is read when the window is over."""

_WHAT = "the answer about the watch"
_NUMBER = OneOf([int, float])
_TEXT, _INT, _NULL_OR_NUMBER = OneOf([None, str]), OneOf([None, int]), OneOf([None, int, float])
_SEEN = {"outcome": OUTCOME, "reason": str}
_ITEMS: dict[str, Json] = {
    "processes": {
        "name": str,
        "count": int,
        "instances": [{"pid": int, "start": int, "cpu_s": _NUMBER, "rss_kb": int}],
    },
    "units": {"name": str, **_SEEN},
    "containers": {"name": str, **_SEEN},
    "endpoints": {
        **_SEEN,
        "name": str,
        "failure": _TEXT,
        "status": _INT,
        "total_ms": _NULL_OR_NUMBER,
        "late": bool,
        "broken": [str],
        "untold": [str],
    },
    "streams": {
        **_SEEN,
        "server": int,
        "stream": int,
        "length": _INT,
        "last_id": _TEXT,
        "groups": [{"name": str, "lag": _INT, "pending": int, "last_delivered": str}],
    },
    "memory": {
        "used_percent": _NUMBER,
        "oom_kills": _INT,
        "groups": OneOf([None, [{"path": str, "oom": int, "own_oom": int, "oom_kill": int}]]),
        "reason": str,
    },
}
# What an item has when its outcome is ok.
_WHOLE: dict[str, Json] = {
    "units": {"active": str, "sub": str, "main_pid": _INT, "restarts": _INT, "since": _TEXT, "oom_kills": _INT},
    "containers": {
        "id": re.compile("[0-9a-zA-Z]{1,64}"),
        "state": str,
        "started": _TEXT,
        "restarts": int,
        "policy": str,
        "exit_code": int,
        "oom_killed": bool,
        "health": _TEXT,
        "memory_kb": _INT,
        "cpu_s": _NULL_OR_NUMBER,
    },
    "streams": {"length": int, "last_id": str},
}
_LOOK = {
    **dict.fromkeys(("due_s", "at_s", "wall_s", "took_s"), _NUMBER),
    "skipped": int,
    "parts": dict,
}
_ANSWER = {
    "protocol": int,
    "window": {"boot": re.compile("[0-9a-f-]{1,64}"), "at_s": _NUMBER, "end_s": _NUMBER},
    "now_s": _NUMBER,
    "last_s": _NULL_OR_NUMBER,
    "over": bool,
    "next_in_s": _NULL_OR_NUMBER,
    "looks": [_LOOK],
}


def asked(contract: Json, context: Context) -> Json:
    """Return the sections of the request for each look."""
    made = {name: exchange(name, part, context).request() for name, part in watched(contract).items()}
    if "endpoints" in made:
        # One look is one sample of each.
        made["endpoints"] = {"endpoints": [{**one, "samples": 1} for one in made["endpoints"]["endpoints"]]}
    for server in (made.get("streams") or {"servers": []})["servers"]:
        server["streams"] = [
            {**one, "progress_s": None, "sample": 1, "stuck": [], "required": []} for one in server["streams"]
        ]
        server["discover"] = False
    if "resources" in contract:
        made["memory"] = {}
    return made


def watched(contract: Json) -> Json:
    """Return of a contract what is looked at again and again: endpoints that a host may ask, declared streams."""
    parts = {name: contract[name] for name in WATCHED if contract.get(name)}
    if "endpoints" in parts:
        parts["endpoints"] = [entry for entry in parts["endpoints"] if _asks(entry)]
    if "streams" in parts:
        parts["streams"] = [entry for entry in parts["streams"] if entry["stream"] is not None]
    return {name: part for name, part in parts.items() if part}


def left_out(contract: Json) -> list[str]:
    """Return the names of the endpoints that are not watched."""
    return sorted(entry["name"] for entry in contract.get("endpoints") or [] if "url" in entry and not _asks(entry))


def _asks(entry: Json) -> bool:
    """Whether an endpoint is asked again and again: one that may change something is not, nor one that others ask."""
    return entry.get("from") == "host" and entry["method"] in ("GET", "HEAD")


def stream_names(contract: Json) -> dict[tuple[int, int], str]:
    """Return the names of the declared streams by the places of their server and of themselves in a request."""
    groups = servers(watched(contract).get("streams") or [])
    return {(server, place): entry["name"] for server, group in enumerate(groups) for place, entry in enumerate(group)}


def check(answer: t.Any, sections: Json) -> None:
    """Raise GarbledAnswer unless an answer has the form that ``observe/watching.py`` gives it, and is about all that
    was asked.
    """
    require(answer, _ANSWER, _WHAT)
    if answer["protocol"] != PROTOCOL:
        raise GarbledAnswer(f"{_WHAT} is of another protocol")
    if not answer["over"] and answer["next_in_s"] is None:
        raise GarbledAnswer(f"{_WHAT} is garbled: it does not say when it goes on")
    for look in answer["looks"]:
        for name in sections:
            part = look["parts"].get(name)
            require(part, {**_SEEN, "items": [_ITEMS[name]]}, f"{_WHAT}: {name}")
            if part["outcome"] == "ok":
                _whole(name, part["items"], sections[name])


def _whole(name: str, items: list[Json], section: Json) -> None:
    """Raise GarbledAnswer when items are missing, or lack what they must have: what is left out would count as well."""
    for item in items:
        if item.get("outcome", "ok") == "ok":
            require(item, _WHOLE.get(name, {}), f"{_WHAT}: {name}")
        if name == "endpoints" and item["outcome"] == "ok" and item["failure"] is None:
            require(item, {"status": int, "total_ms": _NUMBER}, f"{_WHAT}: {name}")
    found: t.Any
    wanted: t.Any
    if name == "streams":
        found = [(item["server"], item["stream"]) for item in items]
        wanted = [(at, place) for at, one in enumerate(section["servers"]) for place in range(len(one["streams"]))]
    elif name == "units":
        found, wanted = [item["name"] for item in items], sorted(set(section["units"]))
    elif name in ("processes", "endpoints"):
        found, wanted = [item["name"] for item in items], [entry["name"] for entry in section[name]]
    elif name == "memory":
        found, wanted = len(items), 1
    else:
        found = [item["name"] for item in items]
        wanted = list(dict.fromkeys(found))
    if found != wanted:
        raise GarbledAnswer(f"{_WHAT} is garbled: {name} are not those that were asked for")
