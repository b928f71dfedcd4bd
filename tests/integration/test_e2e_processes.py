# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on a host, from the playbook to the findings: what was planted is found, and nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
import uuid
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator
from e2e_project import Repository
from waiting import wait_until

_MAIN = "import pathlib, sys, time\npathlib.Path(sys.argv[2]).touch()\ntime.sleep(300)\n"
_DAY_S = 86400


class Service:
    """Starts processes that are told apart from all others of the machine by a mark, and ends them."""

    def __init__(self, home: Path) -> None:
        self.mark = f"drift-{uuid.uuid4().hex[:12]}"
        self.home = home
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, cwd: Path, python: str = sys.executable, **how: t.Any) -> int:
        ready = self.home / f"ready-{len(self._started)}"
        process = subprocess.Popen([python, "main.py", self.mark, str(ready)], cwd=cwd, **how)
        self._started.append(process)
        wait_until(lambda: ready.exists() or process.poll() is not None, "the process starts")
        assert process.poll() is None, "the process ended by itself"
        return process.pid

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture(name="service")
def fixture_service() -> Iterator[Service]:
    with contextlib.ExitStack() as stack:
        # Not below tmp_path, which other users may not enter.
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="drift-")))
        home.chmod(0o777)
        made = Service(home)
        stack.callback(made.end)
        yield made


@pytest.fixture(name="reference")
def fixture_reference(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "reference")
    made.commit("First", {".gitignore": "venv*/\n", "main.py": _MAIN, "app.ini": "level=1\n", "lib/a.py": "A = 1\n"})
    return made


@pytest.fixture(name="host")
def fixture_host(reference: Repository, tmp_path: Path) -> Path:
    host = reference.deploy(tmp_path / "host")
    venv.create(host / "venv", symlinks=True, with_pip=False)
    past = time.time() - _DAY_S
    for path in [*host.rglob("*")]:
        os.utime(path, (past, past), follow_symlinks=False)
    return host


def contract(service: Service, **more: t.Any) -> dict[str, t.Any]:
    entry = {"name": "main", "match": service.mark, "cwd": ".", "not_older_than": "source", "reads": "app.ini", **more}
    return {"trees": [{"name": "source"}], "processes": [entry]}


def test_a_clean_host_gives_no_finding(operator: Operator, reference: Repository, host: Path, service: Service) -> None:
    pid = service.start(host, str(host / "venv/bin/python"))
    audit = operator.audit_one(host, drift_contract=contract(service, venv="venv"), drift_repo=str(reference.path))
    assert audit.brief() == set(), audit.text
    assert audit.state() == (0, "in_sync")
    (seen,) = [one for one in audit.evidence("web1", "processes")["data"]["processes"] if one["pid"] == pid]
    assert (seen["cwd"], seen["venv"], seen["unread"]) == (str(host), str(host / "venv"), {})


def test_one_too_many_from_another_environment_older_than_its_code(
    operator: Operator, reference: Repository, host: Path, service: Service, tmp_path: Path
) -> None:
    right = service.start(host, str(host / "venv/bin/python"))
    other = tmp_path / "elsewhere"
    shutil.copytree(host, other, symlinks=True)
    wrong = service.start(other, str(other / "venv/bin/python"))
    later = time.time() + 0.3
    os.utime(host / "lib/a.py", (later, later))
    os.utime(host / "app.ini", (later, later))
    wait_until(lambda: time.time() > later, "the files are as old as they say")
    audit = operator.audit_one(host, drift_contract=contract(service, venv="venv"), drift_repo=str(reference.path))
    both = [
        (f"main[{pid}]:{what}", cause)
        for pid in (right, wrong)
        for what, cause in (("source", "stale_process"), ("app.ini", "stale_configuration"))
    ]
    assert audit.brief("processes") == {
        ("instances", "main", "too_many"),
        ("one_environment", "main", "two_environments"),
        ("venv", f"main[{wrong}]", "other_environment"),
        ("cwd", f"main[{wrong}]", "wrong_directory"),
        *(("code" if cause == "stale_process" else "configuration", subject, cause) for subject, cause in both),
    }
    stale = next(one for one in audit.findings["findings"] if one["check"] == "code")
    assert stale["observed"]["started"] in stale["summary"]
    assert stale["expected"]["changed"] in stale["summary"]
    assert str(right) in audit.report


def test_what_does_not_run_and_what_must_not(
    operator: Operator, reference: Repository, host: Path, service: Service
) -> None:
    service.start(host)
    asked = {
        "processes": [
            {"name": "absent", "match": f"{service.mark}-not"},
            {"name": "old", "match": service.mark, "instances": 0},
        ]
    }
    audit = operator.audit_one(host, drift_contract=asked)
    assert audit.brief("processes") == {
        ("instances", "absent", "not_running"),
        ("instances", "old", "too_many"),
    }


def test_the_wrong_user(operator: Operator, service: Service) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can start a process as another user on this machine")
    python = "/usr/bin/python3"
    if not os.path.exists(python):
        pytest.skip("no Python that every user may run on this machine")
    shared = service.home
    (shared / "main.py").write_text(_MAIN)
    # Whatever is usual here, nobody may read it.
    (shared / "main.py").chmod(0o644)
    pid = service.start(shared, python, user=65534)
    entry = {"name": "main", "match": service.mark, "user": "root"}
    audit = operator.audit_one(shared, drift_contract={"processes": [entry]})
    assert audit.brief("processes") == {("user", f"main[{pid}]", "wrong_user")}


def test_a_tree_that_the_contract_does_not_have_is_a_mistake(operator: Operator, host: Path, service: Service) -> None:
    asked = contract(service, not_older_than="sourze")
    audit = operator.audit_one(host, drift_contract=asked)
    assert 'no tree of the contract is called "sourze", did you mean "source"?' in audit.text
