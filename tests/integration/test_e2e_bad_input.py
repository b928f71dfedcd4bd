# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: each mistake gets one clear error or one unknown finding, and the rest of the audit goes on."""

from __future__ import annotations

import json
import os
import shutil
import typing as t
from pathlib import Path

import pytest
from e2e_operator import Operator
from e2e_project import Repository, application, git, write

Json = dict[str, t.Any]


@pytest.fixture(name="reference")
def fixture_reference(tmp_path: Path) -> Repository:
    return application(tmp_path / "reference")


@pytest.fixture(name="host")
def fixture_host(reference: Repository, tmp_path: Path) -> Path:
    return reference.deploy(tmp_path / "host")


def test_a_ref_that_does_not_exist(operator: Operator, reference: Repository, host: Path) -> None:
    audit = operator.audit_one(host, drift_reference={"git": {"repo": str(reference.path), "ref": "mian"}})
    (finding,) = (f for f in audit.findings["findings"] if f["check"] == "reference")
    assert (finding["outcome"], finding["cause"]) == ("unknown", "reference_failed")
    assert "mian" in finding["summary"]
    assert audit.state() == (2, "unknown")


@pytest.mark.parametrize("kind", ["missing", "no repository", "no commits"])
def test_a_reference_repository_that_is_none(operator: Operator, host: Path, tmp_path: Path, kind: str) -> None:
    repo = tmp_path / "elsewhere"
    if kind != "missing":
        repo.mkdir()
    if kind == "no commits":
        git(repo, "init", "-q")
    audit = operator.audit_one(host, drift_repo=str(repo))
    (finding,) = (f for f in audit.findings["findings"] if f["check"] == "reference")
    assert (finding["outcome"], finding["cause"]) == ("unknown", "reference_failed")
    assert str(repo) in finding["summary"]
    assert audit.state() == (2, "unknown")


@pytest.mark.parametrize("kind", ["missing", "file", "not absolute"])
def test_a_root_that_is_none(operator: Operator, reference: Repository, host: Path, tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("")
    root = {"missing": str(tmp_path / "nowhere"), "file": str(tmp_path / "file"), "not absolute": "srv/app"}[kind]
    inventory = operator.inventory(
        {"web1": {"drift_root": root}, "web2": {"drift_root": str(host)}}, drift_repo=str(reference.path)
    )
    audit = operator.audit(inventory)
    assert {f["host"] for f in audit.findings["findings"]} == {"web1"}
    assert {f["outcome"] for f in audit.findings["findings"]} == {"unknown"}
    assert root in " ".join(f["summary"] for f in audit.findings["findings"])
    assert audit.state() == (2, "unknown")


def test_no_root_at_all_is_said_once(operator: Operator) -> None:
    audit = operator.audit(operator.inventory({"web1": {}}))
    (finding,) = audit.findings["findings"]
    assert finding["cause"] == "contract_invalid"
    assert "drift_root" in finding["summary"]
    assert audit.code == 2


@pytest.mark.parametrize("wrong", ["web1", "web2"])
@pytest.mark.parametrize("mistake", [{"drift_contract": {"treees": []}}, {"drift_host_timeout": "soon"}])
def test_a_mistake_of_one_host_does_not_hide_the_others(
    operator: Operator, reference: Repository, host: Path, wrong: str, mistake: dict[str, object]
) -> None:
    """Not even that of the first one, which speaks for all where they are asked together."""
    write(host, {"src/app.py": "edited\n"})
    hosts = {name: mistake if name == wrong else {} for name in ("web1", "web2")}
    inventory = operator.inventory(hosts, drift_root=str(host), drift_repo=str(reference.path))
    audit = operator.audit(inventory, drift_sections=["trees"])
    (other,) = hosts.keys() - {wrong}
    found = {(f["host"], f["cause"]) for f in audit.findings["findings"]}
    assert found == {(wrong, "contract_invalid"), (other, "edited_on_host")}


@pytest.mark.parametrize("mistake", [{"drift_contract": {"treees": []}}, {"drift_host_timeout": "soon"}])
def test_a_mistake_of_all_hosts_is_said_before_anything_is_done(
    operator: Operator, host: Path, mistake: dict[str, object]
) -> None:
    inventory = operator.inventory({"web1": {}, "web2": {}}, drift_root=str(host), **mistake)
    audit = operator.audit(inventory)
    assert (audit.code, audit.run) == (2, None)
    assert next(iter(mistake)) in audit.text


def test_a_host_repository_without_commits(operator: Operator, reference: Repository, host: Path) -> None:
    shutil.rmtree(host / ".git")
    git(host, "init", "-q", "-b", "main")
    audit = operator.audit_one(host, drift_repo=str(reference.path))
    assert ("commit", ".", "no_commits") in audit.brief("git")
    assert audit.brief("trees") == set()
    assert audit.code == 2


def test_a_damaged_host_repository_is_unknown(operator: Operator, reference: Repository, host: Path) -> None:
    (host / ".git/index").write_bytes(b"DIRC\0\0\0\2 nonsense")
    audit = operator.audit_one(host, drift_repo=str(reference.path))
    assert {f["outcome"] for f in audit.findings["findings"]} == {"unknown"}
    assert "index" in " ".join(f["summary"] for f in audit.findings["findings"])
    assert audit.state() == (2, "unknown")


def test_a_corrupt_cache_changes_nothing(operator: Operator, reference: Repository, host: Path) -> None:
    write(host, {"src/app.py": "edited\n"})
    first = operator.audit_one(host, drift_repo=str(reference.path))
    files = [path for path in operator.cache.rglob("*") if path.is_file() and path.stat().st_size]
    assert len(files) >= 2
    for path in files:
        content = bytearray(path.read_bytes())
        for place in range(0, len(content), max(1, len(content) // 7)):
            content[place] ^= 0x41
        path.write_bytes(bytes(content))
    second = operator.audit_one(host, drift_repo=str(reference.path))
    assert (first.brief(), first.state()) == (second.brief(), second.state())
    assert first.findings["coverage"] == second.findings["coverage"]


@pytest.mark.parametrize("place", ["below a file", "read-only file system"])
def test_an_output_directory_that_cannot_be_written(operator: Operator, host: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file/runs" if place == "below a file" else Path("/proc/runs")
    inventory = operator.inventory({"web1": {"drift_root": str(host)}})
    outcome = operator.audit(inventory, drift_output_dir=str(folder))
    assert outcome.code != 0
    text = " ".join(outcome.text.split())
    assert f"drift_output_dir: no run folder can be made in {folder}" in text
    assert "Traceback" not in text


def test_a_cache_that_cannot_be_written_is_named(operator: Operator, reference: Repository, host: Path) -> None:
    operator.cache.write_text("a file")
    audit = operator.audit_one(host, drift_repo=str(reference.path))
    assert audit.code == 2
    assert str(operator.cache) in audit.text
    assert "Traceback" not in audit.text


def test_a_variable_that_is_misspelt(operator: Operator, host: Path) -> None:
    outcome = operator.audit_one(host, drift_contrct={})
    assert outcome.code == 2
    assert 'did you mean "drift_contract"' in " ".join(outcome.text.split())


@pytest.mark.skipif(os.geteuid() != 0, reason="a device node takes root")
def test_what_is_no_file_does_not_end_the_audit(operator: Operator, reference: Repository, host: Path) -> None:
    os.mkfifo(host / "src/pipe")
    os.mknod(host / "src/null", 0o020644, os.makedev(1, 3))
    audit = operator.audit_one(host, drift_repo=str(reference.path), drift_sections=["trees"])
    assert audit.brief() == {("presence", "src/null", "only_on_host"), ("presence", "src/pipe", "only_on_host")}


@pytest.mark.parametrize(
    ("playbook", "variables", "words"),
    [
        ("deploy", {"drift_plan": "/nowhere/plan.json"}, "/nowhere/plan.json cannot be read"),
        ("deploy", {"sync_hooks": {"later": [["true"]]}}, "sync_hooks"),
        ("verify", {"drift_contract": {"tress": []}}, "tress"),
        ("verify", {"verify_accepted": "nowhere"}, "there is no"),
        ("audit", {"drift_output_dir": "/proc/runs"}, "/proc/runs"),
    ],
    ids=["plan", "sync", "contract", "verify", "output"],
)
def test_each_mistake_is_told_once_and_before_anything_is_made(
    operator: Operator, host: Path, playbook: str, variables: Json, words: str
) -> None:
    inventory = operator.inventory({"web1": {"drift_root": str(host)}})
    extra = ["-e", json.dumps({"drift_output_dir": str(operator.runs), **variables})]
    outcome = operator.play(f"evenkeel.drift.{playbook}", "-i", str(inventory), *extra)
    assert outcome.code == 2, outcome.text
    told = [line for line in outcome.text.splitlines() if words in line]
    # The one is what the task says, the other its result.
    assert 1 <= len(told) <= 2, outcome.text
    assert all(line.count(words) == 1 for line in told), told
    assert not (operator.runs / "verifications").exists()
    assert not (operator.runs / "deploys").exists()


def test_hooks_that_differ_between_hosts_are_found_before_the_audit(operator: Operator, host: Path) -> None:
    hooks = {"web1": [["true"]], "web2": [["false"]]}
    hosts = {name: {"drift_root": str(host), "sync_hooks": {"after_services": its}} for name, its in hooks.items()}
    outcome = operator.play("evenkeel.drift.deploy", "-i", str(operator.inventory(hosts)))
    assert outcome.code == 2, outcome.text
    assert "sync_hooks: must be equal on all hosts of a deploy" in outcome.text
    assert not operator.runs.exists() or not list(operator.runs.glob("2*"))
