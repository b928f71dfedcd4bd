# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the audit saw nothing of passes where the window saw it work; nothing that is unknown or failed ever does."""

from __future__ import annotations

import copy
import itertools
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import markdown
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import (
    checks,
    consistency,
    document,
    exercised,
    standing,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Inputs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import Maker
from verify_builders import ABOUT, check, files, run, seen

Json = dict[str, t.Any]

OUTCOMES = ("pass", "observation", "fail", "unknown", "not_exercised")
PACE = {"count": 4, "mean_s": 2.0, "longest_s": 2.5, "over": 0, "first": None, "last": None}
MOVED = {"stream": "orders", "group": "billing", "moved": True}


def audited(section: str, name: str, subject: str, outcome: str = "not_exercised", component: str = "main") -> Json:
    made = check(section, name, outcome, component=component, subject=subject)
    return checks.of_run(run(made))[0]


def window(name: str, subject: str, place: str, outcome: str = "pass", observed: Json | None = None) -> Json:
    return Maker("web1", "prod").check(name, subject, outcome, f"the window: {outcome}", {}, observed or {}, place)


PAIRS = [
    (audited("logs", "interval", "main:cycle"), window("cycles", "main:cycle", "logs/main", observed=PACE)),
    (audited("logs", "forbid", "main:Traceback"), window("forbid", "main:Traceback", "logs/main")),
    (audited("logs", "max", "main:ERROR"), window("errors", "main", "logs/main")),
    (
        audited("streams", "progress", "orders:billing", component="the orders"),
        window("lag", "the orders:billing", "streams/the orders", observed=MOVED),
    ),
]


@pytest.mark.parametrize(("one", "witness"), PAIRS)
def test_what_the_window_saw_work_was_exercised_and_both_are_told(one: Json, witness: Json) -> None:
    (made,) = exercised.by_window([one], [witness])
    assert (made["outcome"], made["verdict"], made["remedy"]) == ("pass", "PASS", None)
    assert made["summary"] == f"{one['summary']}; the observation window saw it: the window: pass"
    assert made["evidence"] == [*one["evidence"], *witness["evidence"]]
    assert (made["id"], made["observed"]["exercised_by"]) == (one["id"], witness["id"])


@pytest.mark.parametrize(("one", "witness"), PAIRS)
def test_nothing_else_is_made_better_by_a_window_nor_by_one_that_does_not_pass(one: Json, witness: Json) -> None:
    for outcome, watched in itertools.product(OUTCOMES, OUTCOMES):
        if (outcome, watched) == ("not_exercised", "pass"):
            continue
        mine = audited(one["section"], one["check"], one["subject"], outcome, one["component"])
        place = witness["evidence"][0].partition("#")[2]
        by = window(witness["check"], witness["subject"], place, watched, witness["observed"])
        assert exercised.by_window([mine], [by]) == [mine], (outcome, watched)


@pytest.mark.parametrize(
    ("one", "witness"),
    [
        (PAIRS[0][0], window("cycles", "main:other", "logs/main")),
        (PAIRS[0][0], window("cycles", "main:cycle", "logs/main:cycle")),
        (PAIRS[0][0], {**PAIRS[0][1], "host": "web2"}),
        (PAIRS[0][0], PAIRS[2][1]),
        (PAIRS[2][0], window("errors", "other", "logs/other")),
        (audited("logs", "numbers", "main:seconds"), PAIRS[2][1]),
        (PAIRS[3][0], window("lag", "the orders:billing", "streams/the orders", observed={**MOVED, "moved": False})),
        (PAIRS[3][0], window("lag", "the orders:sales", "streams/the orders", observed={**MOVED, "group": "sales"})),
        # The name of a group may end as that of another one does.
        (
            audited("streams", "progress", "orders:a:billing", component="the orders"),
            window("lag", "the orders:billing", "streams/the orders", observed=MOVED),
        ),
    ],
)
def test_only_the_same_thing_that_did_something_is_a_witness(one: Json, witness: Json) -> None:
    assert exercised.by_window([one], [witness]) == [one]


def whole(watched: Json) -> tuple[Json, Json, dict[str, str]]:
    findings = run(check("logs", "interval", "not_exercised", subject="main:cycle", severity="info"))
    known = {**files(findings), "watch/web1.json": "0" * 64}
    base = exercised.by_window(checks.of_run(findings), [watched])
    more = {"files": [{"of": "verification", "path": "watch/web1.json", "bytes": 1, "sha256": "0" * 64}]}
    inputs = Inputs(findings, files(findings), None, [seen()])
    made = document.build(ABOUT, inputs, [*base, watched], more)
    return made, standing.told(findings, made["checks"]), known


def test_the_whole_passes_and_the_report_has_the_rule_and_both() -> None:
    made, findings, known = whole(PAIRS[0][1])
    consistency.check(made, findings, known)
    assert made["overall"]["verdict"] == "PASS"
    text = markdown.render(made, findings).replace("\\", "")
    assert "logs interval is not_exercised; the observation window saw it: the window: pass" in text
    assert "where only the audit saw nothing of it and the observation window saw the same thing happen" in text
    quiet, _findings, _known = whole(window("cycles", "main:cycle", "logs/main", "not_exercised", PACE))
    assert quiet["overall"]["verdict"] == "CONDITIONAL"


def test_what_passes_by_a_window_that_did_not_see_it_is_not_written() -> None:
    made, findings, known = whole(PAIRS[0][1])
    spoilt = copy.deepcopy(made)
    (mine,) = [one for one in spoilt["checks"] if one["section"] == "logs"]
    mine["observed"]["exercised_by"] = mine["id"]
    with pytest.raises(consistency.Contradiction, match="passes by a window that did not see it"):
        consistency.check(spoilt, findings, known)
