# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification that contradicts itself, or says more than its evidence, is not written."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import consistency
from verify_builders import check, files, run, verification

Json = dict[str, t.Any]

READ = {
    "complete": True,
    "dated": True,
    "lines": 10,
    "first": "2026-11-21T18:04:00Z",
    "last": "2026-11-21T18:34:00Z",
    "reason": "",
}
FINDINGS = run(
    check("git", "commit"),
    check("logs", "log", observed={"read": READ}),
    check("endpoints", "status", component="/health"),
    check("endpoints", "status", "observation", component="/status", severity="info"),
    facts=[{"host": "web1", "section": "endpoints", "facts": {"endpoints": [], "total": 2}}],
)


def refused(made: Json, findings: Json = FINDINGS, known: dict[str, str] | None = None) -> str:
    with pytest.raises(consistency.Contradiction) as caught:
        consistency.check(made, findings, files(findings) if known is None else known)
    return str(caught.value)


def test_what_holds_together_is_accepted() -> None:
    consistency.check(verification(FINDINGS), FINDINGS, files(FINDINGS))


def _count(made: Json) -> None:
    made["counts"]["checks"] += 1


def _sum(made: Json) -> None:
    made["counts"]["by_verdict"]["PASS"] += 1


def _twice(made: Json) -> None:
    made["checks"].append(made["checks"][0])


def _lost(made: Json) -> None:
    made["criteria"][0]["checks"].append("feedfeedfeedfeed")


def _homeless(made: Json) -> None:
    made["criteria"][0]["checks"] = []


def _kind_verdict(made: Json) -> None:
    made["checks"][0]["verdict"] = "PASS"


def _kind_criterion(made: Json) -> None:
    next(one for one in made["criteria"] if one["verdict"] != "PASS")["verdict"] = "PASS"


def _kind_whole(made: Json) -> None:
    made["overall"]["verdict"] = "PASS"


def _long_window(made: Json) -> None:
    made["window"]["seconds"] = 2400


def _half_log(made: Json) -> None:
    log = next(one for one in made["checks"] if one["section"] == "logs")
    log["observed"]["read"] = {**READ, "complete": False, "reason": "the time limit passed"}


def _timeless_log(made: Json) -> None:
    log = next(one for one in made["checks"] if one["section"] == "logs")
    log["observed"]["read"] = {**READ, "first": None}


def _no_evidence(made: Json) -> None:
    next(one for one in made["checks"] if one["verdict"] == "PASS")["evidence"] = []


def _other_digest(made: Json) -> None:
    made["evidence"][0]["sha256"] = "f" * 64


def _silent(made: Json) -> None:
    made["checks"][0].update(command="", instead="")


def _unlisted(made: Json) -> None:
    made["evidence"] = [one for one in made["evidence"] if "git" not in one["path"]]


def _other_file(made: Json) -> None:
    made["files"] = [{"of": "verification", "path": "watch/web1.json", "bytes": 1, "sha256": "f" * 64}]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_count, "checks is counted as 5, and there are 4"),
        (_sum, "the checks by verdict do not add up to 4"),
        (_twice, "stands there 2 times"),
        (_lost, "names the check feedfeedfeedfeed, which is not there"),
        (_homeless, "belongs to no criterion"),
        (_kind_verdict, "is observation (info), and is called PASS"),
        (_kind_criterion, "is called PASS, and its checks are not"),
        (_kind_whole, "by its criteria it is CONDITIONAL"),
        (_long_window, "(2400 s), and the evidence is of 2026-11-21T18:04:00Z to 2026-11-21T18:35:00Z (1860 s)"),
        (_half_log, "passes, and was not read to its end: the time limit passed"),
        (_timeless_log, "does not say of which time it is"),
        (_no_evidence, "rests on no evidence"),
        (_other_digest, "is not what the run vouches for"),
        (_other_file, "watch/web1.json is not what the run vouches for"),
        (_unlisted, "evidence/web1/git.json is evidence of a check, and is not listed"),
        (_silent, "has neither a command that repeats it nor why there is none, or both"),
    ],
)
def test_each_contradiction_is_named(spoil: t.Callable[[Json], None], said: str) -> None:
    made = copy.deepcopy(verification(FINDINGS))
    spoil(made)
    assert said in refused(made)


def test_evidence_that_is_gone_is_named() -> None:
    known = files(FINDINGS)
    del known["evidence/web1/git.json"]
    assert "git commit main of web1 rests on evidence/web1/git.json, which is not there" in refused(
        verification(FINDINGS), known=known
    )


def test_the_table_of_endpoints_has_a_row_for_each_that_was_checked() -> None:
    facts = [{"host": "web1", "section": "endpoints", "facts": {"endpoints": [], "total": 3}}]
    assert "3 endpoints of web1 in the table, and checks of 2" in refused(
        verification(FINDINGS), {**FINDINGS, "facts": facts}
    )


def test_many_contradictions_are_counted() -> None:
    made = copy.deepcopy(verification(FINDINGS))
    for one in made["checks"] * 4:
        made["criteria"][0]["checks"].append(f"no {one['id']}")
    assert refused(made).count("; ") == 10


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ([], "watch window window of web1 passes, and the watch did not end"),
        ([{"complete": False, "window": {"for_s": 600, "observed_s": 600.0}}], "the watch did not end"),
        ([{"complete": True, "window": {"for_s": 2400, "observed_s": 1860.0}}], "1860.0 of 2400 s were observed"),
    ],
)
def test_a_window_that_was_observed_for_less_than_it_says_is_not_written(window: list[Json], said: str) -> None:
    findings = run(check("watch", "window", component="window", subject="window"))
    times = {"from": None, "to": None}
    made = verification(findings)
    whole = [{"host": "web1", "complete": True, "window": {"for_s": 600, "observed_s": 600.0, **times}}]
    consistency.check({**made, "watch": whole}, findings, files(findings))
    made["watch"] = [{"host": "web1", **one, "window": {**one["window"], **times}} for one in window]
    assert said in refused(made, findings)
