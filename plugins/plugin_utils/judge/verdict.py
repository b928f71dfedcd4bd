# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict of a run, and of one host. Drift outranks unknown; unseen is never in sync. Private to the collection."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import severity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import RUN, Details


def verdict(findings: t.Sequence[Details], unseen: bool) -> dict[str, t.Any]:
    """Return ``{state, complete, worst, counts}`` from the findings; ``unseen`` says that something else was not seen.

    An observation is counted, and is no drift.
    """
    outcomes = {finding["outcome"] for finding in findings}
    complete = not unseen and "unknown" not in outcomes
    state = "drift" if "fail" in outcomes else "in_sync" if complete else "unknown"
    levels = [finding["severity"] for finding in findings]
    return {"state": state, "complete": complete, "worst": severity.worst(levels), "counts": severity.counts(levels)}


def host_verdict(findings: t.Iterable[Details], host: str, environment: str, fail_on: str) -> dict[str, t.Any]:
    """Return ``{failed, observed, reasons}`` for one host.

    Failures at or above ``fail_on`` fail it, and so does anything that could not be seen, because it may hide worse:
    only ``never`` lets that pass. A host that was not observed at all fails whatever ``fail_on`` says. A finding
    whose host is a glob (a reference, a waiver) counts for every host that it matches. ``reasons`` are the findings
    that failed it, as ``{id, severity, outcome, summary}``, the worst first.
    """
    mine = [finding for finding in findings if _concerns(finding, host, environment)]
    observed = not any(_is_unobserved(finding) for finding in mine)
    reasons = [
        {key: finding[key] for key in ("id", "severity", "outcome", "summary")}
        for finding in mine
        if _is_unobserved(finding) or _fails(finding, fail_on)
    ]
    reasons.sort(key=lambda reason: (severity.rank(reason["severity"]), reason["id"]))
    return {"failed": bool(reasons), "observed": observed, "reasons": reasons}


def _fails(finding: Details, fail_on: str) -> bool:
    if finding["outcome"] == "unknown":
        return fail_on != "never"
    return bool(finding["outcome"] == "fail" and severity.at_or_above(finding["severity"], fail_on))


def _concerns(finding: Details, host: str, environment: str) -> bool:
    if finding["host"] == host:
        return True
    if finding["host"] == "*" and "hosts" in finding["observed"]:
        # What several hosts have in common names them.
        return host in finding["observed"]["hosts"] and environment == finding["environment"]
    if finding["section"] != RUN and finding["check"] != "waiver":
        return False
    return fnmatch.fnmatchcase(host, finding["host"]) and fnmatch.fnmatchcase(environment, finding["environment"])


def _is_unobserved(finding: Details) -> bool:
    return (finding["section"], finding["component"], finding["outcome"]) == (RUN, "host", "unknown")
