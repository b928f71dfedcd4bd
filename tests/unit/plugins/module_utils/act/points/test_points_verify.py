# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A point is used only when every byte of it is what it was made of."""

from __future__ import annotations

import json
import os
import re
import shutil
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, NoPoint
from point_lab import PointLab


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> PointLab:
    lab = PointLab(tmp_path)
    lab.write("src/main.py", "print('hello')\n")
    lab.write("src/other.py", "x = 1\n" * 150)
    lab.write("run.sh", "#!/bin/sh\n", 0o755)
    (lab.root / "current").symlink_to("src")
    return lab


def members(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def refused(lab: PointLab, point: str) -> str:
    with pytest.raises(Damaged) as damaged:
        lab.verify(point)
    return damaged.value.reason


def test_a_point_that_nobody_touched_is_whole(lab: PointLab) -> None:
    point = lab.make()
    document = lab.verify(point)
    assert [entry["path"] for entry in document["entries"]] == [
        "current",
        "run.sh",
        "src",
        "src/main.py",
        "src/other.py",
    ]
    assert len(members(lab.folder / point)) == 6


def test_one_flipped_bit_anywhere_is_found(lab: PointLab) -> None:
    point = lab.make()
    tried = 0
    for path in members(lab.folder / point):
        content = path.read_bytes()
        for at in range(len(content)):
            path.write_bytes(content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :])
            refused(lab, point)
            tried += 1
        path.write_bytes(content)
    assert tried > 2000
    lab.verify(point)


def test_every_truncation_is_found(lab: PointLab) -> None:
    point = lab.make()
    for path in members(lab.folder / point):
        content = path.read_bytes()
        for size in {*range(0, len(content), 512), len(content) - 1}:
            path.write_bytes(content[:size])
            refused(lab, point)
        path.write_bytes(content + b"\n")
        refused(lab, point)
        path.write_bytes(content)
    lab.verify(point)


def test_a_missing_renamed_swapped_or_added_member_is_found(lab: PointLab) -> None:
    point = lab.make()
    folder = lab.folder / point
    for path in members(folder):
        aside = path.with_name("f" * 64)
        path.rename(aside)
        refused(lab, point)
        aside.rename(path)
        shutil.copy(path, aside)
        refused(lab, point)
        aside.unlink()
    first, second, third = sorted((folder / "objects").iterdir())
    swapped = first.read_bytes()
    first.write_bytes(second.read_bytes())
    refused(lab, point)
    second.write_bytes(swapped)
    refused(lab, point)
    third.unlink()
    assert "is missing" in refused(lab, point)


def test_a_point_under_another_name_is_refused(lab: PointLab) -> None:
    point = lab.make()
    other = lab.new_id()
    (lab.folder / point).rename(lab.folder / other)
    assert refused(lab, other) == f"it says that it is {point}"


@pytest.mark.parametrize("name", ["", ".", "..", "../points", "/etc", "20261121T154500Z-ABCDEF", "x" * 300, "a\0b"])
def test_a_name_that_is_no_id_is_no_point(lab: PointLab, name: str) -> None:
    with pytest.raises(NoPoint):
        lab.verify(name)


def hostile_entries() -> dict[str, t.Callable[[list[dict[str, t.Any]]], t.Any]]:
    def path(value: t.Any) -> t.Callable[[list[dict[str, t.Any]]], t.Any]:
        return lambda entries: entries[1].update(path=value)

    def of_file(**values: t.Any) -> t.Callable[[list[dict[str, t.Any]]], t.Any]:
        return lambda entries: entries[1].update(values)

    return {
        "up": path("../run.sh"),
        "up inside": path("a/../run.sh"),
        "absolute": path("/etc/passwd"),
        "dot": path("./run.sh"),
        "empty part": path("a//b"),
        "nothing": path(""),
        "NUL": path("a\0b"),
        "spelled NUL": path("a\\x00b"),
        "no spelling": path("a\\q"),
        "long name": path("a" * 256),
        "deep": path("a/" * 3000 + "a"),
        "no text": path(7),
        "twice": lambda entries: entries.insert(1, dict(entries[1])),
        "not sorted": lambda entries: entries.reverse(),
        "below a link": path("current/run.sh"),
        "odd type": of_file(type="device"),
        "more keys": of_file(extra=1),
        "mode": of_file(mode="755"),
        "mode as number": of_file(mode=493),
        "negative owner": of_file(uid=-1),
        "true owner": of_file(uid=True),
        "digest": of_file(sha256="../../x"),
        "size": of_file(size=1 << 70),
        "xattrs": of_file(xattrs={"user.x": "!"}),
        "null": lambda entries: entries.append(None),
        "target": lambda entries: entries[0].update(target=""),
    }


@pytest.mark.parametrize("fault", hostile_entries())
def test_a_hostile_manifest_is_refused_even_when_its_seal_is_right(lab: PointLab, fault: str) -> None:
    point = lab.make()
    folder = lab.folder / point
    document = json.loads((folder / "manifest.json").read_bytes())
    hostile_entries()[fault](document["entries"])
    content = manifest.canonical(manifest.sealed(document))
    (folder / "manifest.json").write_bytes(content)
    (folder / "COMPLETE").write_bytes(completion(document, content))
    refused(lab, point)


def completion(document: dict[str, t.Any], content: bytes) -> bytes:
    """Finish a point as its maker would, as far as the document has what that takes."""
    try:
        return verify.completion(document, content)
    except (AttributeError, KeyError, TypeError):
        return b""


def test_too_many_entries_are_refused(lab: PointLab, monkeypatch: pytest.MonkeyPatch) -> None:
    point = lab.make()
    monkeypatch.setattr(manifest, "MAX_ENTRIES", 4)
    assert "more than 4 entries" in refused(lab, point)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"a":1,"a":1}', b"[" * 100_000, b"\xff", b"NaN"])
def test_what_is_no_manifest_is_refused(lab: PointLab, content: bytes) -> None:
    point = lab.make()
    (lab.folder / point / "manifest.json").write_bytes(content)
    refused(lab, point)


def put_link(target: Path) -> None:
    outside = target.parent.parent / "outside"
    target.rename(outside)
    target.symlink_to(outside)


def put_fifo(target: Path) -> None:
    target.unlink()
    os.mkfifo(target, 0o600)


def put_folder(target: Path) -> None:
    target.unlink()
    target.mkdir(mode=0o700)


def open_to_all(target: Path) -> None:
    target.chmod(0o644)


@pytest.mark.parametrize("fault", [put_link, put_fifo, put_folder, open_to_all])
@pytest.mark.parametrize("member", ["manifest.json", "COMPLETE", "object"])
def test_a_member_that_is_no_private_file_is_refused(
    lab: PointLab, fault: t.Callable[[Path], None], member: str
) -> None:
    point = lab.make()
    folder = lab.folder / point
    fault(min((folder / "objects").iterdir()) if member == "object" else folder / member)
    refused(lab, point)


@pytest.mark.parametrize("name", ["COMPLETE", "BAD.json"])
@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"summary":{}}', b'{"summary":{"id":7}}', b'{"reason":7}', b"1e999"],
)
def test_a_list_of_points_stands_whatever_is_in_a_point(lab: PointLab, name: str, content: bytes) -> None:
    whole, broken = lab.make(), lab.make()
    (lab.folder / broken / name).write_bytes(content)
    (lab.folder / broken / name).chmod(0o600)
    assert lab.states() == {whole: "good", broken: "damaged"}


def test_what_is_no_point_is_not_listed(lab: PointLab) -> None:
    point = lab.make()
    for name in ("notes.txt", "20269999T999999Z-abcdef", ".new-1", "20261121T154500Z-ABCDEF"):
        (lab.folder / name).mkdir()
    assert list(lab.states()) == [point]


@pytest.mark.parametrize("name", ["", "objects"])
def test_a_folder_that_is_a_link_or_open_to_others_is_refused(lab: PointLab, name: str) -> None:
    point = lab.make()
    folder = lab.folder / point / name
    folder.chmod(0o755)
    assert "read or written by others" in refused(lab, point)
    folder.chmod(0o700)
    moved = lab.folder / "moved"
    folder.rename(moved)
    folder.symlink_to(moved)
    refused(lab, point)


@pytest.mark.skipif(os.geteuid() != 0, reason="this user cannot give files away, on this machine")
def test_a_member_of_another_user_is_refused(lab: PointLab) -> None:
    point = lab.make()
    for path in [*members(lab.folder / point), lab.folder / point / "objects", lab.folder / point]:
        os.chown(path, 1234, -1)
        assert "belongs to the user 1234" in refused(lab, point)
        os.chown(path, 0, -1)
    lab.verify(point)


def test_no_message_tells_a_whole_digest(lab: PointLab) -> None:
    """The digest of a short secret is as good as the secret."""
    point = lab.make()
    objects = lab.folder / point / "objects"
    for path in sorted(objects.iterdir()):
        content = path.read_bytes()
        for how in ("damaged", "gone", "added"):
            if how == "damaged":
                path.write_bytes(content + b"x")
            elif how == "gone":
                path.rename(lab.folder / "aside")
            else:
                (objects / ("0" * 64)).write_bytes(b"")
            with pytest.raises(Damaged) as found:
                lab.verify(point)
            assert not re.search("[0-9a-f]{13}", found.value.reason), found.value.reason
            assert "..." in found.value.reason
            (objects / ("0" * 64)).unlink(missing_ok=True)
            if how == "gone":
                (lab.folder / "aside").rename(path)
            path.write_bytes(content)
    lab.verify(point)


@pytest.mark.parametrize("moment_ns", [32503680000 * 10**9, -(10**18), (1 << 64) + 1])
def test_a_time_far_from_ours_is_a_time(lab: PointLab, moment_ns: int) -> None:
    """Some file systems keep times that 64 bits of nanoseconds do not: a copy from there may have them."""
    path = lab.write("old.txt", "old\n")
    os.utime(path, ns=(moment_ns, moment_ns))
    document = lab.verify(lab.make(["old.txt"]))
    kept = path.stat().st_mtime_ns
    assert [one["mtime_ns"] for one in document["entries"]] == [kept]
    told = {**document, "entries": [{**document["entries"][0], "mtime_ns": moment_ns}]}
    assert manifest.parse(manifest.canonical(manifest.sealed(told)))["entries"][0]["mtime_ns"] == moment_ns
