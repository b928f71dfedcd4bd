# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a watch, and hosts that never existed: looks as a host sends them, and one that answers requests."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.watch import WatchSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.course import Course, Doors
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.state import State

Json = dict[str, t.Any]

CONTRACT: Json = {
    "processes": [{"name": "api", "match": "api.py"}],
    "units": [{"name": "api.service"}],
    "containers": {},
    "endpoints": [{"name": "health", "url": "http://127.0.0.1:8001/", "under_ms": 100}],
    "streams": [{"redis": "127.0.0.1:6379", "stream": "orders", "group": "workers"}],
    "resources": {},
}
BOOT = "b1"
WALL_S = 1_700_000_000.0


def contract(**sections: t.Any) -> Json:
    """Return a whole contract with these sections, or with all that a watch looks at."""
    given = copy.deepcopy(sections or CONTRACT)
    return resolve({"drift_root": "/srv/app", "drift_contract": given}, cwd="/").contract


def context(declared: Json) -> Context:
    return Context(host="web1", root="/srv/app", cache=Cache("/nonexistent"), contract=declared, declared=declared)


def look(at_s: float, **changes: t.Any) -> Json:
    """Return a look at which all is well; ``changes`` are keys of items by part: ``units={"restarts": 2}``."""
    parts: Json = {
        "processes": {"name": "api", "count": 1, "instances": [instance(at_s)]},
        "units": {
            "name": "api.service",
            "active": "active",
            "sub": "running",
            "main_pid": 70,
            "restarts": 0,
            "since": None,
            "oom_kills": 0,
        },
        "containers": {
            "name": "web",
            "id": "a" * 64,
            "state": "running",
            "started": "2026-11-21T00:00:00Z",
            "restarts": 0,
            "policy": "unless-stopped",
            "exit_code": 0,
            "oom_killed": False,
            "health": "healthy",
            "memory_kb": 50_000,
            "cpu_s": at_s / 100,
        },
        "endpoints": {
            "name": "health",
            "failure": None,
            "status": 200,
            "total_ms": 12.0,
            "late": False,
            "broken": [],
            "untold": [],
        },
        "streams": {"server": 0, "stream": 0, "length": 10, "last_id": f"{int(at_s)}-0", "groups": [group(0, at_s)]},
        "memory": {"used_percent": 40.0, "oom_kills": 0, "groups": [], "reason": ""},
    }
    made: Json = {}
    for name, item in parts.items():
        seen = {} if name in ("processes", "memory") else {"outcome": "ok", "reason": ""}
        made[name] = {"outcome": "ok", "reason": "", "items": [{**item, **seen, **changes.get(name, {})}]}
    whole = {"due_s": at_s, "at_s": at_s, "wall_s": WALL_S + at_s, "took_s": 0.1, "skipped": 0, "parts": made}
    return {**whole, **{key: value for key, value in changes.items() if key in whole}}


def instance(at_s: float, pid: int = 70, start: int = 500, rss_kb: int = 30_000) -> Json:
    return {"pid": pid, "start": start, "cpu_s": at_s / 100, "rss_kb": rss_kb}


def group(lag: int | None, at_s: float) -> Json:
    return {"name": "workers", "lag": lag, "pending": 0, "last_delivered": f"{int(at_s)}-0"}


def unseen(part: Json, reason: str) -> Json:
    """Return a look in which a part could not be seen."""
    return {**part, "outcome": "unknown", "reason": reason, "items": []}


def state(
    looks: t.Iterable[Json],
    for_s: float = 600,
    every_s: float = 30,
    declared: Json | None = None,
    ran: t.Sequence[Json] = (),
) -> State:
    made = State(declared or contract(), for_s, every_s, ran)
    for one in looks:
        made.add(one, BOOT, one["at_s"])
    return made


def document(looks: t.Iterable[Json], for_s: float = 600, every_s: float = 30, **more: t.Any) -> Json:
    """Return the document of a watch that ended by itself."""
    told = state(looks, for_s, every_s, more.pop("declared", None), more.pop("ran", ())).told()
    about = {
        "host": "web1",
        "complete": True,
        "reason": "",
        "availability_percent": 100,
        "logs": None,
        "not_watched": [],
    }
    return {**about, **told, **more}


def regular(change: t.Callable[[float], Json] = lambda _at_s: {}, for_s: int = 600, every_s: int = 30) -> list[Json]:
    """Return the looks of a window; ``change`` says by time what was not well."""
    return [look(float(at), **change(float(at))) for at in range(0, for_s + 1, every_s)]


class FakeHost:
    """Answers slices by a clock that it shares with the control node. ``script`` maps the number of a request to what
    becomes of it: an exception, or ``reboot``.
    """

    def __init__(self, script: t.Mapping[int, t.Any] | None = None, slice_looks: int = 3) -> None:
        self.now_s = 0.0
        self.script = dict(script or {})
        self.slice_looks = slice_looks
        self.asked: list[Json] = []
        self.shown: list[str] = []
        self.kept: list[Json] = []
        self._boot = BOOT
        self._booted_s = -1000.0

    def ask(self, request: Json) -> Json:
        self.asked.append(request)
        event = self.script.get(len(self.asked))
        if isinstance(event, BaseException):
            self.now_s += 30
            raise event
        if event == "reboot":
            self._boot, self._booted_s = "b2", self.now_s
        if callable(event):
            return t.cast(Json, event(request))
        watch = request["watch"]
        mine = self.now_s - self._booted_s
        window, last_s = watch["window"], watch["last_s"]
        if window is None or window["boot"] != self._boot:
            window, last_s = {"boot": self._boot, "at_s": mine, "end_s": mine + watch["left_s"]}, None
        looks = []
        while len(looks) < self.slice_looks and (last_s is None or last_s < window["end_s"]):
            due = window["at_s"] if last_s is None else min(last_s + watch["every_s"], window["end_s"])
            self.now_s = max(self.now_s, due + self._booted_s)
            at_s = self.now_s - self._booted_s
            looks.append(look(at_s, wall_s=WALL_S + self.now_s))
            last_s = due
        over = last_s >= window["end_s"]
        return {
            "protocol": 1,
            "window": window,
            "now_s": self.now_s - self._booted_s,
            "last_s": last_s,
            "over": over,
            "next_in_s": None if over else float(watch["every_s"]),
            "looks": looks,
        }

    def run(self, for_s: int = 600, every_s: int = 30, declared: Json | None = None) -> Json:
        def sleep(seconds: float) -> None:
            self.now_s += seconds

        def read(_request: Json) -> Json:
            raise HostUnseen("unreachable", "no logs here")

        doors = Doors(self.ask, read, self.shown.append, self.keep, lambda: self.now_s, lambda: WALL_S, sleep)
        asked = declared or contract()
        return Course(asked, context(asked), {"root": "/srv/app"}, WatchSettings(for_s, every_s, 100), doors).run()

    def keep(self, made: Json) -> None:
        self.kept.append(made)
