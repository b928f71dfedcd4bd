# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances of a process that run beside the one that is supervised: ended one by one, never by name. Private to the
collection.

A process is known by its id, the boot, and by when it started, counted from that: no other process ever has these. It
is ended only while the unit that is to stay runs, and only as long as it is no part of that unit or of this change.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import systemctl, units
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import (
    Call,
    Seen,
    Step,
    StepFailed,
    boot_id,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.match import audit_itself, scan
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc, Stat
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.supervisor import unit_of

WORDS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "end": {
        "pid": int,
        "start_s": float,
        "boot": re.compile("[0-9a-f-]{36}"),
        "command": str,
        "unit": re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}"),
        "kill": bool,
    }
}
"""``start_s``: when it started, in seconds since the boot; ``boot``: which one, for after another the same number can
be another program's by the same second; ``unit``: the one that must run before it is ended;
``kill``: whether it is killed when it does not end by itself.
"""

_POLL_S = 0.05
_KILLED_S = 5.0
_SCAN_S = 30.0


def look(step: Step, _call: Call) -> Seen:
    """Return whether the process has ended. Raises Unseen."""
    return Seen(_running(step) is None)


def run(step: Step, call: Call) -> str:
    """End one process, once the supervised one is known to run. Raises StepFailed, Unseen."""
    pid, unit = step["pid"], step["unit"]
    units.healthy(unit, call.limit_s, "is the one that stays")
    if not systemctl.look(unit).runs:
        # One that does something and ends is well without a process.
        raise StepFailed(f"{unit} is the one that stays, and it does not run: process {pid} is not ended")
    with contextlib.ExitStack() as stack:
        target = _opened(pid, stack)
        # After the descriptor is open, its id belongs to no other process.
        if _running(step) is None:
            return f"process {pid} had ended already"
        _refuse_ours(pid, unit)
        below = _below(pid)
        _send(pid, target, signal.SIGTERM)
        if _ended(step, call.limit_s):
            return f"process {pid} ended{_left(below)}"
        if not step["kill"]:
            raise StepFailed(
                f"process {pid} did not end within {call.limit_s:.0f} s of being asked to: look at it, or set "
                "sync_kill: true"
            )
        _send(pid, target, signal.SIGKILL)
        if _ended(step, _KILLED_S):
            return f"process {pid} did not end by itself, and was killed{_left(below)}"
    raise StepFailed(f"process {pid} was killed and is still there: it waits in the kernel, for a disk or a network")


def undo(_step: Step) -> Step | None:
    """Nothing is started again: it ran beside what supervises its kind."""
    return None


def began(_step: Step, _call: Call) -> float | None:
    return None


def _running(step: Step) -> Stat | None:
    """Return the process of a step, None when it has ended, with its machine perhaps. Raises Unseen, OSError."""
    if step["boot"] != boot_id():
        return None
    try:
        found = Proc().stat(step["pid"])
    except Gone:
        return None
    alike = abs(found.starttime / clock.TICKS - step["start_s"]) < 1.5 / clock.TICKS
    return found if alike and not found.ended else None


def _below(pid: int) -> dict[int, int]:
    """Return what a process has started, and what that has: when each was started, by its id. Raises Unseen."""
    proc, parents = Proc(), {}
    for one in proc.pids():
        with contextlib.suppress(Gone, Unseen):
            parents[one] = proc.stat(one)
    found, more = {}, [pid]
    while more:
        above = more.pop()
        for one, seen in parents.items():
            if seen.ppid == above and one not in found:
                found[one] = seen.starttime
                more.append(one)
    return found


def _left(below: t.Mapping[int, int]) -> str:
    """Return which of these still run, as the end of a sentence: they are not what the plan ends, and nobody's now."""
    proc, left = Proc(), []
    for pid, started in sorted(below.items()):
        with contextlib.suppress(Gone, Unseen):
            seen = proc.stat(pid)
            if seen.starttime == started and not seen.ended:
                left.append(str(pid))
    return f"; what it had started still runs, look at it: process {', '.join(left)}" if left else ""


def _refuse_ours(pid: int, unit: str) -> None:
    """Raise StepFailed for a process that is part of the unit that stays, or of this change."""
    proc = Proc()
    try:
        inside = unit_of(proc.cgroup(pid))
    except Gone:
        return
    if inside == unit:
        raise StepFailed(f"process {pid} is part of {unit} by now, which is to stay: audit again")
    if pid == 1 or pid in audit_itself(scan(proc, Host("/", _SCAN_S), []), {os.getpid()}):
        raise StepFailed(f"process {pid} is part of this change itself: it is not ended")


def _opened(pid: int, stack: contextlib.ExitStack) -> int | None:
    """Return a descriptor of a process, None where Python or the kernel has none."""
    opener = getattr(os, "pidfd_open", None)
    if opener is None or not hasattr(signal, "pidfd_send_signal"):
        return None
    try:
        fd: int = opener(pid)
    except OSError:
        # Ended, or a kernel without it: what follows asks again.
        return None
    stack.callback(os.close, fd)
    return fd


def _send(pid: int, target: int | None, what: signal.Signals) -> None:
    try:
        if target is None:
            os.kill(pid, what)
        else:
            getattr(signal, "pidfd_send_signal")(target, what)  # noqa: B009  Python 3.8 does not know it
    except ProcessLookupError:
        return
    except PermissionError:
        raise StepFailed(f"process {pid} belongs to another user, and may not be ended: set become: true") from None


def _ended(step: Step, limit_s: float) -> bool:
    end = time.monotonic() + limit_s
    while _running(step) is not None:
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL_S)
    return True
