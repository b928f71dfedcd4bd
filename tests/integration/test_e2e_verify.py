# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification as an operator runs it: after a deploy, by criteria, over the local connection."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.deciding import decide
from e2e_operator import Operator, Outcome
from e2e_project import Repository
from endpoint_server import answer, serving
from waiting import wait_until

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "verify.schema.json").read_text(encoding="utf-8"))
DEPLOY, VERIFY = "evenkeel.drift.deploy", "evenkeel.drift.verify"
FAILED, UNREACHABLE = 2, 4
LOOP = "import sys, time\ntime.sleep(300)\n"

Json = dict[str, t.Any]


class Shop:
    """An application of one tree, one log and one process, deployed at its first commit."""

    def __init__(self, folder: Path, operator: Operator) -> None:
        self.operator = operator
        self.folder = folder
        self.reference = Repository(folder / "reference")
        self.reference.commit("First", {"src/app.py": LOOP, "src/other.py": "1\n"})
        self.root = self.reference.deploy(folder / "web1", with_git=False)
        self.log = self.root / "app.log"
        self.say("INFO started")
        self.processes: list[subprocess.Popen[bytes]] = []

    def say(self, text: str) -> None:
        with self.log.open("a") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} +0000 {text}\n")

    def start(self) -> None:
        self.processes.append(subprocess.Popen([sys.executable, "src/app.py", str(self.folder)], cwd=self.root))

    def stop(self) -> None:
        while self.processes:
            process = self.processes.pop()
            process.kill()
            process.wait()

    def contract(self, **more: t.Any) -> Json:
        return {
            "trees": [{"name": "source", "path": "src"}],
            "processes": [{"name": "app", "match": rf"app\.py {self.folder}$", "not_older_than": ["source"]}],
            "logs": [{"name": "main", "path": "app.log", "max": {"ERROR": 0}}],
            **more,
        }

    def play(self, playbook: str, *arguments: str, contract: Json | None = None, **variables: t.Any) -> Outcome:
        inventory = self.operator.inventory(
            {"web1": {"drift_root": str(self.root)}},
            drift_repo=str(self.reference.path),
            drift_state_dir=str(self.folder / "state"),
            drift_contract=contract or self.contract(),
        )
        extra = json.dumps({"drift_output_dir": str(self.operator.runs), "sync_services": False, **variables})
        return self.operator.play(playbook, "-i", str(inventory), "-e", extra, *arguments)

    def verification(self) -> tuple[Path, Json]:
        folder = (self.operator.runs / "verifications" / "latest").resolve()
        made = json.loads((folder / "verify.json").read_text())
        jsonschema.validate(made, SCHEMA)
        return folder, made


@pytest.fixture(name="shop")
def fixture_shop(tmp_path: Path, operator: Operator) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop", operator)
    yield made
    made.stop()


def fingerprint(root: Path) -> dict[str, tuple[int, int, int, str]]:
    found = {}
    for path in sorted(root.rglob("*")):
        seen = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (seen.st_mode, seen.st_mtime_ns, seen.st_ctime_ns, content)
    return found


def verdicts(made: Json) -> dict[str, str]:
    return {one["name"]: one["verdict"] for one in made["criteria"]}


def checks(made: Json, section: str) -> dict[tuple[str, str], Json]:
    return {(one["check"], one["component"]): one for one in made["checks"] if one["section"] == section}


def test_after_a_deploy_what_runs_the_old_code_fails_by_name_and_what_was_started_anew_passes(shop: Shop) -> None:
    shop.say("ERROR of the release before")
    shop.start()
    started = time.time()
    wait_until(lambda: time.time() > started + 0.3, "the process is older than what is deployed now")
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    criteria = [
        {
            "name": "The fix is deployed and runs",
            "checks": [
                {"section": "trees", "component": "source", "check": "comparison"},
                {"section": "processes", "check": "code"},
            ],
        },
        {"name": "No errors", "checks": [{"section": "logs", "subject": "main:ERROR"}]},
    ]
    contract = shop.contract(criteria=criteria)
    shop.play(DEPLOY, contract=contract)
    deploy = max(path.name for path in (shop.operator.runs / "deploys").iterdir() if path.is_dir())
    before = fingerprint(shop.root)
    changed = int(time.time())
    wait_until(lambda: int(time.time()) > changed, "the next line of the log has a later second than the change")
    shop.say("INFO all is well")
    before[str(shop.log)] = fingerprint(shop.root)[str(shop.log)]
    told = shop.play(VERIFY, contract=contract, verify_deploy=deploy, drift_environment="other")
    assert f"verify_deploy: {deploy} is a deploy of web1 (" in " ".join(told.text.split())
    told = shop.play(VERIFY, contract=contract, verify_deploy=deploy)
    assert told.code == FAILED, told.text
    assert fingerprint(shop.root) == before
    folder, made = shop.verification()
    assert made["deploy"] == deploy
    assert {gate["state"] for gate in made["gates"]} >= {"pass", "not_declared"}
    assert verdicts(made)["The fix is deployed and runs"] == "FAIL"
    stale = checks(made, "processes")["code", "app"]
    assert stale["verdict"] == "FAIL"
    assert "runs since" in stale["summary"] and "src/other.py was changed at" in stale["summary"]
    assert f"FAIL: {stale['summary']}" in told.text
    # What the audit found stands in what the verification shows: it is named, and not shown twice.
    assert "Audit 2" in told.text and "Findings:" not in told.text
    # The error was before the deploy: it is not in the window.
    assert verdicts(made)["No errors"] == "PASS"
    assert made["logs_since"][0]["from"] is not None
    report = (folder / "verify-report.md").read_text()
    assert f"The gates of the deploy `{deploy}`" in report
    assert subprocess.run(["sha256sum", "-c", "--quiet", "MANIFEST.sha256"], cwd=folder, check=False).returncode == 0
    assert not (folder / "INCOMPLETE").exists()

    shop.stop()
    shop.start()
    told = shop.play(VERIFY, contract=contract, verify_strict=True)
    assert told.code == 0, told.text
    _folder, made = shop.verification()
    assert made["overall"]["verdict"] == "PASS"
    assert "Verdict: [PASS] 3 criteria: 3 PASS" in told.text


def test_a_host_without_a_record_of_changes_is_unknown_and_says_what_to_do(shop: Shop) -> None:
    shop.start()
    told = shop.play(VERIFY)
    assert told.code == FAILED
    assert "give -e verify_since=1h" in " ".join(told.text.split())
    _folder, made = shop.verification()
    assert verdicts(made)["Logs"] == "UNKNOWN"

    for more in ([], ["--check"]):
        told = shop.play(VERIFY, *more, verify_since="1h", drift_keep_verifications=2)
        assert told.code == 0, told.text
        folder, made = shop.verification()
        assert made["overall"]["verdict"] == "PASS"
        assert checks(made, "logs")["log", "main"]["observed"]["read"]["lines"] == 1
    kept = [path for path in folder.parent.iterdir() if not path.is_symlink() and path.is_dir()]
    assert len(kept) == 2


def test_a_quiet_log_is_conditional_and_fails_only_who_asks_for_that(shop: Shop) -> None:
    shop.start()
    quiet = {
        "name": "main",
        "path": "app.log",
        "since": "1h",
        "numbers": [{"name": "cycle", "pattern": "took (.*)s", "max": 1}],
    }
    optional = {"name": "The page", "required": False, "checks": [{"section": "logs", "check": "numbers"}]}
    told = shop.play(VERIFY, contract=shop.contract(logs=[quiet], criteria=[optional]))
    _folder, made = shop.verification()
    assert (told.code, made["overall"]["verdict"]) == (0, "CONDITIONAL"), told.text
    told = shop.play(VERIFY, contract=shop.contract(logs=[quiet]), verify_strict=True)
    assert told.code == FAILED
    assert "NOT_EXERCISED: " in told.text


def test_what_was_left_out_of_the_observation_does_not_pass(shop: Shop) -> None:
    shop.start()
    told = shop.play(VERIFY, verify_since="1h", drift_sections=["processes", "trees"])
    assert told.code == FAILED
    assert "the contract asks for logs, and nothing of it was checked" in " ".join(told.text.split())
    _folder, made = shop.verification()
    assert (verdicts(made)["Logs"], made["overall"]["verdict"]) == ("UNKNOWN", "FAIL")


def test_a_host_that_could_not_be_watched_is_unknown_in_a_report_that_is_written(shop: Shop) -> None:
    waiver = {"section": "trees", "expires": "2027-01-01", "reason": "accepted", "owner": "ops"}

    def part(role: str, tasks: str, **variables: t.Any) -> Json:
        return {
            "ansible.builtin.import_role": {"name": f"evenkeel.drift.{role}", "tasks_from": tasks},
            "vars": variables,
        }

    # Something goes wrong when the watch is to begin, and not before.
    tasks = [
        part("verify", "open"),
        part("audit", "observe"),
        part("audit", "judge"),
        part("verify", "watch", drift_waivers=[waiver]),
        part("verify", "result"),
    ]
    path = shop.operator.desk / "site.json"
    path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    told = shop.play(str(path), verify_watch="10s")
    assert "drift_waivers[0].subject: is missing" in " ".join(told.text.split())
    _folder, made = shop.verification()
    assert checks(made, "watch")["window", "watch"]["verdict"] == "UNKNOWN"
    assert made["overall"]["verdict"] == "FAIL"


def test_what_got_worse_than_what_was_accepted_is_found(shop: Shop) -> None:
    shop.start()
    contract = shop.contract(logs=[{"name": "main", "path": "app.log"}])
    first = shop.play(VERIFY, contract=contract, verify_since="1h")
    assert first.code == 0, first.text
    folder, _made = shop.verification()
    shop.say("ERROR TypeError: it broke")
    assert first.run is not None
    for accepted in (folder.name, str(first.run)):
        told = shop.play(VERIFY, contract=contract, verify_since="1h", verify_accepted=accepted)
        assert told.code == FAILED, told.text
        later, made = shop.verification()
        broken = [one for one in made["checks"] if one["verdict"] == "FAIL"]
        assert {one["component"] for one in broken} == {"logs:main:ERROR", "logs:main:TypeError"}
        assert broken[0]["summary"].endswith("1 in 1 h, and in 1 h when it was accepted 0; 0 would be expected")
        assert checks(made, "regression")["feature", "processes:app"]["verdict"] == "PASS"
        report = (later / "verify-report.md").read_text()
        assert f"Compared with `{Path(accepted).name}`. A check of the section regression is FAIL beyond its" in report
        assert "| `accepted.json` | verification |" in report
    # What is FAIL is accepted by nobody, and neither is what was altered, or is of something else.
    refused = {later.name: "nobody accepts that", "../nowhere": "there is no verification or run"}
    (folder / "verify.json").write_text("{}")
    refused[folder.name] = "is not what the run wrote"
    for name, said in refused.items():
        told = shop.play(VERIFY, verify_accepted=name)
        assert (told.code, told.run) == (FAILED, None)
        assert said in " ".join(told.text.split())


def test_bad_input_is_told_before_anything_is_observed(shop: Shop) -> None:
    told = shop.play(VERIFY, verify_strikt=True)
    assert told.code == FAILED
    assert 'did you mean "verify_strict"?' in told.text
    assert not shop.operator.runs.exists()
    told = shop.play(VERIFY, verify_deploy="20260101T000000Z-prod-1")
    assert "verify_deploy: there is no deploy '20260101T000000Z-prod-1'" in " ".join(told.text.split())
    assert not shop.operator.runs.exists()


def test_an_alert_channel_is_tried_only_when_that_is_asked_for(shop: Shop) -> None:
    bodies: list[bytes] = []

    def taken(connection: socket.socket, request: bytes) -> None:
        while b"please ignore" not in request:
            request += connection.recv(65536)
        bodies.append(request.partition(b"\r\n\r\n")[2])
        connection.sendall(answer(status="204 No Content"))

    contract = {"endpoints": [{"name": "general", "webhook": {"file": ".env", "key": "HOOK_URL"}}]}
    with serving(taken) as server:
        (shop.root / ".env").write_text(f"HOOK_URL={server.url}/hook/s3cr3t-t0k3n-of-the-channel\n")
        for arguments, more in (([], {}), (["--check"], {"verify_exercise_alerts": True})):
            told = shop.play(VERIFY, *arguments, contract=contract, **more)
            assert told.code == 0, told.text
            assert shop.verification()[1]["overall"]["verdict"] == "CONDITIONAL"
            assert server.requests == []
        narrow = {"drift_sections": ["trees"], "verify_since": "1h"}
        shop.play(VERIFY, contract=shop.contract(**contract), verify_exercise_alerts=True, **narrow)
        assert server.requests == []
        told = shop.play(VERIFY, contract=contract, verify_exercise_alerts=True)
        assert told.code == 0, told.text
    folder, made = shop.verification()
    assert made["overall"]["verdict"] == "PASS"
    assert checks(made, "endpoints")["sent", "general"]["evidence"] == ["alerts/web1.json#general"]
    assert [json.loads(body) for body in bodies] == [
        {"content": f"evenkeel.drift test message {folder.name}, please ignore"}
    ]
    stored = "".join(path.read_text() for path in shop.operator.runs.rglob("*") if path.is_file())
    assert "s3cr3t" not in stored + told.text
    report = (folder / "verify-report.md").read_text()
    assert "Marked test messages were asked for: 1 channel took one." in report
    assert "| `alerts/web1.json` | verification |" in report


def test_with_check_nothing_is_sent_that_may_change_something(shop: Shop) -> None:
    with serving(lambda connection, _request: connection.sendall(answer(b"ok"))) as server:
        endpoints = [
            {"name": "order", "url": f"{server.url}/order", "method": "POST"},
            {"name": "search", "url": f"{server.url}/search", "method": "POST", "from": "control"},
            {"name": "health", "url": f"{server.url}/health"},
        ]
        told = shop.play(VERIFY, "--check", contract={"endpoints": endpoints})
        assert told.code == 0, told.text
        assert [request.split(b" ")[:2] for request in server.requests] == [[b"GET", b"/health"]]
        folder, made = shop.verification()
        found = checks(made, "endpoints")
        assert made["overall"]["verdict"] == "CONDITIONAL"
        assert {found["answers", name]["verdict"] for name in ("order", "search")} == {"NOT_EXERCISED"}
        assert "order was not asked from web1: with --check nothing is sent" in found["answers", "order"]["summary"]
        assert "| none: with --check nothing is sent" in (folder / "verify-report.md").read_text()
        told = shop.play(VERIFY, contract={"endpoints": endpoints})
        assert (told.code, shop.verification()[1]["overall"]["verdict"]) == (0, "PASS"), told.text
        assert sorted(request.split(b" ")[0] for request in server.requests[1:]) == [b"GET", b"POST", b"POST"]


def test_a_host_out_of_reach_fails_the_whole(shop: Shop) -> None:
    hosts = {
        "far": {"drift_root": "/srv", "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
        "web1": {"drift_root": str(shop.root)},
    }
    given = {"drift_contract": {"trees": [{"name": "source", "path": "src"}]}, "drift_repo": str(shop.reference.path)}
    inventory = shop.operator.inventory(hosts, **given)
    told = shop.operator.play(VERIFY, "-i", inventory, "-e", json.dumps({"drift_output_dir": str(shop.operator.runs)}))
    assert told.code == UNREACHABLE, told.text
    _folder, made = shop.verification()
    assert made["overall"]["reasons"][0] == "far could not be observed"
    assert [(one["host"], one["verdict"], one["fails"]) for one in made["hosts"]] == [
        ("far", "FAIL", True),
        ("web1", "PASS", False),
    ]


def test_a_run_that_was_altered_is_not_verified(shop: Shop) -> None:
    shop.start()
    told = shop.play(VERIFY, verify_since="1h")
    assert told.run is not None
    folder, made = shop.verification()
    again, _findings = decide(RunFolder(str(folder)), RunFolder(str(told.run)))
    assert again == made, "the same run gives the same verification"
    evidence = told.run / "evidence" / "web1" / "logs.json"
    os.chmod(evidence, 0o600)
    evidence.write_text(evidence.read_text().replace("INFO", "NONE") + " ")
    with pytest.raises(StoreError, match=r"logs\.json is not what the run wrote"):
        decide(RunFolder(str(folder)), RunFolder(str(told.run)))


def test_the_role_does_all_of_it_in_one_play(shop: Shop) -> None:
    shop.start()
    play = [{"hosts": "all", "gather_facts": False, "roles": ["evenkeel.drift.verify"]}]
    path = shop.operator.desk / "site.json"
    path.write_text(json.dumps(play))
    told = shop.play(str(path), verify_since="1h", verify_again_days=3)
    assert told.code == 0, told.text
    assert "Findings:" not in told.text
    _folder, made = shop.verification()
    assert made["next_validation"]["days"] == 3


def test_a_mistake_in_the_contract_of_any_host_is_told_before_anything_is_made(shop: Shop) -> None:
    wrong = shop.contract(criteria=[{"name": "Logs", "checks": [{"sektion": "logs"}]}])
    hosts = {name: {"drift_root": str(shop.root), "drift_contract": shop.contract()} for name in ("web1", "web2")}
    for name in ("web3", "web4"):
        hosts[name] = {"drift_root": str(shop.root), "drift_contract": wrong}
    inventory = shop.operator.inventory(hosts, drift_repo=str(shop.reference.path))
    told = shop.operator.play(
        VERIFY, "-i", str(inventory), "-e", json.dumps({"drift_output_dir": str(shop.operator.runs)})
    )
    assert (told.code, shop.operator.runs.exists()) == (FAILED, False), told.text
    text = " ".join(told.text.split())
    for name in ("web3", "web4"):
        assert f"{name}: drift_contract.criteria[0].checks[0].sektion" in text
    assert "web1: drift_contract" not in text
