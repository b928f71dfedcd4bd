# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section compose: the services of each project, and what else runs in it. Private to the collection."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_names import Names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_reference import against_reference
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_rules import DEFAULTS, ServiceRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, number

SECTION = "compose"

_REMOVE = remedy("remove", "Find out who needs it; stop it, or add the service to the Compose file.")


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge the Compose projects of one host. ``evidence`` is the ``data`` of compose.json (docs/design.md)."""
    made = Judgement()
    rows: list[Details] = []
    for entry, project in zip(contract, evidence["projects"], strict=True):
        scope = Scope(context, SECTION, entry["project"], entry, "operational")
        told = _Project(scope, entry, project)
        made.checks += told.judge()
        rows += told.rows
        made.cells[entry["project"]] = "in_sync"
        made.marks[entry["project"]] = _mark(project)
    made.facts = {"services": rows[:LISTED], "total": len(rows)}
    made.cover()
    return made


class _Project:
    """One project of one host. ``rows`` are its services as the report shows them."""

    def __init__(self, scope: Scope, entry: Details, project: Details) -> None:
        self._scope = scope
        self._entry = entry
        self._project = project
        self._model = project["model"]
        self._host = scope.context.host
        self._names = Names(entry["project"], self._model, project["neighbours"], project["engine"]["reason"])
        self.rows: list[Details] = []

    def judge(self) -> list[Check]:
        name, model = self._entry["project"], self._model
        if model["outcome"] != "ok":
            summary = f"What the Compose files of {name} on {self._host} declare is not known: {model['reason']}"
            return [self._unknown("files", name, summary), *self._reference()]
        told = ", ".join(one["path"] for one in model["files"] if one["kind"] == "compose")
        checks = [
            self._scope.passed("files", name, self._level("files"), f"{told} of {name} on {self._host} can be read")
        ]
        for one in model["broken"]:
            summary = f"Service {one['name']} of {name} on {self._host} is not known: {one['reason']}"
            checks.append(self._unknown("service", one["name"], summary))
        if model["partial"]:
            checks.append(
                self._unknown("service", f"{name}/*", f"More services of {name} may be declared: {model['partial']}")
            )
        seen = self._project["containers"]
        for service in model["services"]:
            rules = ServiceRules(self._scope, self._entry, self._project, service, self._names)
            checks += rules.judge()
            self.rows.append(rules.row())
        if seen["outcome"] == "ok":
            checks += self._extra(seen["items"])
        return [*checks, *self._reference()]

    def _extra(self, containers: t.Sequence[Details]) -> list[Check]:
        known = {one["name"] for one in (*self._model["services"], *self._model["broken"])}
        checks = []
        for service in sorted({one["service"] for one in containers if not one["oneoff"]} - known):
            mine = [one for one in containers if one["service"] == service]
            where = ", ".join(one["name"] for one in mine)
            if self._model["partial"]:
                continue
            if any(fnmatch.fnmatchcase(service, pattern) for pattern in self._entry["ignore"]):
                continue
            summary = (
                f"{number(len(mine), 'container')} ({where}) of project {self._entry['project']} on {self._host} "
                f"belong to the service {service}, which its Compose files do not have"
            )
            checks.append(
                self._scope.failed(
                    "extra",
                    service,
                    self._level("extra"),
                    summary,
                    state="unexpected",
                    cause="extra_service",
                    remedy=_REMOVE,
                    observed={"containers": [one["name"] for one in mine]},
                )
            )
        return checks

    def _reference(self) -> list[Check]:
        return against_reference(self._scope, self._entry, self._project, self._level("reference"))

    def _level(self, check: str) -> str:
        given: t.Mapping[str, str] = self._entry.get("severity") or {}
        return given.get(check) or DEFAULTS[check]

    def _unknown(self, check: str, subject: str, summary: str) -> Check:
        return self._scope.unknown(check, subject, self._level(check), summary)


def _mark(project: Details) -> str:
    """Return what is the same on two hosts when the project is."""
    return "; ".join(f"{one['name']}={one['image'] or 'built'}x{one['scale']}" for one in project["model"]["services"])
