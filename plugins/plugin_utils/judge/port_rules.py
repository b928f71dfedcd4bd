# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for one declared port. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import port_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope

DEFAULTS = {
    "listening": "critical",
    "address": "high",
    "process": "critical",
    "user": "medium",
    "closed": "high",
    "conflict": "high",
    "declared": "high",
}
"""The checks of this section and their severities where the contract gives none."""

_START = remedy("start", "Look at why the process does not run or does not listen (its log), then start it.")
_REBIND = remedy("rebind", "Correct the address in the service's configuration and restart it.")
_OTHER = remedy("investigate", "Find out who started the other program; stop it, then start the declared one.")
_RESTART = remedy("restart", "Start the service as the declared user, or correct the contract.")
_CLOSE = remedy("stop_instance", "Stop what listens there, or correct the contract.")
_CONFLICT = remedy("stop_instance", "Stop the one that should not be there: which of the two answers is chance.")


class PortRules:
    """The checks of one entry. ``listeners`` are those on its port, ``blind`` why there may be more, or nothing."""

    def __init__(
        self,
        scope: Scope,
        entry: Details,
        listeners: t.Sequence[Details],
        blind: str,
        declared: t.Mapping[str, t.Sequence[int]],
    ) -> None:
        self._scope = scope
        self._entry = entry
        self._listeners = listeners
        self._blind = blind
        self._declared = declared
        self._host = scope.context.host
        self._port = f"{entry['port']}/{entry['proto']}"
        addresses = entry["bind"] or ["*"]
        self._subject = words.place(entry["proto"], addresses[0] if len(addresses) == 1 else "*", entry["port"])

    def judge(self) -> list[Check]:
        if self._entry["closed"]:
            return self._closed()
        if not self._listeners:
            return [self._silent()]
        first = self._listeners[0]
        summary = f"{words.owner(first)} listens at {words.spot(first)} on {self._host}"
        checks = [self._passed("listening", self._subject, summary, first)]
        if self._entry["bind"]:
            checks += self._addresses(self._entry["bind"])
        for listener in self._listeners:
            if self._entry["process"]:
                checks.append(self._process(listener, self._entry["process"]))
            if self._entry["user"]:
                checks.append(self._user(listener, self._entry["user"]))
        checks += self._conflicts()
        return checks

    def _silent(self) -> Check:
        if self._blind:
            return self._unknown("listening", self._subject, f"Whether anything listens on {self._port}", self._blind)
        wanted = f" ({self._entry['process']})" if self._entry["process"] else ""
        summary = f"Nothing listens on {self._port} of {self._host}{wanted}"
        return self._failed("listening", self._subject, summary, None, "missing", "not_listening", _START)

    def _addresses(self, bind: t.Sequence[str]) -> list[Check]:
        checks = []
        wanted = ", ".join(bind)
        for listener in self._listeners:
            subject, bound = words.spot(listener), listener["address"]
            if words.allowed(bound, bind):
                checks.append(
                    self._passed("address", subject, f"{self._port} of {self._host} is bound to {bound}", listener)
                )
                continue
            summary = (
                f"{words.owner(listener)} listens at {bound} on {self._port} of {self._host}, not only at {wanted}"
            )
            if all(map(words.local, bind)) and not words.local(bound):
                summary += ": it can be reached from other hosts"
            checks.append(self._failed("address", subject, summary, listener, "differs", "wrong_address", _REBIND))
        for address in bind:
            if any(words.covers(listener["address"], address) for listener in self._listeners):
                continue
            subject = words.place(self._entry["proto"], address, self._entry["port"])
            if self._blind:
                checks.append(self._unknown("address", subject, f"Whether anything listens at {subject}", self._blind))
                continue
            bound = ", ".join(sorted({listener["address"] for listener in self._listeners}))
            summary = f"Nothing listens at {address} on {self._port} of {self._host}, only at {bound}"
            checks.append(self._failed("address", subject, summary, None, "missing", "wrong_address", _REBIND))
        if self._blind:
            text = f"Whether {self._port} is open at other addresses than {wanted}"
            checks.append(self._unknown("address", self._subject, text, self._blind))
        return checks

    def _process(self, listener: Details, process: str) -> Check:
        subject = words.spot(listener)
        right = words.owned_by(listener, process, self._declared)
        if right is None:
            return self._unknown("process", subject, f"Whether {subject} is held by {process}", listener["reason"])
        summary = f"{words.owner(listener)} holds {subject} of {self._host}"
        if right:
            return self._passed("process", subject, summary, listener)
        summary += f", where {process} should be"
        return self._failed("process", subject, summary, listener, "differs", "wrong_process", _OTHER)

    def _user(self, listener: Details, user: str) -> Check:
        subject = words.spot(listener)
        summary = f"The user {listener['user']} opened {subject} of {self._host}"
        if user in (listener["user"], str(listener["uid"])):
            return self._passed("user", subject, summary, listener)
        return self._failed(
            "user", subject, f"{summary}, where {user} should", listener, "differs", "wrong_user", _RESTART
        )

    def _closed(self) -> list[Check]:
        checks = [
            self._failed(
                "closed",
                words.spot(listener),
                f"{words.owner(listener)} listens at {words.spot(listener)} on {self._host}, where nothing may",
                listener,
                "unexpected",
                "undeclared_listener",
                _CLOSE,
            )
            for listener in self._listeners
        ]
        if checks:
            return checks
        if self._blind:
            return [self._unknown("closed", self._subject, f"Whether nothing listens on {self._port}", self._blind)]
        return [self._passed("closed", self._subject, f"Nothing listens on {self._port} of {self._host}", None)]

    def _conflicts(self) -> list[Check]:
        """Return the conflicts, or that there is none; two of the same service are none."""
        checks = []
        unsure = ""
        for one, other in pairs(self._listeners):
            same = words.same_service(one, other)
            if same is None:
                unsure = one["reason"] or other["reason"]
            elif not same:
                checks.append(conflict(self._scope, self._level("conflict"), one, other))
        if unsure and not checks:
            text = f"Whether the listeners on {self._port} belong to one service"
            checks.append(self._unknown("conflict", self._subject, text, unsure))
        if not checks:
            checks.append(
                self._passed("conflict", self._subject, f"One service has {self._port} of {self._host}", None)
            )
        return checks

    def _level(self, check: str) -> str:
        given: t.Mapping[str, str] = self._entry.get("severity") or {}
        return given.get(check) or DEFAULTS[check]

    def _expected(self) -> dict[str, t.Any]:
        wanted = {key: self._entry[key] for key in ("port", "proto", "process", "user", "bind", "closed")}
        return {key: value for key, value in wanted.items() if value not in (None, False)}

    def _passed(self, check: str, subject: str, summary: str, listener: Details | None) -> Check:
        return self._scope.passed(
            check,
            subject,
            self._level(check),
            summary,
            expected=self._expected(),
            observed=words.shown(listener) if listener else {},
        )

    def _failed(
        self, check: str, subject: str, summary: str, listener: Details | None, state: str, cause: str, cure: Details
    ) -> Check:
        return self._scope.failed(
            check,
            subject,
            self._level(check),
            summary,
            state=state,
            cause=cause,
            remedy=cure,
            expected=self._expected(),
            observed=words.shown(listener) if listener else {},
        )

    def _unknown(self, check: str, subject: str, what: str, reason: str) -> Check:
        summary = f"{what} on {self._host} is not known: {reason}"
        return self._scope.unknown(check, subject, self._level(check), summary)


def pairs(listeners: t.Sequence[Details]) -> t.Iterator[tuple[Details, Details]]:
    """Yield the listeners of one port that share an address with another service's, each with the first of those."""
    # A thousand workers of one service are one here.
    services = {
        (one["address"], one["pid"] is None, one["name"], one["unit"], one["container"]): one for one in listeners
    }
    kinds = list(services.values())
    for number, other in enumerate(kinds):
        for one in kinds[:number]:
            if words.overlap(one, other) and words.same_service(one, other) is not True:
                yield one, other
                break


def conflict(scope: Scope, severity: str, one: Details, other: Details) -> Check:
    """Return the finding about two services on one port."""
    subject = words.spot(other)
    summary = (
        f"Two programs listen on {other['port']}/{other['proto']} of {scope.context.host}: {words.owner(one)} at "
        f"{one['address']}, {words.owner(other)} at {other['address']}"
    )
    return scope.failed(
        "conflict",
        subject,
        severity,
        summary,
        state="unexpected",
        cause="port_conflict",
        remedy=_CONFLICT,
        observed={"one": words.shown(one), "other": words.shown(other)},
    )
