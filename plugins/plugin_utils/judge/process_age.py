# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a process is older than what it runs: its code, configuration, unit and environment. Private to the
collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.proc.order import EXACT_S, grain, later
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration

# Times in the same second look the same as they are written.
_SHORT_S = 2.0
# Files are looked at a little later than processes.
_AHEAD_S = 2.0
_RESTART = remedy("restart", "Restart it, so that it runs what is on the disk; first make sure that this is right.")
_RELOAD = remedy("reload_units", "Reload the definitions of the units (systemctl daemon-reload), then restart it.")

Level = t.Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class Kind:
    """One thing that a process can be older than. ``what`` leads the path in a summary."""

    check: str
    cause: str
    what: str
    remedy: Details = dataclasses.field(default_factory=lambda: _RESTART)


CODE = Kind("code", "stale_process", "")
CONFIGURATION = Kind("configuration", "stale_configuration", "its configuration ")
UNIT_FILE = Kind("unit_file", "stale_unit", "its unit file ", _RELOAD)
ENVIRONMENT = Kind("environment", "stale_environment", "its virtual environment, ")


class Ages:
    """Compares starts with changes, on one host. ``data`` is the evidence of the section."""

    def __init__(self, scope: Scope, level: Level, data: Details) -> None:
        self._scope = scope
        self._level = level
        self._data = data

    def recorded(self, kind: Kind, subject: str, process: Details, path: str, change: Details) -> Check:
        """Return the check against the host's own record of a change: its time is of the clock of the processes."""
        return self.compare(kind, subject, process, path, change["time"], change["time_s"], EXACT_S)

    def against(self, kind: Kind, subject: str, process: Details, file: Details) -> Check:
        """Return the check against one file, ``{path, mtime, mtime_s, within_s}``; the last is missing where it is as
        for all of the application, and in older evidence.
        """
        times = file["mtime"], file["mtime_s"], file.get("within_s")
        return self.compare(kind, subject, process, file["path"], *times)

    def compare(
        self,
        kind: Kind,
        subject: str,
        process: Details,
        path: str,
        changed: str,
        changed_s: float,
        within_s: float | None = None,
    ) -> Check:
        """Return the check whether ``process`` started before ``path`` was changed."""
        within_s = self._data["tolerance_s"] if within_s is None else within_s
        scope, level = self._scope, self._level(kind.check)
        reason = self._doubt(process, changed_s, path)
        who = f"{scope.component} (pid {process['pid']}) runs since {process['started']}"
        times: dict[str, t.Any] = {
            "expected": {"path": path, "changed": changed},
            "observed": {"pid": process["pid"], "started": process["started"]},
        }
        if reason:
            said = f"{who}: whether that is before {kind.what}{path} was changed is not known: {reason}"
            return scope.unknown(kind.check, subject, level, said, observed=times["observed"])
        late = changed_s - process["started_s"]
        told = f"{who}, {kind.what}{path} was changed at {changed}"
        after = later(changed_s, process["started_s"], within_s)
        if after is None:
            said = f"{told}: which came first cannot be told, {_near(late, changed_s, within_s)}"
            return scope.unknown(kind.check, subject, level, said, observed=times["observed"])
        if after:
            return scope.failed(
                kind.check,
                subject,
                level,
                f"{told}, {duration(late)} later",
                state="differs",
                cause=kind.cause,
                remedy=kind.remedy,
                direction="reference_ahead",
                **times,
            )
        before = f", {duration(late)} before that" if -late < _SHORT_S else ", before that"
        if abs(late) <= within_s:
            before = f", within {within_s:g} s of each other: it was in place before it was read"
        return scope.passed(kind.check, subject, level, f"{told}{before}", **times)

    def later(self, process: Details, changed_s: float, within_s: float | None = None) -> bool | None:
        """Return whether something was changed after a process started; None where their times cannot tell."""
        return later(changed_s, process["started_s"], self._data["tolerance_s"] if within_s is None else within_s)

    def reread(self, kind: Kind, subject: str, process: Details, file: Details, reload: Details) -> Check:
        """Return the check of what a process has read again since it was changed, by the reload that the host's own
        record tells of.
        """
        path, changed = file["path"], file["mtime"]
        if self._doubt(process, file["mtime_s"], path):
            return self.against(kind, subject, process, file)
        who = f"{self._scope.component} (pid {process['pid']}) runs since {process['started']}"
        return self._scope.passed(
            kind.check,
            subject,
            self._level(kind.check),
            f"{who}, {kind.what}{path} was changed at {changed}, and {reload['unit']} was reloaded at {reload['time']} "
            "to read it again",
            expected={"path": path, "changed": changed},
            observed={"pid": process["pid"], "started": process["started"]},
        )

    def came_back(self, made: Check, kind: Kind, process: Details, back: Details) -> Check:
        """Return the check of what was changed under a process, and is again as it was when that started: an
        observation, as nobody knows what it read in between.
        """
        who = f"{self._scope.component} (pid {process['pid']}) runs since {process['started']}"
        return self._scope.failed(
            kind.check,
            made.subject,
            "info",
            f"{who}, its code was changed after that and came back as it was by the rollback of "
            f"{back['time']}: a restart makes sure that it has read nothing of what was there in between",
            state="differs",
            cause=kind.cause,
            remedy=kind.remedy,
            expected=made.expected,
            observed=made.observed,
        )

    def nothing(self, kind: Kind, subject: str, said: str) -> Check:
        """Return the check of what there is nothing of that a process could be older than."""
        return self._scope.passed(kind.check, subject, self._level(kind.check), said)

    def unknown(self, kind: Kind, subject: str, reason: str) -> Check:
        said = f"Whether {subject} is older than what it runs ({kind.check}) is not known: {reason}"
        return self._scope.unknown(kind.check, subject, self._level(kind.check), said)

    def _doubt(self, process: Details, changed_s: float, path: str) -> str:
        """Return why the two times cannot be compared, or nothing."""
        limit = self._data["now_s"] + _AHEAD_S
        if self._data["clock_reason"]:
            return str(self._data["clock_reason"])
        if changed_s > limit:
            return f"the time of {path} is in the future"
        return "its start is in the future" if process["started_s"] > limit else ""


def _near(late: float, changed_s: float, within_s: float) -> str:
    if abs(late) <= within_s:
        return f"as their times are within {within_s:g} s of each other"
    return f"as the time of the change has whole seconds, and can be {grain(changed_s):g} s too early"
