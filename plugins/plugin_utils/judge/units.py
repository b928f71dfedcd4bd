# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section units: loaded, active, enabled, up to date, and not restarted too often. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

SECTION = "units"

DEFAULTS = {"loaded": "critical", "active": "critical", "enabled": "medium", "reload": "medium", "restarts": "medium"}
"""The checks of this section and their severities where the contract gives none."""

_RUNNING = ("active", "reloading", "refreshing")
_AT_BOOT = ("enabled", "alias")
# Nothing can enable these: another unit, a generator or the kernel starts them.
_STARTED_BY_OTHERS = ("static", "indirect", "generated", "transient", "")
_NOT_AT_BOOT = ("disabled", "masked", "masked-runtime", "linked", "linked-runtime", "static", "indirect", "")

_INSTALL = remedy("install", "Install the unit, or correct its name in the contract.")
_REPAIR = remedy("investigate", "Correct the unit file as systemd's message says, reload systemd and start the unit.")
_START = remedy("start", "Look at why it is not active (journalctl -u, systemctl status), then start it.")
_STOP = remedy("stop_instance", "Stop it, or correct the contract.")
_ENABLE = remedy("enable", "Enable it, so that it comes back after a reboot.")
_DISABLE = remedy("enable", "Disable it, or correct the contract.")
_RELOAD = remedy("reload_units", "Run systemctl daemon-reload, then restart the unit so that it uses what was changed.")
_LOOK = remedy("investigate", "Look at why it ends (journalctl -u): systemd starts it again, and it ends again.")


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge the units of one host. ``evidence`` is the ``data`` of units.json (docs/design.md)."""
    made = Judgement(facts={"systemd": evidence["systemd"], "version": evidence["version"], "units": []})
    seen = {unit["name"]: unit for unit in evidence["units"]}
    for wanted in sorted(contract, key=lambda one: str(one["name"])):
        name = wanted["name"]
        rules = _Unit(Scope(context, SECTION, name, wanted, "operational"), wanted)
        unit = seen.get(name)
        if unit is not None and unit["outcome"] == "ok":
            made.checks += rules.judge(unit)
            made.cells[name] = "in_sync"
            made.marks[name] = ", ".join((unit["load"], unit["active"], unit["enabled"] or "no unit file"))
        else:
            reason = (
                evidence["reason"] if not evidence["systemd"] else unit["reason"] if unit else "it was not answered"
            )
            made.checks.append(rules.unknown(reason))
            made.cells[name] = "unknown"
        made.facts["units"].append(_fact(name, unit))
    made.cover()
    return made


def _fact(name: str, unit: Details | None) -> dict[str, t.Any]:
    keys = ("load", "active", "sub", "enabled", "needs_reload", "restarts", "since", "main_pid")
    if unit is None or unit["outcome"] != "ok":
        return {"name": name, **dict.fromkeys(keys)}
    return {"name": name, **{key: unit[key] for key in keys}}


class _Unit:
    """The checks of one unit."""

    def __init__(self, scope: Scope, wanted: Details) -> None:
        self._scope = scope
        self._wanted = wanted
        self._name: str = wanted["name"]
        self._host = scope.context.host

    def judge(self, unit: Details) -> list[Check]:
        if unit["load"] not in ("loaded", "masked"):
            return self._not_loaded(unit)
        checks = [self._passed("loaded", f"{self._name} is {unit['load']} on {self._host}", unit)]
        checks.append(self._active(unit))
        if self._wanted.get("enabled") is not None:
            checks.append(self._enabled(unit))
        checks.append(self._reload(unit))
        if self._wanted.get("max_restarts") is not None:
            checks.append(self._restarts(unit))
        return checks

    def unknown(self, reason: str) -> Check:
        summary = f"The state of {self._name} on {self._host} is not known: {reason}"
        return self._scope.unknown("active", self._name, self._level("active"), summary)

    def _not_loaded(self, unit: Details) -> list[Check]:
        running = unit["active"] in _RUNNING
        if unit["load"] == "not-found" and not running and not (self._wanted["active"] or self._wanted.get("enabled")):
            return [self._passed("loaded", f"{self._name} does not exist on {self._host}, and need not", unit)]
        if unit["load"] == "not-found":
            still = "; the one that was started from it is still active" if running else ""
            return [
                self._failed(
                    "loaded",
                    f"There is no unit {self._name} on {self._host}{still}",
                    unit,
                    state="missing",
                    cause="not_installed",
                    cure=_INSTALL,
                )
            ]
        said = unit["load_error"] or unit["load"]
        summary = f"systemd cannot load {self._name} on {self._host}: {said}"
        return [self._failed("loaded", summary, unit, state="failed", cause=None, cure=_REPAIR)]

    def _active(self, unit: Details) -> Check:
        state = f"{unit['active']} ({unit['sub']})"
        since = f" since {unit['since']}" if unit["since"] else ""
        summary = f"{self._name} is {state} on {self._host}{since}"
        if unit["load"] == "masked":
            summary += ", and masked: it cannot be started"
        elif unit["result"] not in ("", "success"):
            summary += f"; its result was {unit['result']}"
        wanted = {"active": self._wanted["active"]}
        if self._wanted["active"]:
            if unit["active"] in _RUNNING:
                return self._passed("active", summary, unit, wanted)
            return self._failed(
                "active", summary, unit, state="failed", cause="not_active", cure=_START, expected=wanted
            )
        if unit["active"] in ("inactive", "failed"):
            return self._passed("active", summary, unit, wanted)
        summary += ", where the contract wants it not to be"
        return self._failed(
            "active", summary, unit, state="unexpected", cause="only_on_host", cure=_STOP, expected=wanted
        )

    def _enabled(self, unit: Details) -> Check:
        state = unit["enabled"]
        wanted = {"enabled": self._wanted["enabled"]}
        shown = state or "without a unit file"
        if not self._wanted["enabled"]:
            if state in _NOT_AT_BOOT:
                return self._passed("enabled", f"{self._name} is {shown} on {self._host}", unit, wanted)
            summary = f"{self._name} is {shown} on {self._host}: it starts at boot, where the contract wants it not to"
            return self._failed(
                "enabled", summary, unit, state="unexpected", cause="only_on_host", cure=_DISABLE, expected=wanted
            )
        if state in _AT_BOOT:
            return self._passed("enabled", f"{self._name} is {shown} on {self._host}", unit, wanted)
        if state in _STARTED_BY_OTHERS and unit["active"] in _RUNNING:
            summary = f"{self._name} is {shown} on {self._host}: it cannot be enabled, and something else started it"
            return self._passed("enabled", summary, unit, wanted)
        lost = "it is enabled until the next boot only" if state == "enabled-runtime" else "it does not start at boot"
        summary = f"{self._name} is {shown} on {self._host}: {lost}"
        return self._failed(
            "enabled", summary, unit, state="differs", cause="not_enabled", cure=_ENABLE, expected=wanted
        )

    def _reload(self, unit: Details) -> Check:
        if not unit["needs_reload"]:
            return self._passed("reload", f"systemd on {self._host} knows the files of {self._name} as they are", unit)
        # A drop-in that systemd has not read yet is not among those that it names.
        which = f": {unit['fragment']}, or a drop-in that was added, edited or removed" if unit["fragment"] else ""
        summary = f"The files of {self._name} were changed on {self._host} and systemd was not told{which}"
        return self._failed("reload", summary, unit, state="differs", cause="needs_reload", cure=_RELOAD)

    def _restarts(self, unit: Details) -> Check:
        wanted = {"max_restarts": self._wanted["max_restarts"]}
        if unit["restarts"] is None:
            summary = f"systemd on {self._host} does not count the restarts of {self._name}"
            return self._scope.unknown("restarts", self._name, self._level("restarts"), summary)
        summary = f"systemd restarted {self._name} on {self._host} {number(unit['restarts'], 'time')} by itself"
        if unit["restarts"] <= self._wanted["max_restarts"]:
            return self._passed("restarts", summary, unit, wanted)
        summary += f", at most {self._wanted['max_restarts']} are allowed"
        return self._failed("restarts", summary, unit, state="failed", cause="restarted", cure=_LOOK, expected=wanted)

    def _level(self, check: str) -> str:
        given: t.Mapping[str, str] = self._wanted.get("severity") or {}
        return given.get(check) or DEFAULTS[check]

    def _passed(self, check: str, summary: str, unit: Details, expected: Details | None = None) -> Check:
        return self._scope.passed(
            check, self._name, self._level(check), summary, expected=expected, observed=_observed(check, unit)
        )

    def _failed(
        self,
        check: str,
        summary: str,
        unit: Details,
        *,
        state: str,
        cause: str | None,
        cure: Details,
        expected: Details | None = None,
    ) -> Check:
        return self._scope.failed(
            check,
            self._name,
            self._level(check),
            summary,
            state=state,
            cause=cause,
            remedy=cure,
            expected=expected,
            observed=_observed(check, unit),
        )


_OBSERVED = {
    "loaded": ("load", "load_error", "fragment"),
    "active": ("active", "sub", "result", "since", "main_pid", "restarts"),
    "enabled": ("enabled", "active"),
    "reload": ("needs_reload", "fragment", "drop_ins"),
    "restarts": ("restarts", "since"),
}


def _observed(check: str, unit: Details) -> Details:
    return {key: unit[key] for key in _OBSERVED[check]}
