# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new release is the last one with the changes of a plan, and the link leads to one or the other, wherever the change
was killed.
"""

from __future__ import annotations

import errno
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from act_world import Json, Tree, World, build, every_kind, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act import mounts
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service as points_service
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release import back, containers, service
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.prune import in_use, prune
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.service import answer
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.site import find
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc
from fake_engine import FakeEngine

ALL = os.environ.get("EVENKEEL_FAULTS") == "all"
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
COMMIT = "0123456789ab" + "c" * 28
ABOUT = {"id": "plan-1", "kind": "sync", "who": "ops@control", "why": "deploy of plan-1", "run": "run-1"}


class Releases:
    """An application below a link, whose one release is a tree in which every kind of operation has something to do."""

    def __init__(self, folder: Path) -> None:
        self.above = folder / "shop"
        self.link = self.above / "current"
        self.first = self.above / "releases" / "first"
        self.first.mkdir(parents=True)
        build(self.first)
        self.link.symlink_to("releases/first")
        # Operations are made out as those for the release itself would be.
        self.world = World(folder / "world")
        self.world.root = self.first

    def request(self, operations: list[Json] | None = None, check: bool = False, **more: t.Any) -> Json:
        made = every_kind(self.world) if operations is None else operations
        release = {"commit": COMMIT, "keep": 5, "shared": [], **more}
        place = {"root": str(self.link), "state_dir": str(self.world.states), "folder": str(self.world.contents)}
        asked = {"what": "apply", "check": check, "timeout_s": 60, "application": "shop", "about": ABOUT}
        return {**asked, **place, "operations": made, "release": release, "direction": "auto"}

    def release(self, content: bytes, **more: t.Any) -> Json:
        """Make a release of which one file is another."""
        self.world.root = self.link.resolve()
        return answer(self.request([self.world.write("keep.txt", content)], **more))

    def names(self) -> list[str]:
        return sorted(path.name for path in (self.above / "releases").iterdir())


@pytest.fixture(name="releases")
def fixture_releases() -> t.Iterator[Releases]:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made:
        yield Releases(Path(made))


def plain(tree: Tree) -> Tree:
    """Return a tree without what a copy need not have: times of folders, and other names of files."""
    return {path: told[:4] if told[0] in ("folder", "link") else (*told[:5], *told[6:]) for path, told in tree.items()}


def expected(releases: Releases, folder: Path) -> Tree:
    """Return what the same operations make of the same files in place."""
    twin = World(folder / "twin")
    build(twin.root)
    twin.apply(every_kind(twin))
    return plain(seen(twin.root))


def test_a_release_is_the_last_one_changed_as_planned(releases: Releases, tmp_path: Path) -> None:
    before = seen(releases.first)
    told = answer(releases.request())
    assert told["outcome"] == "applied", told
    assert "over.txt" in told["changed_paths"] and "keep.txt" not in told["changed_paths"]
    assert os.readlink(releases.link) == "releases/0123456789ab-1"
    assert seen(releases.first) == before
    found, wanted = plain(seen(releases.link.resolve())), expected(releases, tmp_path)
    times = {path for path in found if found[path][:4] == wanted.get(path, ())[:4]}
    assert found.keys() == wanted.keys()
    assert set(found) - times == set()
    # A program that writes into a file of one release changes no other.
    with (releases.link / "keep.txt").open("a") as file:
        file.write("more\n")
    assert seen(releases.first) == before


def test_commands_run_in_the_release_that_is_in_use_by_then(releases: Releases, tmp_path: Path) -> None:
    moments = ("before_change", "after_change", "after_services")
    said = {moment: [["/bin/sh", "-c", f"echo {moment} $(pwd -P) >> {tmp_path}/said"]] for moment in moments}
    told = answer({**releases.request(), "hooks": said})
    assert told["outcome"] == "applied", told
    new = releases.link.resolve()
    assert new.name == "0123456789ab-1"
    places = zip(moments, (releases.first.resolve(), new, new))
    assert (tmp_path / "said").read_text().splitlines() == [f"{moment} {place}" for moment, place in places]


def test_without_a_change_there_is_no_new_release(releases: Releases) -> None:
    assert releases.release(b"two\n")["changed"] is True
    again = releases.release(b"two\n")
    assert (again["outcome"], again["changed"]) == ("applied", False)
    assert releases.names() == ["0123456789ab-1", "first"]


def test_checking_tells_the_same_and_makes_nothing(releases: Releases) -> None:
    planned = answer(releases.request(check=True))
    assert planned["outcome"] == "planned", planned
    assert releases.names() == ["first"]
    assert answer(releases.request())["changed_paths"] == planned["changed_paths"]


def test_a_release_that_is_killed_anywhere_is_there_whole_or_not_at_all(releases: Releases) -> None:
    folder = releases.above.parent
    template = folder.parent / f"{folder.name}-template"
    shutil.copytree(folder, template, symlinks=True)
    try:
        request = releases.request()
        calls = len(counted(lambda: answer(request)))
        new, old = plain(seen(releases.link.resolve())), plain(seen(releases.first))
        ends = []
        assert calls > 130
        for number in range(1, calls + 1, 1 if ALL else 9):
            shutil.rmtree(releases.above)
            # A change that was killed early enough has made none.
            shutil.rmtree(releases.world.states, ignore_errors=True)
            shutil.copytree(template / "shop", releases.above, symlinks=True)
            assert killed_at(number, lambda: answer(request)), number
            answer({**request, "what": "recover"})
            target = os.readlink(releases.link)
            ends.append("old" if target == "releases/first" else "new")
            assert plain(seen(releases.link.resolve())) == (old if ends[-1] == "old" else new)
            assert plain(seen(releases.first)) == old
            assert releases.names() == (["first"] if ends[-1] == "old" else ["0123456789ab-1", "first"])
            assert answer({**request, "what": "recover"})["found"] is None
        assert ends == sorted(ends, reverse=True) and set(ends) == {"old", "new"}
    finally:
        shutil.rmtree(template)


def test_a_release_that_moved_meanwhile_is_told(releases: Releases) -> None:
    request = releases.request()
    (releases.first / "over.txt").write_text("edited\n")
    told = answer(request)
    assert (told["outcome"], [one["path"] for one in told["moved"]]) == ("moved", ["over.txt"])
    assert releases.names() == ["first"]


def test_a_file_that_is_written_to_while_it_is_copied_is_told(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = releases.first / "app.log"
    log.write_bytes(b"a line\n")
    request, before = releases.request(), seen(releases.above)

    def expand_and_log(*asked: t.Any, real: t.Callable[..., t.Any] = service.expand) -> t.Any:
        made = real(*asked)
        log.write_bytes(b"a line\nanother\n")
        return made

    monkeypatch.setattr(service, "expand", expand_and_log)
    told = answer(request)
    assert told["outcome"] == "rolled_back" and "app.log: it was written to while it was copied" in told["msg"]
    assert "sync_shared" in told["msg"] and releases.names() == ["first"]
    assert {path for path in seen(releases.above) if seen(releases.above)[path] != before.get(path)} == {
        "releases/first/app.log"
    }


def test_what_is_shared_is_one_for_all_releases(releases: Releases) -> None:
    (releases.first / "logs/deep").mkdir(parents=True)
    (releases.first / "logs/deep/app.log").write_text("a line\n")
    (releases.first / ".env").write_text("KEY=value\n")
    (releases.first / ".env").chmod(0o600)
    shared = ["logs/deep", ".env", "never"]
    assert releases.release(b"two\n", shared=shared)["outcome"] == "applied"
    assert os.readlink(releases.link / "logs/deep") == "../../../shared/logs/deep"
    assert os.readlink(releases.link / ".env") == "../../shared/.env"
    assert (releases.above / "shared/.env").stat().st_mode & 0o777 == 0o600
    assert not (releases.link / "never").is_symlink()
    (releases.link / "logs/deep/app.log").write_text("another\n")
    assert releases.release(b"three\n", shared=shared)["outcome"] == "applied"
    assert (releases.link / "logs/deep/app.log").read_text() == "another\n"
    assert (releases.first / "logs/deep/app.log").read_text() == "a line\n"


def test_what_a_release_has_for_itself_is_not_lost_for_what_is_shared(releases: Releases) -> None:
    (releases.first / "data").mkdir()
    (releases.first / "data/rows").write_text("1\n")
    (releases.first / "linked").symlink_to("/nonexistent/linked")
    (releases.first / "empty").mkdir()
    for name in ("data", "empty"):
        (releases.above / "shared" / name).mkdir(parents=True)
    told = releases.release(b"two\n", shared=["data", "linked", "empty"])
    assert (told["outcome"], releases.names()) == ("refused", ["first"]), told
    assert "data is in the release in use, and shared/data is there as well" in told["msg"]
    (releases.first / "data/rows").rename(releases.above / "shared/data/rows")
    assert releases.release(b"two\n", shared=["data", "linked", "empty"])["outcome"] == "applied"
    assert (releases.link / "data/rows").read_text() == "1\n"
    assert os.readlink(releases.link / "linked") == "/nonexistent/linked"
    assert os.readlink(releases.link / "empty") == "../../shared/empty"


def points(releases: Releases, **options: t.Any) -> Json:
    """Do what the module of restore points does; a failure fails the test."""
    given = {name: one.get("default") for name, one in points_service.ARGUMENTS.items()}
    place = {"root": str(releases.link), "application": "shop", "state_dir": str(releases.world.states)}
    told = points_service.answer({**given, **place, "git": False, "who": "ops", **options}, points_service.act, False)
    assert not told.get("failed"), told
    return told


@pytest.mark.parametrize("meanwhile", ["nothing", "a byte", "put back", "gone"])
def test_a_rollback_switches_back_to_a_release_that_is_whole(releases: Releases, meanwhile: str) -> None:
    old = plain(seen(releases.first))
    request = releases.request()
    point = points(releases, state="present", operations=request["operations"])["point"]
    assert answer({**request, "about": {**ABOUT, "point": point}})["outcome"] == "applied"
    other = releases.first / "keep.txt"
    if meanwhile == "gone":
        shutil.rmtree(releases.first)
    elif meanwhile != "nothing":
        seen_then = other.stat()
        other.write_text("keep\n" if meanwhile == "put back" else "kepT\n")
        os.utime(other, ns=(seen_then.st_atime_ns, seen_then.st_mtime_ns))
    told = points(releases, state="restored", point=point)
    assert told["at_point"], told
    switched = os.readlink(releases.link) == "releases/first"
    assert switched == (meanwhile == "nothing")
    found = plain(seen(releases.link.resolve()))
    assert {path: told[:4] for path, told in found.items()} == {path: told[:4] for path, told in old.items()}
    again = points(releases, state="restored", point=point)
    assert (again["changed"], again["at_point"]) == (False, True)


def test_a_release_that_cannot_be_read_keeps_no_rollback_away(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = releases.request([releases.world.write("keep.txt", b"two\n")])
    point = points(releases, state="present", operations=request["operations"])["point"]
    assert answer({**request, "about": {**ABOUT, "point": point}})["outcome"] == "applied"

    def told(*_given: t.Any) -> t.NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(back, "told", told)
    assert points(releases, state="restored", point=point)["at_point"]
    assert (releases.link / "keep.txt").read_text() == "keep\n"


def test_a_rollback_follows_the_link_that_it_finishes_to_switch(releases: Releases) -> None:
    """The one that was killed had come so far that it goes forward: the root is another folder from then on."""

    def deploy() -> str:
        request = releases.request([releases.world.write("keep.txt", b"two\n")])
        saved = str(points(releases, state="present", operations=request["operations"])["point"])
        assert answer({**request, "about": {**ABOUT, "point": saved}})["outcome"] == "applied"
        return saved

    point = deploy()
    calls = counted(lambda: points(releases, state="restored", point=point))
    forward = 0
    for number in [number for number, name in enumerate(calls, 1) if "rename" in calls[number - 2 : number]]:
        point = deploy()
        assert killed_at(number, lambda of=point: points(releases, state="restored", point=of)), number
        told = points(releases, state="restored", point=point)
        assert told["at_point"], (number, told["apart"])
        assert os.readlink(releases.link) == "releases/first"
        forward += (told["recovered"] or {}).get("direction") == "forward"
    assert forward


def test_a_rollback_leaves_what_is_shared_since_in_use(releases: Releases) -> None:
    (releases.first / "data").mkdir()
    (releases.first / "data/rows").write_text("1\n")
    request = releases.request([releases.world.write("keep.txt", b"two\n")], shared=["data"])
    point = points(releases, state="present", operations=request["operations"])["point"]
    assert answer({**request, "about": {**ABOUT, "point": point}})["outcome"] == "applied"
    (releases.link / "data/rows").write_text("1\n2\n")
    assert points(releases, state="restored", point=point)["at_point"]
    assert (releases.link / "keep.txt").read_text() == "keep\n"
    assert (releases.link / "data/rows").read_text() == "1\n2\n"


def test_the_state_directory_is_part_of_no_release(releases: Releases) -> None:
    request = {**releases.request(), "state_dir": str(releases.link / "state")}
    (releases.first / "state").mkdir(mode=0o700)
    told = answer(request)
    assert (told["outcome"], "the state directory lies in the release" in told["msg"]) == ("refused", True), told


class OwnProc(Proc):
    """The processes of this test: others of the machine may be hidden even from root."""

    def pids(self) -> list[int]:
        return [pid for pid in super().pids() if pid == os.getpid() or self._is_child(pid)]

    def _is_child(self, pid: int) -> bool:
        try:
            return self.stat(pid).ppid == os.getpid()
        except Gone:
            return False


def test_old_releases_go_but_for_those_in_use(releases: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "Proc", OwnProc)
    program = [sys.executable, "-c", "import sys; print(1, flush=True); sys.stdin.read()"]
    assert releases.release(b"1\n", keep=2)["outcome"] == "applied"
    with subprocess.Popen(program, cwd=releases.link, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"1\n"
        for number in range(2, 6):
            assert releases.release(b"%d\n" % number, keep=2)["outcome"] == "applied"
        # Somebody's own, the one that a process works in, the one before, and the one in use.
        assert releases.names() == ["0123456789ab-1", "0123456789ab-4", "0123456789ab-5", "first"]
        assert in_use(find(str(releases.link)), OwnProc()) == {"0123456789ab-1"}
        process.communicate()
    assert prune(str(releases.link), 2, "0123456789ab-4", OwnProc()) == ["0123456789ab-1"]


class Containing(OwnProc):
    """Processes of which one is a container's: it has a folder of the third release, under a name of its own."""

    def __init__(self, source: bytes) -> None:
        super().__init__()
        self._source = source

    def read(self, pid: int, name: str) -> bytes:
        return b"30 1 8:1 %s /app rw - ext4 x rw\n" % self._source if name == "mountinfo" else super().read(pid, name)


class Inside(OwnProc):
    """Processes of a container that has what lies above the releases, under a name of its own."""

    def __init__(self, above: bytes) -> None:
        super().__init__()
        self._above = above

    def link(self, pid: int, name: str) -> bytes:
        return super().link(pid, name).replace(self._above, b"/app")

    def read(self, pid: int, name: str) -> bytes:
        if name == "mountinfo":
            return b"30 1 8:1 %s /app rw - ext4 x rw\n31 30 0:9 / /app rw - tmpfs x rw\n" % self._above
        return super().read(pid, name).replace(self._above, b"/app")


def test_a_release_that_a_container_works_in_stays(releases: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 6):
        assert releases.release(b"%d\n" % number)["outcome"] == "applied"
    above = os.fsencode(releases.above.resolve())
    monkeypatch.setattr(mounts, "own", lambda: [mounts.Mount(b"8:1", b"/", b"/")])
    cwd = releases.above / "releases/0123456789ab-2"
    proc = Inside(above)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=cwd) as process:
        assert proc.link(process.pid, "cwd") == b"/app/releases/0123456789ab-2"
        assert prune(str(releases.link), 2, "", proc) == ["0123456789ab-1", "0123456789ab-3"]
        process.communicate(b"\n")
    assert prune(str(releases.link), 2, "", proc) == ["0123456789ab-2"]


def test_a_release_that_is_used_under_another_name_stays(releases: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 4):
        assert releases.release(b"%d\n" % number)["outcome"] == "applied"
    above = os.fsencode(releases.above.resolve())
    bound = [mounts.Mount(b"8:1", b"/", b"/"), mounts.Mount(b"8:1", above, b"/app")]
    monkeypatch.setattr(mounts, "own", lambda: bound)
    proc = Inside(above)
    monkeypatch.setattr(proc, "read", super(Inside, proc).read)
    cwd = releases.above / "releases/0123456789ab-1"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=cwd) as process:
        assert in_use(find(str(releases.link)), proc) == {"0123456789ab-1"}
        process.communicate(b"\n")


def test_a_release_with_a_mount_stays(releases: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 6):
        assert releases.release(b"%d\n" % number)["outcome"] == "applied"
    folder = os.fsencode(releases.above.resolve() / "releases")
    whole = mounts.Mount(b"8:1", b"/", b"/")
    inside = mounts.Mount(b"0:40", b"/", folder + b"/0123456789ab-1/uploads")
    bound = mounts.Mount(b"8:1", folder + b"/0123456789ab-2", b"/mnt/x")
    monkeypatch.setattr(mounts, "own", lambda: [whole, inside, bound])
    proc = Containing(folder + b"/0123456789ab-3/conf")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert prune(str(releases.link), 2, "", proc) == []
        process.communicate(b"\n")
    assert prune(str(releases.link), 2, "", OwnProc()) == ["0123456789ab-3"]
    assert {"0123456789ab-1", "0123456789ab-2"} < set(releases.names())
    monkeypatch.setattr(mounts, "own", list)
    with pytest.raises(Unseen, match="does not name the file system"):
        prune(str(releases.link), 2, "", OwnProc())


def test_one_that_a_stopped_container_has_mounted_stays(releases: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 6):
        assert releases.release(b"%d\n" % number)["outcome"] == "applied"
    folder = str(releases.above.resolve() / "releases")
    (releases.above / "other").symlink_to(f"{folder}/0123456789ab-2")
    sources = [f"{folder}/0123456789ab-1/conf", f"{releases.above}/other/x", "/etc/hosts", None]
    with FakeEngine() as other, FakeEngine() as engine:
        engine.answers["/containers/json?all=true"] = [
            {"Id": "a" * 64, "State": "exited", "Mounts": [{"Type": "bind", "Source": one} for one in sources]},
            {"Id": "b" * 64, "State": "created"},
        ]
        # The other engine has none; and where two are there, each is asked.
        other.answers["/containers/json?all=true"] = []
        held = functools.partial(containers.mounted, [other.socket, engine.socket])
        assert prune(str(releases.link), 2, "", OwnProc(), held) == ["0123456789ab-3"]
        engine.answers["/containers/json?all=true"] = ["of another form"]
        with pytest.raises(Unseen, match="which releases they have mounted"):
            prune(str(releases.link), 2, "", OwnProc(), held)
    # One that does not run just now has its containers all the same.
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(releases.above / "silent.sock"))
    held = functools.partial(containers.mounted, [str(releases.above / "silent.sock")])
    with pytest.raises(Unseen, match=r"nobody listens at .*which releases containers have mounted"):
        prune(str(releases.link), 2, "", OwnProc(), held)
    assert {"0123456789ab-1", "0123456789ab-2"} < set(releases.names())
    # The twin: nothing else on the host tells of them. Where there is no engine, nobody has one mounted.
    held = functools.partial(containers.mounted, [str(releases.above / "none.sock")])
    assert prune(str(releases.link), 2, "", OwnProc(), held) == ["0123456789ab-1", "0123456789ab-2"]


@pytest.mark.parametrize(
    ("shared", "words"),
    [([], "a release cannot hold: unmount it, name"), (["sub"], "not copied: unmount it, deploy")],
)
def test_a_mount_of_the_same_file_system_is_no_part_of_a_release(
    releases: Releases, monkeypatch: pytest.MonkeyPatch, shared: list[str], words: str
) -> None:
    (releases.first / "sub/mounted").mkdir(parents=True)
    request = releases.request([releases.world.write("keep.txt", b"new\n")], shared=shared)

    def points_below(fd: int) -> frozenset[bytes]:
        above = os.readlink(f"/proc/self/fd/{fd}") == str(releases.above.resolve())
        return frozenset([b"releases/first/sub/mounted" if above else b"sub/mounted"])

    monkeypatch.setattr(mounts, "points_below", points_below)
    told = answer(request)
    assert told["outcome"] == "refused" and "sub/mounted is a mount point" in told["msg"] and words in told["msg"]
    assert "mount it at shared/sub/mounted" in told["msg"] and releases.names() == ["first"]


def test_none_goes_when_it_cannot_be_told_who_uses_it(
    releases: Releases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        assert releases.release(b"%d\n" % number)["notes"] == []
    (tmp_path / "1").mkdir()
    shutil.copy("/proc/self/stat", tmp_path / "1/stat")
    (tmp_path / "1/cwd").write_text("no link\n")
    (tmp_path / "1/status").write_text(f"Uid:\t1\t{os.geteuid()}\t1\t1\n")
    with pytest.raises(Unseen, match="whether a release is in use cannot be told"):
        prune(str(releases.link), 2, "", Proc(str(tmp_path)))
    assert len(releases.names()) == 5
    monkeypatch.setattr(service, "Proc", lambda: Proc(str(tmp_path)))
    (note,) = releases.release(b"4\n", keep=2)["notes"]
    assert note.startswith("old releases were left where they are, and take room: whether a release is in use")
    assert len(releases.names()) == 6


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda one: (one.link.unlink(), one.first.rename(one.link)), "is no link to a release"),
        (lambda one: (one.link.unlink(), one.link.symlink_to("/srv")), "which is no folder in"),
        (lambda one: os.mkfifo(one.first / "pipe"), "pipe is a socket, a FIFO or a device"),
        (lambda one: one.link.unlink(), "is no link to a release"),
    ],
)
def test_what_can_be_no_release_is_refused(releases: Releases, make: t.Callable[[Releases], t.Any], words: str) -> None:
    request = releases.request()
    make(releases)
    told = answer(request)
    assert (told["outcome"], words in told["msg"]) == ("refused", True), told


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (1, "release: expected a dictionary"),
        ({"commit": "main"}, "release.commit: expected the name of a commit"),
        ({"keep": 1}, "release.keep: expected a number from 2 on, found 1"),
        ({"shared": {"a": "b"}}, "release.shared: expected a list"),
        ({"shared": ["../x"]}, "release.shared[0]: not a plain path"),
        ({"shared": ["a", "a/b"]}, "a/b is shared by another of them"),
        ({"shared": ["over.txt"]}, "sync_shared names over.txt, and the plan changes over.txt"),
    ],
)
def test_bad_requests(releases: Releases, values: t.Any, words: str) -> None:
    request = releases.request()
    request["release"] = {**request["release"], **values} if isinstance(values, dict) else values
    told = answer(request)
    assert (told["outcome"], words in told["msg"]) == ("refused", True), told
