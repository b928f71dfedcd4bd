# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""findings.json as the report reads it: sorted, counted, looked up. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import counts, rank
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import reference_name

Json = t.Mapping[str, t.Any]
RUN = "run"


class Placed(t.NamedTuple):
    """The facts of one section of one host; None when the host gave none."""

    environment: str
    host: str
    facts: Json | None


class Report:
    """Read access to one findings.json (the schema is in docs/): all of a report is taken or counted from here."""

    def __init__(self, data: Json) -> None:
        self.run: Json = data["run"]
        # A verification knows of each thing how it stands by checks of all kinds, and its tables say so.
        self.standing: t.Mapping[tuple[str, str, str], str] | None = data.get("standing")
        self.verdict: Json = data["verdict"]
        self.matrix: Json = data["matrix"]
        self.environments: list[Json] = sorted(data["environments"], key=lambda one: str(one["name"]))
        self.references: dict[str, Json] = {one["id"]: one for one in data["references"]}
        self.relations: list[Json] = list(data.get("relations") or [])
        self.configs: list[Json] = list(data.get("configs") or [])
        self.pipelines: list[Json] = list(data.get("pipelines") or [])
        self.services: list[Json] = list(data.get("services") or [])
        self.findings: list[Json] = sorted(data["findings"], key=_order)
        self.checks: list[Json] = sorted(data["checks"], key=_place)
        self.coverage: list[Json] = sorted(data["coverage"], key=lambda one: (str(one["host"]), str(one["section"])))
        self.waivers: list[Json] = list(data.get("waivers") or [])
        self.evidence: list[Json] = sorted(data.get("evidence") or [], key=lambda one: str(one["path"]))
        self.by_host: dict[str, list[Json]] = {}
        for one in self.findings:
            self.by_host.setdefault(one["host"], []).append(one)
        self._by_id = {one["id"]: one for one in self.findings}
        self._facts = {(one["host"], one["section"]): one["facts"] for one in data["facts"]}

    @property
    def seen(self) -> list[Json]:
        """The findings about what was seen."""
        return [one for one in self.findings if one["outcome"] != "unknown"]

    @property
    def unknown(self) -> list[Json]:
        """The findings about what could not be seen."""
        return [one for one in self.findings if one["outcome"] == "unknown"]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings each severity has."""
        return counts(one["severity"] for one in self.findings)

    @property
    def hosts(self) -> list[tuple[str, str]]:
        """Environment and host of every host that was asked."""
        return [(env["name"], host) for env in self.environments for host in sorted(env["hosts"])]

    def finding(self, name: str) -> Json:
        """Return the finding with this id."""
        return self._by_id[name]

    def root(self, environment: str, host: str) -> str:
        """Return the ``drift_root`` of a host; empty when its contract was not valid."""
        roots = next(env["roots"] for env in self.environments if env["name"] == environment)
        return roots.get(host) or ""

    @property
    def sections(self) -> list[str]:
        """The sections that this run is about; what concerns the run itself is not one."""
        named = {one["section"] for one in [*self.coverage, *self.findings, *self.checks]}
        return sorted((named | {section for _host, section in self._facts}) - {RUN})

    def of(self, section: str, *checks: str) -> list[Json]:
        """Return the findings about what was seen in a section, of some checks or of all."""
        return [one for one in self.seen if one["section"] == section and (not checks or one["check"] in checks)]

    def outcomes(self, host: str, *sections: str) -> set[str]:
        """Return the outcomes of a host's findings, in some sections or in all."""
        mine = self.by_host.get(host, [])
        return {one["outcome"] for one in mine if not sections or one["section"] in sections}

    def facts(self, section: str) -> list[Placed]:
        """Return the facts of a section, one entry for every host of the run."""
        return [Placed(environment, host, self._facts.get((host, section))) for environment, host in self.hosts]

    def references_of(self, environment: str) -> list[Json]:
        """Return the references that the hosts of an environment are compared with: none, one or several."""
        used = next((one for one in self.environments if one["name"] == environment), {})
        names = used.get("references") or [used.get("reference")]
        return [self.references[name] for name in names if name in self.references]

    def reference_name(self, environment: str) -> str:
        """Return the short names of an environment's references."""
        return ", ".join(map(reference_name, self.references_of(environment))) or reference_name(None)


def where(item: Json) -> str:
    """Return the environment and host of a finding in one word each; what concerns no host has only an environment."""
    return " / ".join(str(part) for part in (item.get("environment"), item.get("host")) if part) or RUN


def _place(item: Json) -> tuple[str, ...]:
    keys = ("environment", "host", "section", "component", "check", "subject", "id")
    return tuple(str(item.get(key) or "") for key in keys)


def _order(item: Json) -> tuple[int, tuple[str, ...]]:
    return rank(item["severity"]), _place(item)
