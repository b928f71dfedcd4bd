# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the contract: how they are started, how they end, and what is kept of what they say."""

from __future__ import annotations

import json
import os
import time
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.commands import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from pytest import MonkeyPatch, mark
from waiting import has_text, lives, wait_until, within

Json = t.Dict[str, t.Any]


def run(root: Path, *argv: str, host_s: float = 60, **more: t.Any) -> Json:
    entry = {"name": "one", "run": list(argv), "cwd": None, "timeout_s": 30, **more}
    (found,) = collect({"commands": [entry]}, Host(str(root), host_s))["commands"]
    return t.cast(Json, found)


def script(root: Path, text: str) -> None:
    path = root / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_it_runs_in_the_root_with_nothing_of_ours(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "somewhere")
    script(tmp_path, 'pwd; env | sort; cat; printf "%s|" "$@"; echo error >&2; exit 7')
    found = run(tmp_path, "./program", "a b", "", "$HOME", "*")
    assert (found["outcome"], found["exit_code"], found["stderr"]) == ("ok", 7, "error\n")
    lines = found["stdout"].splitlines()
    assert lines[0] == str(tmp_path)
    assert {line.partition("=")[0] for line in lines[1:-1]} <= {"LC_ALL", "PATH", "PWD", "SHLVL", "_", "OLDPWD"}
    assert lines[-1] == "a b||$HOME|*|"
    assert found["argv"] == ["./program", "a b", "", "$HOME", "*"]


def test_a_directory_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    script(tmp_path / "sub", "pwd")
    assert run(tmp_path, "./program", cwd="sub")["stdout"].strip() == str(tmp_path / "sub")
    assert run(tmp_path, "pwd", cwd=str(tmp_path / "sub"))["stdout"].strip() == str(tmp_path / "sub")
    missing = run(tmp_path, "pwd", cwd="none")
    assert (missing["outcome"], missing["reason"]) == (
        "unknown",
        "its directory none is not there, or cannot be seen",
    )


@mark.parametrize(
    ("argv", "failure", "reason"),
    [
        (["no-such-program"], "missing", ""),
        (["./no-such-program"], "missing", ""),
        (["/no/such/program"], "missing", ""),
        (["./data"], "", "data cannot be started: permission denied"),
        (["./sub"], "", "sub cannot be started: permission denied"),
    ],
)
def test_what_cannot_be_started_says_why(tmp_path: Path, argv: list[str], failure: str, reason: str) -> None:
    (tmp_path / "data").write_text("data")
    (tmp_path / "sub").mkdir()
    found = run(tmp_path, *argv)
    assert (found["failure"], found["reason"], found["exit_code"]) == (failure, reason, None)
    assert found["outcome"] == ("unknown" if reason else "ok")


def test_a_program_of_the_callers_path_is_not_found(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    script(tmp_path, "echo")
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert run(tmp_path, "program")["failure"] == "missing"


def test_its_own_limit_is_its_failure_and_the_hosts_is_not(tmp_path: Path) -> None:
    script(tmp_path, "sleep 600 & echo $! > child; wait")

    def late(limit_s: int) -> None:
        own = run(tmp_path, "./program", timeout_s=limit_s)
        assert (own["outcome"], own["failure"]) == ("ok", "late")

    within(lambda: has_text(tmp_path / "child"), late)
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not lives(child), "its child has ended too")
    cut = run(tmp_path, "./program", timeout_s=300, host_s=1)
    assert (cut["outcome"], cut["failure"]) == ("unknown", "")
    assert "was not done after" in cut["reason"]


def test_what_it_says_is_masked_and_bounded(tmp_path: Path) -> None:
    script(
        tmp_path, 'echo "password=hunter2hunter2"; echo "token: abcdef0123456789abc" >&2; yes word | head -c 3000000'
    )
    found = run(tmp_path, "./program", "--password", "hunter3hunter3", contains=["word", "absent"], json={"a": {}})
    kept = json.dumps(found)
    assert "hunter" not in kept
    assert "abcdef0123456789" not in kept
    assert len(kept) < 40_000
    assert found["cut"] is True
    assert found["exit_code"] == 0
    assert [result["outcome"] for result in found["content"]] == ["ok", "unknown", "unknown"]
    assert found["content"][1]["reason"] == "only the first 1 MiB of what it said were kept"


def test_one_that_never_stops_talking_ends_at_its_limit(tmp_path: Path) -> None:
    begun = time.monotonic()
    assert run(tmp_path, "yes", timeout_s=1)["failure"] == "late"
    assert time.monotonic() - begun < 30


def test_bytes_that_are_no_text_are_shown(tmp_path: Path) -> None:
    script(tmp_path, "printf '\\377\\000ok'")
    assert run(tmp_path, "./program", contains=["ok"])["stdout"] == "\\xff\x00ok"
