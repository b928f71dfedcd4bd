# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every collector is given and what it may raise. Private to the collection."""

from __future__ import annotations

import os
import time
import typing as t


class Unseen(Exception):
    """Something could not be read. The outcome is unknown, for the reason given: one sentence that names the thing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def explain(error: OSError) -> str:
    """Return the operating system's own words for an error, without path or number: ``permission denied``."""
    return (error.strerror or str(error)).lower()


class Host:
    """The limits under which the collectors of one request run.

    ``root`` is the absolute path that relative paths start from, ``deadline`` a ``time.monotonic()`` value, ``workers``
    the number of processes that may work at once, ``key`` the run's key for digests of secret content (None: secret
    content is not compared). ``learned`` are the secret values that collectors have read: no answer shows them;
    ``public`` are values that the contract declares to be none, whatever they are called. ``changes`` is what the
    host's own record says of changes (``changes.look``), None when it was not asked.
    """

    MOST_LEARNED = 2000

    def __init__(self, root: str, timeout_s: float, workers: int = 0, key: bytes | None = None) -> None:
        self.root = root
        self.timeout_s = timeout_s
        self.deadline = time.monotonic() + timeout_s
        self.workers = workers or cores()
        self.key = key
        self.learned: set[str] = set()
        self.public: set[str] = set()
        self.changes: dict[str, t.Any] | None = None

    def learn(self, values: t.Iterable[str]) -> None:
        """Remember secret values that were read, so that the answer does not hold them wherever else they were seen."""
        for value in values:
            if len(self.learned) < self.MOST_LEARNED and value.strip() not in self.public:
                self.learned.add(value)

    def share(self, timeout_s: float) -> Host:
        """Return a host with a time limit of its own, which learns for this one."""
        part = Host(self.root, timeout_s, self.workers, self.key)
        part.learned, part.public, part.changes = self.learned, self.public, self.changes
        return part

    def time_left(self) -> float:
        """Return the seconds until the deadline; negative when it has passed."""
        return self.deadline - time.monotonic()

    def check_time(self) -> None:
        """Raise `Unseen` when the time limit has passed."""
        if self.time_left() < 0:
            raise Unseen(f"not reached within the time limit of {self.timeout_s:g} s")


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0))
