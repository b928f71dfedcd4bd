# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a run that was judged to a verification that holds together. Private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.judging import REPORT
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import (
    accepted,
    after_change,
    alerts,
    checks,
    consistency,
    document,
    exercised,
    figures,
    folder,
    inputs,
    regression,
    standing,
    terms,
    watch_advice,
    watched,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import file_of

Json = dict[str, t.Any]


def decide(opened: RunFolder, run: RunFolder) -> tuple[Json, Json]:
    """Return verify.json, and the findings of the run as its tables say them. Raises StoreError, Contradiction."""
    about = opened.read(folder.ABOUT)
    seen = inputs.read(run)
    settings = about["settings"]
    described = document.About(
        opened.id, about["started"], about["controller"], about["deploy"], settings["strict"], settings["again_days"]
    )
    tried = alerts.tried(opened)
    base = [alerts.judged(one, tried) for one in checks.of_run(seen.findings)]
    base = after_change.judged(base, seen.hosts)
    seen = _unwatched(seen, about)
    windows = _windows(opened, seen) if about.get("watch") else {}
    told_windows, watched_checks = _watched(windows, seen, about) if about.get("watch") else ([], [])
    stated = {one.host.name: one.terms for one in seen.hosts}
    # How bad they are counts for the comparison with what was accepted as well.
    watched_checks = [terms.applied(one, stated[one["host"]]) for one in watched_checks]
    base = exercised.by_window(base, watched_checks) if watched_checks else watch_advice.advised(base)
    measured = figures.of(seen, base, watched_checks, windows)
    more: Json = {"gates": about["gates"], "figures": measured, "watch": told_windows}
    found = _accepted(opened, seen.findings)
    compared = [] if found is None else regression.checks(more["figures"], _against(found, seen))
    if found is not None:
        more["regression"] = {"accepted": found["name"], "rule": regression.RULE, "checks": len(compared)}
    more["looked"] = after_change.looked(seen.hosts, seen.findings["evidence"])
    own = folder.files_of(opened)
    evidence = {one["path"] for one in seen.findings["evidence"]}
    more["files"] = _files("run", run, seen.manifest, evidence) + _files("verification", opened, own, evidence)
    compared = [terms.applied(one, stated[one["host"]]) for one in compared]
    made = document.build(described, seen, [*base, *compared, *watched_checks], more)
    told = standing.told(seen.findings, made["checks"])
    consistency.check(made, told, {**seen.manifest, **own})
    return made, told


def _files(of: str, kept: RunFolder, sums: t.Mapping[str, str], evidence: t.Collection[str]) -> list[Json]:
    """Return what a decision rests on besides the evidence of hosts; reports only show what stands elsewhere."""
    return [
        {"of": of, "path": name, "bytes": kept.size(name), "sha256": checksum}
        for name, checksum in sorted(sums.items())
        if name not in evidence and name != REPORT
    ]


def _accepted(opened: RunFolder, findings: Json) -> Json | None:
    """Return what this verification is compared with, None when nothing was named. Raises StoreError."""
    try:
        found: Json = opened.read(accepted.FILE)
    except FileNotFoundError:
        return None
    accepted.comparable(found, findings)
    return found


def _against(found: Json, seen: inputs.Inputs) -> regression.Against:
    # A host that was not seen has nothing to compare: that it was not is said already.
    environments = {one.host.name: one.host.environment for one in seen.hosts if one.failure is None}
    return regression.Against(found["name"], found["figures"], environments)


def _unwatched(seen: inputs.Inputs, about: Json) -> inputs.Inputs:
    """Return the run with the hosts that were not to be watched, and why, as the end of a remediation knows it."""
    why = about.get("unwatched") or {}
    named = [(one, one.host._replace(unwatched=why.get(one.host.name, ""))) for one in seen.hosts]
    return dataclasses.replace(seen, hosts=[dataclasses.replace(one, host=host) for one, host in named])


def _windows(opened: RunFolder, seen: inputs.Inputs) -> dict[str, Json]:
    """Return what a watch left of each host. Raises StoreError."""
    found = {}
    for one in seen.hosts:
        with contextlib.suppress(FileNotFoundError):
            found[one.host.name] = opened.read(file_of(one.host.name))
    return found


def _watched(kept: t.Mapping[str, Json], seen: inputs.Inputs, about: Json) -> tuple[list[Json], list[Json]]:
    """Return what was observed of the window of each host, and the checks that follow."""
    windows, made = [], []
    carried = about.get("carried") or {}
    for one in seen.hosts:
        name, environment = one.host.name, one.host.environment
        if one.host.unwatched:
            continue
        found = kept.get(name)
        if found is None:
            made += watched.not_watched(name, environment)
            continue
        told = {key: found[key] for key in ("host", "complete", "reason", "window", "not_watched")}
        # Logs are read once, when the window is over: that belongs to what was seen.
        more = {"read_to": (found["logs"] or {}).get("to"), "carried": carried.get(name)}
        windows.append({**told, **more})
        made += watched.checks(found, environment)
    return windows, made
