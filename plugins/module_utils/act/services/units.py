# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units of systemd: started, stopped, restarted, reloaded, enabled, disabled; and known to run afterwards. Private to
the collection.

``before`` of a step is what the audit saw, as far as the step depends on it: ``{active: text|null}`` or
``{enabled: text|null}``.
"""

from __future__ import annotations

import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import systemctl
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import (
    Call,
    NotWell,
    Seen,
    Step,
    StepFailed,
    is_since,
    needs_root,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.systemctl import STARTED, Now

STAYS_S = 3.0
"""A unit that is active must stay so for this long, with the same main process."""
POLL_S = 0.1
_LATELY_S = 60.0

_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}")
_WORD = (None, re.compile("[a-z-]{1,30}"))
_ACTIVE: t.Mapping[str, t.Any] = {"unit": _NAME, "before": {"active": _WORD}}
_ENABLED: t.Mapping[str, t.Any] = {"unit": _NAME, "before": {"enabled": _WORD}}
WORDS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "daemon_reload": {"unit": _NAME},
    "restart": _ACTIVE,
    "reload": {**_ACTIVE, "files": [str]},
    "start": _ACTIVE,
    "stop": _ACTIVE,
    "enable": _ENABLED,
    "disable": _ENABLED,
}
"""``files`` of a reload are those that the unit reads again by it: what is told of it names them."""
_UNABLE = "it has no ExecReload=, and cannot be reloaded: take it out of sync_reload, and it is restarted"
_STILL = ("active", "activating", "reloading", "refreshing")
_AWAY = ("inactive", "failed")


def look(step: Step, call: Call) -> Seen:
    """Return whether a unit is as a step wants it. Raises Unseen."""
    unit = systemctl.look(step["unit"])
    do = step["do"]
    if do == "daemon_reload":
        return Seen(not _is_stale(unit, call))
    if call.since is None:
        needs_root(f"systemctl {do} {unit.name}")
        if do not in ("stop", "disable") and unit.load != "loaded":
            return Seen(False, f"{unit.name} is loaded", f"{unit.name} is {unit.load}")
    if do in ("enable", "disable"):
        wanted = (unit.enabled in STARTED) == (do == "enable")
        return _compared(wanted, step["before"]["enabled"], unit.enabled, f"{unit.name} is")
    if do in ("start", "stop"):
        # One that is started again and again has another state at each look.
        return Seen(unit.runs if do == "start" else unit.active in _AWAY)
    if call.since is not None:
        # That the files are new is why it is restarted, whatever became of it meanwhile; and whether it stays is known
        # by waiting alone.
        return Seen(False)
    if do == "reload" and not unit.can_reload:
        raise StepFailed(_UNABLE)
    seen = _compared(False, _rough(step["before"]["active"]), _rough(unit.active), f"{unit.name} is")
    return seen._replace(ill=_ill(unit))


def _ill(unit: Now) -> str:
    """Return how a unit is that is to run and does not, or does not stay; nothing when all is well with it."""
    since_s = time.clock_gettime(time.CLOCK_MONOTONIC) - unit.entered_s
    if unit.active in ("failed", "activating"):
        return f"it was {unit.told()}"
    if unit.runs and unit.restarts and since_s < _LATELY_S:
        return f"it was {unit.told()}, and systemd had started it again {unit.restarts} times, {since_s:.0f} s before"
    return ""


def _rough(active: str | None) -> str | None:
    """Return whether a unit runs, in a word: between two looks it may be reloading, or just be starting."""
    return active if active is None else "active" if active in _STILL else "inactive"


def _compared(wanted: bool, expected: str | None, found: str | None, words: str) -> Seen:
    if wanted or expected is None or expected == found:
        return Seen(wanted)
    return Seen(False, f"{words} {expected or 'without a state'}", f"{words} {found or 'without a state'}")


def run(step: Step, call: Call) -> str:
    """Do what a step says, and wait until it is known to be so. Raises StepFailed, Unseen."""
    name, do = step["unit"], step["do"]
    end = time.monotonic() + call.limit_s
    if do == "daemon_reload":
        systemctl.do("daemon-reload", None, call.limit_s)
        return "systemd has read its unit files again"
    if do in ("enable", "disable"):
        return _switch(name, do, call)
    if do == "stop":
        systemctl.do("stop", name, call.limit_s)
        return _stopped(name)
    unit = systemctl.look(name)
    if _is_new(unit, do, call):
        return healthy(name, call.limit_s, "was started after the files had changed")
    if _is_stale(unit, call):
        # systemd would start it as its files were, not as they are.
        systemctl.do("daemon-reload", None, call.limit_s)
    if do == "reload" and unit.runs:
        return _reloaded(unit, end)
    if do == "reload":
        # What does not run any more reads all when it is started.
        do = "restart"
    if do != "start":
        # One that failed too often just now is refused by systemd until that is forgotten.
        _forget_failures(unit, call)
    systemctl.do(do, name, max(end - time.monotonic(), 1.0))
    return healthy(name, max(end - time.monotonic(), 1.0), _DONE[do])


_DONE = {"restart": "was restarted", "start": "was started"}


def _reloaded(before: Now, end: float) -> str:
    """Reload a unit, and return a sentence once it is known to go on with its process. Raises StepFailed."""
    if not before.can_reload:
        raise StepFailed(f"{before.name}: {_UNABLE}")
    systemctl.do("reload", before.name, max(end - time.monotonic(), 1.0))
    after = systemctl.look(before.name)
    if after.changed_s <= before.changed_s:
        raise StepFailed(f"{before.name} was to be reloaded, and systemd has noted no reload of it: look at it")
    _same(before, after)
    said = healthy(before.name, max(end - time.monotonic(), 1.0), "was reloaded")
    _same(before, systemctl.look(before.name))
    return f"{said}, with process {before.main_pid}" if before.main_pid else said


def _same(before: Now, after: Now) -> None:
    """Raise NotWell when a unit does not go on as it was: its process ended over the reload."""
    if after.invocation == before.invocation and after.main_pid == before.main_pid:
        return
    if after.invocation == before.invocation and after.kind in _MANY_PIDS:
        return
    raise NotWell(
        f"{before.name} was reloaded, and its process {before.main_pid} ended over it: it is {after.told()}"
        f"{systemctl.last_lines(before.name)}"
    )


def _is_new(unit: Now, do: str, call: Call) -> bool:
    """Return whether a unit was started when the files were in place already, as its own files say now. A reload is
    repeated: what the first one has read, nobody knows.
    """
    is_late = is_since(unit.entered_s, call.since)
    if do not in ("restart", "reload") or not unit.runs or not is_late or _is_stale(unit, call):
        return False
    # One that systemd starts again and again may have been started before it had read them.
    return not unit.has_files_in(call.root) or unit.entered_s >= (systemctl.read_at_s() or 0.0)


def _is_stale(unit: Now, call: Call) -> bool:
    """Return whether systemd may have read the files of a unit before they were as they are.

    It says so itself only of files that are newer than they were when it read them. What a way back restores is older,
    so of files that a change may have moved it counts when all were read.
    """
    if unit.needs_reload or unit.load != "loaded":
        return True
    if call.since is None or not unit.has_files_in(call.root):
        return False
    read_s = systemctl.read_at_s()
    return read_s is None or not is_since(read_s, call.since)


def _forget_failures(unit: Now, call: Call) -> None:
    if unit.active == "failed":
        systemctl.do("reset-failed", unit.name, call.limit_s)


def _switch(name: str, do: str, call: Call) -> str:
    systemctl.do(do, name, call.limit_s)
    found = systemctl.look(name).enabled
    if (found in STARTED) != (do == "enable"):
        raise StepFailed(f"{name} was to be {do}d, and systemctl says that it is {found or 'without a unit file'}")
    return f"{name} is {found}"


def _stopped(name: str) -> str:
    unit = systemctl.look(name)
    if unit.active == "deactivating":
        raise StepFailed(f"{name} was to be stopped and is {unit.told()}: it has not ended yet, look at it")
    if unit.active not in _AWAY:
        raise StepFailed(f"{name} was stopped and is {unit.told()}: something starts it again")
    return f"{name} is {unit.active}"


def healthy(name: str, limit_s: float, done: str) -> str:
    """Wait until a unit is active and stays so, and return a sentence. Raises StepFailed with its last log lines."""
    end = time.monotonic() + limit_s
    first: Now | None = None
    since = 0.0
    while True:
        unit = systemctl.look(name)
        if unit.active == "inactive" and unit.kind == "oneshot" and unit.result == "success":
            return f"{name} {done}, and ended well"
        if unit.active in _AWAY:
            raise NotWell(f"{name} {done} and is {unit.told()}{systemctl.last_lines(name)}")
        if first is not None and unit.invocation == first.invocation and unit.runs:
            if unit.main_pid != first.main_pid and unit.kind not in _MANY_PIDS:
                raise _loops(unit)
        elif first is not None or unit.sub == "auto-restart":
            raise _loops(unit)
        elif unit.runs:
            first, since = unit, time.monotonic()
        if first is not None and time.monotonic() - since >= STAYS_S:
            return f"{name} {done}, and stays {unit.told()}"
        if time.monotonic() >= end and first is None:
            raise NotWell(f"{name} {done} and is {unit.told()} after {limit_s:.0f} s{systemctl.last_lines(name)}")
        time.sleep(POLL_S)


# A program of these kinds may hand over to another process by itself.
_MANY_PIDS = ("forking", "notify", "notify-reload", "dbus")


def _loops(unit: Now) -> NotWell:
    again = f", and systemd has started it again {unit.restarts} times" if unit.restarts else ""
    return NotWell(
        f"{unit.name} was started and ended by itself within {STAYS_S:.0f} s: it is {unit.told()}{again}"
        f"{systemctl.last_lines(unit.name)}"
    )


def undo(step: Step) -> Step | None:
    """Return the step that brings a unit back: its files are the old ones again by then."""
    do, was = step["do"], step.get("before", {})
    if do not in ("restart", "reload"):
        step = {key: value for key, value in step.items() if key != "ill"}
    if do in ("restart", "reload") and _rough(was["active"]) == "inactive":
        return {"do": "stop", "unit": step["unit"], "before": {"active": None}}
    if do in ("restart", "reload"):
        kept = {key: value for key, value in step.items() if key != "files"}
        return {**kept, "do": "restart", "before": {"active": None}}
    if do == "daemon_reload":
        return dict(step)
    other = {"start": "stop", "stop": "start", "enable": "disable", "disable": "enable"}[do]
    key = "active" if do in ("start", "stop") else "enabled"
    return {**step, "do": other, "before": {key: None}}


def began(step: Step, call: Call) -> float | None:
    """Return when systemd began to start a unit that ran until then. None when it has started it again since: what the
    first process said before it ended is of the change as well; and when it was before the files were in place.
    """
    unit = systemctl.look(step["unit"]) if step["do"] in _DONE else None
    if unit is None or not unit.runs or unit.restarts or not unit.began_s or not is_since(unit.began_s, call.since):
        return None
    return time.time() - (time.clock_gettime(time.CLOCK_MONOTONIC) - unit.began_s)
