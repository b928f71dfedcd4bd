# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain over the local connection: what a change makes worse goes back, batch by batch."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_project import write
from e2e_shop import BAD, Shop, fingerprint, opened
from endpoint_server import answer, serving
from waiting import wait_until


@pytest.fixture(name="shop")
def fixture_shop(tmp_path: Path, operator: Operator) -> Iterator[Shop]:
    with opened(tmp_path / "shop", operator) as shop:
        yield shop


def said(outcome: Outcome) -> str:
    return " ".join(outcome.text.split())


def test_drift_is_removed_and_verified(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    outcome = shop.remediate()
    assert outcome.code == 0, outcome.text
    assert (root / "src/other.py").read_text() == "2\n"
    ended = shop.ended()
    assert ended["outcomes"] == {"web1": "changed"}
    assert shop.result("web1")["verification"]["verdict"] == "PASS"
    assert ended["verification"]["verdict"] == "PASS"
    assert "1 path changed; verified: PASS" in said(outcome)
    assert "Findings:" not in outcome.text
    took = ended["took"]
    assert took["own"] == took["total"] - took["checks"] - took["restarts"]
    assert took["sentence"] in said(outcome)
    report = (shop.deploys()[-1] / "result.md").read_text()
    assert "- \\[x\\]" not in report
    assert "- [x] [PASS] observed of web1" in report and "- [NOT DECLARED] tests" in report
    linked = shop.deploys()[-1] / f"../../verifications/{ended['verification']['id']}/verify-report.md"
    assert f"- [x] [PASS] restore point of web1: {shop.result('web1')['point']} holds" in linked.read_text()
    assert "- [x] [PASS] journal of web1: asked on the host, and it held" in linked.read_text()
    # Nothing to do, and verified all the same.
    again = shop.remediate()
    assert (again.code, shop.ended()["outcomes"]) == (0, {"web1": "nothing"}), again.text
    assert shop.ended()["verification"]["verdict"] == "PASS"


def test_a_change_that_breaks_an_endpoint_goes_back_by_its_name(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD, "src/new.py": "new\n"})
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    assert fingerprint(root) == before
    result = shop.result("web1")
    assert result["outcome"] == "rolled_back"
    told = result["verification"]
    assert [one["verdict"] for one in told["reasons"]] == ["FAIL"]
    assert "/health" in told["reasons"][0]["sentence"] and "500" in told["reasons"][0]["sentence"]
    assert told["again"]["still"] == []
    assert result["point"] in result["reason"]
    assert "web1: goes back, because /health" in said(outcome)
    report = (shop.deploys()[-1] / "result.md").read_text()
    assert "done, verified again" in report and "/health" in report


def test_where_nothing_can_be_verified_in_the_end_the_result_says_so_and_what_to_do(shop: Shop) -> None:
    damaged = 1
    (root,) = shop.hosts("web1")
    shop.reference.commit("Second", {"src/other.py": "2\n"})

    def damage() -> None:
        # The first is that of the batch, the second that of the end.
        opened = sorted((shop.operator.runs / "verifications").glob("2*/run.json"))
        if len(opened) == damaged + 1:
            opened[damaged].write_text("{")

    shop.meanwhile = damage
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    assert (root / "src/other.py").read_text() == "2\n"
    (deploy,) = shop.deploys()
    assert not (deploy / "INCOMPLETE").exists(), outcome.text
    assert shop.ended()["outcomes"] == {"web1": "unverified"}
    told = said(outcome)
    assert "[NOT VERIFIED] web1 1 path changed; verified: PASS, looked at " in told
    assert "after the change; not verified in the end, because" in told
    report = (deploy / "result.md").read_text().replace("\\", "")
    for text in (told, report):
        assert f"evenkeel.drift.verify -e verify_deploy={deploy.name} --limit web1" in text
        assert f"evenkeel.drift.rollback -e rollback_to={shop.result('web1')['point']} --limit web1" in text
    assert "The verification of all hosts in the end was not made" in report
    # Nothing stands in the way of the next one.
    damaged = 9
    again = shop.remediate()
    assert (again.code, shop.ended()["outcomes"]) == (0, {"web1": "nothing"}), again.text


def test_nobody_gets_a_message_of_a_verification_that_cannot_be_judged(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    shop.reference.commit("Second", {"src/other.py": "2\n"})

    def damage() -> None:
        # The first run is the audit, the second the verification of the batch, the third that of the end.
        runs = sorted(shop.operator.runs.glob("2*/run.json"))
        if len(runs) == 3:
            runs[-1].write_text("{")

    shop.meanwhile = damage
    with serving(lambda connection, _request: connection.sendall(answer(status="204 No Content"))) as channel:
        write(root, {".env": f"HOOK_URL={channel.url}/hook/s3cr3t-t0k3n-of-the-channel\n"})
        health = {"name": "/health", "url": "{{ endpoint }}"}
        shop.contract = {"endpoints": [health, {"name": "ops", "webhook": {"file": ".env", "key": "HOOK_URL"}}]}
        outcome = shop.remediate(verify_exercise_alerts=True)
        assert (outcome.code, shop.ended()["outcomes"]) == (2, {"web1": "unverified"}), outcome.text
        assert channel.requests == []
        shop.meanwhile = dict
        again = shop.remediate(verify_exercise_alerts=True)
        assert (again.code, len(channel.requests)) == (0, 1), again.text


def test_what_it_is_compared_with_is_not_pruned_in_the_middle_of_it(shop: Shop) -> None:
    shop.hosts("web1")
    assert shop.remediate().code == 0
    oldest = min(path.name for path in shop.operator.runs.glob("2*"))
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    # A busy machine may answer later than it did: that is no matter of this test.
    outcome = shop.remediate(verify_accepted=oldest, drift_keep_runs=1)
    ended = shop.operator.runs / "verifications" / shop.ended()["verification"]["id"]
    assert json.loads((ended / "accepted.json").read_text())["name"] == oldest, outcome.text
    assert len(list(shop.operator.runs.glob("2*"))) == 2
    assert (shop.operator.runs / oldest / "findings.json").is_file()


def test_what_failed_before_as_well_takes_nothing_back(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    write(root, {"src/app.py": BAD})
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    result = shop.result("web1")
    assert (result["outcome"], result["verification"]["back"]) == ("changed", None)
    assert any("/health" in one["sentence"] for one in result["verification"]["known"])
    assert "failed before the change as well" in said(outcome)
    assert (root / "src/other.py").read_text() == "2\n"
    assert "rolled back" not in shop.restored()


def test_a_log_whose_lines_never_had_times_takes_nothing_back(shop: Shop) -> None:
    """Which of its lines are from after the change nobody knows, and nobody would have known before it."""
    (root,) = shop.hosts("web1")
    log = shop.folder / "app.log"
    log.write_text("started\nserving\n")
    shop.contract = {"logs": [{"name": "app", "path": str(log), "max": {"ERROR": 0}}]}
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    outcome = shop.remediate(verify_watch={"for": "10s", "every": "2s"})
    assert outcome.code == 2, outcome.text
    result = shop.result("web1")
    assert (result["outcome"], result["verification"]["back"]) == ("changed", None), outcome.text
    known = result["verification"]["known"]
    assert [one["verdict"] for one in known] == ["UNKNOWN", "UNKNOWN"]
    assert all("no line of it has a time" in one["sentence"] for one in known)
    assert (root / "src/other.py").read_text() == "2\n"


def test_an_old_error_in_a_log_does_not_hide_what_a_change_leaks(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    log = shop.folder / "app.log"
    log.write_text("2026-01-10T03:00:00Z ERROR timeout\n2026-01-10T03:00:01Z INFO goes on\n")
    shop.contract = {"logs": [{"name": "app", "path": str(log), "max": {"ERROR": 0}}]}
    shop.reference.commit("Second", {"src/app.py": "leaks\n"})
    leak = f"! grep -q leaks {root}/src/app.py || date -u '+%Y-%m-%dT%H:%M:%SZ ERROR leaked' >>{log}"
    outcome = shop.remediate(sync_hooks={"after_services": [["sh", "-c", leak]]})
    assert outcome.code == 2, outcome.text
    result = shop.result("web1")
    assert result["outcome"] == "rolled_back", outcome.text
    (reason,) = result["verification"]["reasons"]
    assert "1 line of" in reason["sentence"] and "; before the change: 1 line in " in reason["sentence"]
    assert fingerprint(root) == before


def test_a_change_that_hangs_goes_back_though_its_cycle_was_late_before(shop: Shop) -> None:
    """It answers, and does nothing any more; an old gap in the log had failed the same check before."""
    roots = shop.hosts("web1", "web2")
    before = [(root / "src/app.py").read_text() for root in roots]
    # A busy machine may need some seconds to read the log after it has seen the endpoint.
    cycle = {"name": "cycle", "pattern": "cycle complete", "max_s": 5}
    shop.contract = {"logs": [{"name": "main", "path": "main.log", "interval": cycle}]}

    def complete(*ago_s: float) -> None:
        for root in roots:
            times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - one)) for one in ago_s]
            if "hangs" not in (root / "src/app.py").read_text():
                with (root / "main.log").open("a") as log:
                    log.writelines(f"{one} INFO cycle complete\n" for one in times)

    complete(1200, 600, *range(59, 0, -1))
    shop.meanwhile = lambda: complete(0)
    shop.reference.commit("Second", {"src/app.py": "hangs\n"})
    # That it stopped is seen when the next line is overdue: a fast machine would have verified it before.
    overdue = f"until test -n \"$(find {roots[0]}/main.log -not -newermt '-7 seconds')\"; do :; done"
    outcome = shop.remediate(verify_since="1h", sync_hooks={"after_services": [["sh", "-c", overdue]]})
    assert outcome.code == 2, outcome.text
    assert shop.ended()["outcomes"] == {"web1": "rolled_back", "web2": "not_begun"}, outcome.text
    (reason,) = shop.result("web1")["verification"]["reasons"]
    assert reason["sentence"].endswith("; before the change: it still came")
    assert [(root / "src/app.py").read_text() for root in roots] == before


@pytest.mark.parametrize("since", ["deploy", "1h"])
def test_a_change_that_hangs_does_not_pass_by_what_was_logged_before_it(shop: Shop, since: str) -> None:
    """Its cycle is not due yet: whether it comes nobody can have seen, and the report says what would show it."""
    (root,) = shop.hosts("web1")
    cycle = {"name": "cycle", "pattern": "cycle complete", "max_s": 900}
    shop.contract = {"logs": [{"name": "main", "path": "main.log", "interval": cycle, "fresh_s": 900}]}
    times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - one)) for one in (1200, 600, 2)]
    (root / "main.log").write_text("".join(f"{one} INFO cycle complete\n" for one in times))
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    outcome = shop.remediate(verify_since=since)
    assert outcome.code == 0, outcome.text
    assert shop.ended()["outcomes"] == {"web1": "changed"}
    told = shop.result("web1")["verification"]
    assert (told["verdict"], told["back"]) == ("CONDITIONAL", None)
    assert 0 <= told["after_s"] < 600
    folder = shop.operator.runs / "verifications" / told["id"]
    made = json.loads((folder / "verify.json").read_text())
    judged = {one["check"]: one for one in made["checks"] if one["section"] == "logs"}
    assert {name: judged[name]["verdict"] for name in ("interval", "fresh")} == {
        "interval": "NOT_EXERCISED",
        "fresh": "NOT_EXERCISED",
    }
    assert "-e verify_watch=45m" in judged["interval"]["remedy"]["text"]
    assert "after the last change, and not watched: what fails only after a while" in said(outcome)
    assert "after its last change" in (folder / "verify-report.md").read_text()


def test_a_process_that_nobody_starts_anew_takes_the_change_back_and_is_well_with_what_it_was(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    mark = f"worker of {shop.folder.name} {os.getpid()}"
    shop.contract = {"processes": [{"name": "worker", "match": mark, "not_older_than": "source"}]}
    started = time.time()
    wait_until(lambda: time.time() > started + 0.1, "the code is older than what runs it")
    argv = [sys.executable, "-c", "import sys; sys.stdin.read()", mark]
    with subprocess.Popen(argv, cwd=root, stdin=subprocess.PIPE):
        for content in ("2\n", "3\n"):
            shop.reference.commit("Another", {"src/other.py": content})
            outcome = shop.remediate()
            assert outcome.code == 2, outcome.text
            assert shop.ended()["outcomes"] == {"web1": "rolled_back"}, outcome.text
            told = shop.result("web1")["verification"]
            assert "worker" in told["reasons"][0]["sentence"] and "later" in told["reasons"][0]["sentence"]
            assert told["again"]["still"] == []
            assert fingerprint(root) == before


def test_what_the_batches_watched_counts_in_the_end(shop: Shop) -> None:
    first, second = shop.hosts("web1", "web2")
    shop.contract = {
        "criteria": [
            {"name": "It stays up", "checks": [{"section": "watch"}]},
            {"name": "It answers", "checks": [{"section": "endpoints"}]},
        ]
    }
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    write(second, {"src/other.py": "2\n"})
    outcome = shop.remediate(verify_watch={"for": "10s", "every": "2s"})
    assert outcome.code == 0, outcome.text
    assert (first / "src/other.py").read_text() == "2\n"
    assert shop.ended()["outcomes"] == {"web1": "changed", "web2": "nothing"}
    # web1 passes by what its batch watched; of web2 nobody says that it was watched, and nobody says that it fails.
    ended = shop.operator.runs / "verifications" / shop.ended()["verification"]["id"]
    made = json.loads((ended / "verify.json").read_text())
    assert {one["host"]: one["verdict"] for one in made["hosts"]} == {"web1": "PASS", "web2": "CONDITIONAL"}
    (stays, _answers, *_rest) = made["criteria"]
    assert (stays["verdict"], [gap["host"] for gap in stays["missing"]]) == ("NOT_EXERCISED", ["web2"])
    assert "nothing was changed on it" in stays["missing"][0]["sentence"]
    batch = shop.result("web1")["verification"]["id"]
    assert [(one["host"], one["carried"]) for one in made["watch"]] == [("web1", batch)]
    carried = (ended / "watch/web1.json").read_bytes()
    assert carried == (ended.parent / batch / "watch/web1.json").read_bytes()
    report = (ended / "verify-report.md").read_text()
    assert f"by the verification of their batch: `web1` in `{batch}`" in report
    # Where no window was asked for, that says so.
    assert shop.remediate().code == 2
    final = shop.ended()["verification"]["hosts"]["web1"]
    assert "nothing was checked that section=watch selects: it was not watched, give -e" in final["sentence"]


def test_one_bad_canary_of_three_stops_the_others(shop: Shop) -> None:
    roots = shop.hosts("web1", "web2", "web3")
    before = [fingerprint(root) for root in roots]
    shop.reference.commit("Second", {"src/app.py": BAD})
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    assert [fingerprint(root) for root in roots] == before
    assert shop.ended()["outcomes"] == {"web1": "rolled_back", "web2": "not_begun", "web3": "not_begun"}
    assert "not begun, because web1 failed" in said(outcome)
    assert [what for what in shop.restored() if what == "rolled back"] == ["rolled back"]
    # The canary is well with the next one, and of the others one is not: that one alone goes back.
    shop.reference.commit("Third", {"src/app.py": "breaks web3\n", "src/other.py": "3\n"})
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    assert shop.ended()["outcomes"] == {"web1": "changed", "web2": "changed", "web3": "rolled_back"}
    assert fingerprint(roots[2]) == before[2]
    assert (roots[1] / "src/other.py").read_text() == "3\n"
    first, second, third = (shop.result(name)["verification"] for name in ("web1", "web2", "web3"))
    assert first["id"] != second["id"] == third["id"]
    assert (second["again"], third["again"]["still"]) == (None, [])


def test_check_mode_ends_with_the_plan(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD})
    outcome = shop.remediate("--check")
    assert outcome.code == 0, outcome.text
    assert fingerprint(root) == before
    assert shop.ended()["outcomes"] == {"web1": "planned"}
    assert "[CHECKED] Remediation: nothing was changed, and nothing was looked at again" in outcome.text
    assert not (shop.operator.runs / "verifications").exists()
    assert not (shop.folder / "state").exists()


def test_a_wrong_variable_of_the_verification_is_refused_before_anything_is_done(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    outcome = shop.remediate(verify_wach="10m")
    assert outcome.code == 2, outcome.text
    assert 'did you mean "verify_watch"' in said(outcome)
    assert fingerprint(root) == before
    assert not shop.operator.runs.exists()


def test_killed_after_the_change_and_run_again_it_ends_the_same(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD})
    process = shop.operator.start(*shop.command())
    try:
        # What it writes is read by nobody, and fits into the pipe.
        wait_until(lambda: list(shop.operator.runs.glob("verifications/*/run.json")), "the change is being verified")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert fingerprint(root) != before
    (interrupted,) = shop.deploys()
    assert (interrupted / "INCOMPLETE").exists()
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    assert fingerprint(root) == before
    result = shop.result("web1")
    assert (result["outcome"], result["of"]) == ("rolled_back", interrupted.name)
    assert f"was changed by the deploy {interrupted.name}" in said(outcome)
