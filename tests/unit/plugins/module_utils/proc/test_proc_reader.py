# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes read from /proc: by the kernel's lines, by recorded and made trees, and against ps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import processes
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.processes import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.match import Seen, audit_itself, text_of
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import (
    Gone,
    Proc,
    Stat,
    parse_stat,
    split_argv,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.unit_files import unit_files
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.venv import environment_of, newest_change
from hypothesis import given
from hypothesis import strategies as st

RECORDED = Path(__file__).parent / "data" / "linux-6.18"
_STAT = (
    b"%d (%s) %s %d 1 1 0 -1 4194304 9 0 0 0 5 7 0 0 20 0 3 0 %d 4096 11 "
    b"18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17"
)


def entry(root: Path, pid: int, argv: bytes, comm: bytes = b"app", state: bytes = b"S", ppid: int = 1) -> Path:
    home = root / str(pid)
    home.mkdir(parents=True)
    (home / "stat").write_bytes(_STAT % (pid, comm, state, ppid, 100))
    (home / "cmdline").write_bytes(argv)
    (home / "status").write_bytes(b"Name:\tapp\nUid:\t1\t4242\t1\t1\n")
    (home / "cgroup").write_bytes(b"0::/system.slice/app.service\n")
    (home / "cwd").symlink_to("/srv/app")
    (home / "exe").symlink_to("/usr/bin/app")
    return home


def see(root: Path, timeout_s: float = 20, **wanted: object) -> dict[str, t.Any]:
    (root / "stat").write_text("btime 1000000000\n")
    asked = {"name": "app", "match": "app", **wanted}
    return collect({"processes": [asked], "proc": str(root)}, Host("/srv", timeout_s))


@given(st.binary().filter(lambda name: b"\0" not in name), st.integers(1, 1 << 22))
def test_any_name_is_read(name: bytes, pid: int) -> None:
    stat = parse_stat(_STAT % (pid, name, b"S", 1, 12345))
    assert (stat.pid, stat.comm, stat.ppid, stat.utime, stat.stime) == (pid, name, 1, 5, 7)
    assert (stat.threads, stat.starttime, stat.rss_pages) == (3, 12345, 11)


@given(st.binary(max_size=200))
def test_what_is_no_line_of_the_kernel_is_refused(line: bytes) -> None:
    try:
        parse_stat(line)
    except ValueError:
        return
    assert b"(" in line


@pytest.mark.parametrize(
    ("data", "argv"),
    [
        (b"", []),
        (b"a\0b\0", [b"a", b"b"]),
        (b"a\0\0b\0", [b"a", b"", b"b"]),
        (b"a b c", [b"a b c"]),
        (b"nginx: master\0\0\0\0\0", [b"nginx: master"]),
        (b"\0\0", [b""]),
    ],
)
def test_arguments(data: bytes, argv: list[bytes]) -> None:
    assert split_argv(data) == argv


def test_processes_match_and_are_told(tmp_path: Path) -> None:
    entry(tmp_path, 1, b"/sbin/init\0")
    entry(tmp_path, 20, b"/usr/bin/app\0--password\0hunter22-very-secret\0\xff\0", b"a) (b\n")
    entry(tmp_path, 21, b"app\0", state=b"Z")
    seen = see(tmp_path)
    assert seen["matches"] == {"app": [20]}
    told = next(one for one in seen["processes"] if one["pid"] == 20)  # type: ignore[attr-defined]
    assert (told["name"], told["uid"], told["user"], told["unit"]) == ("a) (b\n", 4242, "4242", "app.service")
    assert (told["cwd"], told["started"]) == ("/srv/app", iso(1000000000 + 100 / clock.TICKS))
    assert "hunter22" not in str(seen)
    assert told["argv"][-1] == "\\xff"


def test_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    entry(tmp_path, 1, b"/sbin/init\0")
    (entry(tmp_path, 20, b"app\0") / "stat").write_bytes(b"nonsense")
    seen = see(tmp_path)
    assert (seen["matches"], seen["unread_total"]) == ({"app": []}, 1)


def test_one_that_vanished_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "20").mkdir()
    shutil.rmtree(tmp_path / "20")
    with pytest.raises(Gone):
        Proc(str(tmp_path)).stat(20)


def test_a_pattern_that_never_ends_ends_with_the_time_limit(tmp_path: Path) -> None:
    entry(tmp_path, 20, b"a" * 60 + b"!\0")
    began = time.monotonic()
    with pytest.raises(Unseen, match="time limit"):
        see(tmp_path, timeout_s=0.5, match="(a+)+$")
    assert time.monotonic() - began < 10


def test_processes_without_process_1_are_hidden(tmp_path: Path) -> None:
    entry(tmp_path, 20, b"app\0")
    assert "does not show process 1" in str(see(tmp_path)["hidden"])


def test_the_audit_does_not_find_itself_and_finds_what_let_it_in() -> None:
    def one(pid: int, ppid: int, *argv: bytes) -> Seen:
        return Seen(Stat(pid, b"x", "S", ppid, 0, 0, 1, 0, 0), list(argv))

    seen = {
        1: one(1, 0, b"/sbin/init"),
        10: one(10, 1, b"/usr/sbin/sshd", b"-D"),
        11: one(11, 10, b"sshd: root@notty"),
        12: one(12, 11, b"python3", b"/usr/bin/ansible-playbook"),
        13: one(13, 12, b"python3", b"/usr/bin/ansible-playbook"),
        14: one(14, 12, b"python3", b"/usr/bin/ansible-playbook"),
        15: one(15, 13, b"python3"),
        16: one(16, 11, b"app"),
    }
    assert audit_itself(seen, {15}) == {11, 12, 13, 14, 15}
    # What docker exec starts has no parent in the container.
    inside = {1: one(1, 0, b"app"), 20: one(20, 0, b"/bin/sh", b"-c", b"python3"), 21: one(21, 20, b"python3")}
    assert audit_itself(inside, {21}) == {20, 21}


def test_the_recorded_process_reads_as_it_was() -> None:
    proc = Proc(str(RECORDED))
    (pid,) = proc.pids()
    assert text_of(Seen(proc.stat(pid), proc.argv(pid))) == "sleep 300"
    assert clock.boot(proc).reason == ""


def test_ps_says_the_same() -> None:
    if shutil.which("ps") is None:
        pytest.skip("there is no ps on this machine")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "a  b"])
    try:
        asked = ["ps", "-o", "uid=,ppid=,etimes=", "-p", str(child.pid)]
        before = time.time()
        uid, ppid, age = map(int, subprocess.run(asked, capture_output=True, check=True).stdout.split())
        after = time.time()
        proc = Proc()
        stat, booted = proc.stat(child.pid), clock.boot(proc)
        assert (proc.uid(child.pid), stat.ppid) == (uid, ppid)
        # It asked at a moment between the two, and tells whole seconds.
        assert before - age - 1.1 <= clock.start_time(stat, booted.time_s) <= after - age + 0.1
        assert abs(os.stat(f"/proc/{child.pid}").st_mtime - clock.start_time(stat, booted.time_s)) < 60
    finally:
        child.kill()
        child.wait()


def test_a_unit_has_its_file_and_its_drop_ins(tmp_path: Path) -> None:
    first, second = tmp_path / "etc", tmp_path / "lib"
    for path in (first / "a@.service.d/x.conf", second / "a@.service", second / "a@1.service.d/y.conf"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    found = [path for path, _at in unit_files("a@1.service", None, [str(first), str(second)])]
    assert found == sorted([f"{first}/a@.service.d/x.conf", f"{second}/a@.service", f"{second}/a@1.service.d/y.conf"])
    assert unit_files("b.service", None, [str(first)]) == []
    shared = [second / "service.d/z.conf", second / "app-.service.d/z.conf", second / "app-main-.service.d/z.conf"]
    for path in (*shared, second / "app-other-.service.d/z.conf"):
        path.parent.mkdir()
        path.write_text("")
    found = [path for path, _at in unit_files("app-main-1.service", None, [str(first), str(second)])]
    assert found == sorted(map(str, shared))


def test_running_code_for_the_first_time_does_not_change_an_environment(tmp_path: Path) -> None:
    site = tmp_path / "lib/python3.11/site-packages"
    (site / "one-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "pyvenv.cfg").write_text("")
    for path in (site / "one-1.0.dist-info", site, tmp_path / "pyvenv.cfg"):
        os.utime(path, (1000, 1000))
    assert newest_change(os.fsencode(tmp_path)) is not None
    (site / "__pycache__").mkdir()
    changed = newest_change(os.fsencode(tmp_path))
    assert changed is not None
    assert changed[1] == 1000
    # Another first import, later on.
    (site / "__pycache__/six.cpython-311.pyc").write_text("")
    for path in (site, site / "__pycache__/six.cpython-311.pyc"):
        os.utime(path, (1100, 1100))
    os.utime(site / "__pycache__", (1500, 1500))
    assert newest_change(os.fsencode(tmp_path)) == changed
    os.utime(site / "one-1.0.dist-info", (2000, 2000))
    assert newest_change(os.fsencode(tmp_path)) == (os.fsencode(site / "one-1.0.dist-info"), 2000)


def test_an_environment_of_conda_has_a_record_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta/history").write_text("")
    os.utime(tmp_path / "conda-meta/history", (3000, 3000))
    assert newest_change(os.fsencode(tmp_path)) == (os.fsencode(tmp_path / "conda-meta/history"), 3000)


@pytest.mark.parametrize(
    ("exe", "argv", "loaded", "home"),
    [
        ("conda/bin/python3.11", "conda/bin/python3.11", "", "conda"),
        ("venv/bin/uwsgi", "uwsgi", "", "venv"),
        ("usr/bin/uwsgi-core", "uwsgi", "venv/lib/python3.11/site-packages/x.so", "venv"),
        ("usr/bin/uwsgi-core", "uwsgi", "usr/lib/libpython3.11.so", "unseen"),
        ("usr/bin/uwsgi-core", "uwsgi", "", None),
        ("usr/bin/nginx", "nginx", "venv/lib/python3.11/site-packages/x.so", None),
        ("venv/bin/python3.13t", "venv/bin/python3.13t", "", "venv"),
    ],
)
def test_the_environment_of_programs_that_are_no_common_python(
    tmp_path: Path, exe: str, argv: str, loaded: str, home: str | None
) -> None:
    (tmp_path / "conda/conda-meta").mkdir(parents=True)
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/pyvenv.cfg").write_text("")
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/maps").write_text(f"7f00-7f01 r-xp 0 0:0 0 {tmp_path}/{loaded}\n")
    words = [os.fsencode(tmp_path / argv) if "/" in argv else os.fsencode(argv)]

    def environment() -> bytes | None:
        return environment_of(Proc(str(tmp_path / "proc")), 7, words, os.fsencode(tmp_path / exe), b"/")

    if home == "unseen":
        with pytest.raises(Unseen, match="built into"):
            environment()
    else:
        assert environment() == (None if home is None else os.fsencode(tmp_path / home))


def test_of_each_file_the_clock_counts_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit file, or a configuration, may lie on another file system than the application, and more exactly so."""
    near = tmp_path / "near.yml"
    near.write_text("")
    kinds = {b"/srv": 2.0, os.fsencode(near): 0.5, b"/near/app.service": 0.25}
    monkeypatch.setattr(processes, "ruler", lambda _exact_s: lambda place: kinds[os.fsencode(place)])
    monkeypatch.setattr(processes, "unit_files", lambda _unit, _user: [(b"/near/app.service", 1.0)])
    entry(tmp_path, 7, b"app")
    seen = see(tmp_path, reads=[str(near), f"{tmp_path}/nothing.yml"])
    assert seen["tolerance_s"] == 2.0
    assert [one["within_s"] for one in seen["files"].values()] == [0.5, None]
    assert seen["unit_files"]["app.service"]["files"][0]["within_s"] == 0.25
