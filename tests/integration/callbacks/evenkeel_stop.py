# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills ansible-playbook with all that it started at the n-th moment of a play, as a crash of the machine would.

A moment is the start of a task, its end on a host, and each change below the folder of the runs, just before it is
made: what is written under a temporary name is one when it gets its own. ``EVENKEEL_STOP_LOG`` gets a line for each of
them, ``EVENKEEL_STOP_AT`` is the number of the one that is the last (0: none), or its line, ``EVENKEEL_STOP_BELOW`` the
folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: evenkeel_stop
type: notification
short_description: Kills ansible-playbook at a moment of a play
description:
  - For tests alone. See the docstring of the module.
requirements: []
author: []
"""

_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.symlink")


class Moments:
    """Counts, over all processes of a play: none of them knows what the others have counted."""

    def __init__(self, log: str, last: str, below: str) -> None:
        self._log = log
        self._last = last
        self._below = below
        self._main = os.getpid()
        self._busy = False

    def reached(self, what: str) -> None:
        """Note a moment, and end all of it when that is the last one."""
        if self._busy:
            return
        self._busy = True
        with open(self._log, "a+", encoding="utf-8") as file:
            file.write(f"{what}\n")
            file.flush()
            file.seek(0)
            number = sum(1 for _line in file)
        if self._last in (str(number), what):
            self._end()
        self._busy = False

    def watch(self, event: str, arguments: tuple[t.Any, ...]) -> None:
        """Look at what the interpreter is about to do (``sys.addaudithook``)."""
        if self._busy or not (event in (*_CHANGES, "os.mkdir") or _appends(event, arguments)):
            return
        path = arguments[1] if event in ("os.rename", "os.symlink") else arguments[0]
        if not isinstance(path, str) or not path.startswith(self._below):
            return
        if event != "os.mkdir" or not os.path.isdir(path):
            self.reached(f"{event} {os.path.basename(os.path.dirname(path))}/{os.path.basename(path)}")

    def _end(self) -> None:
        """Kill the program first, then what it started, so that nobody takes note of that; this process last."""
        others = [pid for pid in _below(self._main) if pid != os.getpid()]
        for pid in [self._main] * (self._main != os.getpid()) + others + [os.getpid()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _appends(event: str, arguments: tuple[t.Any, ...]) -> bool:
    return event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & os.O_APPEND)


def _below(pid: int) -> list[int]:
    """Return all that a process started, and what that started."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(folder.name))
    found, left = [], [pid]
    while left:
        for child in parents.get(left.pop(), []):
            found.append(child)
            left.append(child)
    return found


class CallbackModule(CallbackBase):
    """Names moments by their task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "evenkeel_stop"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: t.Any, **named: t.Any) -> None:
        super().__init__(*arguments, **named)
        said = os.environ
        self._moments = Moments(
            said["EVENKEEL_STOP_LOG"], said["EVENKEEL_STOP_AT"], said["EVENKEEL_STOP_BELOW"].rstrip("/") + "/"
        )
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
