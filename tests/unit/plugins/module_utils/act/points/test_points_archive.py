# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of restore points: what is no point is refused, whatever it is, and nothing is written beside its folder."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import archive, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from hypothesis import given
from hypothesis import strategies as st
from point_lab import PointLab

CONTENT = b"content\n" * 300
NAME = hashlib.sha256(CONTENT).hexdigest()
POINT = "20261121T154500Z-3f9a1c"


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> PointLab:
    made = PointLab(tmp_path)
    made.write("src/main.py", CONTENT)
    made.write("empty", b"")
    return made


def packed(folder: Path) -> bytes:
    """Return a point as tar packs it."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as made:
        made.add(folder, folder.name)
    return target.getvalue()


def receive(content: bytes, point: str, into: Path, lab: PointLab, most: int = 1 << 20) -> None:
    into.mkdir(mode=0o700)
    fd = os.open(into, os.O_RDONLY)
    try:
        archive.receive(io.BytesIO(content), point, fd, most, lab.host)
    finally:
        os.close(fd)


def compare(content: bytes, point: str, lab: PointLab) -> None:
    with lab.fds() as (points_fd, _root_fd):
        opened = verify.opened(points_fd, point)
        with opened as point_fd:
            wanted = archive.members(point_fd, verify.load(point_fd, point))
    archive.compare(io.BytesIO(content), point, wanted, lab.host)


def test_what_tar_packs_of_a_point_is_the_point(lab: PointLab, tmp_path: Path) -> None:
    point = lab.make()
    content = packed(lab.folder / point)
    compare(content, point, lab)
    receive(content, point, tmp_path / "back", lab)
    fd = os.open(tmp_path / "back", os.O_RDONLY)
    try:
        assert verify.verify(fd, point, lab.host)["id"] == point
    finally:
        os.close(fd)
    assert {one.stat().st_mode & 0o777 for one in (tmp_path / "back" / point).rglob("*")} == {0o700, 0o600}


def test_a_marked_point_is_what_was_saved(lab: PointLab) -> None:
    point = lab.make()
    mark = lab.folder / point / "BAD.json"
    mark.write_text('{"reason":"no","when":"now"}')
    mark.chmod(0o600)
    compare(packed(lab.folder / point), point, lab)


def test_each_cut_and_each_changed_block_is_found(lab: PointLab) -> None:
    point = lab.make()
    content = packed(lab.folder / point)
    end = len(content.rstrip(b"\0"))
    for at in range(0, end, 512):
        with pytest.raises(Damaged):
            compare(content[:at], point, lab)
        # Within the name of a member, or its content: never in what tar itself does not look at.
        changed = bytearray(content)
        changed[at] ^= 1
        with pytest.raises(Damaged):
            compare(bytes(changed), point, lab)


def member(name: str, content: bytes = b"x", **more: t.Any) -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.size = len(content)
    for key, value in more.items():
        setattr(made, key, value)
    return made, content


HOSTILE = {
    "above": member(f"{POINT}/../../outside"),
    "absolute": member("/outside"),
    "another point": member("20261121T154500Z-000000/manifest.json"),
    "another name": member(f"{POINT}/objects/short"),
    "below an object": member(f"{POINT}/objects/{NAME}/x"),
    "a link": member(f"{POINT}/manifest.json", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a hard link": member(f"{POINT}/COMPLETE", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "a device": member(f"{POINT}/COMPLETE", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "a fifo": member(f"{POINT}/objects/{NAME}", b"", type=tarfile.FIFOTYPE),
    "a folder": member(f"{POINT}/more", b"", type=tarfile.DIRTYPE),
    "bytes": member(f"{POINT}/\udcff"),
}


@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_what_belongs_to_no_point_is_refused(lab: PointLab, tmp_path: Path, what: str) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as made:
        made.addfile(HOSTILE[what][0], io.BytesIO(HOSTILE[what][1]))
    with pytest.raises(Damaged, match="no part of a point"):
        receive(target.getvalue(), POINT, tmp_path / "back", lab)
    assert sorted(one.name for one in (tmp_path / "back").rglob("*")) == [POINT, "objects"]
    assert not (tmp_path / "outside").exists()


def test_a_name_that_is_there_twice_and_what_is_too_large_is_refused(lab: PointLab, tmp_path: Path) -> None:
    point = lab.make()
    content = packed(lab.folder / point)
    twice = content[: len(content.rstrip(b"\0")) // 512 * 512 + 512] + content
    with pytest.raises(Damaged, match="twice"):
        receive(twice, point, tmp_path / "twice", lab)
    with pytest.raises(Damaged, match="larger than it was"):
        receive(content, point, tmp_path / "large", lab, most=2000)


@given(st.binary(max_size=3000))
def test_any_bytes_are_an_error_and_no_crash(content: bytes) -> None:
    with pytest.raises(Damaged):
        archive.compare(io.BytesIO(content), POINT, {"manifest.json": {"sha256": NAME, "size": 1}}, Host("/", 60))
