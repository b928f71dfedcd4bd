# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the Compose files of a host with those of the reference, service by service. Private to the collection."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import saving
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import reference_name

_REVIEW = saving(
    "review_and_commit",
    "Compare the two files; commit what the host needs, or deploy the reference's files and recreate.",
)


def against_reference(scope: Scope, entry: Details, project: Details, level: str) -> list[Check]:
    """Return the checks of a project's files against the reference's; none when they are not compared."""
    theirs, ours = project["reference"], project["written"]
    if theirs is None or not entry["reference"]:
        return []
    name, host = entry["project"], scope.context.host
    for side in (ours, theirs):
        if side["outcome"] != "ok":
            summary = (
                f"Whether the Compose files of {name} on {host} are the reference's is not known: {side['reason']}"
            )
            return [scope.unknown("reference", name, level, summary)]
    return _Files(scope, entry, level).compare(_by_name(ours), _by_name(theirs))


class _Files:
    def __init__(self, scope: Scope, entry: Details, level: str) -> None:
        self._scope = scope
        self._entry = entry
        self._level = level
        self._reference = reference_name(scope.context.reference)
        self._host = scope.context.host

    def compare(self, ours: t.Mapping[str, Details], theirs: t.Mapping[str, Details]) -> list[Check]:
        checks: list[Check] = []
        for service in sorted(ours.keys() | theirs.keys()):
            checks += self._service(service, ours.get(service), theirs.get(service))
        return checks

    def _service(self, service: str, ours: Details | None, theirs: Details | None) -> list[Check]:
        if ours is None or theirs is None:
            where = f"in the Compose files of {self._host}" if theirs is None else f"in those of {self._reference}"
            other = f"those of {self._reference}" if theirs is None else f"those of {self._host}"
            state = "unexpected" if theirs is None else "missing"
            return [self._failed(service, f"Service {service} is {where} and not in {other}", state, {}, {})]
        reason = ours["reason"] or theirs["reason"]
        if reason:
            summary = (
                f"Whether service {service} of {self._host} is declared as in {self._reference} is not known: {reason}"
            )
            return [self._scope.unknown("reference", service, self._level, summary)]
        mine, wanted = ({one["key"]: one for one in side["keys"]} for side in (ours, theirs))
        checks = []
        for key in sorted(mine.keys() | wanted.keys()):
            here, there = mine.get(key), wanted.get(key)
            if (here and here["digest"]) == (there and there["digest"]) or self._ignored(service, key):
                continue
            summary = (
                f"The Compose file on {self._host} has {key} of {service} as {_said(here)}, "
                f"{self._reference} has {_said(there)}"
            )
            if here and there and here["value"] == there["value"]:
                # What differs is not shown, or masked.
                summary = f"The Compose file on {self._host} has another {key} of {service} than {self._reference}"
            state = "missing" if here is None else "unexpected" if there is None else "differs"
            expected, observed = {key: _said(there)}, {key: _said(here)}
            checks.append(self._failed(f"{service}.{key}", summary, state, expected, observed))
        if not checks:
            summary = f"Service {service} is declared on {self._host} as in {self._reference}"
            checks.append(self._scope.passed("reference", service, self._level, summary))
        return checks

    def _ignored(self, service: str, key: str) -> bool:
        return any(fnmatch.fnmatchcase(f"{service}.{key}", pattern) for pattern in self._entry["ignore"])

    def _failed(self, subject: str, summary: str, state: str, expected: Details, observed: Details) -> Check:
        return self._scope.failed(
            "reference",
            subject,
            self._level,
            summary,
            state=state,
            cause="setting_differs",
            remedy=_REVIEW,
            expected=expected,
            observed=observed,
        )


def _by_name(side: Details) -> dict[str, Details]:
    return {one["name"]: one for one in side["services"]}


def _said(one: Details | None) -> str:
    if one is None:
        return "nothing"
    return str(one["value"]) if one["value"] is not None else "a value that is not shown"
