# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verification commands of a report, run by a real shell with an ``ssh`` that stays on this machine."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import HOSTS, PATHS, plain, script
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from report_findings import NEW, Audit, on_host

NAMES = [
    "a b",
    "it's",
    '"',
    "$(touch MARK)",
    "`touch MARK`",
    "; touch MARK",
    "-rf",
    "\\",
    "a\\nb",
    "EOF",
    "*",
    "~",
    "#x",
    "\u00e9",
    " ",
]
UNFIT = ["a\nb", "\x1b[2J", "\u202eabc", "\u200b", "x\u2028y", ""]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def run(lines: list[str], root: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    tools = tmp_path / "bin"
    tools.mkdir()
    ssh = tools / "ssh"
    ssh.write_text('#!/bin/sh\nshift\nexec sh -c "$*"\n')
    ssh.chmod(0o755)
    text = "\n".join(line.replace("root=/srv/app", f"root='{root}'") for line in lines)
    environment = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["sh", "-e", "-c", text], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )


def differing(root: Path, names: list[str]) -> Audit:
    audit = Audit({"prod": ["prod-1"]})
    for name in names:
        (root / name).write_bytes(name.encode())
        expected = {"type": "file", "mode": "0644", "sha256": digest(name.encode())}
        audit.fail(
            "prod-1", "trees", "content", show(name), "low", "differs", expected=expected, observed=on_host("x", 1)
        )
        audit.fail(
            "prod-1", "trees", "mode", show(name), "low", "another mode", expected=expected, observed=on_host("x", 1)
        )
        audit.fail(
            "prod-1", "trees", "presence", show(name), "low", "only here", state="unexpected", observed=on_host("x", 1)
        )
    return audit


def test_commands_succeed_on_the_reference_and_run_nothing_from_a_name(tmp_path: Path) -> None:
    root = tmp_path / "root of it"
    root.mkdir()
    lines, left_out = script(Report(differing(root, NAMES).done()))
    done = run(lines, root, tmp_path)
    assert (done.returncode, done.stderr, left_out) == (0, "", 0)
    assert done.stdout.count(": OK") == len(NAMES)
    assert sorted(path.name for path in tmp_path.rglob("MARK")) == []
    for name in NAMES:
        stated = f"./{name}" if name.startswith("-") else name
        assert sum(line.endswith(f" {stated}") for line in done.stdout.split("\n")) >= 2


def test_digests_fail_while_a_file_differs(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    lines, _left_out = script(Report(differing(root, ["a", "b"]).done()))
    (root / "b").write_bytes(b"other")
    done = run(lines, root, tmp_path)
    assert done.returncode != 0
    assert "b: FAILED" in done.stdout


@pytest.mark.parametrize("name", [*UNFIT, show(b"\xff")])
def test_names_that_a_line_cannot_show_are_left_out_and_counted(name: str) -> None:
    audit = Audit({"prod": ["prod-1"]})
    expected = {"type": "file", "sha256": digest(b"")}
    for path in (name, "seen"):
        audit.fail("prod-1", "trees", "content", path, "low", "differs", expected=expected, observed=on_host("x", 1))
    lines, left_out = script(Report(audit.done()))
    assert plain(name) is None
    assert left_out == 1
    assert lines[1] == "root=/srv/app" and f"{digest(b'')}  seen" in lines
    assert not any(name in line for line in lines if name)


@pytest.mark.parametrize("host", ["-oProxyCommand=touch MARK", "a\nb", "\x1b[2J"])
def test_a_host_that_is_no_plain_word_gets_no_command(host: str) -> None:
    audit = Audit({"prod": [host]})
    audit.passed(host, "git", "commit", ".", "at", expected={"commit": NEW}, observed={"commit": NEW})
    assert script(Report(audit.done())) == ([], 1)


def test_the_number_of_hosts_and_paths_is_bounded() -> None:
    audit = Audit({"prod": [f"host-{number:02}" for number in range(HOSTS + 3)]})
    expected = {"type": "file", "sha256": digest(b"")}
    for number in range(PATHS + 5):
        audit.fail(
            "host-00", "trees", "content", f"f{number}", "low", "differs", expected=expected, observed=on_host("x", 1)
        )
    for host in audit.hosts:
        audit.passed(host, "git", "commit", ".", "at", expected={"commit": NEW}, observed={"commit": NEW})
    lines, left_out = script(Report(audit.done()))
    assert left_out == 3 + 5
    assert sum("rev-parse" in line for line in lines) == HOSTS


def test_git_is_asked_without_taking_locks() -> None:
    audit = Audit({"prod": ["prod-1"]})
    audit.passed("prod-1", "git", "commit", "sub dir", "at", expected={"commit": NEW}, observed={"commit": NEW})
    lines, _left_out = script(Report(audit.done()))
    assert lines[-2] == f"# expected: {NEW}"
    assert "git --no-optional-locks -C" in lines[-1] and lines[-1].endswith("rev-parse HEAD'")


def test_what_is_about_the_engine_names_no_container() -> None:
    audit = Audit({"prod": ["prod-1", "prod-2"]})
    for host, names in (("prod-1", ["engine"]), ("prod-2", ["engine", "web"])):
        for name in names:
            audit.fail(host, "containers", "health_check", "all", "low", "no health check", component=name)
    alone, beside = [line for line in script(Report(audit.done()))[0] if "docker ps" in line]
    assert "inspect" not in alone
    assert beside.endswith("-- web'")


def test_a_container_is_looked_at_without_the_values_of_its_environment() -> None:
    audit = Audit({"prod": ["prod-1"]})
    audit.fail("prod-1", "containers", "state", "web", "high", "web is exited", component="web")
    (asked,) = [line for line in script(Report(audit.done()))[0] if "docker inspect" in line]
    assert "--format" in asked
    assert not [word for word in (".Config", "Env", "{{json .}}") if word in asked.replace(".HostConfig", "")]
