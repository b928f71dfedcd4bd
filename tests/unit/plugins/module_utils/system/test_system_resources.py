# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory, disks, clock and system against df, /proc and recorded files."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import resources
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.system.about import (
    parse_fib_trie,
    parse_if_inet6,
    parse_os_release,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.system.disks import disks
from ansible_collections.evenkeel.drift.plugins.module_utils.system.memory import parse_meminfo


def host() -> Host:
    """A host whose time begins now: tests of this file may run long after it was imported."""
    return Host("/", 60)


MEMINFO = (
    b"MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\nHugePages_Total: 0\n"
)
FIB = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 127.0.0.1
        /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.2
           /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
"""


def test_memory_in_use_is_what_is_not_available() -> None:
    read = parse_meminfo(MEMINFO)
    assert read["memory"] == {"total_kb": 1000, "available_kb": 250, "used_kb": 750, "used_percent": 75.0}
    assert read["swap"] == {"total_kb": 0, "free_kb": 0, "used_kb": 0, "used_percent": 0.0}


def test_a_field_that_is_missing_is_unseen() -> None:
    with pytest.raises(Unseen, match="MemAvailable"):
        parse_meminfo(MEMINFO.replace(b"MemAvailable", b"MemOther"))


def test_disks_are_as_df_shows_them() -> None:
    df = shutil.which("df")
    if df is None:
        pytest.skip("there is no df on this machine")
    said = subprocess.run([df, "-P", "/"], capture_output=True, text=True, check=True).stdout.splitlines()[1].split()
    (disk,) = disks(["/"], "/", host())
    assert disk["total_kb"] == int(said[1])
    assert abs(disk["used_percent"] - int(said[4].rstrip("%"))) <= 1


def test_the_disk_of_the_root_is_named_once(tmp_path: Path) -> None:
    same = os.stat(tmp_path).st_dev == os.stat("/").st_dev
    assert [disk["path"] for disk in disks([], str(tmp_path), host())] == (["/"] if same else ["/", str(tmp_path)])


def test_a_disk_that_never_answers_is_unknown_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    never, hold = os.pipe()
    ask = os.statvfs

    def statvfs(path: str) -> os.statvfs_result:
        if path == "/gone":
            os.read(never, 1)
        return ask("/")

    monkeypatch.setattr(os, "statvfs", statvfs)
    try:
        found = disks(["/gone", "/"], "/", Host("/", 1.5))
    finally:
        os.close(never)
        os.close(hold)
    assert [(disk["path"], disk["outcome"]) for disk in found] == [("/", "ok"), ("/gone", "unknown")]
    assert "did not answer" in found[1]["reason"]


def test_a_disk_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    (disk,) = disks([str(tmp_path / "none")], "/", host())
    assert disk["outcome"] == "unknown"
    assert "no such file" in disk["reason"]
    assert "used_percent" not in disk


@pytest.mark.parametrize(
    ("text", "pretty", "version"),
    [
        (
            'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n',
            "Debian GNU/Linux 13 (trixie)",
            "13",
        ),
        ("# comment\nPRETTY_NAME='Alpine'\nVERSION_ID=3.20\nODD\n", "Alpine", "3.20"),
        ("", "", ""),
    ],
)
def test_os_release(text: str, pretty: str, version: str) -> None:
    read = parse_os_release(text)
    assert (read["pretty"], read["version"]) == (pretty, version)


def test_own_addresses_without_loopback() -> None:
    assert parse_fib_trie(FIB) == {"192.0.2.2"}
    lines = f"{'0' * 31}1 01 80 10 80 lo\nfd00{'0' * 27}2 04 40 00 82 eth0\nfe80{'0' * 27}1 04 40 20 80 eth0\nodd\n"
    assert parse_if_inet6(lines) == {"fd00::2"}


def test_a_host_as_a_whole(tmp_path: Path) -> None:
    begun = time.time()
    data = resources.collect({"disks": ["/"]}, Host(str(tmp_path), 60))
    assert begun - 0.01 <= data["clock"]["now_s"] <= time.time() + 0.01
    assert data["clock"]["synchronized"] in (True, False, None)
    assert data["unread"] == [] or {item["what"] for item in data["unread"]} <= {"addresses", "os"}
    with open("/proc/meminfo", encoding="ascii") as file:
        assert data["memory"]["total_kb"] == int(file.readline().split()[1])
    assert len(data["load"]) == 3
    assert data["cores"] >= 1
    assert 1 <= len(data["consumers"]["memory"]) <= 5
    sizes = [one["rss_kb"] for one in data["consumers"]["memory"]]
    assert sizes == sorted(sizes, reverse=True)


def test_what_cannot_be_read_is_null_with_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(path: str, _limit: int) -> bytes:
        raise Unseen(f"{path} cannot be read: permission denied")

    monkeypatch.setattr(resources, "read_target", refused)
    data = resources.collect({}, Host(str(tmp_path), 60))
    assert data["memory"] is None
    assert data["swap"] is None
    assert data["uptime_s"] is None
    assert {item["what"] for item in data["unread"]} == {"memory", "uptime", "os", "addresses"}
