# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of a test message becomes the check that said "never sent", and a host cannot say anything else."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import KINDS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import alerts, checks
from verify_builders import check, run

Json = dict[str, t.Any]

ASKED = [{"name": "general", "webhook": {"file": ".env", "key": "HOOK"}}]


def one(outcome: str, **more: t.Any) -> Json:
    return {"name": "general", "outcome": outcome, "status": None, "failure": None, "stage": None, "at_s": 0, **more}


def sent() -> Json:
    findings = run(check("endpoints", "sent", "not_exercised", component="general", severity="info"))
    return checks.of_run(findings)[0]


@pytest.mark.parametrize(
    ("told", "verdict", "words"),
    [
        (
            one("taken", status=204),
            "PASS",
            "general took a test message from web1 at 1970-01-01T00:00:00Z (status 204)",
        ),
        (
            one("refused", status=404),
            "FAIL",
            "general did not take a test message from web1 at 1970-01-01T00:00:00Z: status 404",
        ),
        (one("failed", failure="timeout", stage="body"), "FAIL", "its server did not answer in time"),
        (one("not_sent", failure="unread"), "UNKNOWN", "No test message was sent to general from web1: the file with"),
        (one("not_sent", failure="unsupported"), "NOT_EXERCISED", "does not say who gets a message"),
    ],
)
def test_each_outcome_has_its_verdict(tmp_path: Path, told: Json, verdict: str, words: str) -> None:
    folder = RunFolder(str(tmp_path))
    alerts.keep(folder, "web1", ASKED, {"channels": [told]})
    made = alerts.judged(sent(), alerts.tried(folder))
    assert (made["verdict"], made["evidence"]) == (verdict, ["alerts/web1.json#general"])
    assert words in made["summary"]
    assert (made["remedy"] is None) is (verdict == "PASS")


def test_an_answer_that_was_lost_is_unknown_and_the_report_says_so(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    alerts.lose(folder, "web1", ASKED)
    made = alerts.judged(sent(), alerts.tried(folder))
    assert (made["verdict"], made["evidence"]) == ("UNKNOWN", ["alerts/web1.json#general"])
    assert "Whether general took a test message from web1" in made["summary"]
    assert alerts.sent([made]) == "Marked test messages were asked for: 1 channel may have got one."


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (one("taken"), "1 channel took one."),
        (one("refused", status=500), "1 channel got one and did not take it."),
        (one("failed", failure="timeout", stage="body"), "1 channel gave no answer to one."),
        (one("not_sent", failure="unread"), ""),
    ],
)
def test_a_report_says_whether_something_was_sent(tmp_path: Path, told: Json, words: str) -> None:
    folder = RunFolder(str(tmp_path))
    alerts.keep(folder, "web1", ASKED, {"channels": [told]})
    said = alerts.sent([alerts.judged(sent(), alerts.tried(folder))])
    assert words in said and bool(words) is bool(said)


def test_what_was_not_tried_stays_as_it_was(tmp_path: Path) -> None:
    assert alerts.judged(sent(), alerts.tried(RunFolder(str(tmp_path)))) == sent()
    tried = {("web2", "general"): {**one("taken"), "path": "alerts/web2.json"}}
    assert alerts.judged(sent(), tried) == sent()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"channels": [{"name": "general"}]},
        {"channels": [one("wonderful")]},
        {"channels": [one("failed", failure="https://hooks.example.org/s3cr3t")]},
        {"channels": [one("taken", status="204")]},
    ],
)
def test_a_garbled_answer_is_refused(tmp_path: Path, answer: Json) -> None:
    with pytest.raises(GarbledAnswer):
        alerts.keep(RunFolder(str(tmp_path)), "web1", ASKED, answer)
    assert not (tmp_path / "alerts").exists()


def test_a_channel_that_nobody_asked_for_is_left_out(tmp_path: Path) -> None:
    told = {**one("taken", status=200), "more": "text"}
    kept = alerts.keep(RunFolder(str(tmp_path)), "web1", ASKED, {"channels": [{**told, "name": "other"}, told]})
    assert kept == [one("taken", status=200)]


def test_only_alert_channels_are_asked_for() -> None:
    given = [{"url": "http://127.0.0.1/health"}, {"webhook": {"file": ".env", "key": "HOOK"}}]
    contract = resolve({"drift_root": "/srv/app", "drift_contract": {"endpoints": given}}, cwd="/").contract
    assert alerts.channels(contract) == [{"name": "HOOK", "webhook": {"file": ".env", "key": "HOOK"}}]
    assert alerts.channels({}) == []


def test_each_failure_has_words() -> None:
    for failure in KINDS:
        assert "not known why" not in alerts.said(one("failed", failure=failure), "web1")
