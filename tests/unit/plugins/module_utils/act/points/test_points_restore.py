# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a point saved comes back exactly: content, mode, owner, time, attributes, links, and what was not there."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import struct
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act import transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import restore, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import open_state
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from point_lab import ABOUT, PointLab

EXAMPLES = 5000 if os.environ.get("EVENKEEL_FAULTS") == "all" else 500
# Where files are memory, a sync costs nothing.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# What the kernel makes of an access list: version 2, then (tag, permissions, id) of owner, a user, group, mask, others.
ACCESS_LIST = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", *entry)
    for entry in [(1, 6, 2**32 - 1), (2, 6, 1234), (4, 4, 2**32 - 1), (16, 6, 2**32 - 1), (32, 4, 2**32 - 1)]
)
Snapshot = dict


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> PointLab:
    return PointLab(tmp_path)


def way(lab: PointLab, point: str) -> restore.Way:
    with lab.fds() as (_points_fd, root_fd):
        return restore.way_to(lab.verify(point), root_fd, lab.host)


def bring_back(lab: PointLab, point: str) -> dict[str, t.Any]:
    """Roll the root back to a point, and return what the engine says."""
    found = way(lab, point)
    assert found.blocked == []
    state = open_state(str(lab.folder.parent / "state"), "app")
    assert state is not None
    about = {**ABOUT, "id": point, "kind": "rollback"}
    with contextlib.ExitStack() as stack:
        stack.enter_context(state)
        points_fd, _root_fd = stack.enter_context(lab.fds())
        objects_fd = stack.enter_context(verify.objects_of(stack.enter_context(verify.opened(points_fd, point))))
        return transaction.apply(found.operations, [objects_fd], str(lab.root), state, about, lab.host)


def snapshot(root: Path, times_of_folders: bool = False) -> Snapshot:
    """Return what is below a root, as no code of the collection sees it."""
    found: Snapshot = {}
    for path in sorted(root.rglob("*")):
        seen = path.lstat()
        kind = stat.S_IFMT(seen.st_mode)
        told: list[t.Any] = [kind, seen.st_uid, seen.st_gid]
        if not path.is_symlink():
            told.append(stat.S_IMODE(seen.st_mode))
            told.append({name: os.getxattr(path, name) for name in sorted(os.listxattr(path))})
        if kind == stat.S_IFREG or (times_of_folders and kind == stat.S_IFDIR):
            told.append(seen.st_mtime_ns)
        if kind == stat.S_IFREG:
            told.append(path.read_bytes())
        elif kind == stat.S_IFLNK:
            told.append(os.readlink(os.fsencode(path)))
        found[os.fsencode(path.relative_to(root))] = told
    return found


def test_everything_about_a_file_comes_back(lab: PointLab) -> None:
    path = lab.write("src/main.py", "one\n", 0o4751)
    os.utime(path, ns=(1, 1_234_567_890_123_456_789))
    os.setxattr(path, "user.note", b"\x00\xff")
    (lab.root / "src").chmod(0o2770)
    os.utime(lab.root / "src", ns=(5, 987_654_321_000_000_001))
    before = snapshot(lab.root, times_of_folders=True)
    point = lab.make()
    path.unlink()
    lab.write("src/main.py", "two\n", 0o644)
    (lab.root / "src").chmod(0o755)
    told = bring_back(lab, point)
    assert snapshot(lab.root, times_of_folders=True) == before
    assert told["left"] == []
    assert way(lab, point).operations == []


def test_access_lists_come_back(lab: PointLab) -> None:
    path = lab.write("config.yaml", "a: 1\n")
    try:
        os.setxattr(path, "system.posix_acl_access", ACCESS_LIST)
    except OSError as error:
        pytest.skip(f"no access lists on this machine: {error}")
    before = snapshot(lab.root)
    point = lab.make()
    os.removexattr(path, "system.posix_acl_access")
    path.write_text("a: 2\n")
    bring_back(lab, point)
    assert snapshot(lab.root) == before
    assert os.getxattr(path, "system.posix_acl_access") == ACCESS_LIST


def test_what_was_not_there_goes_and_what_was_comes(lab: PointLab) -> None:
    lab.write("old/deep/file.txt", "old\n")
    before = snapshot(lab.root)
    point = lab.make(["old/deep/file.txt", "new/deep/file.txt", "new/link", "new", "new/deep"])
    shutil.rmtree(lab.root / "old")
    lab.write("new/deep/file.txt", "new\n")
    (lab.root / "new/link").symlink_to("deep")
    bring_back(lab, point)
    assert snapshot(lab.root) == before


def test_a_folder_that_holds_something_else_by_now_stays_and_is_told(lab: PointLab) -> None:
    point = lab.make(["new/file.txt", "new"])
    lab.write("new/file.txt", "deployed\n")
    lab.write("new/upload.bin", "somebody's\n")
    told = bring_back(lab, point)
    assert [one["path"] for one in told["left"]] == ["new"]
    assert [path.name for path in (lab.root / "new").iterdir()] == ["upload.bin"]


@pytest.mark.parametrize("now", ["file", "link", "directory", "absent"])
@pytest.mark.parametrize("then", ["file", "link", "directory", "absent"])
def test_every_type_takes_the_place_of_every_other(lab: PointLab, then: str, now: str) -> None:
    def put(kind: str) -> None:
        if kind == "file":
            lab.write("at", "content\n")
        elif kind == "link":
            (lab.root / "at").symlink_to("nowhere")
        elif kind == "directory":
            (lab.root / "at").mkdir()

    put(then)
    before = snapshot(lab.root)
    point = lab.make(["at"])
    path = lab.root / "at"
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    elif then != "absent":
        path.unlink()
    put(now)
    bring_back(lab, point)
    assert snapshot(lab.root) == before


def test_a_fifo_in_the_way_blocks_and_a_lost_one_is_told(lab: PointLab) -> None:
    lab.write("file.txt", "x\n")
    os.mkfifo(lab.root / "pipe")
    point = lab.make()
    (lab.root / "file.txt").unlink()
    (lab.root / "pipe").unlink()
    os.mkfifo(lab.root / "file.txt")
    found = way(lab, point)
    assert [one["path"] for one in found.blocked] == ["file.txt"]
    assert [one["path"] for one in found.left] == ["pipe"]


def test_a_sparse_file_comes_back_by_content(lab: PointLab) -> None:
    path = lab.root / "sparse.img"
    with path.open("wb") as target:
        target.seek(5 << 20)
        target.write(b"end")
    point = lab.make()
    path.write_bytes(b"")
    bring_back(lab, point)
    assert path.read_bytes() == bytes(5 << 20) + b"end"


def test_hard_links_are_told(lab: PointLab) -> None:
    os.link(lab.write("a.txt", "x\n"), lab.root / "b.txt")
    assert lab.verify(lab.make())["notes"] == [
        "a.txt and 1 more have several names (hard links): each name comes back as a file of its own"
    ]


def test_names_of_any_bytes_come_back(lab: PointLab) -> None:
    names = [b"caf\xe9", b"new\nline", b"back\\slash", "ü".encode(), b"-rf", b" ", b"\x1b[31m", b"x" * 255]
    for name in names:
        Path(os.fsdecode(os.fsencode(lab.root) + b"/" + name)).write_bytes(name)
    before = snapshot(lab.root)
    point = lab.make([entry_name(name) for name in names])
    for name in names:
        os.unlink(os.fsencode(lab.root) + b"/" + name)
    bring_back(lab, point)
    assert snapshot(lab.root) == before


def entry_name(name: bytes) -> str:
    return name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def test_a_path_through_a_link_is_never_followed(lab: PointLab, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "main.py").write_text("theirs\n")
    lab.write("src/main.py", "ours\n")
    point = lab.make(["src/main.py"])
    shutil.rmtree(lab.root / "src")
    (lab.root / "src").symlink_to(outside)
    bring_back(lab, point)
    assert (outside / "main.py").read_text() == "theirs\n"
    assert (lab.root / "src/main.py").read_text() == "ours\n"


def test_what_cannot_be_read_makes_no_point(lab: PointLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write("a.txt", "x\n")
    lab.write("b.txt", "y\n")

    def failing(*_arguments: object) -> t.Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ansible_collections.evenkeel.drift.plugins.module_utils.act.entry.open_file", failing)
    with pytest.raises(PointError, match=r"cannot be saved: a.txt: permission denied; b.txt"):
        lab.make()
    assert list(lab.folder.iterdir()) == []


NAMES = st.sampled_from(["a", "b", "c.txt", "dir"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
NODES = st.one_of(
    st.tuples(
        st.just("file"),
        st.binary(max_size=40),
        st.sampled_from([0o600, 0o644, 0o755, 0o444, 0o6755]),
        st.integers(0, 2**61),
    ),
    st.tuples(st.just("link"), st.sampled_from(["a", "../x", "/nowhere", "dir/b"])),
    st.tuples(st.just("directory"), st.sampled_from([0o700, 0o755, 0o1777])),
)
TREES = st.dictionaries(PATHS, NODES, max_size=8)


def build(root: Path, tree: t.Mapping[str, t.Any]) -> None:
    """Make as much of a tree as fits together: what comes later gives way to what came before."""
    for name, node in sorted(tree.items()):
        path = root / name
        if any(above.is_symlink() for above in path.parents):
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if node[0] == "link":
                path.symlink_to(node[1])
            elif node[0] == "directory":
                path.mkdir()
                path.chmod(node[1])
            elif not os.path.lexists(path):
                path.write_bytes(node[1])
                path.chmod(node[2])
                os.setxattr(path, "user.size", str(len(node[1])).encode())
                os.utime(path, ns=(node[3], node[3]))
        except (FileExistsError, NotADirectoryError, FileNotFoundError):
            continue


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=TREES, after=TREES)
def test_any_tree_comes_back_from_any_other(before: dict[str, t.Any], after: dict[str, t.Any]) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as folder:
        lab = PointLab(Path(folder))
        build(lab.root, before)
        wanted = snapshot(lab.root)
        paths = set(lab.everything())
        other = Path(folder) / "other"
        other.mkdir()
        build(other, after)
        paths |= {os.path.relpath(path, other) for path in map(str, other.rglob("*"))}
        if not paths:
            return
        point = lab.make(sorted(paths))
        shutil.rmtree(lab.root)
        other.rename(lab.root)
        told = bring_back(lab, point)
        assert told["left"] == []
        assert snapshot(lab.root) == wanted
        assert way(lab, point).operations == []
        assert not list(lab.root.rglob(".evenkeel-*"))
