# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file was changed after a process started: of real processes, and of times that tell little."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock, order, shared
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc
from waiting import wait_until

_APART_S = 0.05


@pytest.mark.parametrize(
    ("changed_s", "after"),
    [
        (100.53, True),
        # What is written just before something is started with it, such as a file of systemd's.
        (100.51, False),
        (100.49, False),
        (100.47, False),
        # Whole seconds: it may have been changed until the next, and of an even one until the one after that.
        (101.0, True),
        (100.0, None),
        (99.0, False),
        (98.0, False),
    ],
)
def test_a_start_and_a_change(changed_s: float, after: bool | None) -> None:
    assert order.later(changed_s, 100.5, order.EXACT_S) is after


def test_an_even_second_may_be_the_time_of_the_next() -> None:
    assert order.later(100.0, 101.9, order.EXACT_S) is None
    assert order.later(100.0, 102.1, order.EXACT_S) is False


def test_a_file_that_is_written_before_and_after_a_start(tmp_path: Path) -> None:
    """Both times are the kernel's, and nothing is rounded to a second on the way."""
    file = tmp_path / "code"
    for _again in range(5):
        file.write_text("old")
        before = file.stat().st_mtime
        wait_until(lambda since=before: time.time() > since + _APART_S, "the process is younger than the file")
        with subprocess.Popen(["sleep", "60"]) as child:
            boot = clock.boot(Proc())
            started_s = clock.start_time(Proc().stat(child.pid), boot.time_s)
            child.kill()
        wait_until(lambda since=started_s: time.time() > since + _APART_S, "the file is younger than the process")
        file.write_text("new")
        assert order.later(before, started_s, boot.within_s) is False
        assert order.later(file.stat().st_mtime, started_s, boot.within_s) is True


def test_the_boot_time_does_not_move() -> None:
    found = [clock.boot(Proc()).time_s for _again in range(50)]
    assert max(found) - min(found) < order.EXACT_S / 2


def mounts(folder: Path, *lines: str) -> str:
    path = folder / "mountinfo"
    path.write_text("".join(f"{number} 1 0:{number} / {line} x rw\n" for number, line in enumerate(lines)))
    return str(path)


LOCAL = "/ rw shared:1 - ext4"


@pytest.mark.parametrize(
    ("lines", "within_s"),
    [
        ([LOCAL], order.EXACT_S),
        ([LOCAL, "/srv rw - nfs4"], order.COARSE_S),
        ([LOCAL, "/srv/my\\040app/data rw - fuse.sshfs"], order.COARSE_S),
        ([LOCAL, "/srv rw - nfs4", "/srv/my\\040app rw - xfs"], order.EXACT_S),
        ([LOCAL, "/srv/my rw - nfs4"], order.EXACT_S),
        ([LOCAL, "/srv rw - nfs4", "/srv rw - ext4"], order.EXACT_S),
        (["/ rw - 9p"], order.COARSE_S),
        (["/ rw - virtiofs"], order.COARSE_S),
        ([LOCAL, "/srv rw - fuse"], order.COARSE_S),
        ([LOCAL, "/srv rw - fuseblk"], order.EXACT_S),
        ([], order.EXACT_S),
    ],
)
def test_files_whose_times_are_of_another_clock(tmp_path: Path, lines: list[str], within_s: float) -> None:
    assert shared.within("/srv/my app", order.EXACT_S, mounts(tmp_path, *lines)) == within_s


def test_a_host_that_hides_its_mounts(tmp_path: Path) -> None:
    assert shared.within("/srv", 7.0, str(tmp_path / "nothing")) == 7.0
