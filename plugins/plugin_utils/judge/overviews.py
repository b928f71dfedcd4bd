# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines and the service catalogue of a run: the matrix, seen through the contract's overviews.

Private to the collection.
"""

from __future__ import annotations

import fnmatch
import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

BROKEN = ("critical", "high")
"""From these severities on, drift of a component means that a stage does not do its work."""

_WORST_FIRST = ("broken", "unknown", "impaired", "idle", "works")

_SERVICES = ("processes", "units", "containers", "compose")
"""The sections whose components are services, also when no catalogue names them."""

_WHOLE = "section"
"""The component of a section that could not be seen at all."""

_Key = tuple[str, str, str]


class Overviews:
    """Gathers the overviews of all hosts. Those of one environment that are equal are one."""

    def __init__(self) -> None:
        self._pipelines: dict[tuple[str, str], list[str]] = {}
        self._services: dict[tuple[str, str, str], int] = {}

    def add(self, environment: str, host: str, overviews: Details) -> None:
        """Take note of one host's overviews, as the contract has them."""
        if overviews.get("pipeline"):
            stages = json.dumps(overviews["pipeline"], sort_keys=True)
            self._pipelines.setdefault((environment, stages), []).append(host)
        for place, (category, components) in enumerate((overviews.get("catalogue") or {}).items()):
            for component in components:
                key = (environment, category, component)
                self._services[key] = min(place, self._services.get(key, place))

    def result(self, rows: t.Sequence[Details], findings: t.Sequence[Details]) -> dict[str, t.Any]:
        """Return ``pipelines`` and ``services`` of findings.json.

        ``rows`` are those of the matrix, ``findings`` those of the run, the worst first. A state is ``works``,
        ``idle`` (nothing happened that could be judged), ``impaired`` (drift that is less than high), ``broken`` or
        ``unknown``, which is also what nothing in this run is called; a stage has the worst state of its components.
        ``broken`` is the first stage that is, or null.
        """
        run = _Run(rows, findings)
        pipelines = [
            _pipeline(run, environment, sorted(hosts), json.loads(stages))
            for (environment, stages), hosts in sorted(self._pipelines.items())
        ]
        services = [
            service
            for key in sorted(self._services, key=lambda key: (key[0], self._services[key], key))
            for service in _services(run, *key)
        ]
        return {"pipelines": pipelines, "services": services + _others(run, rows, services)}


class _Run:
    """The cells of the matrix and the findings of a run, looked up by what an overview names."""

    def __init__(self, rows: t.Sequence[Details], findings: t.Sequence[Details]) -> None:
        self._rows = rows
        self._findings: dict[_Key, list[str]] = {}
        self._idle: set[_Key] = set()
        self._order = {one["id"]: place for place, one in enumerate(findings)}
        for one in findings:
            key = (one["environment"], one["section"], one["component"])
            if one["outcome"] in ("fail", "unknown", "not_exercised"):
                self._findings.setdefault(key, []).append(one["id"])
            if one["outcome"] == "not_exercised":
                self._idle.add(key)

    def components(self, environment: str, named: str) -> list[tuple[str, str, str]]:
        """Return section, component and state of all that ``section:pattern`` names; what names nothing is unknown."""
        section, _colon, pattern = named.partition(":")
        found = [
            (section, row["component"], self.state(row, environment))
            for row in self._rows
            if row["section"] == section
            and fnmatch.fnmatchcase(row["component"], pattern)
            and row["cells"].get(environment, _NOT_ASKED)["state"] != "not_asked"
        ]
        return found or [(section, pattern, "unknown")]

    def state(self, row: Details, environment: str) -> str:
        """Return how a component does that was asked for."""
        cell = row["cells"][environment]
        if cell["state"] in ("differs", "missing"):
            return "broken" if cell["worst"] in BROKEN else "impaired"
        if cell["state"] == "unknown":
            return "unknown"
        return "idle" if (environment, row["section"], row["component"]) in self._idle else "works"

    def worst_first(self, findings: t.Iterable[str]) -> list[str]:
        """Return ids of findings in the order of the run, each once."""
        return sorted(set(findings), key=lambda name: self._order[name])

    def findings(self, environment: str, section: str, component: str) -> list[str]:
        """Return the ids of what a component's state rests on."""
        return self._findings.get((environment, section, component), [])


_NOT_ASKED = {"state": "not_asked"}


def _pipeline(run: _Run, environment: str, hosts: list[str], stages: t.Sequence[Details]) -> dict[str, t.Any]:
    made = [_stage(run, environment, stage) for stage in stages]
    broken = next((stage["stage"] for stage in made if stage["state"] == "broken"), None)
    return {"environment": environment, "hosts": hosts, "stages": made, "broken": broken}


def _stage(run: _Run, environment: str, stage: Details) -> dict[str, t.Any]:
    states, findings = set(), []
    for named in stage["of"]:
        for section, component, state in run.components(environment, named):
            states.add(state)
            findings += run.findings(environment, section, component)
    return {
        "stage": stage["stage"],
        "of": list(stage["of"]),
        "state": next(state for state in _WORST_FIRST if state in states),
        "findings": run.worst_first(findings),
    }


def _services(run: _Run, environment: str, category: str, named: str) -> list[dict[str, t.Any]]:
    return [
        _service(run, environment, category, (section, component), state)
        for section, component, state in run.components(environment, named)
    ]


def _service(run: _Run, environment: str, category: str, place: tuple[str, str], state: str) -> dict[str, t.Any]:
    section, component = place
    return {
        "environment": environment,
        "category": category,
        "section": section,
        "component": component,
        "state": state,
        "findings": run.findings(environment, section, component),
    }


def _others(run: _Run, rows: t.Sequence[Details], services: t.Sequence[Details]) -> list[dict[str, t.Any]]:
    """Return the services that no catalogue names, without a category."""
    named = {(one["environment"], one["section"], one["component"]) for one in services}
    return [
        _service(run, environment, "", (row["section"], row["component"]), run.state(row, environment))
        for row in rows
        if row["section"] in _SERVICES and row["component"] != _WHOLE
        for environment, cell in sorted(row["cells"].items())
        if (environment, row["section"], row["component"]) not in named and cell["state"] != "not_asked"
    ]
