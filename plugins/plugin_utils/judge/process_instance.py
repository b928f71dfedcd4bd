# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one process runs: as whom, from where, under whose supervision. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.process_age import Level
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope

_RESTART_RIGHT = remedy("restart", "Stop it, and start it as the contract says.")
_SUPERVISE = remedy(
    "supervise", "Run it under a systemd unit: what was started by hand is not started again after a crash or a boot."
)
# A scope holds what something else started, be it a login or a terminal (tmux): systemd starts nothing there again.
_UNSUPERVISED = re.compile(r".*\.scope|user@[0-9]+\.service")
# What a job of cron or a login without a session of its own leaves behind stays in the unit of what let it in.
_DOORS = re.compile(r"(?:cron|crond|cronie|fcron|anacron|atd|sshd?(?:@.*)?|dropbear(?:@.*)?|.*getty(?:@.*)?)\.service")
_DOORMEN = re.compile(r"(?:f|ana)?cron|crond|atd|sshd.*|dropbear|a?getty")


def instance(scope: Scope, level: Level, subject: str, process: Details, wanted: Details, data: Details) -> list[Check]:
    """Return the checks of one instance against the contract's entry."""
    checks = []
    if wanted["user"]:
        checks.append(_user(scope, level, subject, process, wanted["user"]))
    for check, cause in (("cwd", "wrong_directory"), ("venv", "other_environment")):
        if wanted[check]:
            real = data["paths"][wanted[check]]
            checks.append(_directory(scope, level, subject, process, (check, cause, wanted[check], real)))
    if wanted["unit"]:
        checks.append(_unit(scope, level, subject, process, wanted["unit"]))
    if wanted["supervised"]:
        checks.append(_supervised(scope, level, subject, process))
    checks.append(_replaced(scope, level, subject, process))
    return checks


def is_supervised(process: Details) -> bool:
    """Return whether a unit or a container supervises a process, as far as that was seen."""
    unit, container = process["unit"], process["container"]
    left = unit and _DOORS.fullmatch(unit) and not _DOORMEN.fullmatch(process["name"])
    return bool(container or (unit and not left and not _UNSUPERVISED.fullmatch(unit)))


def told(process: Details) -> str:
    """Return what tells an instance from others: pid, start, user, directory, unit."""
    where = process["cwd"] or "a directory that is not known"
    under = process["unit"] or (f"container {process['container']}" if process["container"] else "no unit")
    user = process["user"] or "not known"
    return f"pid {process['pid']} since {process['started']}, user {user}, in {where}, by {under}"


def _who(scope: Scope, process: Details) -> str:
    return f"{scope.component} (pid {process['pid']})"


def _user(scope: Scope, level: Level, subject: str, process: Details, wanted: str) -> Check:
    severity, who = level("user"), _who(scope, process)
    if process["user"] is None:
        reason = process["unread"].get("user", "it was not read")
        return scope.unknown("user", subject, severity, f"The user of {who} is not known: {reason}")
    sides: dict[str, t.Any] = {
        "expected": {"user": wanted},
        "observed": {"user": process["user"], "uid": process["uid"], "pid": process["pid"]},
    }
    if wanted in (process["user"], str(process["uid"])):
        return scope.passed("user", subject, severity, f"{who} runs as {wanted}", **sides)
    return scope.failed(
        "user",
        subject,
        severity,
        f"{who} runs as {process['user']}, not as {wanted}",
        state="differs",
        cause="wrong_user",
        remedy=_RESTART_RIGHT,
        **sides,
    )


def _directory(scope: Scope, level: Level, subject: str, process: Details, asked: tuple[str, str, str, str]) -> Check:
    """Return the check of the working directory or the virtual environment: (check, cause, declared, where that is)."""
    check, cause, wanted, real = asked
    severity, who = level(check), _who(scope, process)
    noun = "working directory" if check == "cwd" else "virtual environment"
    seen = process[check]
    if seen is None and check in process["unread"]:
        reason = process["unread"][check]
        return scope.unknown(check, subject, severity, f"The {noun} of {who} is not known: {reason}")
    sides: dict[str, t.Any] = {
        "expected": {check: wanted, "path": real},
        "observed": {check: seen, "exe": process["exe"], "pid": process["pid"]},
    }
    if seen == real:
        return scope.passed(check, subject, severity, f"{who} runs in {real}", **sides)
    found = seen or f"none, its program is {process['exe'] or 'not known'}"
    return scope.failed(
        check,
        subject,
        severity,
        f"The {noun} of {who} is {found}, not {real}",
        state="differs",
        cause=cause,
        remedy=_RESTART_RIGHT,
        **sides,
    )


def _unit(scope: Scope, level: Level, subject: str, process: Details, wanted: str) -> Check:
    severity, who = level("unit"), _who(scope, process)
    if process["unit"] is None and "unit" in process["unread"]:
        reason = process["unread"]["unit"]
        return scope.unknown("unit", subject, severity, f"The unit of {who} is not known: {reason}")
    name = wanted if "." in wanted else f"{wanted}.service"
    sides: dict[str, t.Any] = {
        "expected": {"unit": name},
        "observed": {"unit": process["unit"], "container": process["container"], "pid": process["pid"]},
    }
    if process["unit"] == name:
        return scope.passed("unit", subject, severity, f"{who} is supervised by {name}", **sides)
    return scope.failed(
        "unit",
        subject,
        severity,
        f"{who} belongs to {process['unit'] or 'no unit'}, not to {name}",
        state="differs",
        cause="unsupervised",
        remedy=_SUPERVISE,
        **sides,
    )


def _supervised(scope: Scope, level: Level, subject: str, process: Details) -> Check:
    severity, who = level("supervised"), _who(scope, process)
    if "unit" in process["unread"]:
        reason = process["unread"]["unit"]
        return scope.unknown("supervised", subject, severity, f"What supervises {who} is not known: {reason}")
    unit, container = process["unit"], process["container"]
    sides: dict[str, t.Any] = {
        "expected": {"supervised": True},
        "observed": {"unit": unit, "container": container, "pid": process["pid"], "ppid": process["ppid"]},
    }
    if is_supervised(process):
        by = f"container {container}" if container else unit
        return scope.passed("supervised", subject, severity, f"{who} is supervised by {by}", **sides)
    where = f"it only belongs to {unit}" if unit else "it belongs to no unit and no container"
    return scope.failed(
        "supervised",
        subject,
        severity,
        f"Nothing supervises {who}, started at {process['started']} by process {process['ppid']}: {where}",
        state="differs",
        cause="unsupervised",
        remedy=_SUPERVISE,
        **sides,
    )


def _replaced(scope: Scope, level: Level, subject: str, process: Details) -> Check:
    severity, who = level("replaced"), _who(scope, process)
    gone = [f"{'program' if name == 'exe' else 'directory'} {process[name]}" for name in process["replaced"]]
    observed = {"pid": process["pid"], "exe": process["exe"], "cwd": process["cwd"], "started": process["started"]}
    if gone:
        return scope.failed(
            "replaced",
            subject,
            severity,
            f"{who} runs since {process['started']} with what no longer exists: {', '.join(gone)}",
            state="differs",
            cause="stale_process",
            remedy=remedy("restart", "Restart it: what it runs was replaced or removed under it."),
            observed=observed,
        )
    unread = [process["unread"][name] for name in ("exe", "cwd") if name in process["unread"]]
    if unread:
        said = f"Whether the program and directory of {who} still exist is not known: {unread[0]}"
        return scope.unknown("replaced", subject, severity, said)
    return scope.passed(
        "replaced", subject, severity, f"The program and directory of {who} still exist", observed=observed
    )
