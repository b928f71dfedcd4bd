# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins the judgements of all hosts into the dictionary that is findings.json. Private to the collection."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_across, severity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.committed import Committed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_pairs import pairs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_seen import SeenConfigs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.elsewhere import place_imports
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.environments import Alike
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import (
    HostInputs,
    judge_host,
    judge_reference,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.matrix import Matrix
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.overviews import Overviews
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.verdict import verdict
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.waivers import Ledger
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.webhooks_across import Channels

SCHEMA = "evenkeel.drift/run/1"


@dataclasses.dataclass(frozen=True)
class RunInputs:
    """All that a run is judged from, as plain values.

    ``run`` is ``{id, kind, started, finished, as_of, application, controller, settings}``; ``references`` the entries
    of references.json; ``hosts`` is consumed once, so that no more than one host's evidence need be in memory;
    ``waivers`` are normalised; ``first_seen`` maps finding ids to the time of an earlier run; ``evidence`` is the
    store's index of evidence files, ``[{path, host, section, reader, user, started, finished, bytes, sha256,
    outcome}]``. ``relations`` is the content of relations.json (docs/design.md), empty for one environment alone,
    ``committed`` that of committed.json, empty where nobody asks for it.
    """

    run: Details
    references: t.Sequence[Details]
    hosts: t.Iterable[HostInputs]
    waivers: t.Sequence[Details] = ()
    first_seen: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    evidence: t.Sequence[Details] = ()
    relations: Details = dataclasses.field(default_factory=dict)
    committed: t.Sequence[Details] = ()


def judge_run(inputs: RunInputs) -> dict[str, t.Any]:
    """Return findings.json (docs/findings.schema.json).

    The same inputs in any order of hosts, references and waivers give the same bytes.
    """
    fold = _Fold(inputs)
    for host in inputs.hosts:
        fold.add_host(host)
    fold.add_run()
    return fold.result()


class _Fold:
    """Keeps checks, facts, coverage, and what is compared across hosts; no other evidence."""

    def __init__(self, inputs: RunInputs) -> None:
        self._inputs = inputs
        self._as_of = str(inputs.run["as_of"])
        self._references = {reference["id"]: reference for reference in inputs.references}
        self._ledger = Ledger(inputs.waivers, self._as_of)
        self._matrix = Matrix()
        self._alike = Alike()
        self._configs = SeenConfigs()
        self._channels = Channels()
        self._committed = Committed(inputs.committed, self._references)
        self._overviews = Overviews()
        self._facts: list[dict[str, t.Any]] = []
        self._coverage: list[dict[str, t.Any]] = []
        self._checks: dict[str, dict[str, t.Any]] = {}
        self._findings: dict[str, dict[str, t.Any]] = {}
        self._hosts: dict[str, set[str]] = {}
        self._roots: dict[str, dict[str, str | None]] = {}
        self._used: dict[str, dict[str, list[str]]] = {}
        self._paths: dict[str, dict[str, str]] = {}
        for item in inputs.evidence:
            self._paths.setdefault(item["host"], {})[item["section"]] = item["path"]

    def add_host(self, host: HostInputs) -> None:
        self._hosts.setdefault(host.environment, set()).add(host.name)
        self._roots.setdefault(host.environment, {})[host.name] = host.settings.get("root")
        used = self._used.setdefault(host.environment, {})
        if host.reference is not None:
            used.setdefault(host.reference, []).append(host.name)
        reference = None if host.reference is None else self._references[host.reference]
        made = judge_host(host, reference, self._paths.get(host.name, {}))
        self._facts += made.facts
        self._coverage += made.coverage
        self._alike.add(host, made, self._paths.get(host.name, {}))
        made.checks = self._configs.add(host, made.checks, self._paths.get(host.name, {}))
        self._channels.add(host, self._paths.get(host.name, {}))
        self._committed.add(host)
        self._overviews.add(host.environment, host.name, host.settings.get("overviews") or {})
        self._matrix.add_host(host.environment, made.cells, host.failure is None)
        self._ledger.asked(host.environment, host.name, made.cells)
        for check in made.checks:
            self._add(self._ledger.apply(check))

    def add_run(self) -> None:
        """Add what concerns no single host. The waivers come last, when all that they may cover is known."""
        for environment, used in self._used.items():
            for name, hosts in used.items():
                for check in judge_reference(self._references[name], environment, sorted(hosts)):
                    self._add(check)
        joined = (self._alike.checks(), self._channels.checks(), self._committed.checks())
        for check in itertools.chain.from_iterable(joined):
            self._add(self._ledger.apply(check))
        for check in config_across.checks(self._configs):
            # What a host alone says of a value is told once, and then where else the value is.
            if not config_across.joined(self._findings.get(check.id) or self._checks.get(check.id), check):
                self._add(self._ledger.apply(check))
        for check in self._ledger.checks():
            self._add(check)
        for branch in self._inputs.relations.get("branches", ()):
            self._matrix.add_branch(branch)

    def _add(self, check: Check) -> None:
        name = check.id
        if name in self._findings or (name in self._checks and not check.is_finding):
            return
        self._matrix.add(check)
        if check.outcome == "pass":
            self._checks[name] = check.as_dict()
            return
        check = dataclasses.replace(check, first_seen=self._inputs.first_seen.get(name, self._as_of))
        self._checks.pop(name, None)
        (self._findings if check.is_finding else self._checks)[name] = check.as_dict()

    def result(self) -> dict[str, t.Any]:
        place_imports(self._findings.values())
        findings = sorted(self._findings.values(), key=_finding_order)
        environments = sorted(self._hosts)
        matrix = self._matrix.as_dict(self._holding(), self._inputs.relations.get("commits"))
        return {
            "schema": SCHEMA,
            "run": dict(self._inputs.run),
            "references": [dict(self._references[name]) for name in sorted(self._references)],
            "environments": [self._environment(name) for name in environments],
            "coverage": sorted(self._coverage, key=lambda row: (row["host"], row["section"])),
            "facts": sorted(self._facts, key=lambda row: (row["host"], row["section"])),
            "checks": sorted(self._checks.values(), key=_check_order),
            "findings": findings,
            "matrix": matrix,
            **self._overviews.result(matrix["rows"], findings),
            "configs": pairs(self._configs),
            "relations": [dict(one) for one in self._inputs.relations.get("relations", ())],
            "waivers": self._ledger.states(),
            "evidence": sorted((dict(item) for item in self._inputs.evidence), key=lambda item: str(item["path"])),
            "verdict": verdict(findings, self._matrix.unseen or not environments),
        }

    def _holding(self) -> set[str]:
        """Return the environments with a host that other hosts are compared with."""
        sources = {one.get("host") for one in self._references.values() if one.get("kind") == "host"}
        return {name for name, hosts in self._hosts.items() if hosts & sources}

    def _environment(self, name: str) -> dict[str, t.Any]:
        """``reference`` is null when there is none or several; then ``references`` tells."""
        used = sorted(self._used[name])
        reference = used[0] if len(used) == 1 else None
        return {
            "name": name,
            "reference": reference,
            "references": used,
            "hosts": sorted(self._hosts[name]),
            "roots": dict(sorted(self._roots[name].items())),
        }


def _check_order(check: Details) -> tuple[str, ...]:
    return tuple(check[key] for key in ("environment", "host", "section", "component", "subject", "check"))


def _finding_order(finding: Details) -> tuple[t.Any, ...]:
    return (severity.rank(finding["severity"]), *_check_order(finding))
