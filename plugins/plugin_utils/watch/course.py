# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a watch: one slice after the other until the window is over. Private to the collection.

Knows nothing of Ansible: how a request reaches the host, what shows a line and what keeps the document is the caller's.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.watch import WatchSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen, Send
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number, utc
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch import asking, logs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.state import State
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.window import BOOTED

SCHEMA = "evenkeel.drift/watch/1"
UNDER_WAY = "the watch has not ended: it was interrupted, or is still under way"

_SHORTEST_SLICE_S, _LONGEST_SLICE_S = 20.0, 60.0
_LONGEST_LOOK_S, _SHORTEST_LOOK_S = 120.0, 10.0
# A look has four times what its slowest endpoint may take: others come before it, and it has half of what is left.
_ROOM = 4
# How much earlier than a look is due the host is asked again, and from how long a wait on it is left alone meanwhile.
_LEAD_S = 2.0
# How long until the host is tried again: longer each time. One that was never reached is given up after a while.
_RETRY_S, _LONGEST_RETRY_S = 5.0, 30.0
_NEVER_REACHED_S = 120.0
_SPARE_S = 60.0
_TOLD = 3


@dataclasses.dataclass(frozen=True)
class Doors:
    """What a watch needs of the world. ``ask`` sends a slice, ``read`` an observation; both raise HostUnseen."""

    ask: Send
    read: Send
    show: t.Callable[[str], None]
    keep: t.Callable[[Json], None]
    now: t.Callable[[], float] = time.monotonic
    wall: t.Callable[[], float] = time.time
    sleep: t.Callable[[float], None] = time.sleep


class Course:
    """Watches one host. ``base`` is what all requests to it have in common, ``ran`` what ran there before."""

    def __init__(
        self,
        contract: Json,
        context: Context,
        base: Json,
        asked: WatchSettings,
        doors: Doors,
        ran: t.Sequence[Json] = (),
    ) -> None:
        self._contract = contract
        self._context = context
        self._base = base
        self._asked = asked
        self._doors = doors
        self._sections = asking.asked(contract, context)
        self._state = State(contract, asked.for_s, asked.every_s, ran)
        self._slice_s = min(max(asked.for_s / 40, _SHORTEST_SLICE_S), _LONGEST_SLICE_S)
        waits_s = [_ROOM * one["timeout_s"] for one in self._sections.get("endpoints", {}).get("endpoints", ())]
        self._look_s = min(max([asked.every_s, _SHORTEST_LOOK_S, *waits_s]), _LONGEST_LOOK_S)
        self._window: Json | None = None
        self._last_s: float | None = None
        self._trouble = ""
        self._lost = 0
        self._logged = bool(contract.get("logs"))
        self._started = utc(doors.wall())

    def run(self) -> Json:
        """Watch until the window is over, and return the document (``docs/design.md``)."""
        begun_s = self._doors.now()
        self._state.window.begin(begun_s)
        most_s = self._asked.for_s * 1.05 + self._slice_s + _SPARE_S
        self._keep(None, UNDER_WAY)
        over, reason = False, ""
        while not over:
            passed_s = self._doors.now() - begun_s
            if passed_s > (most_s if self._window else min(self._asked.for_s, _NEVER_REACHED_S)):
                reason = self._trouble or "the host's clock goes slower than that of the control node"
                break
            over, wait_s = self._slice(max(self._asked.for_s - passed_s, 0.0))
            self._progress(begun_s, over)
            if not over:
                self._keep(None, UNDER_WAY)
                self._doors.sleep(wait_s)
        return self._keep(self._logs(), reason)

    def _slice(self, left_s: float) -> tuple[bool, float]:
        """Ask for one slice; return whether it was the last, and the seconds to wait until the next."""
        watch = {
            "every_s": self._asked.every_s,
            "budget_s": self._slice_s,
            "left_s": left_s,
            "window": self._window,
            "last_s": self._last_s,
        }
        try:
            answer = self._doors.ask(
                {**self._base, "timeout_s": self._look_s, "sections": self._sections, "watch": watch}
            )
            asking.check(answer, self._sections)
        except (HostUnseen, GarbledAnswer) as error:
            self._trouble = str(error)
            self._state.window.lost(self._trouble)
            self._lost += 1
            return False, min(_RETRY_S * self._lost, _LONGEST_RETRY_S)
        here_s = self._doors.now()
        for look in answer["looks"]:
            self._state.add(look, answer["window"]["boot"], here_s - (answer["now_s"] - look["at_s"]))
        self._window, self._last_s, self._trouble = answer["window"], answer["last_s"], ""
        self._lost = 0
        # A look is never due later than that; a host can say anything, and nobody sleeps for as long as it says.
        next_in_s = min(answer["next_in_s"] or 0.0, self._asked.every_s)
        return answer["over"], max(next_in_s - _LEAD_S, 0.0)

    def _progress(self, begun_s: float, over: bool) -> None:
        """Show how far it is, and what is not well."""
        window = self._state.window
        left_s = max(self._asked.for_s - (self._doors.now() - begun_s), 0.0)
        # Looks can take longer than what lies between them: the last one begins after the window has passed.
        left = "the window is over" if over else f"{duration(left_s)} left" if left_s >= 1 else "the last look is due"
        line = (
            f"watched {duration(window.observed_s)} of {duration(self._asked.for_s)}, {number(window.looks, 'look')}, "
        )
        ill = self._trouble or "; ".join(self._happened())
        # What its logs say of the window is read when that is over.
        well = "nothing has happened" + (", but for its logs, which are read in the end" if self._logged else "")
        self._doors.show(f"{line}{left}: {f'what happened: {ill}' if ill else well}")

    def _happened(self) -> list[str]:
        """Return what happened, in a few words each."""
        told = self._state.told()
        seen = [one for kind in ("processes", "units", "endpoints", "streams") for one in told[kind]]
        for kind in ("containers", "memory"):
            seen += [{**told[kind], "name": kind}] if told[kind] else []
        seen += (told["containers"] or {"containers": []})["containers"]
        words = [
            f"{one['name']}: {one['events'][-1]['what']}{_times(one['events_total'])}" for one in seen if one["events"]
        ]
        unseen = [f"{one['name']} cannot be seen: {one['reason']}" for one in seen if one["unseen"] and one["reason"]]
        both = _of_window(told["window"]) + words + unseen
        return both[:_TOLD] + ([f"and {len(both) - _TOLD} more"] if len(both) > _TOLD else [])

    def _logs(self) -> Json | None:
        contract = self._contract.get("logs")
        if not contract:
            return None
        since_s = self._state.window.first_wall_s
        if since_s is None:
            return logs.unread("the host was never looked at")
        return logs.read(contract, self._context, self._base, since_s, self._doors.read)

    def _keep(self, read: Json | None, reason: str) -> Json:
        """Keep what there is so far: whatever ends the watch, its file says how far it came."""
        document: Json = {
            "schema": SCHEMA,
            "host": self._context.host,
            "complete": reason != UNDER_WAY,
            "reason": reason,
            "started": self._started,
            "kept": utc(self._doors.wall()),
            "availability_percent": self._asked.availability,
            **self._state.told(),
            "logs": read if read is not None or not self._contract.get("logs") else logs.unread(reason or UNDER_WAY),
            "not_watched": asking.left_out(self._contract),
        }
        self._doors.keep(document)
        return document


def _of_window(window: Json) -> list[str]:
    """Return what happened to the window itself, in a few words each."""
    boots, lost = window["boots"], [gap for gap in window["gaps"] if gap["reason"] != BOOTED]
    said = [f"the host booted {number(boots, 'time')}"] if boots else []
    return said + ([f"not looked at for {duration(window['gaps_s'])}: {lost[-1]['reason']}"] if lost else [])


def _times(total: int) -> str:
    return f" ({total} such things so far)" if total > 1 else ""
