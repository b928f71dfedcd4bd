# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change cannot be led out of its root, two of them never run at once, and it calls nothing that its tests do not
know of.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
from act_broken import in_place
from act_faults import FaultyOs, in_place_of_os
from act_world import World, build, every_kind, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act import lock
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError, Busy, Unfinished
from ansible_collections.evenkeel.drift.plugins.module_utils.act.recovery import recover
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from waiting import LIMIT_S, wait_until

ALL = os.environ.get("EVENKEEL_FAULTS") == "all"
BUDGET_S = 60.0 if ALL else 2.0
ROUNDS = 1000 if ALL else 4
RACERS = 50 if ALL else 20
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
FLIPPER = Path(__file__).with_name("e2e_flipper.py")
STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


@pytest.fixture(name="world")
def fixture_world() -> t.Iterator[World]:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made:
        yield World(Path(made, "world"))


# --- a program that swaps paths for links -----------------------------------------------------------------------------


@contextlib.contextmanager
def flipping(one: Path, other: Path) -> t.Iterator[None]:
    with subprocess.Popen([sys.executable, "-S", str(FLIPPER), str(one), str(other)]) as process:
        try:
            wait_until(one.is_symlink, "the flipper flips")
            yield
            assert process.poll() is None, "it flipped all the time"
        finally:
            process.kill()


def prepare(world: World, level: str) -> tuple[Path, Path, Path]:
    """Make a tree, a place outside that looks alike, and what a flipper swaps: ``(outside, one, other)``."""
    outside = world.folder / "outside"
    for top in (world.root / "grand", outside):
        (top / "parent").mkdir(parents=True)
        for name in ("target", "attributes", "gone"):
            (top / "parent" / name).write_bytes(b"canary\n")
        (top / "parent" / "folder").mkdir()
    one = {"leaf": "grand/parent/target", "parent": "grand/parent", "grandparent": "grand"}[level]
    inner = {"leaf": "parent/target", "parent": "parent", "grandparent": ""}[level]
    other = world.folder / "link"
    other.symlink_to(outside / inner if inner else outside)
    return outside, world.root / one, other


def everything(world: World) -> list[dict[str, t.Any]]:
    path = "grand/parent"
    return [
        world.write(f"{path}/target", os.urandom(8)),
        world.operation("attributes", f"{path}/attributes", mode="0600"),
        world.operation("remove", f"{path}/gone"),
        world.operation("directory", f"{path}/folder", mode="0711"),
        world.write(f"{path}/new", b"new\n"),
        world.operation("directory", f"{path}/made"),
        world.write(f"{path}/made/inside", b"inside\n"),
        world.operation("link", f"{path}/link", target="target"),
        world.operation("remove_directory", f"{path}/folder"),
    ]


def changes_for(world: World, seconds: float, least: int = 0, **engine: t.Any) -> collections.Counter[str]:
    """Apply one of the operations after the other, and all of them, until the time is up; return how they ended.

    Where ``least`` of them are wanted, and some that were done beside some that were not, a busy machine has more time.
    """
    ends: collections.Counter[str] = collections.Counter()
    end = time.monotonic() + seconds
    number = 0

    def goes_on() -> bool:
        lacking = least and (number < least or not ends["done"] or len(ends) < 2)
        return time.monotonic() < end + (LIMIT_S if lacking else 0)

    while goes_on():
        number += 1
        try:
            operations = everything(world)[:8]
            chosen = operations if number % 9 == 0 else [operations[number % 8]]
            if chosen[0]["path"].endswith("/inside"):
                chosen = operations[5:7]
            world.apply(chosen, **engine)
            ends["done"] += 1
        except (ActError, Unseen, OSError, ValueError) as error:
            ends[type(error).__name__] += 1
            with world.open_state() as state, contextlib.suppress(ActError):
                recover(state)
    return ends


@pytest.mark.parametrize("level", ["leaf", "parent", "grandparent"])
def test_a_change_is_not_led_out_of_its_root(world: World, level: str) -> None:
    outside, one, other = prepare(world, level)
    before = seen(outside)
    with flipping(one, other):
        ends = changes_for(world, BUDGET_S, least=51)
    assert seen(outside) == before
    assert sum(ends.values()) > 50, ends
    assert ends["done"] > 0 and len(ends) > 1, f"it won and lost: {ends}"
    if one.is_symlink():
        one.unlink()
        other.rename(one)
    with world.open_state() as state:
        recover(state)
    assert list(world.folder.rglob(".evenkeel-*")) == []


def test_an_engine_that_goes_by_names_is_led_out(world: World) -> None:
    outside, one, other = prepare(world, "parent")
    before = seen(outside)
    with flipping(one, other):
        end = time.monotonic() + LIMIT_S
        while seen(outside) == before and time.monotonic() < end:
            changes_for(world, 0.2, engine=in_place)
    assert seen(outside) != before


# --- two changes at once ----------------------------------------------------------------------------------------------


def test_of_changes_that_race_one_wins(world: World) -> None:
    build(world.root)
    world.open_state().close()
    for number in range(ROUNDS):
        ends = race(world, [world.write("over.txt", f"round {number}\n".encode())])
        assert ends["changed"] == 1, ends
        assert set(ends) <= {"changed", "busy", "unchanged"}
        assert (world.root / "over.txt").read_bytes() == f"round {number}\n".encode()


def test_when_the_winner_is_killed_nothing_is_half_and_the_next_change_wins(world: World) -> None:
    build(world.root)
    world.apply([world.write("over.txt", b"the first one\n")])
    for number in range(ROUNDS):
        operations = [world.write(f"wide{file}.txt", f"round {number}\n".encode() * 500) for file in range(12)]
        before = seen(world.root)
        ends = race(world, operations, kill_at=random.randint(20, 80))
        assert ends["killed"] == 1 and set(ends) <= {"killed", "busy", "unfinished"}, ends
        with world.open_state() as state:
            recover(state)
        names = {f"wide{file}.txt" for file in range(12)}
        now = seen(world.root)
        new = {path for path in names if (world.root / path).is_file() and now[path] != before.get(path)}
        assert new in (set(), names), f"half of round {number}: {sorted(new)}"
        assert set(world.apply(operations)["changed"]) == names - new
        assert list(world.folder.rglob(".evenkeel-*")) == []


def race(world: World, operations: list[dict[str, t.Any]], kill_at: int = 0) -> collections.Counter[str]:
    """Let many processes apply the same operations at once, and return how they ended. One is killed at its changing
    call ``kill_at``: far more than those make that do not get the lock.
    """

    def before(count: int, _name: str, _arguments: tuple[t.Any, ...]) -> None:
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    ready, go = os.pipe()
    pids = []
    for _racer in range(RACERS):
        pid = os.fork()
        if pid == 0:
            code = 9
            try:
                os.close(go)
                os.read(ready, 1)
                try:
                    with in_place_of_os(FaultyOs(before)):
                        code = 0 if world.apply(operations)["changed"] else 2
                except Busy:
                    code = 1
                except Unfinished:
                    code = 3
            finally:
                os._exit(code)
        pids.append(pid)
    os.close(ready)
    os.close(go)
    words = {0: "changed", 1: "busy", 2: "unchanged", 3: "unfinished", -signal.SIGKILL: "killed"}
    ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    return collections.Counter(words.get(code, "failed") for code in ended)


def test_without_a_lock_several_win(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    build(world.root)
    world.open_state().close()
    monkeypatch.setattr(lock.fs, "lock", lambda _fd: True)
    for number in range(50):
        ends = race(world, [world.write("over.txt", os.urandom(200_000))])
        if ends["changed"] != 1 or ends["failed"]:
            return
        assert number < 49, "twenty processes at once, and nothing went wrong in fifty rounds"


def test_the_lock_of_a_process_that_was_killed_is_free(world: World) -> None:
    build(world.root)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            with world.open_state() as state, lock.held(state, "ops@elsewhere", "a change that hangs"):
                os.write(writing, b"x")
                signal.pause()
        finally:
            os._exit(1)
    try:
        assert os.read(reading, 1) == b"x"
        operations = [world.write("over.txt", b"a\n")]
        for stop in (None, signal.SIGSTOP):
            if stop:
                os.kill(pid, stop)
            with pytest.raises(Busy, match=f"a change that hangs, by ops@elsewhere, process {pid}, since") as raised:
                world.apply(operations)
            assert raised.value.holder["pid"] == pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    done = world.apply(operations)
    assert done["changed"] == ["over.txt"]
    assert [text for text in done["warnings"] if f"process {pid}" in text and "without giving its lock back" in text]
    assert world.apply([world.write("over.txt", b"b\n")])["warnings"] == []


# --- what it calls ----------------------------------------------------------------------------------------------------

# Of each call of fs.py, the system calls that are it; and all that change a file, whoever would call them.
_SYSTEM_CALLS = {
    "open": "openat open creat",
    "write": "write writev pwritev",
    "pwrite": "pwrite64",
    "ftruncate": "ftruncate truncate",
    "fsync": "fsync fdatasync sync syncfs sync_file_range",
    "rename": "rename renameat renameat2",
    "link": "link linkat",
    "symlink": "symlink symlinkat",
    "unlink": "unlink unlinkat/0",
    "rmdir": "rmdir unlinkat/AT_REMOVEDIR",
    "mkdir": "mkdir mkdirat",
    "fchmod": "fchmod chmod fchmodat fchmodat2",
    "fchown": "fchown",
    "chown": "chown lchown fchownat",
    "utime": "utimensat futimesat utimes utime",
    "setxattr": "setxattr lsetxattr fsetxattr",
    "removexattr": "removexattr lremovexattr fremovexattr",
    "ioctl": "ioctl/FICLONE",
    "other": "mknod mknodat fallocate copy_file_range sendfile splice mount",
}
_WRITES = re.compile(r"O_CREAT|O_TRUNC|O_WRONLY|O_RDWR|O_APPEND|O_TMPFILE")

PROGRAM = """
import json, os, sys
sys.path[:0] = {path!r}
from pathlib import Path
from act_faults import counted
from act_world import World, every_kind
world = World.__new__(World)
World.__init__(world, Path({folder!r}, "unused"))
world.root, world.contents, world.states = (Path({folder!r}, name) for name in ("root", "contents", "state"))
operations = json.loads(Path({folder!r}, "operations.json").read_text())
world.open_state().close()
os.path.exists("/begin")
names = counted(lambda: world.apply(operations))
os.path.exists("/end")
print(json.dumps(names))
"""


@STRACE
def test_every_call_that_changes_something_is_one_of_fs(world: World, tmp_path: Path) -> None:
    build(world.root)
    (world.folder / "operations.json").write_text(json.dumps(every_kind(world)))
    program = PROGRAM.format(path=[str(Path(__file__).parents[1]), *sys.path], folder=str(world.folder))
    trace = tmp_path / "trace"
    argv = ["strace", "-f", "-qq", "-s", "200", "-o", str(trace), sys.executable, "-B", "-c", program]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if "PTRACE" in done.stderr:
        pytest.skip("processes may not be traced on this machine")
    assert done.returncode == 0, done.stderr
    wanted = collections.Counter(json.loads(done.stdout))
    assert traced(trace.read_text(errors="replace")) == wanted


def traced(text: str) -> collections.Counter[str]:
    """Return the calls of fs.py that a trace between its two marks comes from."""
    between = text.partition('"/begin"')[2].partition('"/end"')[0]
    names = {call: name for name, calls in _SYSTEM_CALLS.items() for call in calls.split()}
    found: collections.Counter[str] = collections.Counter()
    for line in between.splitlines():
        match = re.match(r"\d+ +(\w+)\((.*)", line)
        if match is None:
            continue
        call, arguments = match.groups()
        if call == "unlinkat":
            call += "/AT_REMOVEDIR" if "AT_REMOVEDIR" in arguments else "/0"
        if call == "ioctl" and "FICLONE" in arguments:
            call += "/FICLONE"
        if call not in names or (names[call] == "open" and not _WRITES.search(arguments)):
            continue
        found[names[call]] += 1
    return found


def test_the_trace_would_show_more() -> None:
    calls = ['stat("/begin")', 'mknodat(3, "x")', 'openat(3, "a", O_RDONLY)', 'openat(3, "b", O_WRONLY)', 'x("/end")']
    assert traced("\n".join(f"1 {call}" for call in calls)) == {"other": 1, "open": 1}
