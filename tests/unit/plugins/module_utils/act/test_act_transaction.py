# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change does, refuses and undoes: each operation, everything that is in its way, every call that fails."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, failing_at, in_place_of_os, short_writes, without_links
from act_world import T, World, build, every_kind, seen, sha256
from ansible_collections.evenkeel.drift.plugins.module_utils.act import checks, taking, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import (
    Moved,
    Refused,
    RolledBack,
    Stuck,
    Unfinished,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.recovery import MAX_TRIES, recover

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs to run as root")
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.fixture(name="world")
def fixture_world() -> t.Iterator[World]:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made:
        world = World(Path(made, "world"))
        build(world.root)
        yield world


def leftovers(world: World) -> list[str]:
    found = [str(path) for path in world.root.rglob(".evenkeel-*")]
    return found + [str(path) for path in world.states.glob("shop/journal*")]


def test_a_change_with_every_kind(world: World) -> None:
    old = seen(world.root)
    answer = world.apply(every_kind(world))
    new = seen(world.root)
    assert answer["left"] == [{"path": "partly", "reason": "it is not empty: it holds what is no part of the change"}]
    assert answer["unchanged"] == ["same.txt"]
    assert answer["bytes"] == 662
    assert leftovers(world) == []
    assert new["over.txt"] == (
        sha256(b"new content\n" * 50),
        "0o100640",
        *old["over.txt"][2:4],
        T,
        1,
        old["over.txt"][6],
    )
    assert (new["tool"][1], new["mode.txt"][:2]) == ("0o100755", (old["mode.txt"][0], "0o100644"))
    assert (new["link"][1], new["to_link"][:2], new["from_link"][1]) == ("over.txt", ("link", "keep.txt"), "0o100600")
    assert (new["new"][:2], new["new"][4]) == (("folder", "0o40750"), T)
    assert (new["new/deep"][1], new["new/deep"][4]) == ("0o40555", T)
    assert (new["folder"][1], new["folder"][4], new["folder"][6]) == ("0o40700", T, {})
    assert (new["to_file"][0], new["to_folder"][0]) == (sha256(b"now a file\n"), "folder")
    assert new["keep.txt"] == old["keep.txt"]
    gone = {
        "gone",
        "gone.txt",
        "gone/x",
        "gone/deep",
        "gone/deep/y",
        "partly/mine",
        "to_file/p",
        "to_file/q",
        "to_file/q/r",
    }
    assert old.keys() - new.keys() == gone


def test_it_is_idempotent(world: World) -> None:
    operations = every_kind(world)
    world.apply(operations)
    once = seen(world.root)
    calls = counted(lambda: world.apply(operations))
    assert seen(world.root) == once
    assert set(calls) <= {"mkdir", "makedirs", "open", "ftruncate", "pwrite"}, "nothing but the lock"


def test_check_mode_tells_the_same_and_touches_nothing(world: World) -> None:
    operations = every_kind(world)
    world.open_state().close()
    old = seen(world.folder)
    told = world.apply(operations, check=True)
    assert seen(world.folder) == old
    done = world.apply(operations)
    assert {**told, "seconds": 0} == {**done, "seconds": 0}


def test_every_path_that_moved_is_told_and_nothing_is_touched(world: World) -> None:
    operations = every_kind(world)
    (world.root / "over.txt").write_bytes(b"edited by hand\n")
    (world.root / "gone.txt").chmod(0o600)
    (world.root / "new.txt").write_bytes(b"made by hand\n")
    old = seen(world.root)
    with pytest.raises(Moved, match="and 2 more changed since") as raised:
        world.apply(operations)
    assert {moved["path"] for moved in raised.value.paths} == {"over.txt", "gone.txt", "new.txt"}
    assert [(m["expected"]["mode"], m["found"]["mode"]) for m in raised.value.paths if m["path"] == "gone.txt"] == [
        ("0644", "0600")
    ]
    assert seen(world.root) == old


def test_the_time_of_a_change_is_that_of_its_files(world: World) -> None:
    operation = {**world.write("over.txt", b"now\n"), "mtime_ns": None}
    world.apply([operation])
    assert (world.root / "over.txt").stat().st_mtime_ns > T + 10**17


def test_a_file_whose_content_must_not_be_known(world: World) -> None:
    secret = {"type": "file", "secret": True, "mode": "0640"}
    assert world.apply([world.write("over.txt", b"new secret\n", before=secret)])["changed"] == ["over.txt"]


ENDLESS = 1 << 42
"""So large a file, all of it a hole, takes hours to read."""


@pytest.mark.parametrize("known", ["size", "absent"])
def test_an_endless_file_in_the_way_is_not_read(world: World, known: str) -> None:
    before = {"type": "absent"} if known == "absent" else {**world.before("over.txt"), "size": 12}
    operation = world.write("over.txt", b"new\n", before=before)
    os.truncate(world.root / "over.txt", ENDLESS)
    with pytest.raises(Moved) as error:
        world.apply([operation])
    assert [(one["path"], one["found"]["size"]) for one in error.value.paths] == [("over.txt", ENDLESS)]


def test_reading_ends_with_the_time(world: World) -> None:
    operation = world.write("over.txt", b"new\n")
    os.truncate(world.root / "over.txt", ENDLESS)
    with pytest.raises(Refused) as error:
        world.apply([operation], seconds=0.2)
    assert "over.txt cannot be looked at: not reached within the time limit" in str(error.value)


def test_an_endless_file_that_comes_while_the_change_is_prepared(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = transaction.prepare

    def preparing(*arguments: t.Any) -> None:
        real(*arguments)
        os.truncate(world.root / "over.txt", ENDLESS)

    operation = world.write("over.txt", b"new\n")
    monkeypatch.setattr(transaction, "prepare", preparing)
    with pytest.raises(RolledBack):
        world.apply([operation])
    assert (world.root / "over.txt").stat().st_size == ENDLESS
    assert leftovers(world) == []


def test_names_of_255_bytes_and_of_any_bytes(world: World) -> None:
    long = "n" * 255
    odd = "odd\\xff\nname"
    operations = [
        world.operation("directory", long),
        world.write(f"{long}/{long}", b"deep\n"),
        world.write(odd, b"odd\n"),
    ]
    world.apply(operations)
    assert (world.root / long / long).read_bytes() == b"deep\n"
    assert (world.root / os.fsdecode(b"odd\xff\nname")).read_bytes() == b"odd\n"
    world.apply([world.operation("remove", odd), world.write(f"{long}/{long}", b"other\n")])
    assert (world.root / long / long).read_bytes() == b"other\n"


def test_a_running_program_is_replaced(world: World) -> None:
    sleep = world.root / "sleep"
    sleep.write_bytes(Path("/bin/sleep").read_bytes())
    sleep.chmod(0o755)
    with subprocess.Popen([str(sleep), "60"]) as process:
        world.apply([world.write("sleep", b"#!/bin/sh\n")])
        process.kill()
    assert sleep.read_bytes() == b"#!/bin/sh\n"


# --- what is refused before anything is touched -----------------------------------------------------------------------


def refused(world: World, operations: t.Any, message: str) -> None:
    old = seen(world.root)
    with pytest.raises(Refused, match=message):
        world.apply(operations)
    assert seen(world.root) == old
    assert leftovers(world) == []


def test_a_content_that_is_not_there(world: World) -> None:
    operation = world.write("over.txt", b"lost\n")
    (world.contents / sha256(b"lost\n")).unlink()
    refused(world, [operation], "the content of over.txt is not on this host$")


def test_a_root_that_is_not_there(world: World) -> None:
    operations = every_kind(world)
    world.root.rename(world.folder / "elsewhere")
    with pytest.raises(Refused, match="root does not exist on this host"):
        world.apply(operations)


def test_a_folder_that_is_not_there(world: World) -> None:
    refused(world, [world.write("none/a", b"a\n")], "none.* cannot be opened: no such file or directory")


def test_a_folder_that_is_a_link(world: World) -> None:
    (world.root / "way").symlink_to("folder")
    refused(world, [world.write("way/inside", b"a\n")], "way.* cannot be opened")


def test_other_names_of_a_file(world: World) -> None:
    os.link(world.root / "over.txt", world.folder / "other-name")
    refused(world, [world.write("over.txt", b"a\n")], r"over.txt has 1 more names \(hard links\)")
    refused(world, [world.operation("attributes", "over.txt", mode="0600")], "over.txt has 1 more names")


def test_all_names_of_a_file(world: World) -> None:
    os.link(world.root / "over.txt", world.root / "again.txt")
    world.apply([world.write("over.txt", b"a\n"), world.write("again.txt", b"a\n")])
    assert (world.root / "again.txt").read_bytes() == b"a\n"


def test_attributes_of_all_names_of_a_file(world: World) -> None:
    os.link(world.root / "over.txt", world.root / "again.txt")
    names = ("over.txt", "again.txt")
    world.apply([world.operation("attributes", name, mode="0600", mtime_ns=T) for name in names])
    assert (world.root / "again.txt").stat().st_mtime_ns == T
    world.apply([world.operation("remove", name) for name in names])
    assert not (world.root / "again.txt").exists()


_TO_ROOT = "operation not permitted: user 65534 cannot give it to user 0 and group 0: everything is as it was before"
_NOT_THEIRS = "mine would belong to user {} and group 0, to whom user 65534 cannot give it: deploy as root"


@ROOT
@pytest.mark.parametrize(
    ("owner", "setgid", "looks", "words"),
    [
        ((0, 0), False, True, _NOT_THEIRS.format(0)),
        ((65534, 0), False, True, _NOT_THEIRS.format(65534)),
        ((65534, 0), True, True, ""),
        ((65534, 65534), False, True, ""),
        # When it cannot be told before, the kernel does, and everything goes back.
        ((0, 0), False, False, _TO_ROOT),
    ],
)
def test_a_user_who_may_not_give_files_away(
    world: World, owner: tuple[int, int], setgid: bool, looks: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.folder.parent.chmod(0o711)
    (world.root / "mine").write_bytes(b"mine\n")
    operations = [world.write("mine", b"theirs\n", uid=owner[0], gid=owner[1])]
    for path in (world.folder, world.root, world.root / "mine"):
        # Nothing above it belongs to anybody else but root.
        os.chown(path, 65534, 0 if setgid else 65534)
    world.root.chmod(0o2755 if setgid else 0o755)
    world.contents.chmod(0o755)
    if not looks:
        monkeypatch.setattr(checks, "_gives_away", lambda: True)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            world.apply(operations)
            code = 0 if not words else 3
        except (Refused, RolledBack) as error:
            code = 0 if words and words in str(error) and isinstance(error, RolledBack) != looks else 2
        finally:
            os._exit(code)
    assert os.WEXITSTATUS(os.waitpid(pid, 0)[1]) == 0
    assert (world.root / "mine").read_bytes() == (b"mine\n" if words else b"theirs\n")


def test_a_directory_that_holds_more(world: World) -> None:
    operations = [world.operation("remove", "to_file/p"), world.write("to_file", b"now a file\n")]
    refused(world, operations, "to_file holds to_file/q, which is no part of the change")


def test_the_state_directory_itself(world: World) -> None:
    world.states = world.root / "state"
    world.open_state().close()
    with pytest.raises(Refused, match=r"state/shop is the state directory of evenkeel\.drift"):
        world.apply([world.write("state/shop/journal", b"")])


@ROOT
@pytest.mark.parametrize(("flag", "words"), [("i", "immutable"), ("a", "append-only")])
def test_what_the_kernel_keeps_from_changing(flag: str, words: str, tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    build(world.root)
    operations = [world.write("over.txt", b"a\n"), world.write("folder/new", b"a\n")]
    for path in ("over.txt", "folder"):
        done = subprocess.run(["chattr", f"+{flag}", str(world.root / path)], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("no chattr, or a file system without it, on this machine")
        try:
            refused(world, operations, f"{path}.* is {words}")
        finally:
            subprocess.run(["chattr", f"-{flag}", str(world.root / path)], check=True)


@ROOT
def test_a_mount_point(world: World) -> None:
    """In a mount namespace of its own, which ends with the test's child."""
    program = (
        f"mount --bind {world.root}/keep.txt {world.root}/over.txt && mount -t tmpfs none {world.root}/to_file && "
        f"mount --bind {world.root}/folder {world.root}/folder && mount -o remount,ro,bind {world.root}/folder "
    )
    operations = {
        "over.txt": ([world.write("over.txt", b"a\n")], "over.txt is a mount point"),
        "folder/inside": (
            [world.write("folder/inside", b"a\n")],
            "folder/inside: its file system is mounted read-only",
        ),
        "to_file": (
            [world.operation("remove", "to_file/p"), world.write("to_file", b"a\n")],
            "to_file is a mount point",
        ),
    }
    pid = os.fork()
    if pid == 0:
        os._exit(_in_namespace(program, world, operations))
    assert os.WEXITSTATUS(os.waitpid(pid, 0)[1]) in (0, 77)


def _in_namespace(program: str, world: World, operations: dict[str, t.Any]) -> int:
    import ctypes

    if ctypes.CDLL(None).unshare(0x20000):
        return 77
    if subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode:
        return 77
    if subprocess.run(["sh", "-c", program], capture_output=True, check=False).returncode:
        return 77
    for path, (given, message) in operations.items():
        if path == "over.txt":
            given[0]["before"] = world.before(path)
        try:
            world.apply(given)
        except (Refused, Moved) as error:
            if message not in str(error):
                return 2
        else:
            return 3
    return 0


# --- what happens meanwhile ------------------------------------------------------------------------------------------


def test_a_file_that_changes_while_the_change_is_prepared(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    operations = every_kind(world)
    check = taking._check_old

    def edit(found: t.Any, step: t.Any) -> None:
        if step["path"] == "tool":
            (world.root / "over.txt").write_bytes(b"edited meanwhile\n")
        check(found, step)

    monkeypatch.setattr(taking, "_check_old", edit)
    with pytest.raises(RolledBack, match=r"over.txt was changed by somebody else meanwhile: everything is as it was"):
        world.apply(operations)
    assert (world.root / "over.txt").read_bytes() == b"edited meanwhile\n"
    assert leftovers(world) == []


def test_an_engine_that_does_not_look_again_loses_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken twin of the test above."""
    operations = every_kind(world)

    def edit(found: t.Any, step: t.Any) -> None:
        if step["path"] == "tool":
            (world.root / "over.txt").write_bytes(b"edited meanwhile\n")

    monkeypatch.setattr(taking, "_check_old", edit)
    monkeypatch.setattr(taking, "_check_seen", lambda *_about: None)
    monkeypatch.setattr(taking, "_check_kept", lambda *_about: None)
    world.apply(operations)
    assert b"edited meanwhile" not in (world.root / "over.txt").read_bytes()


def test_a_program_that_writes_to_the_old_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    operations = every_kind(world)
    old = seen(world.root)
    with (world.root / "over.txt").open("ab") as held:
        real = taking._replace

        def write(place: t.Any, step: t.Any) -> None:
            real(place, step)
            if step["path"] == "over.txt":
                held.write(b"more\n")
                held.flush()

        monkeypatch.setattr(taking, "_replace", write)
        with pytest.raises(RolledBack, match=r"over.txt was written to by somebody else"):
            world.apply(operations)
    assert (world.root / "over.txt").read_bytes() == b"old content\nmore\n"
    new = seen(world.root)
    assert {path for path in old if old[path] != new.get(path)} == {"over.txt"}
    assert leftovers(world) == []


def test_what_somebody_else_made_is_never_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    operations = every_kind(world)
    real = taking._check_kept

    def make(change: t.Any) -> None:
        (world.root / "new.txt").unlink()
        (world.root / "new.txt").write_bytes(b"theirs\n")
        (world.root / "gone.txt").write_bytes(b"theirs too\n")
        (world.root / "new/theirs").write_bytes(b"inside\n")
        real(change)
        raise taking.Surprise("now")

    monkeypatch.setattr(taking, "_check_kept", make)
    with pytest.raises(RolledBack, match="but for") as raised:
        world.apply(operations)
    assert (world.root / "new.txt").read_bytes() == b"theirs\n"
    assert (world.root / "gone.txt").read_bytes() == b"theirs too\n"
    assert [path.name for path in (world.root / "new").iterdir()] == ["theirs"]
    left = {item["path"]: item["reason"] for item in raised.value.left}
    assert left.keys() == {"gone.txt", "new"}
    beside = left["gone.txt"].rpartition(" ")[2]
    assert (world.root / beside).read_bytes() == b"gone\n", "the old file is still there, and the sentence says where"


# --- calls that fail -------------------------------------------------------------------------------------------------

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EACCES, errno.EMFILE, errno.EINTR)


def calls_of_a_change() -> int:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made:
        world = World(Path(made, "world"))
        build(world.root)
        operations = every_kind(world)
        world.open_state().close()
        return len(counted(lambda: world.apply(operations)))


@pytest.mark.parametrize("number", range(1, calls_of_a_change() + 1))
def test_any_call_may_fail(number: int, world: World) -> None:
    """Once, with one errno after the other over the calls; all of them at each call in `make faults`."""
    operations = every_kind(world)
    world.open_state().close()
    old = seen(world.root)
    for error in ERRORS if os.environ.get("EVENKEEL_FAULTS") == "all" else [ERRORS[number % len(ERRORS)]]:
        with in_place_of_os(failing_at(number, error)) as faulty:
            try:
                world.apply(operations)
            except (Refused, RolledBack) as failed:
                assert os.strerror(error).lower() in str(failed)
            except Stuck as stuck:
                assert "the change is in place" in str(stuck)
            else:
                # The note in the lock, a log line of the end, a directory that exists already: nothing depends on it.
                assert faulty.names[number - 1] in (
                    "ftruncate",
                    "pwrite",
                    "mkdir",
                    "makedirs",
                    "open",
                    "write",
                    "fsync",
                )
        with world.open_state() as state:
            recover(state)
        assert leftovers(world) == []
        if seen(world.root) != old:
            assert world.apply(operations)["changed"] == [], "it is all there"
            return


@pytest.mark.parametrize("number", range(1, calls_of_a_change() - 6, 5))
def test_all_calls_may_fail_from_one_on(number: int, world: World) -> None:
    """A disk that is gone: going back fails as well, and a recovery ends it when the disk is there again."""
    operations = every_kind(world)
    world.open_state().close()
    old = seen(world.root)
    with in_place_of_os(failing_at(number, errno.EIO, last=10**6)), pytest.raises(
        (Refused, RolledBack, Stuck, OSError)
    ):
        world.apply(operations)
    with world.open_state() as state:
        recover(state)
    assert leftovers(world) == []
    if seen(world.root) != old:
        assert world.apply(operations)["changed"] == []


def test_a_limit_that_is_really_reached(world: World) -> None:
    """The kernel writes a part of a file and then no more, as it does with a quota: here the largest size of a file."""
    operations = [world.write("over.txt", b"short\n"), world.write("large.bin", os.urandom(200_000))]
    old = seen(world.root)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(RolledBack, match=r"large\.bin: file too large"):
            world.apply(operations)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert seen(world.root) == old
    assert leftovers(world) == []
    assert set(world.apply(operations)["changed"]) == {"over.txt", "large.bin"}


def test_writes_that_take_a_part(world: World) -> None:
    operations = every_kind(world)
    with in_place_of_os(short_writes()):
        world.apply(operations)
    assert (world.root / "over.txt").read_bytes() == b"new content\n" * 50


def test_a_file_system_without_hard_links(world: World) -> None:
    old = seen(world.root)
    operations = every_kind(world)
    with in_place_of_os(without_links()) as faulty:
        world.apply(operations)
    assert faulty.names.count("link") > 5
    with_links = World(world.folder / "other")
    build(with_links.root)
    with_links.apply(every_kind(with_links))
    assert seen(world.root, folder_times=False) == seen(with_links.root, folder_times=False)
    assert leftovers(world) == []
    # And back, from a failure in the middle of the renames.
    again = World(world.folder / "again")
    build(again.root)
    operations = every_kind(again)
    with in_place_of_os(without_links()), pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "_check_kept", lambda _change: again.root.joinpath("none").stat())
        with pytest.raises(RolledBack, match="no such file"):
            again.apply(operations)
    assert seen(again.root) == old
    assert leftovers(again) == []


def test_an_earlier_change_has_to_be_finished_first(world: World) -> None:
    operations = every_kind(world)
    names = counted(lambda: world.apply(operations, check=True))
    assert "rename" not in names
    with in_place_of_os(failing_at(60, errno.EIO, last=10**6)), pytest.raises(Stuck):
        world.apply(operations)
    for check in (False, True):
        with pytest.raises(Unfinished, match="a test, by ops@control") as raised:
            world.apply(operations, check=check)
    assert raised.value.journal["id"] == "plan-0123456789ab"
    for tries in range(MAX_TRIES):
        fails = failing_at(tries + 6, errno.EIO, last=10**6)
        with world.open_state() as state, in_place_of_os(fails), pytest.raises(Stuck):
            recover(state)
    with world.open_state() as state:
        with pytest.raises(Refused, match=r"5 recoveries .* began and none ended"):
            recover(state)
        assert recover(state, "back")["direction"] == "back"


@pytest.mark.parametrize("damage", ["truncated", "edited", "newer", "two"])
def test_a_journal_that_cannot_be_trusted(world: World, damage: str) -> None:
    operations = every_kind(world)
    with in_place_of_os(failing_at(60, errno.EIO, last=10**6)), pytest.raises(Stuck):
        world.apply(operations)
    (journal,) = world.states.glob("shop/journal*")
    text = journal.read_text(encoding="ascii")
    if damage == "two":
        journal.with_name("journal.commit.0.json").write_text(text, encoding="ascii")
    else:
        changed = {
            "truncated": text[:-20],
            "edited": text.replace("over.txt", "over.txu"),
            "newer": text.replace("journal/1", "journal/9"),
        }
        journal.write_text(changed[damage], encoding="ascii")
    old = seen(world.root)
    with world.open_state() as state, pytest.raises(Refused, match=r"docs/changes\.md"):
        recover(state)
    assert seen(world.root) == old
