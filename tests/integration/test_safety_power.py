# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a power cut a change is all old or all new: file systems on loop devices are shut down at many points of a
change, mounted again and recovered. ``EVENKEEL_FAULTS=all`` (``make faults``) cuts a hundred times and more for each.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest
from act_broken import in_place
from act_faults import FaultyOs, counted, in_place_of_os
from act_world import World, build, every_kind, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.recovery import recover

pytestmark = [pytest.mark.root, pytest.mark.skipif(os.geteuid() != 0, reason="needs to run as root")]

ALL = os.environ.get("EVENKEEL_FAULTS") == "all"
CUTS = 110 if ALL else 12
KINDS = {
    "ext4": (["mkfs.ext4", "-q", "-F", "-I", "256"], "loop", 64 << 20),
    "ext4 noauto_da_alloc": (["mkfs.ext4", "-q", "-F", "-I", "256"], "loop,noauto_da_alloc", 64 << 20),
    "xfs": (["mkfs.xfs", "-q", "-f"], "loop", 320 << 20),
}
# EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN, and the way of going that writes nothing more: not even the log.
_SHUTDOWN, _NOLOGFLUSH = 0x8004587D, 2
_NEWNS, _REC, _PRIVATE = 0x20000, 0x4000, 0x40000


class Disk:
    """A file system that can lose its power."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.make, self.options, size = KINDS[kind]
        self.image = folder / "image"
        self.place = folder / "disk"
        self.place.mkdir()
        with self.image.open("wb") as image:
            image.truncate(size)
        done = subprocess.run([*self.make, str(self.image)], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        self.mount()

    def mount(self) -> None:
        argv = ["mount", "-o", self.options, str(self.image), str(self.place)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no loop devices on this machine: {done.stderr.strip()}")

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.place)], check=True)

    def sync(self) -> None:
        """Bring all that is on this file system to the disk, and nothing of others."""
        fd = os.open(self.place, os.O_RDONLY)
        assert ctypes.CDLL(None).syncfs(fd) == 0
        os.close(fd)

    def cut(self, unrelated: bool) -> None:
        """Lose the power; ``unrelated``: just after another program synchronised a file of its own."""
        if unrelated:
            with (self.place / "unrelated").open("wb") as file:
                file.write(b"x" * 5000)
                file.flush()
                os.fsync(file.fileno())
        fd = os.open(self.place, os.O_RDONLY)
        fcntl.ioctl(fd, _SHUTDOWN, struct.pack("I", _NOLOGFLUSH))
        os.close(fd)


@contextlib.contextmanager
def own_mounts() -> t.Iterator[None]:
    """Mount where no other process sees it: one that began meanwhile would hold a disk that was taken away."""
    libc = ctypes.CDLL(None, use_errno=True)
    folder, before = os.getcwd(), os.open("/proc/self/ns/mnt", os.O_RDONLY)
    try:
        if libc.unshare(_NEWNS) or libc.mount(b"none", b"/", None, _REC | _PRIVATE, None):
            pytest.skip(f"no mounts of its own on this machine: {os.strerror(ctypes.get_errno())}")
        yield
    finally:
        libc.setns(before, _NEWNS)
        os.close(before)
        os.chdir(folder)


@pytest.fixture(name="disk", params=KINDS)
def fixture_disk(request: pytest.FixtureRequest) -> t.Iterator[Disk]:
    if shutil.which(KINDS[request.param][0][0]) is None:
        pytest.skip(f"no {KINDS[request.param][0][0]} is installed")
    # A container often has very little of it.
    is_roomy = os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 1 << 30
    memory = "/dev/shm" if is_roomy else None
    with own_mounts(), tempfile.TemporaryDirectory(dir=memory, prefix="evenkeel-") as made:
        disk = Disk(Path(made), request.param)
        try:
            yield disk
        finally:
            disk.unmount()


def cut_at(disk: Disk, number: int, unrelated: bool, work: t.Callable[[], t.Any]) -> bool:
    """Do some work in a process of its own, whose disk loses its power at the changing call ``number``; return whether
    the work was done before that.
    """

    def before(count: int, _name: str, _arguments: tuple[t.Any, ...]) -> None:
        if count == number:
            disk.cut(unrelated)
            os.kill(os.getpid(), signal.SIGKILL)

    pid = os.fork()
    if pid == 0:
        try:
            with in_place_of_os(FaultyOs(before)):
                work()
            disk.cut(unrelated)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


class Cutting:
    """Cuts the power at points all over a change, and says what became of it each time."""

    def __init__(self, disk: Disk, cuts: int, **engine: t.Any) -> None:
        self.disk = disk
        self.engine = engine
        world = World(disk.place / "model")
        build(world.root)
        self.old = seen(world.root)
        operations = every_kind(world)
        calls = len(counted(lambda: world.apply(operations, **engine)))
        self.new = seen(world.root, folder_times=False)
        # The last is one more than there are: the power goes when all is done.
        self.points = [1 + (calls * number) // max(1, cuts - 1) for number in range(cuts)]

    def run(self, unrelated: bool) -> dict[str, int]:
        ends = {"old": 0, "new": 0, "broken": 0, "lost": 0}
        for number in self.points:
            world = World(self.disk.place / f"world-{number}")
            build(world.root)
            world.open_state().close()
            operations = every_kind(world)
            self.disk.sync()
            done = cut_at(self.disk, number, unrelated, lambda w=world, o=operations: w.apply(o, **self.engine))
            self.disk.unmount()
            self.disk.mount()
            end = self.end(world)
            ends["lost" if done and end != "new" else end] += 1
            world.clear()
        return ends

    def end(self, world: World) -> str:
        try:
            with world.open_state() as state:
                recover(state)
            leftovers = list(world.root.rglob(".evenkeel-*"))
        except (ActError, OSError):
            return "broken"
        if leftovers:
            return "broken"
        if seen(world.root) == self.old:
            return "old"
        return "new" if seen(world.root, folder_times=False) == self.new else "broken"


@pytest.mark.parametrize("unrelated", [False, True])
def test_a_power_cut_leaves_all_old_or_all_new(disk: Disk, unrelated: bool) -> None:
    ends = Cutting(disk, CUTS).run(unrelated)
    print(f"{disk.make[0]}, {disk.options}, unrelated fsync {unrelated}: {ends}")
    assert (ends["broken"], ends["lost"]) == (0, 0), ends
    assert ends["old"] and ends["new"], ends


def test_an_engine_that_synchronises_nothing_is_found_out(disk: Disk) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fs, "sync", lambda _fd: None)
        patch.setattr(fs, "sync_directory", lambda _fd: None)
        ends = Cutting(disk, 6).run(unrelated=False)
    assert ends["broken"] + ends["lost"], ends


def test_an_engine_that_writes_in_place_is_found_out(disk: Disk) -> None:
    ends = Cutting(disk, 6, engine=in_place).run(unrelated=True)
    assert ends["broken"] + ends["lost"], ends


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A tmpfs of a few pages and inodes: the path is named, everything is as it was."""
    folder = tmp_path / "small"
    folder.mkdir()
    with own_mounts():
        fill_a_disk(tmp_path, folder)


def fill_a_disk(tmp_path: Path, folder: Path) -> None:
    argv = ["mount", "-t", "tmpfs", "-o", "size=400k,nr_inodes=120", "none", str(folder)]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs may be mounted on this machine")
    try:
        world = World(folder / "world")
        world.contents = tmp_path / "contents"
        world.contents.mkdir()
        build(world.root)
        operations = every_kind(world)
        world.open_state().close()
        old = seen(world.root)
        big = [world.write("big", b"x" * 500_000)]
        with pytest.raises(ActError, match="not enough space: the new files take"):
            world.apply(big)
        reached = set()
        with contextlib.suppress(OSError):
            for filler in range(1000):
                with (folder / f"filler-{filler}").open("wb", buffering=0) as file:
                    file.write(b"x" * 4096)
        # Every file that goes away gives the change a page and an inode more, until it has enough.
        for filler in sorted(folder.glob("filler-*")):
            try:
                world.apply(operations)
            except ActError as error:
                reached.add(type(error).__name__)
                assert "space" in str(error) or "inodes" in str(error), error
                with world.open_state() as state:
                    recover(state)
                assert seen(world.root) == old
            else:
                reached.add("done")
                break
            filler.unlink()
            # The closed journals would take the room that was just made.
            for kept in (world.states / "shop/history").glob("*"):
                kept.unlink()
        assert "done" in reached and len(reached) > 1, reached
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("disk", ["xfs"], indirect=True)
def test_what_stays_the_same_takes_no_space_twice_and_is_still_its_own(disk: Disk) -> None:
    world, content = World(disk.place), os.urandom(8 << 20)
    large, copy = world.root / "large.bin", world.root / "copy.bin"
    large.write_bytes(content)
    operation = {**world.write("copy.bin", content), "from": "large.bin"}
    disk.sync()
    before = os.statvfs(disk.place).f_bfree
    world.apply([operation])
    disk.sync()
    assert (before - os.statvfs(disk.place).f_bfree) * os.statvfs(disk.place).f_frsize < 1 << 20
    with copy.open("r+b") as file:
        file.write(b"written in place")
    assert large.read_bytes() == content
    assert copy.read_bytes()[16:] == content[16:]
