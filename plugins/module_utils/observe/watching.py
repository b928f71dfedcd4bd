# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One slice of a watch: looks at a host again and again, on a schedule that does not drift. Private to the collection.

Nothing of the watch stays on the host. The control node keeps what was seen, and says with each slice where the window
began; the host's own clock since its boot, which nobody sets, tells when the next look is due.
"""

from __future__ import annotations

import math
import os
import resource
import select
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.answer import mask_answer
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.known import learn_secrets
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.watch_look import look

PROTOCOL = 1

Json = t.Dict[str, t.Any]

_ANSWERS_GO_TO = 1
_BOOT = "/proc/sys/kernel/random/boot_id"
# A look that begins that much before it is due counts as on time: clocks are read in different units.
_EARLY_S = 0.001


class Clock:
    """The host's clocks, and waiting by them."""

    def now(self) -> float:
        """Return the seconds since the host booted; they go on while it sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall(self) -> float:
        """Return the time of day, in seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Unseen as soon as nobody reads the answer any more: an interrupted watch ends here too."""
        waiting = select.poll()
        waiting.register(_ANSWERS_GO_TO, 0)
        if waiting.poll(max(seconds, 0.0) * 1000):
            raise Unseen("the control node no longer listens")

    def boot(self) -> str:
        """Return what names this boot of the host. Raises Unseen."""
        try:
            with open(_BOOT, encoding="ascii") as file:
                return file.read(64).strip()
        except OSError as error:
            raise Unseen(f"{_BOOT} cannot be read: {explain(error)}") from None


class Schedule(t.NamedTuple):
    """When looks are due: at ``at_s``, every ``every_s`` after it, and at ``end_s``; seconds since the boot."""

    at_s: float
    end_s: float
    every_s: float

    def next(self, last_s: float | None, now_s: float) -> tuple[float, int] | None:
        """Return when the look after the one of ``last_s`` is due, and how many before it are too late to be made.

        None: there is none any more. One that is overdue is made at once, in the place of all that were due before it.
        """
        if last_s is None:
            return self.at_s, 0
        if last_s >= self.end_s - _EARLY_S:
            return None
        follower = math.floor((last_s - self.at_s + _EARLY_S) / self.every_s) + 1
        overdue = math.floor((now_s - self.at_s + _EARLY_S) / self.every_s)
        # The last one is made however late: it says how the window ended.
        most = math.ceil((self.end_s - self.at_s - _EARLY_S) / self.every_s)
        chosen = min(max(follower, overdue), most)
        return min(self.at_s + chosen * self.every_s, self.end_s), chosen - min(follower, most)


def answer(request: t.Mapping[str, t.Any], clock: Clock | None = None) -> Json:
    """Return the looks of one slice (both shapes are in ``docs/design.md``)."""
    # A core dump of a process that has read secrets would be a copy of them.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.nice(int(request.get("nice", 0)))
    return _Slice(request, clock or Clock()).run()


class _Slice:
    def __init__(self, request: t.Mapping[str, t.Any], clock: Clock) -> None:
        self._request = request
        self._clock = clock
        self._asked = request["sections"]
        watch = request["watch"]
        self._begun_s = clock.now()
        self._budget_s = float(watch["budget_s"])
        self._boot = clock.boot()
        window = watch["window"]
        self._last_s: float | None = watch["last_s"]
        if window is None or window["boot"] != self._boot:
            # The first slice, or the host has booted since: its clock began anew.
            window = {"boot": self._boot, "at_s": self._begun_s, "end_s": self._begun_s + float(watch["left_s"])}
            self._last_s = None
        self._window: Json = window
        self._schedule = Schedule(window["at_s"], window["end_s"], float(watch["every_s"]))
        self._learner = self._host()
        learn_secrets(request.get("secrets") or {}, self._learner)

    def run(self) -> Json:
        looks: list[Json] = []
        while True:
            due = self._schedule.next(self._last_s, self._clock.now())
            if due is None:
                break
            wait_s = due[0] - self._clock.now()
            # One look at least, unless the control node waits as well: then nothing has to stay here for it.
            if max(wait_s, 0.0) + (self._clock.now() - self._begun_s) > self._budget_s and (looks or wait_s > 0):
                break
            self._clock.sleep(wait_s)
            looks.append(self._look(due[0], due[1]))
            self._last_s = due[0]
        now_s = self._clock.now()
        return {
            "protocol": PROTOCOL,
            "window": self._window,
            "now_s": round(now_s, 3),
            "last_s": self._last_s,
            "over": due is None,
            "next_in_s": None if due is None else round(max(due[0] - now_s, 0.0), 3),
            "looks": looks,
        }

    def _look(self, due_s: float, skipped: int) -> Json:
        at_s, wall_s = self._clock.now(), self._clock.wall()
        host = self._host()
        host.learned, host.public = self._learner.learned, self._learner.public
        parts = look(self._asked, host)
        return {
            "due_s": round(due_s, 3),
            "at_s": round(at_s, 3),
            "wall_s": round(wall_s, 3),
            "took_s": round(self._clock.now() - at_s, 3),
            "skipped": skipped,
            "parts": mask_answer(parts, host.learned, self._asked),
        }

    def _host(self) -> Host:
        host = Host(self._request["root"], float(self._request["timeout_s"]), int(self._request.get("workers", 0)))
        host.public.update(value.strip() for value in self._request.get("public") or [])
        return host
