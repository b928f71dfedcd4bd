# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host answers about its restore points: asked as the modules ask it, without Ansible."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import tempfile
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service, shelf

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
CANARY = "canary-5f2b77"
NOBODY = 65534
TREE = {"name": "source", "path": ".", "exclude": [], "ignore": [["(?:.*/)?[^/]*\\.log$", True], ["\\.env$", True]]}

Json = t.Dict[str, t.Any]


class Host:
    """An application, and the state directory of its host."""

    def __init__(self, top: Path) -> None:
        self.root = top / "app"
        self.state = top / "state"
        self.root.mkdir()
        (self.root / "src").mkdir()
        (self.root / "src/main.py").write_text("one\n")
        (self.root / ".env").write_text(f"TOKEN={CANARY}\n")
        (self.root / "app.log").write_text("ignored\n")

    def ask(self, state: str = "present", check: bool = False, **options: t.Any) -> Json:
        asked: Json = {name: about.get("default") for name, about in service.ARGUMENTS.items()}
        asked.update(state=state, root=str(self.root), application="app", state_dir=str(self.state))
        asked.update(who="ops", why="a test", git=False)
        if state == "present" and not options.keys() & {"paths", "operations", "trees"}:
            asked["trees"] = [TREE]
        return service.answer({**asked, **options}, service.act, check)

    def points(self) -> list[Json]:
        options = {"root": str(self.root), "application": "app", "state_dir": str(self.state)}
        answer = service.answer(options, service.list_points, False)
        return t.cast(t.List[Json], answer["points"])

    def states(self) -> list[str]:
        return [one["state"] for one in self.points()]

    def log(self) -> list[Json]:
        return [json.loads(line) for line in (self.state / "app/log.jsonl").read_text().splitlines()]

    def edit(self, content: str = "two\n") -> None:
        (self.root / "src/main.py").write_text(content)

    def content(self) -> str:
        return (self.root / "src/main.py").read_text()


@pytest.fixture(name="host")
def fixture_host() -> t.Iterator[Host]:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as folder:
        yield Host(Path(folder))


def test_secrets_are_saved_even_when_they_are_ignored_and_never_told(host: Host) -> None:
    made = host.ask()
    assert (made["changed"], made["files"]) == (True, 2)
    (host.root / ".env").unlink()
    host.edit()
    back = host.ask("restored")
    assert back["at_point"] is True
    assert (host.root / ".env").read_text() == f"TOKEN={CANARY}\n"
    told = json.dumps([made, back, host.points()]) + (host.state / "app/log.jsonl").read_text()
    assert CANARY not in told
    digests = [path.name for path in host.state.rglob("objects/*")]
    assert digests
    assert not [digest for digest in digests if digest in told]


def test_a_rollback_can_be_undone_by_the_point_it_made(host: Host) -> None:
    host.ask()
    host.edit()
    back = host.ask("restored")
    assert (host.content(), host.states()) == ("one\n", ["bad", "good"])
    assert host.ask("restored", point=back["saved"])["at_point"] is True
    assert host.content() == "two\n"
    assert host.ask("restored", save=False)["saved"] is None
    assert host.content() == "one\n"


def test_what_a_rollback_replaced_is_never_picked_even_when_it_is_killed(host: Host) -> None:
    point = host.ask()["point"]
    host.edit()
    counted(lambda: host.ask("restored"))
    # Not the first one: what it makes for good, those after it find.
    host.edit("counted\n")
    calls = len(counted(lambda: host.ask("restored")))
    for number in range(1, calls + 1, 5):
        host.edit(f"edit {number}\n")
        assert killed_at(number, lambda: host.ask("restored"))
        assert [one["id"] for one in host.points() if one["state"] == "good"] == [point]
        back = host.ask("restored")
        assert back.get("at_point") is True, back
        assert host.content() == "one\n"
        assert not list(host.root.rglob(".evenkeel-*"))


def test_a_rehearsal_changes_nothing_and_is_logged(host: Host) -> None:
    host.ask()
    host.edit()
    told = host.ask("restored", check=True)
    assert (told["changed"], told["at_point"], host.content()) == (True, False, "two\n")
    assert {"path": "src/main.py", "do": "write", "found": "file"} in told["changes"]
    assert host.log()[-1]["what"] == "rollback rehearsed"
    assert host.states() == ["good"]


def test_a_damaged_point_names_the_good_one_before_it(host: Host) -> None:
    first, second = host.ask()["point"], host.ask()["point"]
    (host.state / "app/points" / second / "manifest.json").write_text("{}")
    told = host.ask("restored")
    assert told["failed"] is True
    assert f"{second} is not used" in told["msg"]
    assert f"the good one before it is {first}" in told["msg"]
    assert host.ask("restored", point=first)["at_point"] is True


def test_a_backup_in_check_mode_writes_nothing(host: Host) -> None:
    told = host.ask(check=True)
    assert (told["point"], told["files"], told["bytes"]) == (None, 2, 4 + len(f"TOKEN={CANARY}\n"))
    assert not host.state.exists()


def test_what_is_kept_by_count_and_by_size(host: Host) -> None:
    points = [host.ask()["point"] for _time in range(4)]
    assert host.ask(keep=3)["pruned"] == points[:2]
    assert len(host.points()) == 3
    (host.root / "large.bin").write_bytes(os.urandom(3 << 20))
    kept = host.ask(keep_mb=1)
    assert len(host.points()) == 1
    assert host.points()[0]["id"] == kept["point"]


def test_a_point_without_its_objects_keeps_no_new_one_away(host: Host) -> None:
    first, second = host.ask()["point"], host.ask()["point"]
    for member in (host.state / "app/points" / second / "objects").iterdir():
        member.unlink()
    (host.state / "app/points" / second / "objects").rmdir()
    third = host.ask(keep=1)
    assert third["pruned"] == [first]
    assert [one["id"] for one in host.points()] == [third["point"], second]


def test_what_is_kept_by_age(host: Host) -> None:
    points = [host.ask()["point"] for _time in range(3)]
    fd = os.open(host.state / "app/points", os.O_RDONLY)
    try:
        now = 86400.0 * 3 + shelf._seconds(points[-1])
        assert shelf.outdated(fd, shelf.Keep(10, days=4), now) == []
        assert shelf.outdated(fd, shelf.Keep(10, days=2), now) == points[:-1]
    finally:
        os.close(fd)


def test_ids_go_on_when_the_clock_goes_back(host: Host) -> None:
    later = shelf.new_id(2_000_000_000.0)
    assert shelf.new_id(1_000_000_000.0, [later]) > later


def test_what_two_points_share_takes_its_space_once(host: Host) -> None:
    (host.root / "large.bin").write_bytes(os.urandom(1 << 20))
    host.ask()
    host.ask()
    inodes = {path.stat().st_ino for path in host.state.rglob("objects/*")}
    assert len(inodes) == 3
    assert len(list(host.state.rglob("objects/*"))) == 6


def test_a_shared_object_that_is_damaged_is_not_shared(host: Host) -> None:
    first = host.ask()["point"]
    for path in (host.state / "app/points" / first / "objects").iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    second = host.ask()["point"]
    assert host.ask("verified")["point"] == second
    assert "is not used" in host.ask("verified", point=first)["msg"]


def test_a_point_is_marked_removed_and_gone(host: Host) -> None:
    point = host.ask()["point"]
    assert host.ask("bad", point=point, why="broken")["changed"] is True
    assert host.ask("bad", point=point, why="broken")["changed"] is False
    assert "no good restore point" in host.ask("restored")["msg"]
    assert host.ask("absent", point=point, check=True)["changed"] is True
    assert host.ask("absent", point=point)["changed"] is True
    assert host.ask("absent", point=point)["changed"] is False
    assert host.points() == []


def test_another_application_has_other_points(host: Host) -> None:
    host.ask()
    assert "none was ever made" in host.ask("restored", application="other")["msg"]
    elsewhere = host.root.parent / "elsewhere"
    elsewhere.mkdir()
    assert f"not of {elsewhere}" in host.ask("restored", root=str(elsewhere))["msg"]


def test_two_at_once(host: Host) -> None:
    host.ask()
    with (host.state / "app/lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "in progress" in host.ask()["msg"]
    assert host.ask()["changed"] is True


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"paths": ["/etc/passwd"]}, "no path below the root"),
        ({"paths": ["src/../../x"]}, "no path below the root"),
        ({"paths": ["a\0b"]}, "no path below the root"),
        ({"paths": ["link/main.py"]}, "leads through the link link"),
        ({"operations": [{"do": "explode"}]}, "operations[0].do"),
        ({"trees": [{**TREE, "exclude": [["", True]]}]}, "there is nothing to save"),
        ({"root": "relative"}, "root is not set"),
        ({"root": "/nonexistent"}, "/nonexistent does not exist"),
        ({"application": ""}, "application is not set"),
        ({"application": "../x"}, "cannot name an application"),
        ({"keep": 0}, "keep: expected a number from 1 on"),
        ({"keep_days": -1}, "keep_days: expected a number from 1 on"),
        ({"timeout": 0}, "time limit"),
        ({"volumes": ["../etc"]}, "volumes: '../etc' is no name of a volume"),
    ],
)
def test_bad_input(host: Host, options: Json, sentence: str) -> None:
    (host.root / "link").symlink_to("src")
    told = host.ask(**options)
    assert told.get("failed") is True, told
    assert sentence in told["msg"]
    assert host.points() == []


def test_no_space_is_said_with_figures(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.evenkeel.drift.plugins.module_utils.act.points.room._MARGIN_BYTES", 1 << 60
    )
    told = host.ask()
    assert "to spare; the state directory has" in told["msg"]
    assert host.points() == []


def test_a_rollback_without_space_says_how_to_go_without(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.ask()
    host.edit()
    margin = "ansible_collections.evenkeel.drift.plugins.module_utils.act.points.room._MARGIN_BYTES"
    monkeypatch.setattr(margin, 1 << 60)
    assert "or go without (rollback_save: false)" in host.ask("restored")["msg"]
    assert host.content() == "two\n"
    assert host.ask("restored", save=False)["at_point"] is True
    assert host.content() == "one\n"


def test_a_file_larger_than_the_disk_is_refused_before_it_is_read(host: Host) -> None:
    with (host.root / "sparse.img").open("wb") as target:
        target.truncate(1 << 42)
    told = host.ask()
    assert f"the largest file is sparse.img with {1 << 22} MiB" in told["msg"]
    assert host.points() == []


def test_points_hold_no_points(host: Host) -> None:
    host.state = host.root / "var/state"
    host.state.parent.mkdir()
    first = host.ask()
    second = host.ask()
    assert (first["files"], second["files"]) == (2, 2)
    assert "is the state directory itself" in host.ask(state_dir=str(host.root))["msg"]


def test_a_state_directory_of_somebody_else_is_refused(host: Host) -> None:
    host.state.mkdir(mode=0o755)
    assert "open to others" in host.ask()["msg"]


@pytest.mark.skipif(os.geteuid() != 0, reason="this user cannot become another, on this machine")
def test_without_being_root(host: Host) -> None:
    """A user has points of their own, of their own files, and is told what they cannot read."""
    for path in [host.root.parent, *host.root.parent.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    secret = host.root / "of-root.txt"
    secret.write_text("x\n")
    secret.chmod(0o600)

    def as_nobody() -> list[Json]:
        refused = host.ask()
        answers = [refused, host.ask(paths=["src/main.py"])]
        host.edit()
        return [*answers, host.ask("restored")]

    refused, made, back = in_child(as_nobody, NOBODY)
    assert "of-root.txt: permission denied" in refused["msg"]
    assert made["files"] == 1
    assert (back["at_point"], host.content()) == (True, "one\n")
    assert {path.stat().st_uid for path in host.state.rglob("*")} == {NOBODY}
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in host.state.rglob("*")} == {0}


def in_child(work: t.Callable[[], t.Any], user: int) -> t.Any:
    """Do something as another user, and return what came of it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgid(user)
            os.setuid(user)
            os.write(writing, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        answer = source.read()
    os.waitpid(pid, 0)
    return json.loads(answer)


def test_a_tree_that_is_gone_altogether_comes_back(host: Host) -> None:
    host.ask()
    shutil.rmtree(host.root)
    host.root.mkdir()
    assert host.ask("restored")["at_point"] is True
    assert host.content() == "one\n"
