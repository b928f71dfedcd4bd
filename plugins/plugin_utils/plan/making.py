# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a plan of a run that was judged: its evidence, its findings and the reference. Private to the collection."""

from __future__ import annotations

import functools
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import FINDINGS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync import SyncSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import (
    container_look,
    document,
    gates,
    host_gates,
    moving,
    names,
    restarting,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.decide import Policy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.files import plan_files
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.host_gates import seconds_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.left_out import LeftOut
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services import Planned, plan_services
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services_seen import ByHand, users
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services_seen import Seen as Running
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.source import Source
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.totals import totalled
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.trees import Trees, commit_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import joining, offer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.looking import look
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Proposal, Seen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.offer import Offered
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.sides import stored_references
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.kept import rescued_containers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

Json = dict[str, t.Any]

_REFERENCE = ("id", "kind", "repo", "ref", "commit", "subject", "committed")


def make(
    folder: RunFolder, settings: SyncSettings, cache: Cache, created: str, state_dirs: t.Mapping[str, str | None]
) -> tuple[Json, Offered]:
    """Return the plan of a sealed run, without the gates of the whole plan, and what it can only propose.

    Raises StoreError, and ContractError for proposals that were asked for and cannot be applied.
    ``state_dirs`` says where each host keeps its state, None for the place that is usual there.
    """
    folder.verify()
    run, findings = folder.read("run.json"), folder.read(FINDINGS)
    references = {about["id"]: about for about in stored_references(folder)}
    looked = [
        _Host(folder, host, run["environments"][host], findings, references, settings, cache)
        for host in sorted(run["hosts"])
    ]
    offered = offer.propose([one.seen() for one in looked])
    applied = offer.chosen(offered, settings.proposals)
    hosts = [
        one.part(state_dirs.get(one.host), [offered[name] for name in offered if name in applied]) for one in looked
    ]
    used = {one["reference"] for one in hosts} & {name for name, about in references.items() if about["kind"] == "git"}
    plan: Json = {
        "schema": document.SCHEMA,
        "run": run["id"],
        "created": created,
        "policy": {
            "strategy": settings.strategy,
            "prune": settings.prune,
            "overwrite_host_work": settings.overwrite_host_work,
            "services": settings.services,
            "step_timeout": settings.services_timeout,
            "hooks": settings.hooks,
        },
        "references": [
            {name: references[one].get(name) for name in _REFERENCE}
            for one in sorted(used)
            if references[one]["outcome"] == "ok"
        ],
        "hosts": hosts,
        "gates": [],
        "proposals": offer.listed(offered, applied),
    }
    return {**plan, "id": document.identity(plan)}, offered


def make_part(folder: RunFolder, host: str, settings: SyncSettings, cache: Cache) -> tuple[Json, Json | None]:
    """Return one host's part of a plan of a run, and the reference that it was compared with, if that can be read."""
    run, findings = folder.read("run.json"), folder.read(FINDINGS)
    references = {about["id"]: about for about in stored_references(folder)}
    part = _Host(folder, host, run["environments"][host], findings, references, settings, cache).part(None)
    return part, references.get(part["reference"] or "")


class _Host:
    """One host's part of a plan."""

    def __init__(
        self,
        folder: RunFolder,
        host: str,
        environment: str,
        findings: Json,
        references: t.Mapping[str, Json],
        settings: SyncSettings,
        cache: Cache,
    ) -> None:
        self._folder = folder
        self.host = host
        self._environment = environment
        self._findings = findings
        self._settings = settings
        self._as_of = seconds_of(folder.read("run.json")["started"])
        self._policy = Policy(settings.prune, settings.overwrite_host_work)
        self._kept: Json = evidence.load(folder, host, evidence.SETTINGS) or {}
        self._reference = references.get(self._kept.get("reference") or "")
        self._cache = cache
        self._covered: set[str] = set()

    def part(self, state_dir: str | None, asked: t.Iterable[Proposal] = ()) -> Json:
        """Return the host's part with the proposals that were asked for: the shape is in docs/design.md."""
        if self._settings.restart:
            return self._restarting(state_dir)
        actions: list[Json] = []
        left: list[Json] = []
        mine = [one for one in asked if one.host == self.host]
        checked = [gates.observed(self.host, self._failure())]
        if not gates.refusals(checked):
            checked.append(gates.reference(self._reference))
        if not gates.refusals(checked):
            actions, left, more = self._files(Source(self._reference or {}, self._cache))
            checked += more
        if not host_gates.stops(checked):
            actions, left = joining.join(actions, left, mine)
            moves, more, apart = self._strategy(actions)
            actions += [{**one, "n": len(actions) + 1} for one in moves]
            left += apart
            checked += more
        running = Planned([], [])
        if not host_gates.stops(checked):
            checked += self._declared()
            running, unmoved, more = self._running(actions)
            left += unmoved
            checked += [*more, *gates.on_the_host()]
            running = running._replace(actions=running.actions + joining.services(mine, running.actions))
            garbled = host_gates.usable(self.host, running.actions)
            if garbled is not None:
                running = running._replace(actions=[])
                checked.append(garbled)
        return self._told(state_dir, actions + running.actions, left, checked, running.by_hand)

    def _restarting(self, state_dir: str | None) -> Json:
        """Return the host's part of a plan that restarts what the operator names, and does nothing else."""
        checked = [gates.observed(self.host, self._failure()), gates.reference(self._reference)]
        if gates.refusals(checked):
            return self._told(state_dir, [], [], checked, [])
        contract, inside = self._kept["contract"], self._data("containers")
        actions, named = restarting.plan(self._settings.restart, self._running_now(), inside, contract)
        garbled = host_gates.usable(self.host, actions)
        checked += [*self._declared(), named, *gates.on_the_host(), *([] if garbled is None else [garbled])]
        return self._told(state_dir, [] if host_gates.stops(checked) else actions, [], checked, [])

    def _told(
        self,
        state_dir: str | None,
        actions: list[Json],
        left: list[Json],
        checked: list[Json],
        by_hand: t.Sequence[ByHand],
    ) -> Json:
        part: Json = {
            "host": self.host,
            "environment": self._kept.get("environment", self._environment),
            "application": self._kept.get("application", ""),
            "root": self._kept.get("root", "/"),
            "state_dir": state_dir,
            "reference": self._kept.get("reference"),
            "from": commit_of(self._data("git"), self._data("trees")),
            "actions": actions,
            "left_out": left,
            "gates": host_gates.as_planned(checked, actions),
            "blast": {"by_hand": [one._asdict() for one in by_hand]},
        }
        return totalled(part)

    def seen(self) -> Seen:
        """Return what proposals are made of."""
        return look(self.host, self._kept, self._data, self._findings["findings"], self._reference, self._cache)

    def _strategy(self, actions: list[Json]) -> tuple[list[Json], list[Json], list[Json]]:
        """Return what the strategy adds to the actions on files, its gates, and what it leaves out."""
        reference = self._reference or {}
        if self._settings.strategy == "git":
            contract = self._kept["contract"].get("git")
            return moving.move(self._data("git"), contract, reference, self._settings, self._covered)
        if self._settings.strategy == "release":
            return (*moving.release(actions, reference, self._settings), [])
        return [], [], []

    def _running(self, files: list[Json]) -> tuple[Planned, list[Json], list[Json]]:
        """Return what follows for what runs, what of it is left out, and the gates that depend on it."""
        services = self._services(files)
        saved = rescued_containers(os.path.dirname(self._folder.path), self._kept["application"])
        host = container_look.Host(self.host, self._kept, self._data)
        inside = container_look.containers_of(host, files, self._findings, saved, self._settings)
        if not self._settings.services:
            by_hand = [ByHand(action["path"], "sync_services is false") for action in inside.actions]
            return services._replace(by_hand=services.by_hand + by_hand), [], []
        # Units last: a program of the host may need what runs in a container.
        planned = services._replace(actions=inside.actions + services.actions)
        return planned, [one._asdict() for one in inside.left], inside.gates

    def _services(self, files: list[Json]) -> Planned:
        """Return what follows from the actions on files, and from the findings about what runs."""
        seen = self._running_now()
        findings = [one for one in self._findings["findings"] if one["host"] == self.host]
        reloads = {unit: compile_lines(lines) for unit, lines in self._settings.reload.items()}
        return plan_services(files, seen, findings, self._settings.services, self._settings.kill, reloads)

    def _running_now(self) -> Running:
        return Running(self._kept["contract"], self._data("processes"), self._data("units"), self._kept["root"])

    def _failure(self) -> Json | None:
        kept, outcome = (evidence.load(self._folder, self.host, one) for one in (evidence.SETTINGS, evidence.HOST))
        return evidence.failure(kept, outcome)

    def _data(self, section: str) -> Json | None:
        """Return the evidence of a section, None where it was not asked or not seen."""
        found = evidence.load(self._folder, self.host, section)
        return None if found is None or found["outcome"] != "ok" else found["data"]

    def _files(self, source: Source) -> tuple[list[Json], list[Json], list[Json]]:
        """Return the actions on files, what is left out, and the gates that depend on them."""
        data = self._data("trees")
        if data is None:
            return [], [], [host_gates.no_trees(evidence.load(self._folder, self.host, "trees"))]
        try:
            unmade = source.unmade()
            made = Trees(self._folder, self.host, self._kept, self._findings, self._policy.prune)
            trees = [made.tree(source, one, unmade) for one in data["trees"] if one["outcome"] == "ok"]
        except ReferenceUnavailable as error:
            return [], [], [gates.refused("reference", f"the reference could not be read: {error.reason}")]
        self._covered = {path for tree in trees for path in tree.known.wanted}
        covered = gates.coverage(data["trees"], unmade)
        if gates.refusals([covered]):
            return [], [], [covered]
        using = functools.partial(users, self._kept["contract"], self._kept["root"])
        actions, left = plan_files(trees, self._policy, using)
        overwritten = sum(1 for action in actions if action.pop("overwrites"))
        resources, needed = self._data("resources"), sum(action["bytes"] for action in actions)
        return (
            actions,
            [one._asdict() for one in left],
            [
                covered,
                gates.host_work(left, overwritten, self._policy.overwrite_host_work),
                gates.space(resources, self._kept["root"], needed, self._settings.strategy == "release"),
                gates.memory(resources, sum(len(action["operations"]) for action in actions)),
                self._names(source, actions, left),
            ],
        )

    def _declared(self) -> list[Json]:
        """Return the gates of the host that are asked only where they are declared."""
        outcome = evidence.load(self._folder, self.host, evidence.HOST) or {}
        configs = [one for one in self._findings["findings"] if one["host"] == self.host]
        declared = bool(self._kept["contract"].get("configs"))
        return [
            host_gates.rehearsed(self._settings, outcome.get("changes"), self._as_of),
            host_gates.classified(self._settings, declared, configs),
        ]

    def _names(self, source: Source, actions: t.Sequence[Json], left: t.Sequence[LeftOut]) -> Json:
        """Return the gate on the host names that what the plan writes will use."""
        checks = self._findings["checks"]
        waived = {one["subject"] for one in checks if one["host"] == self.host and one["outcome"] == "waived"}
        host = names.Host(
            root=self._kept["root"],
            contract=self._kept["contract"],
            sections={name: self._data(name) for name in ("compose", "configs")},
            written={one["path"] for action in actions for one in action["operations"]},
            left={one.path for one in left},
            waived=waived,
        )
        try:
            return names.gate(host, source.compose_model)
        except ReferenceUnavailable as error:
            return gates.refused(names.NAME, f"the reference could not be read: {error.reason}")
