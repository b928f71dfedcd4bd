# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for alert channels: configured, well-formed and distinct. That they work is never said. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope

DEFAULTS = {"configured": "high", "well_formed": "high", "distinct": "medium"}
"""The checks of an alert channel and their severities where the contract gives none."""

_SET = remedy("fix_setting", "Set the address of the channel that alerts should go to; restart what reads it.")
_APART = remedy("fix_setting", "Give each channel an address of its own, or allow the same with `distinct: false`.")


def judge(entry: Details, seen: Details, others: t.Sequence[Details], context: Context) -> list[Check]:
    """Judge one alert channel. ``seen`` is its evidence, ``others`` that of the channels that it must differ from."""
    rules = _Rules(Scope(context, "endpoints", entry["name"], entry, "operational"), entry, seen)
    return rules.judge(others)


def fact(entry: Details, seen: Details, checks: t.Sequence[Check]) -> dict[str, t.Any]:
    """Return what the report shows of an alert channel; a check that was not made is null."""
    outcomes = {check.check: check.outcome for check in checks}
    shown = {check: outcomes.get(check) for check in (*DEFAULTS, "sent")}
    return {"name": entry["name"], "key": entry["webhook"]["key"], "kind": seen["kind"], **shown}


class _Rules:
    def __init__(self, scope: Scope, entry: Details, seen: Details) -> None:
        self._scope = scope
        self._make = Graded(scope, entry.get("severity"), DEFAULTS)
        self._entry = entry
        self._seen = seen
        self._name = str(entry["name"])
        self._place = f"{entry['webhook']['key']} in {entry['webhook']['file']}"

    def judge(self, others: t.Sequence[Details]) -> list[Check]:
        if self._seen["outcome"] != "ok":
            summary = f"Whether {self._name} has an address is not known: {self._seen['reason']}"
            return [self._scope.unknown("configured", self._name, self._make.level("configured"), summary)]
        checks = [self._configured()]
        if self._seen["state"] == "set":
            checks += [self._well_formed(), *self._distinct(others), self._sent()]
        return checks

    def _configured(self) -> Check:
        state, host = self._seen["state"], self._scope.context.host
        observed = {"state": state}
        if state == "set":
            summary = f"{self._name} has an address on {host}: {self._place}"
            return self._scope.passed(
                "configured", self._name, self._make.level("configured"), summary, observed=observed
            )
        what = "has no value" if state == "missing" else "holds a placeholder"
        return self._scope.failed(
            "configured",
            self._name,
            self._make.level("configured") if self._entry["required"] else "info",
            f"{self._name} has no address on {host}: {self._place} {what}, so its alerts reach nobody",
            state="missing",
            cause="not_configured",
            remedy=_SET,
            expected={"state": "set"},
            observed=observed,
        )

    def _well_formed(self) -> Check:
        level, kind = self._make.level("well_formed"), self._seen["kind"]
        wanted = self._entry["kind"]
        expected, observed = {"kind": wanted}, {"kind": kind, "problem": self._seen["problem"]}
        problem = self._seen["problem"]
        if not problem and wanted not in ("any", kind):
            problem = f"it is no address of {wanted}"
        if not problem:
            summary = f"The address of {self._name} is well-formed"
            return self._scope.passed("well_formed", self._name, level, summary, expected=expected, observed=observed)
        return self._scope.failed(
            "well_formed",
            self._name,
            level,
            f"The address of {self._name} ({self._place}) cannot be right: {problem}",
            state="failed",
            cause="malformed",
            remedy=_SET,
            expected=expected,
            observed=observed,
        )

    def _distinct(self, others: t.Sequence[Details]) -> list[Check]:
        if not self._entry["distinct"] or not others:
            return []
        level, digest = self._make.level("distinct"), self._seen["digest"]
        if digest is None:
            summary = f"Whether {self._name} has an address of its own is not known: the run has no key to compare with"
            return [self._scope.unknown("distinct", self._name, level, summary)]
        same = sorted(other["name"] for other in others if other["digest"] == digest)
        hidden = sorted(other["name"] for other in others if other["outcome"] != "ok")
        if same:
            return [
                self._scope.failed(
                    "distinct",
                    self._name,
                    level,
                    f"{self._name} has the address of {', '.join(same)}: their alerts arrive in one place",
                    state="failed",
                    cause="not_distinct",
                    remedy=_APART,
                    observed={"same_as": same},
                )
            ]
        if hidden:
            summary = f"Whether {self._name} differs from {', '.join(hidden)} is not known"
            return [self._scope.unknown("distinct", self._name, level, summary)]
        summary = f"{self._name} has an address of its own"
        return [self._scope.passed("distinct", self._name, level, summary)]

    def _sent(self) -> Check:
        summary = f"Whether what is sent to {self._name} arrives is not known: an audit sends none"
        return self._scope.not_exercised("sent", self._name, summary)
