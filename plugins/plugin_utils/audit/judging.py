# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging a run from its folder alone, and sealing it. Private to the collection."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from collections.abc import Iterator

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.baseline import save_baseline
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.committed import (
    COMMITTED,
    keep_committed,
    load_committed,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.leaks import hide_in_commits, refuse_leaks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import FINDINGS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.relating import (
    RELATIONS,
    keep_relations,
    load_relations,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.run import RunInputs, judge_run
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.verdict import host_verdict
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.sides import stored_references
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import markdown
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import (
    RunFolder,
    canonical,
    point_latest,
    prune,
)

REPORT = "report.md"

Json = dict[str, t.Any]


def judge_folder(folder: RunFolder) -> Json:
    """Return findings.json of what lies in a run folder, and nothing else."""
    run = folder.read("run.json")
    settings = {host: evidence.load(folder, host, evidence.SETTINGS) for host in run["hosts"]}
    known = [kept for kept in settings.values() if kept is not None]
    waivers = {canonical(waiver): waiver for kept in known for waiver in kept.get("waivers", [])}
    applications = sorted({kept["application"] for kept in known if kept.get("application")})
    return judge_run(
        RunInputs(
            run={
                **{
                    name: run[name] for name in ("id", "kind", "started", "finished", "as_of", "controller", "settings")
                },
                "application": ", ".join(applications),
            },
            references=stored_references(folder),
            hosts=_hosts(folder, settings, run["environments"]),
            waivers=[waiver for _key, waiver in sorted(waivers.items())],
            first_seen=folder.read("first_seen.json"),
            evidence=evidence.index(folder),
            relations=load_relations(folder),
            committed=load_committed(folder),
        )
    )


def _hosts(folder: RunFolder, settings: t.Mapping[str, Json | None], environments: Json) -> Iterator[HostInputs]:
    """Yield one host at a time: no more than one host's evidence is in memory."""
    for host, kept in settings.items():
        outcome = evidence.load(folder, host, evidence.HOST)
        failure = evidence.failure(kept, outcome)
        if kept is None:
            yield HostInputs(host, environments[host], None, {}, failure)
            continue
        sections = {} if failure else {name: evidence.load(folder, host, name) for name in kept["contract"]}
        yield HostInputs(
            host,
            kept["environment"],
            kept["reference"],
            kept,
            failure,
            {name: section for name, section in sections.items() if section is not None},
            None if failure else (outcome or {}).get("changes"),
        )


def _verdicts(folder: RunFolder, findings: Json) -> dict[str, Json]:
    """Return, for each host that fails, its verdict (``judge/verdict.py``), and whether it was out of reach."""
    failed = {}
    fail_on = folder.read("run.json")["settings"]["fail_on"]
    for environment in findings["environments"]:
        for host in environment["hosts"]:
            verdict = host_verdict(findings["findings"], host, environment["name"], fail_on)
            if verdict["failed"]:
                outcome = evidence.load(folder, host, evidence.HOST) or {}
                kind = (outcome.get("failure") or {}).get("kind")
                failed[host] = {**verdict, "unreachable": kind == "unreachable"}
    return failed


def _not_begun(folder: RunFolder) -> list[str]:
    hosts = folder.read("run.json")["hosts"]
    return [host for host in hosts if not os.path.exists(folder.join(evidence.path_of(host, evidence.SETTINGS)))]


@dataclasses.dataclass(frozen=True)
class Result:
    """A judged run: its folder, findings.json, the path of the report, the verdicts of the hosts that fail, and the
    hosts whose observation did not begin.
    """

    folder: RunFolder
    findings: Json
    report: str
    failed: dict[str, Json]
    not_begun: list[str]


def _write(folder: RunFolder) -> Result:
    findings = judge_folder(folder)
    folder.write(FINDINGS, findings)
    folder.write_bytes(REPORT, markdown.render(findings).encode("utf-8"))
    return Result(folder, findings, folder.join(REPORT), _verdicts(folder, findings), _not_begun(folder))


def finish(folder: RunFolder) -> Result:
    """Judge a run that has just been observed, write its results, and seal it."""
    run = folder.read("run.json")
    folder.write("run.json", {**run, "finished": utc_now()})
    settings = run["settings"]
    hide_in_commits(folder)
    # Before anything is made of the evidence: a baseline lies outside of the run folder.
    refuse_leaks(folder)
    if settings["save_baseline"]:
        save_baseline(folder, settings["save_baseline"], settings["signing_key"])
    keep_relations(folder)
    keep_committed(folder)
    hide_in_commits(folder, {RELATIONS, COMMITTED})
    result = _write(folder)
    refuse_leaks(folder, {FINDINGS, REPORT, RELATIONS, COMMITTED})
    folder.seal()
    point_latest(folder)
    prune(os.path.dirname(folder.path), settings["keep_runs"], folder, needed=settings.get("needed") or ())
    return result


def judge_again(folder: RunFolder) -> Result:
    """Judge a stored run once more, from its own evidence and nothing else. Raises StoreError when that was altered.

    The results themselves may be anything: they are made anew, and so an interruption in the middle of it does no harm.
    """
    folder.verify(but=(FINDINGS, REPORT))
    result = _write(folder)
    folder.sign()
    return result
