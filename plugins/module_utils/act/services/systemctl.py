# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units as systemd describes them just now, and ``systemctl`` for what changes them. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import program
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import (
    NotWell,
    StepFailed,
    needs_root,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd import ask

RUNNING = ("active", "reloading", "refreshing")
STARTED = ("enabled", "alias")
_LOOK_S = 30.0
_LOG_LINES = 5
_READ_AT = "UnitsLoadTimestampMonotonic"
_PROPERTIES = (
    *("LoadState", "LoadError", "ActiveState", "SubState", "Result", "Type", "UnitFileState", "NeedDaemonReload"),
    *("MainPID", "NRestarts", "ActiveEnterTimestampMonotonic", "StateChangeTimestampMonotonic", "CanReload"),
    *("InvocationID", "ExecMainStatus", "InactiveExitTimestampMonotonic", "FragmentPath", "DropInPaths"),
)


class Now(t.NamedTuple):
    """A unit at this moment. Times are seconds of ``CLOCK_MONOTONIC``, 0 where there is none."""

    name: str
    load: str
    active: str
    sub: str
    result: str
    kind: str
    enabled: str
    needs_reload: bool
    main_pid: int
    restarts: int
    began_s: float
    entered_s: float
    changed_s: float
    can_reload: bool
    invocation: str
    files: tuple[str, ...]

    @property
    def runs(self) -> bool:
        return self.active in RUNNING

    def told(self) -> str:
        """Return its state in words."""
        result = "" if self.result in ("", "success") else f", its result was {self.result}"
        return f"{self.active} ({self.sub}){result}"

    def has_files_in(self, root: str) -> bool:
        """Return whether one of the files that make the unit lies in a folder, or is a link to one that does."""
        folder = os.path.realpath(root).rstrip("/") + "/"
        return any(os.path.realpath(path).startswith(folder) for path in self.files)


def look(unit: str) -> Now:
    """Return the state of a unit. Raises Unseen."""
    reason = ask.absent()
    if reason:
        raise Unseen(reason)
    said: dict[str, str] = {}
    for line in ask.show([unit], _PROPERTIES, Host("/", _LOOK_S)).decode("utf-8", "backslashreplace").splitlines():
        name, _sign, value = line.partition("=")
        said.setdefault(name, value)
    missing = [name for name in ("LoadState", "ActiveState", "SubState") if name not in said]
    if missing:
        raise Unseen(f"systemctl does not tell the {missing[0]} of {unit}")
    return Now(
        name=unit,
        load=said["LoadState"],
        active=said["ActiveState"],
        sub=said["SubState"],
        result=said.get("Result", ""),
        kind=said.get("Type", ""),
        enabled=said.get("UnitFileState", ""),
        needs_reload=said.get("NeedDaemonReload") == "yes",
        main_pid=_number(said.get("MainPID")),
        restarts=_number(said.get("NRestarts")),
        began_s=_number(said.get("InactiveExitTimestampMonotonic")) / 1e6,
        entered_s=_number(said.get("ActiveEnterTimestampMonotonic")) / 1e6,
        changed_s=_number(said.get("StateChangeTimestampMonotonic")) / 1e6,
        can_reload=said.get("CanReload") == "yes",
        invocation=said.get("InvocationID", ""),
        files=tuple(path for path in (said.get("FragmentPath", ""), *said.get("DropInPaths", "").split()) if path),
    )


def read_at_s() -> float | None:
    """Return when systemd has read all unit files last, in seconds of ``CLOCK_MONOTONIC``; None where it does not say
    (before version 250). Raises Unseen.
    """
    said = ask.show([], (_READ_AT,), Host("/", _LOOK_S)).decode("utf-8", "backslashreplace").strip()
    return _number(said.partition("=")[2]) / 1e6 or None


def do(verb: str, unit: str | None, limit_s: float) -> None:
    """Let systemd do something, and wait until it has. Raises StepFailed."""
    needs_root(f"systemctl {verb} {unit or ''}".rstrip())
    found = program.find("systemctl")
    if found is None:
        raise StepFailed("this host has no systemctl")
    argv = [found, "--no-pager", "--no-ask-password", verb, *(() if unit is None else ("--", unit))]
    try:
        program.run(argv, limit_s, name=f"systemctl {verb} {unit or ''}".rstrip())
    except program.ProgramFailed as error:
        # What was told to start and does not is not well; all else could not be done.
        kind = NotWell if verb in ("start", "restart") else StepFailed
        raise kind(f"{error}{last_lines(unit) if unit else ''}") from None


def last_lines(unit: str) -> str:
    """Return the last lines of a unit's log, masked, as the end of a sentence; nothing when there are none."""
    found = command.find("journalctl")
    if found is None:
        return ""
    asked = [found, "--no-pager", "--quiet", f"--lines={_LOG_LINES}", "--output=cat", f"--unit={unit}"]
    try:
        said = command.run(asked, Host("/", _LOOK_S))
    except Unseen:
        # The log is an addition to a reason that stands without it.
        return ""
    lines = mask(said.decode("utf-8", "backslashreplace")).strip().splitlines()
    return f"; its log ends with: {' | '.join(line[:300] for line in lines[-_LOG_LINES:])}" if lines else ""


def _number(value: str | None) -> int:
    return int(value) if value and value.isdigit() and len(value) < 19 else 0
