# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a verification, and the rules by which checks make criteria, and criteria the whole. Private to the
collection. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import at_or_above
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

PASS, OBSERVATION, NOT_EXERCISED, UNKNOWN, FAIL = "PASS", "OBSERVATION", "NOT_EXERCISED", "UNKNOWN", "FAIL"
VERDICTS = (FAIL, UNKNOWN, NOT_EXERCISED, OBSERVATION, PASS)
"""The verdicts of a check and of a criterion, the worst first."""

CONDITIONAL = "CONDITIONAL"
"""A verdict of the whole, between FAIL and PASS."""

FAILS_FROM = "medium"
"""From this severity on drift fails a check; below it is an observation."""

CHECK_RULE = (
    "A check that drifted is FAIL from severity medium on, and OBSERVATION below; a waived difference is OBSERVATION; "
    "what could not be seen is UNKNOWN; what never happened while it was looked at is NOT_EXERCISED; where only "
    "the audit saw nothing of it and the observation window saw the same thing happen as it should, it is PASS and "
    "tells both; only what was seen and held is PASS."
)
CRITERION_RULE = (
    "A criterion has the worst verdict of its checks, in the order FAIL, UNKNOWN, NOT_EXERCISED, OBSERVATION, PASS; "
    "one that asks for a check which this run does not have is UNKNOWN, unless another check of it is FAIL."
)
OVERALL_RULE = (
    "FAIL when a required criterion is FAIL or UNKNOWN, or a host could not be seen; CONDITIONAL when a required "
    "criterion is NOT_EXERCISED or OBSERVATION, or an optional one is not PASS; PASS when every criterion is PASS."
)

_OF_OUTCOME = {
    "pass": PASS,
    "observation": OBSERVATION,
    "waived": OBSERVATION,
    "not_exercised": NOT_EXERCISED,
    "unknown": UNKNOWN,
}

Json = t.Mapping[str, t.Any]


def of_check(outcome: str, severity: str) -> str:
    """Return the verdict of a check of findings.json. What has no outcome that is known here is UNKNOWN."""
    if outcome == "fail":
        return FAIL if at_or_above(severity, FAILS_FROM) else OBSERVATION
    return _OF_OUTCOME.get(outcome, UNKNOWN)


def worst(verdicts: t.Iterable[str]) -> str:
    """Return the worst of some verdicts; of none it is UNKNOWN, because nothing was checked."""
    given = set(verdicts)
    return next((one for one in VERDICTS if one in given), UNKNOWN)


def counts(verdicts: t.Iterable[str]) -> dict[str, int]:
    """Return how often each verdict occurs."""
    found = dict.fromkeys(VERDICTS, 0)
    for one in verdicts:
        found[one] += 1
    return found


def overall(criteria: t.Sequence[Json], unseen: t.Sequence[str]) -> dict[str, t.Any]:
    """Return ``{verdict, rule, reasons}``. ``unseen`` are the hosts that could not be observed.

    A criterion has ``{name, required, verdict, decision}``.
    """
    failing = [one for one in criteria if one["required"] and one["verdict"] in (FAIL, UNKNOWN)]
    limited = [one for one in criteria if one not in failing and one["verdict"] != PASS]
    verdict = FAIL if failing or unseen or not criteria else CONDITIONAL if limited else PASS
    reasons = [f"{host} could not be observed" for host in unseen]
    reasons += [_reason(one) for one in [*failing, *limited]]
    if not criteria:
        reasons.append("there is no criterion, so nothing was decided")
    if not reasons:
        reasons.append(f"{number(len(criteria), 'criterion', 'criteria')}, each of them PASS")
    return {"verdict": verdict, "rule": OVERALL_RULE, "reasons": reasons}


def _reason(criterion: Json) -> str:
    kind = "" if criterion["required"] else "the optional criterion "
    return f"{kind}{criterion['name']} is {criterion['verdict']}: {criterion['decision']}"
