# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section configs on a host: environments of what runs, and what runs against its file."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.configs import environments, readers
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import read_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import configs
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.environment import UnitEnvironment
from configs_asked import KEY, Json, asked, look, reads
from fake_containers import inspected
from fake_engine import FakeEngine
from waiting import wait_until

_SECONDS = itertools.count(10**9 + os.getpid() * 1000)


class Sleeper(t.NamedTuple):
    """A process that does nothing, and a pattern that no other process matches."""

    pid: int
    pattern: str


@contextlib.contextmanager
def running(*some: t.Mapping[str, str]) -> t.Iterator[list[Sleeper]]:
    """Run a process with each environment, all with the same command."""
    seconds = str(next(_SECONDS))
    started: list[subprocess.Popen[bytes]] = []
    try:
        for environment in some:
            started.append(subprocess.Popen(["/bin/sleep", seconds], env=environment))
        for one in started:
            command = Path(f"/proc/{one.pid}/cmdline")
            wait_until(lambda command=command: command.read_bytes().startswith(b"/bin/sleep"), "it has its program")
        yield [Sleeper(one.pid, f"sleep {seconds}") for one in started]
    finally:
        for one in started:
            one.kill()
            one.wait()


def states(reader: Json) -> dict[str, str]:
    return {key["key"]: key["state"] for key in reader["keys"]}


def test_the_environment_of_a_process(tmp_path: Path) -> None:
    with running({"A": "1", "DB_PASSWORD": "hunter2hunter2"}) as (one,):
        (found,) = look(tmp_path, asked("process", one.pattern))
    assert {key["key"]: key["value"] for key in found["keys"]} == {"A": "1", "DB_PASSWORD": None}
    assert (found["kind"], found["format"], found["path"], found["partial"]) == ("process", "env", None, "")


def test_the_host_learns_the_secrets_that_it_reads(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DB_PASSWORD=hunter2hunter2\nURL=redis://:swordfish9@db/0\nMODE=8fk2-92kd-x\n")
    (tmp_path / "all.yml").write_text("mode: 7dk2-10sm-q\npath: /srv/app/data\n")
    host = Host(str(tmp_path), 30, 2, KEY)
    with running({"DB_PASSWORD": "older-hunter2", "MODE": "x"}) as (one,):
        file = asked("path", ".env", read_by=[reads(one.pattern)])
        configs.collect({"configs": [file, asked("path", "all.yml", secret=True)]}, host)
    assert host.learned == {"hunter2hunter2", "swordfish9", "older-hunter2", "7dk2-10sm-q"}


def test_instances_that_differ_are_told(tmp_path: Path) -> None:
    with running({"A": "1", "B": "1"}, {"A": "2", "B": "1", "C": "1"}) as both:
        (found,) = look(tmp_path, asked("process", both[0].pattern))
    first, second = sorted(one.pid for one in both)
    assert f"process {second} differs from process {first}, which is told here, in A, C" == found["partial"]


def test_a_process_that_does_not_run_is_missing(tmp_path: Path) -> None:
    (found,) = look(tmp_path, asked("process", "no such process runs 7413"))
    assert (found["outcome"], found["reason"]) == ("missing", "no process runs that matches")


def test_an_environment_that_was_written_over_says_so() -> None:
    parsed = environments.parsed_environ(["A=1", "nginx: worker", "", "=x"], Host("/", 10))
    assert [item.path for item in parsed.keys] == [("A",)]
    assert "written over" in parsed.partial


def test_the_environment_of_a_container(tmp_path: Path) -> None:
    with FakeEngine() as engine:
        engine.answers["/containers/web/json"] = inspected("web")
        found, missing = look(tmp_path, asked("container", "web"), asked("container", "db"), socket=engine.socket)
    assert {key["key"]: key["value"] for key in found["keys"]} == {"DB_PASSWORD": None, "MODE": "live"}
    assert (missing["outcome"], missing["reason"]) == ("missing", "there is no such container")


def test_an_engine_that_does_not_answer_is_unknown(tmp_path: Path) -> None:
    (found,) = look(tmp_path, asked("container", "web"), socket=str(tmp_path / "none.sock"))
    assert found["outcome"] == "unknown"


def test_what_runs_is_compared_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\nB=2\nC='x y'\nD=$A/${B}\nE=$HOME/x\nF=$HOME/y\nG\n")
    os.utime(file, (4_000_000_000, 4_000_000_000))
    old = {"A": "1", "B": "old-value", "C": "x y", "D": "1/2", "E": "/root/x", "F": "$HOME/y"}
    with running(old) as (one,):
        (found,) = look(tmp_path, asked("path", ".env", read_by=[reads(one.pattern)]))
    (reader,) = found["readers"]
    assert states(reader) == {"A": "same", "B": "other", "C": "same", "D": "same", "F": "same"}
    assert reader["reason"] == "not compared, as other variables decide the value: E"
    assert (reader["pid"], reader["older"], reader["complete"], reader["outcome"]) == (one.pid, True, False, "ok")
    assert "old-value" not in json.dumps(found)


def test_a_process_that_is_newer_than_its_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    os.utime(tmp_path / ".env", (1_000_000_000, 1_000_000_000))
    with running({"B": "1"}) as (one,):
        (found,) = look(tmp_path, asked("path", ".env", read_by=[reads(one.pattern)]))
    assert (found["readers"][0]["older"], states(found["readers"][0])) == (False, {"A": "absent"})


def test_an_environment_that_may_not_be_read_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    whole = Proc.read

    def denied(self: Proc, pid: int, name: str) -> bytes:
        if name == "environ":
            raise Unseen("it may not be read")
        return whole(self, pid, name)

    monkeypatch.setattr(Proc, "read", denied)
    with running({"A": "1"}) as (one,):
        file, process = look(
            tmp_path, asked("path", ".env", read_by=[reads(one.pattern)]), asked("process", one.pattern)
        )
    (reader,) = file["readers"]
    assert (reader["outcome"], reader["reason"], reader["pid"]) == ("unknown", "it may not be read", one.pid)
    assert (process["outcome"], process["reason"]) == ("unknown", "it may not be read")


def test_processes_that_may_be_hidden_are_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    monkeypatch.setattr(Proc, "hidden", lambda _self: "/proc is mounted with hidepid=2")
    with running({"A": "1"}) as (one,):
        file, none = look(
            tmp_path,
            asked("path", ".env", read_by=[reads(one.pattern)]),
            asked("path", ".env", read_by=[reads("no such process runs 7418")]),
        )
    assert [reader["outcome"] for reader in file["readers"]] == ["ok", "unknown"]
    assert [reader["outcome"] for reader in none["readers"]] == ["unknown"]
    assert "hidepid=2" in none["readers"][0]["reason"]


def test_processes_that_are_too_many_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "_MAX_PROCESSES", 1)
    with running({"A": "1"}, {"A": "2"}) as both:
        (found,) = look(tmp_path, asked("process", both[0].pattern))
    assert (found["outcome"], found["partial"]) == ("ok", "2 processes match, and 1 of them are looked at")


def test_a_container_has_the_environment_of_its_making(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MODE=live\nDB_PASSWORD=newer-password\nX=1\n")
    spec = asked(
        "path",
        ".env",
        read_by=[
            {"kind": "container", "name": "web", "match": None},
            {"kind": "container", "name": "db", "match": None},
            reads("no such process runs 7416"),
        ],
    )
    with FakeEngine() as engine:
        engine.answers["/containers/web/json"] = inspected("web", State={"StartedAt": "2036-11-21T10:00:00Z"})
        (found,) = look(tmp_path, spec, socket=engine.socket)
    web, db, main = found["readers"]
    assert states(web) == {"DB_PASSWORD": "other", "MODE": "same", "X": "absent"}
    assert (web["started"], web["complete"], web["pid"]) == ("2026-11-21T09:59:59Z", True, None)
    assert (db["outcome"], main["outcome"]) == ("missing", "missing")


def test_a_stopped_container_runs_with_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MODE=live\n")
    spec = asked("path", ".env", read_by=[{"kind": "container", "name": "web", "match": None}])
    with FakeEngine() as engine:
        engine.answers["/containers/web/json"] = inspected("web", State={"Running": False, "Status": "exited"})
        (found,) = look(tmp_path, spec, socket=engine.socket)
    assert (found["readers"][0]["outcome"], found["readers"][0]["reason"]) == ("missing", "the container does not run")


def test_variables_of_a_unit_file_are_compared_too() -> None:
    parsed = read_keys(b"[Service]\nEnvironment=A=1 B=2\nExecStart=/bin/x\n", "systemd")
    keys, unclear = readers.compare(parsed, {"A": "1", "B": "3"}, KEY)
    assert [(key["key"], key["state"]) for key in keys] == [
        ("Service.Environment.A", "same"),
        ("Service.Environment.B", "other"),
    ]
    assert unclear == []


def test_the_variables_of_a_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.conf").write_text("A=file\nB='x y'\nGONE=1\n")
    about = UnitEnvironment(
        True,
        7,
        ["A=unit", "C=1", "D=1"],
        [(f"{tmp_path}/*.conf", False), (f"{tmp_path}/optional", True), (f"{tmp_path}/needed", False)],
        ["GONE", "C=2", "D=1"],
    )
    monkeypatch.setattr(environments, "unit_environment", lambda _unit, _host: about)
    parsed = environments.unit_variables("app.service", Host("/", 10))
    assert {item.path[0]: item.value for item in parsed.keys} == {"A": "file", "B": "x y", "C": "1"}
    assert parsed.partial == f"{tmp_path}/needed: it does not exist"


def test_a_host_without_systemd_says_so(tmp_path: Path) -> None:
    if Path("/run/systemd/system").is_dir():
        pytest.skip("systemd runs on this machine")
    (found,) = look(tmp_path, asked("unit", "app.service"))
    assert (found["outcome"], "does not run systemd" in found["reason"]) == ("unknown", True)
