# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host: its sections judged, and what stands in their place when there is no evidence.

Private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import changes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import RUN, Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.registry import JUDGES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, reference_name

_FAILURES = {
    "unreachable": ("unreachable", "could not be reached"),
    "failed": ("observation_failed", "could not be observed"),
    "timeout": ("timed_out", "did not answer in time"),
    "garbled": ("garbled_answer", "gave an answer that cannot be read"),
    "contract": ("contract_invalid", "was not observed, its contract is not valid"),
}
_FIX_CONTRACT = remedy(
    "fix_contract",
    "Correct the contract as the message says and audit again: nothing is known about this host until then.",
)


@dataclasses.dataclass(frozen=True)
class HostInputs:
    """What is known of one host.

    ``settings`` holds ``contract`` (the normalised section contracts) and may hold ``sections``, the only ones asked.
    ``failure`` is None or ``{kind, reason}`` with a kind of ``unreachable failed timeout garbled contract``.
    ``sections`` holds the evidence of each section (its file's content), ``changes`` what the host's own record says of
    changes, None where it was not asked.
    """

    name: str
    environment: str
    reference: str | None
    settings: Details
    failure: Details | None = None
    sections: t.Mapping[str, Details] = dataclasses.field(default_factory=dict)
    changes: Details | None = None


@dataclasses.dataclass
class HostJudgement:
    """What one host adds to the run. ``cells`` and ``marks`` are keyed by section and component."""

    checks: list[Check] = dataclasses.field(default_factory=list)
    facts: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    coverage: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    cells: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    marks: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)

    def add(self, section: str, host: str, made: Judgement) -> None:
        """Add the judgement of one section."""
        self.checks += made.checks
        if made.facts:
            self.facts.append({"host": host, "section": section, "facts": made.facts})
        self.coverage.append({"host": host, "section": section, **made.coverage})
        self.cells.update({(section, component): state for component, state in made.cells.items()})
        self.marks.update({(section, component): mark for component, mark in made.marks.items()})


def judge_host(host: HostInputs, reference: Details | None, paths: t.Mapping[str, str]) -> HostJudgement:
    """Judge one host. ``reference`` is the one that its contract names, ``paths`` its evidence files by section.

    Every section that was asked and every section with evidence is accounted for: what has no usable evidence is
    unknown.
    """
    contract: Details = host.settings.get("contract") or {}
    seen = {name: evidence["data"] for name, evidence in host.sections.items() if evidence["outcome"] == "ok"}
    context = Context(host.environment, host.name, reference, paths, contract, seen, host.changes)
    made = HostJudgement()
    if host.failure is not None:
        made.add(RUN, host.name, _not_observed(context, host.failure))
        return made
    made.add(RUN, host.name, _observed(context, host.settings))
    wanted = host.settings.get("sections") or contract
    asked = {section for section in contract if section in wanted and contract[section] is not None}
    for section in sorted(asked | set(host.sections)):
        made.add(section, host.name, _section(section, contract.get(section), host.sections.get(section), context))
    return made


def _section(section: str, contract: t.Any, evidence: Details | None, context: Context) -> Judgement:
    if evidence is None:
        return _unseen(section, "there is no evidence of it", context)
    if evidence["outcome"] != "ok":
        return _unseen(section, evidence["reason"], context)
    if section not in JUDGES:
        return _unseen(section, "this release has no rules for it", context)
    if contract is None:
        return _unseen(section, "the contract that it was observed for is not stored", context)
    return JUDGES[section](contract, evidence["data"], context)


def _unseen(section: str, reason: str, context: Context) -> Judgement:
    scope = Scope(context, section, "section", {}, "operational")
    summary = f"The section {section} of {context.host} was not seen: {reason}"
    return Judgement(
        checks=[scope.unknown("observed", section, "high", summary)],
        coverage={"checked": 0, "unknown": 1, "ignored": 0, "reasons": [reason]},
        cells={"section": "unknown"},
    )


def _observed(context: Context, settings: Details) -> Judgement:
    scope = Scope(context, RUN, "host", {}, "operational")
    seen = scope.passed("observed", context.host, "critical", f"{context.host} was observed")
    made = Judgement(checks=[seen, *changes.judge(scope, settings)], cells={"host": "in_sync"})
    made.cover()
    return made


def _not_observed(context: Context, failure: Details) -> Judgement:
    """Return the one finding of a host without evidence.

    Unseen is never in sync, so it is as bad as the worst it may hide.
    """
    cause, words = _FAILURES[failure["kind"]]
    scope = Scope(context, RUN, "host", {}, "operational")
    summary = f"{context.host} {words}: {failure['reason']}"
    check = scope.unknown(
        "observed", context.host, "critical", summary, cause=cause, observed={"reason": failure["reason"]}
    )
    if failure["kind"] == "contract":
        check = dataclasses.replace(check, remedy=_FIX_CONTRACT)
    return Judgement(
        checks=[dataclasses.replace(check, evidence=())],
        coverage={"checked": 0, "unknown": 1, "ignored": 0, "reasons": [summary]},
        cells={"host": "unknown"},
    )


def judge_reference(reference: Details, environment: str, hosts: t.Sequence[str]) -> list[Check]:
    """Return the finding of a reference that could not be made: one for the ``hosts`` of an environment that use it."""
    if reference.get("outcome", "ok") == "ok":
        return []
    name = reference_name(reference)
    where = f" of {reference['repo']}" if reference.get("repo") else ""
    scope = Scope(Context(environment, "*"), RUN, "reference", {}, "operational")
    concerned = hosts[0] if len(hosts) == 1 else number(len(hosts), "host")
    summary = (
        f"{concerned} of {environment} not compared: the reference {name}{where} could not be made: "
        f"{reference.get('reason')}"
    )
    check = scope.unknown(
        "reference", f"{name}{where}", "high", summary, cause="reference_failed", observed={"hosts": list(hosts)}
    )
    cure = remedy("fix_reference", "Correct the reference or its repository and audit again.")
    return [dataclasses.replace(check, remedy=cure, evidence=(f"references/{reference['id']}.json",))]
