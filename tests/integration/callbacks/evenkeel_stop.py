# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills ansible-playbook with all that it started at the n-th moment of a play, as a crash of the machine would,
or keeps what such a kill would leave at each moment.

A moment is the start of a task, its end on a host, and each change below some folders, just before it is made.
``EVENKEEL_STOP_LOG`` gets a line for each of them, ``EVENKEEL_STOP_AT`` is the number of the one that is the last (0:
none), or its line, ``EVENKEEL_STOP_BELOW`` the folders, with colons between them. ``EVENKEEL_STOP_STATES`` is where
copies of ``EVENKEEL_STOP_WORLD`` are kept, when it is given (``e2e_states.py``).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase
from ansible_collections.evenkeel.drift.tests.integration import e2e_states

DOCUMENTATION = r"""
name: evenkeel_stop
type: notification
short_description: Kills ansible-playbook at a moment of a play
description:
  - For tests alone. See the docstring of the module.
requirements: []
author: []
"""

_CHANGES = {"os.mkdir": 0, "os.remove": 0, "os.rmdir": 0, "os.rename": 1, "os.symlink": 1, "os.link": 1}
"""Which argument of a change is the name that comes or goes. The last one is the directory that it is relative to."""


class Moments:
    """Counts, over all processes of a play: none of them knows what the others have counted."""

    def __init__(self, said: t.Mapping[str, str]) -> None:
        self._log = said["EVENKEEL_STOP_LOG"]
        self._last = said["EVENKEEL_STOP_AT"]
        self._below = tuple(f"{folder}/" for folder in said["EVENKEEL_STOP_BELOW"].split(":"))
        self._world = Path(said["EVENKEEL_STOP_WORLD"])
        self._states = said.get("EVENKEEL_STOP_STATES")
        self._main = os.getpid()
        self._busy = False

    def reached(self, what: str) -> None:
        """Note a moment, and end all of it when that is the last one."""
        if self._busy:
            return
        self._busy = True
        with open(self._log, "a+", encoding="utf-8") as file:
            # The moments of other processes wait: two of them are two, and what is copied for one is of that one.
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(f"{what}\n")
            file.flush()
            file.seek(0)
            number = sum(1 for _line in file)
            if self._last in (str(number), what):
                self._end()
            if self._states:
                with _stopped(self._main):
                    e2e_states.keep(self._world, Path(self._states), f"{number} {what}")
        self._busy = False

    def watch(self, event: str, arguments: tuple[t.Any, ...]) -> None:
        """Look at what the interpreter is about to do (``sys.addaudithook``)."""
        if self._busy or not (event in _CHANGES or (event == "open" and _writes(arguments[2]))):
            return
        path = _named(arguments[_CHANGES.get(event, 0)], arguments[-1] if event in _CHANGES else -1)
        if path.startswith(self._below) and (event != "os.mkdir" or not os.path.isdir(path)):
            self.reached(f"{event} {os.path.basename(os.path.dirname(path))}/{os.path.basename(path)}")

    def _end(self) -> None:
        """Kill the program first, then what it started, so that nobody takes note of that; this process last."""
        others = [pid for pid in _below(self._main) if pid != os.getpid()]
        for pid in [*others, os.getpid()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _writes(flags: t.Any) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def _named(path: t.Any, directory: t.Any) -> str:
    """Return the whole path of what a call names; nothing for a descriptor."""
    if not isinstance(path, (str, bytes)):
        return ""
    relative = isinstance(directory, int) and directory >= 0
    return os.path.join(os.readlink(f"/proc/self/fd/{directory}") if relative else "", os.fsdecode(path))


@contextlib.contextmanager
def _stopped(main: int) -> t.Iterator[None]:
    """Stop all other processes of a play for the length of a block: they are left where a kill would find them."""
    others: set[int] = set()
    try:
        while running := _running(main):
            others.update(running)
            for pid in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _running(main: int) -> list[int]:
    """Return the other processes of a play that can still do something.

    One that starts a program cannot be stopped until that has begun, and does nothing itself meanwhile.
    """
    play = _below(main)
    waiting = {parent for state, parent in play.values() if state == "T"}
    return [
        pid
        for pid, (state, _parent) in play.items()
        if pid != os.getpid() and state not in "TZX" and not (state == "D" and pid in waiting)
    ]


def _below(main: int) -> dict[int, tuple[str, int]]:
    """Return state and parent of a process, of all that it started, and of what that started."""
    listed = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            said = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            listed[int(folder.name)] = said[0], int(said[1])
    play = [main]
    for one in play:
        play += [pid for pid, (_state, parent) in listed.items() if parent == one]
    return {pid: listed[pid] for pid in play if pid in listed}


class CallbackModule(CallbackBase):
    """Names moments by their task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "evenkeel_stop"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: t.Any, **named: t.Any) -> None:
        super().__init__(*arguments, **named)
        self._moments = Moments(os.environ)
        sys.addaudithook(self._moments.watch)

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._moments.reached(f"start {task.name}")

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._ended(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._ended(result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._ended(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._ended(result)

    def _ended(self, result: t.Any) -> None:
        self._moments.reached(f"end {result._task.name} on {result._host.get_name()}")
