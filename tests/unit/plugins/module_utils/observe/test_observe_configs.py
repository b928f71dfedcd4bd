# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section configs on a host: files of every kind, environments of what runs, and the one against the other."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.configs import environments, readers
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import read_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import configs
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.environment import UnitEnvironment
from fake_containers import inspected
from fake_engine import FakeEngine
from waiting import wait_until

KEY = b"k" * 32
Json = t.Dict[str, t.Any]


def asked(kind: str, source: str, **more: t.Any) -> Json:
    return {
        "name": source,
        "kind": kind,
        kind: source,
        "format": "auto",
        "secret": None,
        "patterns": [source] if kind == "process" else [],
        "containers": False,
        "tests": [],
        "read_by": [],
        **more,
    }


def look(root: Path, *some: Json, socket: str | None = None, seconds: float = 30) -> list[Json]:
    host = Host(str(root), seconds, 2, KEY)
    found = configs.collect({"configs": list(some), "socket": socket}, host)
    json.dumps(found).encode("ascii")
    return t.cast("t.List[Json]", found["configs"])


@contextlib.contextmanager
def running(seconds: str, **environment: str) -> t.Iterator[int]:
    """Run a process with an environment, which nobody else's pattern matches."""
    process = subprocess.Popen(["/bin/sleep", seconds], env=environment)
    try:
        command = Path(f"/proc/{process.pid}/cmdline")
        wait_until(lambda: command.read_bytes().startswith(b"/bin/sleep"), "the process has started its program")
        yield process.pid
    finally:
        process.kill()
        process.wait()


def states(reader: Json) -> dict[str, str]:
    return {key["key"]: key["state"] for key in reader["keys"]}


def test_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "app.yml").write_text("a: 1\na: 2\n")
    os.utime(tmp_path / "app.yml", (1_000_000_000, 1_000_000_000))
    (found,) = look(tmp_path, asked("path", "app.yml", tests=[{"id": "0.max", "key": "a", "max": 2}]))
    (key,) = found.pop("keys")
    assert (key["value"], key["line"], key["tests"]) == ("2", 2, {"0.max": True})
    assert found == {
        "name": "app.yml",
        "kind": "path",
        "source": "app.yml",
        "format": "yaml",
        "outcome": "ok",
        "reason": "",
        "secret": False,
        "path": str(tmp_path / "app.yml"),
        "mtime": "2001-09-09T01:46:40Z",
        "mtime_s": 1_000_000_000.0,
        "size": 10,
        "digest": keyed(KEY, b"a: 1\na: 2\n"),
        "partial": "",
        "duplicates": [{"key": "a", "lines": [1, 2]}],
        "cut": 0,
        "readers": [],
    }


def test_a_link_is_followed_and_the_name_of_either_end_tells_a_secret(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/secrets.yml").write_text("mode: live-and-well\n")
    (tmp_path / "app.yml").symlink_to("shared/secrets.yml")
    (found,) = look(tmp_path, asked("path", "app.yml"))
    assert (found["path"], found["secret"], found["size"]) == (str(tmp_path / "shared/secrets.yml"), True, None)
    assert found["keys"][0]["value"] is None
    (found,) = look(tmp_path, asked("path", "app.yml", secret=False))
    assert found["keys"][0]["value"] == "live-and-well"


@pytest.mark.parametrize(
    ("make", "outcome", "reason"),
    [
        (lambda path: None, "missing", "it does not exist"),
        (lambda path: path.symlink_to("nowhere"), "missing", "it is a link that leads nowhere"),
        (lambda path: path.symlink_to(path.name), "unknown", "it cannot be opened: too many levels of symbolic links"),
        (lambda path: path.mkdir(), "unknown", "x.yml is not a regular file"),
        (lambda path: os.mkfifo(path), "unknown", "x.yml is not a regular file"),
        (
            lambda path: path.write_text("a: [hunter2\n"),
            "unknown",
            "line 1, column 4: the list or map that begins here",
        ),
        (lambda path: path.write_bytes(b"a: \xff\n"), "unknown", "line 1, column 4: not text in UTF-8"),
        (lambda path: path.write_text("#" * (2 << 20)), "unknown", "it is larger than 1024 KiB"),
    ],
)
def test_what_cannot_be_read_is_never_empty(tmp_path: Path, make: t.Any, outcome: str, reason: str) -> None:
    make(tmp_path / "x.yml")
    (found,) = look(tmp_path, asked("path", "x.yml"))
    assert (found["outcome"], found["keys"]) == (outcome, [])
    assert found["reason"].startswith(reason)
    whole = (tmp_path / "x.yml").read_bytes() if (tmp_path / "x.yml").is_file() else None
    assert found["digest"] == (None if whole is None else keyed(KEY, whole))


def test_fifty_megabytes_are_compared_as_a_whole(tmp_path: Path) -> None:
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(50 << 20)
    (found,) = look(tmp_path, asked("path", "x.json"))
    assert found["reason"] == "it is larger than 4096 KiB: only its whole content is compared"
    assert found["digest"] == keyed(KEY, bytes(50 << 20))


def test_a_file_whose_name_tells_nothing_needs_a_format(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("A=1\n")
    unclear, told = look(tmp_path, asked("path", "settings"), asked("path", "settings", format="env"))
    assert (unclear["outcome"], unclear["format"], bool(unclear["digest"])) == ("unknown", "auto", True)
    assert (told["outcome"], told["keys"][0]["value"]) == ("ok", "1")


def test_a_pattern_that_never_ends_costs_its_own_file_alone(tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text(f"A={'a' * 60}!\n")
    slow = asked("path", "x.env", tests=[{"id": "0", "key": "A", "matches": "(a+)+b"}])
    late, found = look(tmp_path, slow, asked("path", "x.env"), seconds=3)
    assert late["outcome"] == "unknown"
    assert "still busy at the time limit" in late["reason"]
    assert (found["outcome"], len(found["keys"])) == ("ok", 1)


def test_the_environment_of_a_process(tmp_path: Path) -> None:
    with running("7411.5", A="1", DB_PASSWORD="hunter2hunter2"):
        (found,) = look(tmp_path, asked("process", r"sleep 7411\.5"))
    assert {key["key"]: key["value"] for key in found["keys"]} == {"A": "1", "DB_PASSWORD": None}
    assert (found["kind"], found["format"], found["path"], found["partial"]) == ("process", "env", None, "")


def test_the_host_learns_the_secrets_that_it_reads(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DB_PASSWORD=hunter2hunter2\nURL=redis://:swordfish9@db/0\nMODE=8fk2-92kd-x\n")
    (tmp_path / "all.yml").write_text("mode: 7dk2-10sm-q\npath: /srv/app/data\n")
    host = Host(str(tmp_path), 30, 2, KEY)
    reader = {"kind": "process", "name": "main", "match": r"sleep 7417\.5", "containers": False}
    some = [asked("path", ".env", read_by=[reader]), asked("path", "all.yml", secret=True)]
    with running("7417.5", DB_PASSWORD="older-hunter2", MODE="x"):
        configs.collect({"configs": some}, host)
    assert host.learned == {"hunter2hunter2", "swordfish9", "older-hunter2", "7dk2-10sm-q"}


def test_instances_that_differ_are_told(tmp_path: Path) -> None:
    with running("7412.5", A="1", B="1") as first, running("7412.5", A="2", B="1", C="1") as second:
        (found,) = look(tmp_path, asked("process", r"sleep 7412\.5"))
    told = min(first, second)
    assert found["partial"].endswith("which is told here, in A, C")
    assert f"differs from process {told}" in found["partial"]


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
    spec = asked(
        "path", ".env", read_by=[{"kind": "process", "name": "main", "match": r"sleep 7414\.5", "containers": False}]
    )
    with running("7414.5", A="1", B="old-value", C="x y", D="1/2", E="/root/x", F="$HOME/y") as pid:
        (found,) = look(tmp_path, spec)
    (reader,) = found["readers"]
    assert states(reader) == {"A": "same", "B": "other", "C": "same", "D": "same", "F": "same"}
    assert reader["reason"] == "not compared, as other variables decide the value: E"
    assert (reader["pid"], reader["older"], reader["complete"], reader["outcome"]) == (pid, True, False, "ok")
    assert "old-value" not in json.dumps(found)


def test_a_process_that_is_newer_than_its_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    os.utime(tmp_path / ".env", (1_000_000_000, 1_000_000_000))
    spec = asked(
        "path", ".env", read_by=[{"kind": "process", "name": "main", "match": r"sleep 7415\.5", "containers": False}]
    )
    with running("7415.5", B="1"):
        (found,) = look(tmp_path, spec)
    assert (found["readers"][0]["older"], states(found["readers"][0])) == (False, {"A": "absent"})


def test_a_container_has_the_environment_of_its_making(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MODE=live\nDB_PASSWORD=newer-password\nX=1\n")
    spec = asked(
        "path",
        ".env",
        read_by=[
            {"kind": "container", "name": "web", "match": None},
            {"kind": "container", "name": "db", "match": None},
            {"kind": "process", "name": "main", "match": "no such process runs 7416", "containers": False},
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


def test_alone_it_needs_no_key_and_tells_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOKEN=hunter2hunter2\nMODE=changeme\n")
    params = {**dict.fromkeys(("path", "process", "unit", "container", "socket", "secret")), "format": "auto"}
    found = configs.look({**params, "path": str(tmp_path / ".env"), "timeout": 20})
    assert [(key["key"], key["value"], key["placeholder"]) for key in found["keys"]] == [
        ("MODE", None, True),
        ("TOKEN", None, False),
    ]
    assert not {"digest", "readers", "name"} & found.keys()
    with pytest.raises(Unseen, match="line 1 is no NAME=value"):
        (tmp_path / ".env").write_text("hunter2!\n")
        configs.look({**params, "path": str(tmp_path / ".env"), "timeout": 20})
