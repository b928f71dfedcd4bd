# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The play: every host is accounted for, whatever it does, and the exit code says whether all is well."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import typing as t
from pathlib import Path

import pytest
from e2e_operator import AUDIT, Operator
from e2e_project import Repository, application, git, write

# ansible-playbook's own exit code when a host was out of reach, whatever failed besides.
UNREACHABLE = 4
TREES: dict[str, t.Any] = {"drift_sections": ["trees"]}


@pytest.fixture(name="reference")
def fixture_reference(tmp_path: Path) -> Repository:
    return application(tmp_path / "reference")


@pytest.fixture(name="host")
def fixture_host(reference: Repository, tmp_path: Path) -> Path:
    return reference.deploy(tmp_path / "host")


def interpreter(folder: Path, name: str, script: str) -> str:
    """Make a program that plays a host's Python: it gets the audit's script on its standard input."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def rewritten(change: str) -> str:
    return f"{sys.executable} | sed '{change}'"


HUGE = 20 << 20
ANSWERS = {
    "garbage": ("head -c 4096 /dev/urandom", "garbled_answer"),
    "silent": ("cat > /dev/null", "garbled_answer"),
    "truncated": ("""printf '{"changed": false, "answer": {"protocol": 1'""", "garbled_answer"),
    "other-protocol": (rewritten('s/"protocol": 1/"protocol": 99/'), "garbled_answer"),
    "other-shape": (rewritten('s/"sections": {/"sections": 7, "other": {/'), "garbled_answer"),
    "no-object": ("""printf '{"changed": false, "answer": [1]}'""", "garbled_answer"),
    "huge": (f"head -c {HUGE} /dev/zero | tr '\\0' x", "garbled_answer"),
    "no-python": (None, "observation_failed"),
    "broken-python": ("echo 'Traceback: no such module' >&2; exit 1", "observation_failed"),
    "hangs": ("echo $$ > {folder}/hangs.pid; exec sleep 600", "timed_out"),
}


def test_every_host_is_accounted_for(operator: Operator, reference: Repository, host: Path, tmp_path: Path) -> None:
    """Hosts that fail, hang, lie or cannot be reached are unknown, each with its cause; the others are judged."""
    hosts: dict[str, dict[str, object]] = {"fine": {}, "drifted": {}, "mistaken": {}}
    expected: dict[str, str | None] = {"mistaken": "contract_invalid"}
    for name, (script, cause) in ANSWERS.items():
        program = str(tmp_path / "nowhere/python")
        if script is not None:
            program = interpreter(tmp_path, name, script.replace("{folder}", str(tmp_path)))
        hosts[name] = {"ansible_python_interpreter": program}
        expected[name] = cause
    # It alone has little time: the others need what a busy machine takes.
    hosts["hangs"]["drift_host_timeout"] = "2s"
    hosts["far-away"] = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    expected["far-away"] = "unreachable"
    hosts["mistaken"] = {"drift_contract": {"trees": [{"name": "source", "exlude": []}]}}
    hosts["drifted"] = {"drift_root": str(reference.deploy(tmp_path / "drifted"))}
    write(tmp_path / "drifted", {"src/app.py": "edited\n"})
    inventory = operator.inventory(
        hosts,
        drift_root=str(host),
        drift_repo=str(reference.path),
        drift_fail_on="medium",
        **TREES,
    )
    try:
        audit = operator.audit(inventory, "-f", str(len(hosts)))
    finally:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((tmp_path / "hangs.pid").read_text()), signal.SIGKILL)
    unseen = {f["host"]: f["cause"] for f in audit.findings["findings"] if f["outcome"] == "unknown"}
    assert unseen == expected
    assert audit.brief("trees") == {
        ("content", "src/app.py", "edited_on_host"),
        ("hosts_alike", "source", "hosts_differ"),
    }
    verdict = audit.findings["verdict"]
    assert (audit.code, verdict["state"], verdict["complete"]) == (UNREACHABLE, "drift", False)
    (mistake,) = [f["summary"] for f in audit.findings["findings"] if f["host"] == "mistaken"]
    assert "drift_contract.trees[0].exlude" in mistake
    assert 'did you mean "exclude"' in mistake
    listed = {host for environment in audit.findings["environments"] for host in environment["hosts"]}
    assert listed == set(hosts)
    recap = audit.text.partition("PLAY RECAP")[2]
    assert "fine " in recap
    failed = {line.split()[0] for line in recap.splitlines() if "failed=1" in line or "unreachable=1" in line}
    assert failed >= {*expected, "drifted"}
    assert "fine" not in failed


@pytest.mark.parametrize(("fail_on", "code"), [("critical", 0), ("high", 0), ("medium", 2), ("low", 2), ("never", 0)])
def test_fails_from_the_given_severity_on(
    operator: Operator, reference: Repository, host: Path, fail_on: str, code: int
) -> None:
    write(host, {"src/app.py": "edited\n"})
    audit = operator.audit_one(host, drift_repo=str(reference.path), drift_fail_on=fail_on, **TREES)
    assert audit.state() == (code, "drift")


def test_never_fails_on_drift_but_on_a_host_that_was_not_observed(operator: Operator, tmp_path: Path) -> None:
    inventory = operator.inventory({"web1": {"ansible_python_interpreter": str(tmp_path / "nowhere")}})
    audit = operator.audit(inventory, drift_root="/", drift_fail_on="never")
    assert audit.state() == (2, "unknown")


def test_a_host_out_of_reach_does_not_end_the_audit(operator: Operator, host: Path, reference: Repository) -> None:
    far = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    inventory = operator.inventory({"far": far, "near": {}}, drift_root=str(host), drift_repo=str(reference.path))
    audit = operator.audit(inventory)
    assert audit.brief() == {("observed", "far", "unreachable")}
    assert audit.state() == (UNREACHABLE, "unknown")
    only = operator.audit(inventory, "--limit", "near")
    assert only.state() == (0, "in_sync")
    alone = operator.audit(inventory, "--limit", "far")
    assert (alone.brief(), alone.state()) == ({("observed", "far", "unreachable")}, (UNREACHABLE, "unknown"))


@pytest.mark.parametrize(
    ("inventory", "arguments", "words"),
    [
        ("empty.yml", [], "the inventory names no host"),
        ("mistyped.yml", [], "the inventory names no host"),
        ("hosts.json", ["--limit", "nobody"], "no hosts to target"),
    ],
)
def test_without_hosts_the_audit_is_an_error(
    operator: Operator, inventory: str, arguments: list[str], words: str
) -> None:
    (operator.home / "empty.yml").write_text("all:\n  hosts: {}\n")
    operator.inventory({"web1": {}}, "hosts")
    outcome = operator.audit(operator.home / inventory, *arguments, drift_root="/")
    assert outcome.code not in (0, 2)
    assert words in " ".join(outcome.text.split())
    assert outcome.run is None


CONNECTION = """
DOCUMENTATION = "{name: bare, short_description: Plays the connection into a container, options: {}}"
import subprocess
from ansible.plugins.connection import ConnectionBase

class Connection(ConnectionBase):
    transport, has_pipelining = "bare", True
    def _connect(self):
        return self
    def exec_command(self, cmd, in_data=None, sudoable=True):
        done = subprocess.run(["/bin/sh", "-c", cmd], input=in_data, capture_output=True)
        return done.returncode, done.stdout, done.stderr
    def put_file(self, in_path, out_path):
        raise AssertionError("a file on the host")
    fetch_file = put_file
    def close(self):
        pass
"""


def test_a_connection_without_an_option_for_pipes_gets_one_all_the_same(
    operator: Operator, reference: Repository, host: Path, tmp_path: Path
) -> None:
    write(tmp_path, {"plugins/bare.py": CONNECTION})
    web1 = {"drift_root": str(host), "drift_repo": str(reference.path), "ansible_connection": "bare"}
    inventory = operator.inventory({"web1": web1})
    extra = {"ANSIBLE_CONNECTION_PLUGINS": str(tmp_path / "plugins")}
    outcome = operator.play(
        AUDIT, "-i", inventory, "-e", json.dumps({"drift_output_dir": str(operator.runs)}), environment=extra
    )
    assert outcome.state() == (0, "in_sync"), outcome.text


def test_check_mode_finds_the_same(operator: Operator, reference: Repository, host: Path) -> None:
    write(host, {"src/app.py": "edited\n"})
    inventory = operator.inventory({"web1": {"drift_root": str(host)}}, drift_repo=str(reference.path))
    real, check = operator.audit(inventory), operator.audit(inventory, "--check", "--diff")
    assert real.brief() == check.brief() != set()
    assert real.state() == check.state()
    assert real.findings["coverage"] == check.findings["coverage"]


def test_from_inside_a_repository_without_a_contract(operator: Operator, reference: Repository, host: Path) -> None:
    write(host, {"src/app.py": "edited\n"})
    inventory = operator.inventory({"host.example": {}})
    outcome = operator.play(
        AUDIT, "-i", inventory, "-e", f"drift_root={host}", "-e", "drift_repo=.", cwd=reference.path
    )
    assert outcome.code == 2
    latest = reference.path / "drift-runs/latest"
    found = {f["subject"] for f in json.loads((latest / "findings.json").read_text())["findings"]}
    assert found == {"src/app.py", "."}
    assert git(reference.path, "status", "--porcelain") == "", "the run folder does not make the repository dirty"


def playbook(operator: Operator, content: object) -> Path:
    path = operator.desk / "ours.yml"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("edited", [False, True])
def test_a_playbook_of_their_own(operator: Operator, reference: Repository, host: Path, edited: bool) -> None:
    if edited:
        write(host, {"src/core/engine.py": "edited\n"})
    variables = {
        "drift_root": str(host),
        "drift_reference": {"git": {"repo": str(reference.path), "ref": "main"}},
        "drift_contract": {"trees": [{"name": "source", "severity": {"critical": ["src/core/**"]}}]},
        "drift_output_dir": str(operator.runs),
        "drift_environment": "staging",
    }
    after = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.debug": {"msg": "went on"}}],
    }
    ours = playbook(operator, [{"import_playbook": AUDIT, "vars": variables}, after])
    outcome = operator.play(ours, "-i", operator.inventory({"web1": {}}))
    assert outcome.state() == ((2, "drift") if edited else (0, "in_sync"))
    assert [environment["name"] for environment in outcome.findings["environments"]] == ["staging"]
    assert ("went on" in outcome.text) is not edited, "a host that fails is out of the plays after it"


def test_the_role_in_one_play(operator: Operator, reference: Repository, host: Path, tmp_path: Path) -> None:
    drifted = reference.deploy(tmp_path / "drifted")
    write(drifted, {"src/app.py": "edited\n"})
    play = {"hosts": "all", "gather_facts": False, "roles": [AUDIT]}
    inventory = operator.inventory(
        {"web1": {"drift_root": str(host)}, "web2": {"drift_root": str(drifted)}},
        drift_repo=str(reference.path),
        drift_output_dir=str(operator.runs),
        drift_fail_on="medium",
    )
    outcome = operator.play(playbook(operator, [play]), "-i", inventory)
    assert outcome.state() == (2, "drift")
    assert {f["host"] for f in outcome.findings["findings"] if f["check"] != "hosts_alike"} == {"web2"}
    recap = outcome.text.partition("PLAY RECAP")[2]
    assert {line.split()[0] for line in recap.splitlines() if "failed=1" in line} == {"web2"}


def test_a_contract_mistake_names_key_and_nearest(operator: Operator, host: Path, reference: Repository) -> None:
    mistake = {"trees": [{"name": "source", "must_contian": []}]}
    hosts = {"web1": {}, "web2": {"drift_contract": mistake}}
    inventory = operator.inventory(hosts, drift_root=str(host), drift_repo=str(reference.path))
    audit = operator.audit(inventory)
    (finding,) = audit.findings["findings"]
    assert (finding["host"], finding["cause"]) == ("web2", "contract_invalid")
    assert 'drift_contract.trees[0].must_contian: unknown key, did you mean "must_contain"?' in finding["summary"]
    assert audit.state() == (2, "unknown")
