# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of service is to the run of its steps, and what a step may meet. Private to the collection.

A kind is a module with four functions. ``look(step, call)`` only reads, and tells whether what the step wants is so
already, and whether what the plan saw is still so. ``run(step, call)`` does it, waits until it is known to be so, and
returns a sentence. ``undo(step)`` returns the step that takes it back, None where nothing does. ``began(step, call)``
tells when what a step has started began. ``WORDS`` maps each ``do`` of the kind to the shapes of its fields (see
``registry.py``).
"""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError

Json = t.Dict[str, t.Any]
Step = Json


class Moment(t.NamedTuple):
    """A moment on the host that no setting of the clock moves: seconds of ``CLOCK_MONOTONIC`` in one boot."""

    boot: str
    monotonic_s: float


class Call(t.NamedTuple):
    """Under what a step is run: ``since`` is when the files were in place (None before that: whatever was started
    is older), ``limit_s`` what the step may take, ``root`` where the application lives, ``state`` the path of its state
    directory. ``note`` brings the note of a hook that is about to begin to the disk (``under_way.py``).
    """

    since: Moment | None
    limit_s: float
    root: str
    state: str
    note: t.Callable[[Json], None] | None = None


class Seen(t.NamedTuple):
    """What a look found: ``wanted`` says that nothing is to be done; ``expected`` and ``found`` are words, and are set
    when what the plan saw is not so any more, and not as wanted either. ``ill`` says how a thing is that runs and is
    not well: what was so before a change cannot be asked of the way back.
    """

    wanted: bool
    expected: str = ""
    found: str = ""
    ill: str = ""

    @property
    def moved(self) -> bool:
        return bool(self.expected)


class StepFailed(ActError):
    """A step did not do what it was to do. The message names the thing, what is so, and what to look at."""


class NotWell(StepFailed):
    """A step was run, and what it was run on is not well afterwards."""


class Kind(t.Protocol):
    """A module of this folder, as ``registry.py`` lists it."""

    WORDS: t.Mapping[str, t.Mapping[str, t.Any]]

    def look(self, step: Step, call: Call) -> Seen:
        """Raises Unseen when it cannot be told."""

    def run(self, step: Step, call: Call) -> str:
        """Raises StepFailed, Unseen."""

    def undo(self, step: Step) -> Step | None: ...

    def began(self, step: Step, call: Call) -> float | None:
        """Return when the new begins in the log of what a step that is done has started, in seconds since 1970: what
        ran before it had ended by then. None where that is not known. Raises Unseen.
        """


def now() -> Moment:
    """Return this moment."""
    return Moment(boot_id(), time.clock_gettime(time.CLOCK_MONOTONIC))


def boot_id() -> str:
    """Return what names this boot of the machine. Raises OSError."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as source:
        return source.read().strip()


def is_since(monotonic_s: float, moment: Moment | None) -> bool:
    """Return whether something of this boot happened at or after a moment; before files are in place, nothing has."""
    if moment is None:
        return False
    return moment.boot != boot_id() or monotonic_s >= moment.monotonic_s


def needs_root(what: str) -> None:
    """Raise StepFailed for what only root may do."""
    if os.geteuid() != 0:
        raise StepFailed(f"{what} needs root: set become: true for this host, or sync_services: false")
