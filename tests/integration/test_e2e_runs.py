# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs and references: what is kept, what is judged again, what is refused."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from e2e_operator import AUDIT, JUDGE, Operator, Outcome
from e2e_project import Repository, application, git, write
from waiting import LIMIT_S, wait_until

RESULTS = ("findings.json", "report.md", "MANIFEST.sha256")


@pytest.fixture(name="reference")
def fixture_reference(tmp_path: Path) -> Repository:
    return application(tmp_path / "reference")


@pytest.fixture(name="host")
def fixture_host(reference: Repository, tmp_path: Path) -> Path:
    made = reference.deploy(tmp_path / "host")
    write(made, {"src/app.py": "edited\n"})
    return made


def judge_again(operator: Operator, run: str | Path) -> Outcome:
    return operator.play(JUDGE, "-e", json.dumps({"drift_run": str(run), "drift_output_dir": str(operator.runs)}))


def contents(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}


def test_a_run_judged_again_is_the_same_byte_for_byte(operator: Operator, reference: Repository, host: Path) -> None:
    run = operator.audit_one(host, drift_repo=str(reference.path)).run
    assert run is not None
    before = contents(run)
    assert set(RESULTS) <= before.keys()
    for name in (run.name, run, operator.runs / "latest"):
        assert judge_again(operator, name).code == 0
        assert contents(run) == before


@pytest.mark.parametrize("change", ["edit", "remove", "add"])
def test_altered_evidence_is_refused(operator: Operator, reference: Repository, host: Path, change: str) -> None:
    run = operator.audit_one(host, drift_repo=str(reference.path)).run
    assert run is not None
    trees = run / "evidence/web1/trees.json"
    if change == "edit":
        trees.write_text(trees.read_text().replace("edited_on_host", "x").replace("src/app.py", "src/apq.py"))
    elif change == "remove":
        trees.unlink()
    else:
        (run / "evidence/web1/more.json").write_text("{}")
    before = contents(run)
    outcome = judge_again(operator, run)
    assert outcome.code != 0
    assert "is not what the run wrote" in " ".join(outcome.text.split())
    assert contents(run) == before


def test_a_run_that_is_not_there_is_named(operator: Operator) -> None:
    outcome = judge_again(operator, "20260101T000000Z-prod-1")
    assert outcome.code != 0
    assert "there is no run" in " ".join(outcome.text.split())


def test_only_the_newest_runs_are_kept(operator: Operator, reference: Repository, host: Path) -> None:
    made = [operator.audit_one(host, drift_repo=str(reference.path), drift_keep_runs=2).run for _run in range(3)]
    left = {path for path in operator.runs.iterdir() if path.is_dir() and not path.is_symlink()}
    assert left == set(made[1:])
    assert (operator.runs / "latest").resolve() == made[-1]
    assert all(oct(path.stat().st_mode & 0o777) == "0o700" for path in left)


def test_two_audits_at_once_share_one_manifest(operator: Operator, reference: Repository, host: Path) -> None:
    extra = json.dumps({"drift_output_dir": str(operator.runs), "drift_repo": str(reference.path)})
    inventory = operator.inventory({"web1": {"drift_root": str(host)}})
    both = [operator.start(AUDIT, "-i", inventory, "-e", extra) for _run in range(2)]
    outputs = [process.communicate(timeout=LIMIT_S)[0].decode() for process in both]
    assert [process.returncode for process in both] == [2, 2], outputs
    runs = [path for path in operator.runs.iterdir() if path.is_dir() and not path.is_symlink()]
    assert len(runs) == 2
    found = [
        {(f["check"], f["subject"]) for f in json.loads((run / "findings.json").read_text())["findings"]}
        for run in runs
    ]
    assert found[0] == found[1] != set()
    manifests = [
        path for path in operator.cache.rglob(f"{git(reference.path, 'rev-parse', 'HEAD')}-*") if path.is_file()
    ]
    assert len([path for path in manifests if path.suffix != ".lock"]) == 1
    assert not list(operator.cache.rglob("*.checkout"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_says_so(
    operator: Operator, reference: Repository, host: Path, tmp_path: Path, number: signal.Signals
) -> None:
    slow = tmp_path / "slow"
    slow.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    slow.chmod(0o755)
    extra = json.dumps({"drift_output_dir": str(operator.runs), "drift_repo": str(reference.path)})
    inventory = operator.inventory({"web1": {"drift_root": str(host), "ansible_python_interpreter": str(slow)}})
    process = operator.start(AUDIT, "-i", inventory, "-e", extra)
    try:
        wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip(), "the host is asked")
        os.killpg(process.pid, number)
        process.communicate(timeout=LIMIT_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        stop(process)
    assert process.returncode != 0
    (run,) = (path for path in operator.runs.iterdir() if path.is_dir() and not path.is_symlink())
    assert (run / "INCOMPLETE").is_file()
    assert not (run / "findings.json").exists()
    assert not (operator.runs / "latest").exists()
    again = judge_again(operator, run)
    assert again.code != 0
    assert not (run / "findings.json").exists()
    assert operator.audit_one(host, drift_repo=str(reference.path)).state() == (2, "drift")


def stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("edit", "cause", "state"),
    [
        (None, set(), (0, "in_sync")),
        ("src/app.py", {("content", "src/app.py", None)}, (2, "drift")),
        (".env", {("content", ".env", None)}, (2, "drift")),
    ],
)
def test_another_host_as_the_reference(
    operator: Operator, tmp_path: Path, edit: str | None, cause: set[object], state: tuple[int, str]
) -> None:
    for name in ("web1", "web2"):
        write(tmp_path / name, {"src/app.py": "same\n", ".env": "PASSWORD=one-and-the-same\n"})
        (tmp_path / name / "src/app.py").chmod(0o644)
    if edit:
        write(tmp_path / "web2", {edit: "PASSWORD=another-one\n"})
    hosts = {name: {"drift_root": str(tmp_path / name)} for name in ("web1", "web2")}
    inventory = operator.inventory(hosts, drift_reference={"host": "web1"}, drift_fail_on="medium")
    audit = operator.audit(inventory, drift_sections=["trees"])
    assert audit.brief() == cause
    assert {f["host"] for f in audit.findings["findings"]} <= {"web2"}
    assert audit.state() == state
    assert audit.run is not None
    assert not (audit.run / ".private").exists()


def test_a_reference_host_that_failed_leaves_the_others_unknown(operator: Operator, tmp_path: Path) -> None:
    write(tmp_path / "web2", {"src/app.py": "same\n"})
    hosts = {
        "web1": {"drift_root": "/", "ansible_python_interpreter": str(tmp_path / "nowhere")},
        "web2": {"drift_root": str(tmp_path / "web2")},
    }
    inventory = operator.inventory(hosts, drift_reference={"host": "web1"})
    audit = operator.audit(inventory, drift_sections=["trees"])
    assert audit.state() == (2, "unknown")
    assert {f["outcome"] for f in audit.findings["findings"]} == {"unknown"}
    assert any("web1" in f["summary"] and "web2" in json.dumps(f) for f in audit.findings["findings"])
    failed = {line.split()[0] for line in audit.text.partition("PLAY RECAP")[2].splitlines() if "failed=1" in line}
    assert failed == {"web1", "web2"}
    limited = operator.audit(inventory, "--limit", "web2", drift_sections=["trees"])
    assert limited.state() == (2, "unknown"), "the reference host is not part of the play"


def test_a_saved_baseline_is_compared_with(operator: Operator, host: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    saved = operator.audit_one(host, drift_save_baseline=str(baseline), drift_sections=["trees"])
    assert saved.code == 0, saved.text
    against = {"drift_reference": {"baseline": str(baseline)}, "drift_sections": ["trees"], "drift_fail_on": "low"}
    assert operator.audit_one(host, **against).state() == (0, "in_sync")
    write(host, {"src/app.py": "another\n", "src/more.py": "more\n"})
    found = operator.audit_one(host, **against)
    assert found.brief() == {("content", "src/app.py", None), ("presence", "src/more.py", None)}
    assert found.state() == (2, "drift")


def test_a_baseline_of_a_contract_with_secret_files(operator: Operator, host: Path, tmp_path: Path) -> None:
    write(host, {"config/api.token": "a-token-that-nobody-may-see\n"})
    baseline = tmp_path / "baseline.json"
    contract = {"git": {}, "trees": [{"name": "source", "secret": ["config/*.token"], "exclude": ["*.log"]}]}
    saved = operator.audit_one(host, drift_save_baseline=str(baseline), drift_contract=contract, drift_fail_on="never")
    assert saved.code == 0, saved.text
    assert "config/" in baseline.read_text()
    assert hashlib.sha256((host / "config/api.token").read_bytes()).hexdigest() not in baseline.read_text()


@pytest.mark.parametrize("at", [0, 0.1, 0.5, 0.9, 1])
def test_an_edited_baseline_is_refused(operator: Operator, host: Path, tmp_path: Path, at: float) -> None:
    baseline = tmp_path / "baseline.json"
    operator.audit_one(host, drift_save_baseline=str(baseline), drift_sections=["trees"])
    content = bytearray(baseline.read_bytes())
    place = int(at * (len(content) - 1))
    content[place] ^= 1
    baseline.write_bytes(bytes(content))
    audit = operator.audit_one(host, drift_reference={"baseline": str(baseline)}, drift_sections=["trees"])
    assert audit.state() == (2, "unknown")
    (finding,) = audit.findings["findings"]
    assert (finding["check"], finding["cause"]) == ("reference", "reference_failed")
