# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long one request may take, and how it can fail. Private to the collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

KINDS = ("name", "refused", "unreachable", "timeout", "certificate", "tls", "closed", "protocol", "redirect")
STAGES = ("resolve", "connect", "tls", "answer", "body")


class Failure(Exception):
    """An endpoint did not give what was asked for: that is something seen. ``kind`` is one of KINDS, ``stage`` one of
    STAGES, ``text`` one clause without the endpoint's name.
    """

    def __init__(self, kind: str, stage: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.stage = stage
        self.text = text

    def as_dict(self, hide: t.Callable[[str], str]) -> dict[str, str]:
        return {"kind": self.kind, "stage": self.stage, "text": hide(self.text)}


class Limit:
    """The time for all of one request. When the host's own time ends first, nothing is said about the endpoint."""

    def __init__(self, host: Host, timeout_s: float) -> None:
        self._host = host
        self._timeout_s = timeout_s
        self.begun = time.monotonic()
        self._shortened = host.time_left() < timeout_s
        self._end = min(self.begun + timeout_s, host.deadline)

    def left(self, stage: str) -> float:
        """Return the seconds that are left. Raises Failure, and Unseen when the host's own time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.over(stage)
        return left

    def over(self, stage: str) -> Exception:
        """Return what to raise when the time has run out in a stage."""
        if self._shortened:
            return Unseen(f"not done within the host's time limit of {self._host.timeout_s:.3g} s")
        words = {"resolve": "its name was not resolved", "connect": "no connection was made", "tls": "no TLS handshake"}
        return Failure("timeout", stage, f"{words.get(stage, 'no whole answer')} within {self._timeout_s:g} s")

    def passed_ms(self) -> float:
        """Return the milliseconds since the request began."""
        return round((time.monotonic() - self.begun) * 1000, 1)
