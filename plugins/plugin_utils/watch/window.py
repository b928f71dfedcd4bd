# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the time that was asked for was really watched. Private to the collection."""

from __future__ import annotations

import dataclasses

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import utc
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import EVENTS, Json

SPARE_S = 5.0
"""What may pass between two looks beyond twice ``every``: a slice ends, and the next is begun."""

BOOTED = "the host was booted"
_STEP_S = 2.0
_UNREACHED = "the host was not looked at in this time"


@dataclasses.dataclass(frozen=True)
class Moment:
    """When a look began: ``at_s`` after the window did, and the host's time of day."""

    at_s: float
    wall_s: float


class Window:
    """The time between looks that are near enough to each other counts as watched, all other as a gap.

    ``at_s`` of a look is on the host's clock since its boot; ``here_s`` is the control node's clock, which alone goes
    on when the host boots.
    """

    def __init__(self, for_s: float, every_s: float) -> None:
        self.for_s = for_s
        self.every_s = every_s
        self.looks = 0
        self.observed_s = 0.0
        self._skipped = self._slow = 0
        self._longest_s = 0.0
        self._boots: list[str] = []
        self._first: Moment | None = None
        self._last: Moment | None = None
        self._last_took_s = 0.0
        self._gaps: list[Json] = []
        self._gaps_total = 0
        self._gaps_s = 0.0
        self._steps: list[Json] = []
        self._began_here_s = 0.0
        self._asked_here_s: float | None = None
        self._offset_s = 0.0
        self._reason = ""

    def begin(self, here_s: float) -> None:
        """Note when the watch begins, by the control node's clock: what is lost before the first look is a gap, too."""
        self._asked_here_s = here_s

    def lost(self, reason: str) -> None:
        """Remember why the host was not reached: it is the reason of the gap, if one comes of it."""
        self._reason = reason

    def add(self, look: Json, boot: str, here_s: float) -> Moment:
        """Take in one look, and return when it was."""
        booted = bool(self._boots) and self._boots[-1] != boot
        if not self._boots:
            self._began_here_s, self._offset_s = here_s, look["at_s"]
        elif booted:
            self._offset_s = look["at_s"] - (here_s - self._began_here_s)
        if not self._boots or booted:
            self._boots = [*self._boots[-EVENTS:], boot]
        moment = Moment(look["at_s"] - self._offset_s, look["wall_s"])
        if self._last is None:
            self._first = moment
            if self._reason and self._asked_here_s is not None:
                late_s = max(here_s - self._asked_here_s, 0.0)
                self._gap(moment.wall_s - late_s, moment.wall_s, late_s, self._reason)
        else:
            self._after(self._last, moment, booted)
        self.looks += 1
        self._skipped += look["skipped"]
        self._slow += look["took_s"] > self.every_s
        self._longest_s = max(self._longest_s, look["took_s"])
        self._last, self._last_took_s, self._reason = moment, look["took_s"], ""
        return moment

    def _after(self, last: Moment, moment: Moment, booted: bool) -> None:
        between_s = moment.at_s - last.at_s
        if booted or between_s - self._last_took_s > 2 * self.every_s + SPARE_S or between_s < 0:
            reason = BOOTED if booted else self._reason or _UNREACHED
            self._gap(last.wall_s, moment.wall_s, max(between_s, 0.0), reason)
        else:
            self.observed_s += between_s
        step_s = (moment.wall_s - last.wall_s) - between_s
        if not booted and abs(step_s) > _STEP_S and len(self._steps) < EVENTS:
            self._steps.append({"at": utc(moment.wall_s), "by_s": round(step_s, 1)})

    def _gap(self, start_s: float, end_s: float, seconds: float, reason: str) -> None:
        self._gaps_total += 1
        self._gaps_s += seconds
        if len(self._gaps) < EVENTS:
            self._gaps.append({"from": utc(start_s), "to": utc(end_s), "seconds": round(seconds, 1), "reason": reason})

    @property
    def first_wall_s(self) -> float | None:
        """The host's time of day at the first look."""
        return self._first.wall_s if self._first else None

    def told(self) -> Json:
        """Return the part ``window`` of the document (``docs/design.md``)."""
        first, last = self._first, self._last
        return {
            "for_s": self.for_s,
            "every_s": self.every_s,
            "from": utc(first.wall_s) if first else None,
            "to": utc(last.wall_s) if last else None,
            "observed_s": round(self.observed_s, 1),
            "looks": self.looks,
            "skipped": self._skipped,
            "slow": self._slow,
            "longest_look_s": round(self._longest_s, 3),
            "boots": max(len(self._boots) - 1, 0),
            "gaps": list(self._gaps),
            "gaps_total": self._gaps_total,
            "gaps_s": round(self._gaps_s, 1),
            "clock_steps": list(self._steps),
            "reason": self._reason,
        }
