# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script in a point brings files back without this collection, whatever they are called."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import make, manifest, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from point_lab import ABOUT, PointLab

NAMES = (
    b"plain.txt",
    b"with blank",
    b"it's",
    b'"quoted"',
    b"$(touch marked)",
    b"`touch marked`",
    b"-rf",
    b"new\nline",
    b"back\\slash",
    b"\xff\xfe",
    "übel".encode(),
    b"a;b&c|d>e",
    b"*",
)


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> PointLab:
    return PointLab(tmp_path)


def made(lab: PointLab, wanted: t.Sequence[str]) -> str:
    point = lab.new_id()
    with lab.fds() as (points_fd, root_fd):
        request = make.Request(point, "2026-11-21T15:45:00Z", str(lab.root), root_fd, wanted, ABOUT)
        make.make(points_fd, request, lab.host, None)
    return point


def run(lab: PointLab, point: str, *level: str) -> subprocess.CompletedProcess[str]:
    script = lab.folder / point / "ROLLBACK.sh"
    return subprocess.run(["sh", str(script), *level], cwd=lab.root, capture_output=True, text=True, check=False)


def seen(lab: PointLab) -> dict[bytes, t.Any]:
    found: dict[bytes, t.Any] = {}
    for folder, folders, files in os.walk(os.fsencode(lab.root)):
        for name in folders + files:
            path = os.path.join(folder, name)
            told = os.lstat(path)
            content: t.Any = os.readlink(path) if os.path.islink(path) else None
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    content = (file.read(), told.st_mtime_ns)
            found[path] = (told.st_mode, told.st_uid, told.st_gid, content)
    return found


def test_every_name_comes_back_as_it_was(lab: PointLab) -> None:
    root = os.fsencode(lab.root)
    for number, name in enumerate(NAMES):
        folder = os.path.join(root, b"d" + name)
        os.mkdir(folder, 0o750)
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(b"content of " + name)
        os.chmod(path, 0o640 if number % 2 else 0o4711)
        os.symlink(name, os.path.join(folder, b"link"))
    wanted = [show(os.path.relpath(path, root)) for path in seen(lab)]
    before = seen(lab)
    point = made(lab, [*wanted, "later"])
    for name in NAMES[::2]:
        path = os.path.join(root, b"d" + name, name)
        with open(path, "wb") as file:
            file.write(b"other")
        os.unlink(os.path.join(root, b"d" + name, b"link"))
    os.unlink(os.path.join(root, b"dit's", b"it's"))
    os.rmdir(os.path.join(root, b"dit's"))
    (lab.root / "later").write_text("x")
    done = run(lab, point, "config")
    assert (done.returncode, done.stderr) == (0, "")
    assert seen(lab) == before
    assert not (lab.root / "marked").exists()


def test_without_a_level_it_says_what_it_does_and_touches_nothing(lab: PointLab) -> None:
    path = lab.write("a", "one")
    point = made(lab, ["a"])
    path.write_text("two")
    for level in ((), ("all",), ("",)):
        done = run(lab, point, *level)
        assert done.returncode == 2
        assert f"Restore point {point}" in done.stdout
        assert "sh ROLLBACK.sh full" in done.stdout
    assert path.read_text() == "two"


def test_an_object_that_is_damaged_is_not_used(lab: PointLab) -> None:
    path = lab.write("a", "one")
    point = made(lab, ["a"])
    path.write_text("two")
    next((lab.folder / point / "objects").iterdir()).write_text("eno")
    done = run(lab, point, "config")
    assert done.returncode == 1
    assert "is damaged: nothing is made of it" in done.stderr
    assert path.read_text() == "two"


def test_a_root_with_a_line_end_stays_a_comment(lab: PointLab) -> None:
    lab.write("a", "one")
    point = lab.new_id()
    root = f"{lab.root}\ntouch marked\n"
    with lab.fds() as (points_fd, root_fd):
        request = make.Request(point, "2026-11-21T15:45:00Z", root, root_fd, ["a"], ABOUT)
        make.make(points_fd, request, lab.host, None)
    run(lab, point)
    assert not (lab.root / "marked").exists()


@pytest.mark.parametrize("how", ["changed", "gone", "open"])
def test_a_script_that_is_not_what_it_was_damages_the_point(lab: PointLab, how: str) -> None:
    lab.write("a", "one")
    point = made(lab, ["a"])
    script = lab.folder / point / "ROLLBACK.sh"
    if how == "changed":
        script.write_bytes(script.read_bytes().replace(b"set -eu", b"set +eu"))
    elif how == "gone":
        script.unlink()
    else:
        script.chmod(0o644)
    with lab.fds() as (points_fd, _root_fd), pytest.raises(Damaged, match=r"ROLLBACK\.sh"):
        verify.verify(points_fd, point, lab.host)


def test_an_older_point_has_no_script_and_no_services(lab: PointLab) -> None:
    lab.write("a", "one")
    point = made(lab, ["a"])
    folder = lab.folder / point
    document = manifest.parse((folder / "manifest.json").read_bytes())
    old = manifest.sealed({name: one for name, one in document.items() if name not in ("services", "by_hand")})
    content = manifest.canonical(old)
    (folder / "manifest.json").write_bytes(content)
    (folder / "COMPLETE").write_bytes(verify.completion(old, content))
    (folder / "ROLLBACK.sh").unlink()
    with lab.fds() as (points_fd, _root_fd):
        assert verify.verify(points_fd, point, lab.host)["id"] == point


def test_times_before_1970_come_back(lab: PointLab) -> None:
    path = lab.write("old.txt", "old\n")
    os.utime(path, ns=(0, -1_250_000_000))
    point = made(lab, ["old.txt"])
    path.write_text("new\n")
    assert run(lab, point, "config").returncode == 0
    assert path.stat().st_mtime_ns == -1_250_000_000


def test_a_name_as_long_as_names_can_be_comes_back(lab: PointLab) -> None:
    name = "n" * 255
    path = lab.write(name, "old\n")
    point = made(lab, [name])
    path.write_text("new\n")
    done = run(lab, point, "config")
    assert (done.returncode, done.stderr) == (0, "")
    assert path.read_text() == "old\n"
    assert os.listdir(lab.root) == [name]
