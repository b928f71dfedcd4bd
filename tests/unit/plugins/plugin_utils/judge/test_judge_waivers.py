# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waivers: what they cover, until when, and what is said about them."""

from __future__ import annotations

import typing as t

import pytest
from judge_builders import difference, entry, host, run, tree, waiver, with_trees

A_PY = difference("a.py", entry("a"), entry("b"))


def judged(*waivers: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return run(with_trees(tree(**{"differences": [A_PY], **more})), waivers=list(waivers))


def causes(result: dict[str, t.Any]) -> list[str | None]:
    return sorted(str(finding["cause"]) for finding in result["findings"])


def test_a_waived_difference_is_no_finding_and_stays_visible() -> None:
    result = judged(waiver())
    assert result["findings"] == []
    assert result["verdict"]["state"] == "in_sync"
    (shown,) = [check for check in result["checks"] if check["outcome"] == "waived"]
    assert (shown["subject"], shown["waiver"]["owner"], shown["severity"]) == ("a.py", "ops", "medium")
    (row,) = [row for row in result["matrix"]["rows"] if row["component"] == "source"]
    assert row["cells"]["prod"] == {"state": "expected", "worst": None, "count": 0}
    assert [(one["state"], one["matched"]) for one in result["waivers"]] == [("used", 1)]


@pytest.mark.parametrize(
    ("key", "matching", "other"),
    [
        ("section", "tr*", "git"),
        ("subject", "*.py", "*.md"),
        ("environment", "pro?", "staging"),
        ("host", "prod-[12]", "prod-3"),
        ("component", "source", "config"),
        ("check", "content", "mode"),
    ],
)
def test_each_key_is_a_glob(key: str, matching: str, other: str) -> None:
    assert judged(waiver(**{key: matching}))["verdict"]["state"] == "in_sync"
    assert judged(waiver(**{key: other}))["verdict"]["state"] == "drift"


@pytest.mark.parametrize(
    ("expires", "state"),
    [("2026-11-20", "expired"), ("2026-11-21", "used"), ("2026-11-22", "used"), ("2027-01-01", "used")],
)
def test_a_waiver_holds_through_its_last_day(expires: str, state: str) -> None:
    result = judged(waiver(expires=expires))
    assert [one["state"] for one in result["waivers"]] == [state]
    assert len([check for check in result["checks"] if check["outcome"] == "waived"]) == (state == "used")


def test_an_expired_waiver_is_a_finding_beside_the_difference() -> None:
    result = judged(waiver(expires="2026-11-20"))
    assert causes(result) == ["None", "waiver_expired"]
    (told,) = [finding for finding in result["findings"] if finding["check"] == "waiver"]
    assert (told["severity"], told["section"], told["outcome"]) == ("medium", "trees", "fail")


def test_an_unused_waiver_is_told_once_a_run_and_is_no_drift() -> None:
    result = run(host("prod-1"), host("prod-2"), waivers=[waiver(), waiver()])
    assert causes(result) == ["waiver_unused"]
    assert result["findings"][0]["severity"] == "low"
    assert result["verdict"]["state"] == "in_sync"


@pytest.mark.parametrize(
    "hosts",
    [
        [host(environment="staging")],
        [host(failure={"kind": "unreachable", "reason": "r"}, sections={})],
        [host(reference=None, sections={"trees": {"outcome": "ok", "data": {"trees": [tree(reference=None)]}}})],
        [with_trees(tree(unknown=[{"path": "x", "reason": "r"}]))],
    ],
)
def test_a_waiver_is_not_called_unused_where_nothing_could_use_it(hosts: list[t.Any]) -> None:
    result = run(*hosts, waivers=[waiver(environment="prod")])
    assert "waiver_unused" not in causes(result)
    assert [one["state"] for one in result["waivers"]] == ["not_asked"]


def test_an_unknown_cannot_be_waived() -> None:
    result = judged(waiver(section="*", subject="*"), differences=[], unknown=[{"path": "a.py", "reason": "r"}])
    assert result["verdict"] == {**result["verdict"], "state": "unknown", "complete": False}


def test_first_seen_survives_a_waiver() -> None:
    seen = run(with_trees(tree(differences=[A_PY])))["findings"][0]["id"]
    early = {seen: "2026-01-01T00:00:00Z"}
    result = run(with_trees(tree(differences=[A_PY])), waivers=[waiver()], first_seen=early)
    (shown,) = [check for check in result["checks"] if check["outcome"] == "waived"]
    assert shown["first_seen"] == "2026-01-01T00:00:00Z"
