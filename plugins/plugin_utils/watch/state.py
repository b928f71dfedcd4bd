# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a watch has seen of one host so far. It is as large as what is watched, however long that takes. Private to
the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch import asking
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.answering import Endpoint, Stream
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.containers import Containers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.memory import Memory
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.running import Process, Seen, Unit
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.window import Moment, Window


class State:
    """Takes in one look after the other; how they were sliced makes no difference."""

    def __init__(self, contract: Json, for_s: float, every_s: float, ran: t.Sequence[Json] = ()) -> None:
        """``ran`` are the containers that ran when the host was observed before (``watch/before.py``)."""
        self.window = Window(for_s, every_s)
        half_s = for_s / 2
        watched = asking.watched(contract)
        self._names = asking.stream_names(contract)
        self._processes = {entry["name"]: Process(entry, half_s) for entry in watched.get("processes") or []}
        self._units = {entry["name"]: Unit(entry) for entry in watched.get("units") or []}
        self._containers = Containers(half_s, _expected(watched), ran) if "containers" in watched else None
        self._endpoints = {entry["name"]: Endpoint(entry) for entry in watched.get("endpoints") or []}
        self._streams = {entry["name"]: Stream(entry, half_s) for entry in watched.get("streams") or []}
        self._memory = Memory() if "resources" in contract else None

    def add(self, look: Json, boot: str, here_s: float) -> None:
        """Take in one look that has the right shape (``asking.check``); ``here_s`` is when it was made on the control
        node's clock.
        """
        moment = self.window.add(look, boot, here_s)
        for name, part in look["parts"].items():
            if part["outcome"] != "ok":
                for one in self._of(name):
                    one.miss(part["reason"])
            else:
                self._take(name, part["items"], moment, boot)

    def _of(self, part: str) -> t.Iterable[Seen]:
        """Return all that a part of a look is about."""
        alone = {"containers": self._containers, "memory": self._memory}
        if part in alone:
            found = alone[part]
            return [found] if found is not None else []
        several: dict[str, t.Mapping[str, Seen]] = {
            "processes": self._processes,
            "units": self._units,
            "endpoints": self._endpoints,
            "streams": self._streams,
        }
        return several[part].values()

    def _take(self, part: str, items: t.Sequence[Json], moment: Moment, boot: str) -> None:
        if part == "containers" and self._containers is not None:
            self._containers.add(items, moment)
            return
        for item in items:
            if part == "processes":
                self._processes[item["name"]].add(item, moment, boot)
            elif part == "units":
                self._units[item["name"]].add(item, moment)
            elif part == "endpoints":
                self._endpoints[item["name"]].add(item, moment)
            elif part == "streams":
                self._streams[self._names[item["server"], item["stream"]]].add(item, moment)
            elif part == "memory" and self._memory is not None:
                self._memory.add(item, moment, boot, self._containers)

    def told(self) -> Json:
        """Return the parts of the document that come of the looks (``docs/design.md``)."""
        return {
            "window": self.window.told(),
            "processes": [one.told() for one in self._processes.values()],
            "units": [one.told() for one in self._units.values()],
            "containers": self._containers.told() if self._containers is not None else None,
            "endpoints": [one.told() for one in self._endpoints.values()],
            "streams": [one.told() for one in self._streams.values()],
            "memory": self._memory.told() if self._memory is not None else None,
        }


def _expected(watched: Json) -> list[str]:
    """Return the containers that a contract expects to run."""
    return [entry["name"] for entry in watched["containers"]["expected"] if entry["running"]]
