# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit tells of changes from the host's own record, and that it leaves the record alone."""

from __future__ import annotations

import calendar
import json
import os
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from act_world import ABOUT, World, build, every_kind
from ansible_collections.evenkeel.drift.plugins.module_utils.act import lock, recovery
from ansible_collections.evenkeel.drift.plugins.module_utils.act.journal_form import sealed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import changes, logs
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.changes import look
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]


@pytest.fixture(name="world")
def fixture_world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    build(world.root)
    return world


def seen(world: World, **more: t.Any) -> Json:
    return look({"application": "shop", "state_dir": str(world.states), **more}, Host(str(world.root), 60))


def record(folder: Path) -> Json:
    """Return what is known of every path of a state directory, its access times too."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        stat = path.lstat()
        found[str(path)] = (stat.st_mode, stat.st_ino, stat.st_atime_ns, stat.st_mtime_ns, stat.st_ctime_ns)
    return found


def interrupted(world: World, share: float) -> None:
    twin = World(world.folder / "twin")
    build(twin.root)
    calls = len(counted(lambda: twin.apply(every_kind(twin))))
    operations = every_kind(world)
    assert killed_at(int(calls * share), lambda: world.apply(operations))


def test_a_host_without_a_record_has_none_and_gets_none(world: World) -> None:
    found = seen(world)
    assert (found["outcome"], found["open"], found["last"]) == ("none", None, None)
    assert not world.states.exists()


@pytest.mark.parametrize(("share", "phase"), [(0.3, "begin"), (0.6, "commit")])
def test_an_interrupted_change_is_told_and_its_record_left_alone(world: World, share: float, phase: str) -> None:
    interrupted(world, share)
    # Were they read since they were written, reading them once more would not show.
    for path in [world.states, *world.states.rglob("*")]:
        os.utime(path, ns=(1, path.stat().st_mtime_ns), follow_symlinks=False)
    before = record(world.states)
    found = seen(world)
    assert record(world.states) == before
    assert found["outcome"] == "ok"
    assert (found["open"]["phase"], found["open"]["who"]) == (phase, "ops@control")
    assert found["open"]["paths"] > 10
    with world.open_state() as state:
        recovery.recover(state)
    assert seen(world)["open"] is None


def test_a_change_under_way_is_not_one_that_was_interrupted(world: World) -> None:
    interrupted(world, 0.5)
    with world.open_state() as state, lock.held(state, "ops@laptop", "a deploy"):
        found = seen(world)
    assert found["open"] is None
    assert (found["under_way"]["who"], found["under_way"]["pid"]) == ("ops@laptop", os.getpid())


def test_a_journal_that_is_damaged_is_open_all_the_same(world: World) -> None:
    interrupted(world, 0.5)
    (journal,) = (world.states / "shop").glob("journal.*.json")
    journal.write_bytes(journal.read_bytes()[:-20])
    assert seen(world)["open"]["damaged"]
    (journal.parent / "journal.back.0.json").write_text("{}")
    assert "2 journals" in seen(world)["open"]["damaged"]


def test_services_that_a_change_did_not_come_to(world: World) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    state = world.states / "shop"
    about = {"kind": "sync", "who": "ops@control", "why": "a deploy", "run": "", "id": "plan-1"}
    document: Json = {"about": about, "started": "2026-11-21T15:45:00Z", "root": "/srv", "direction": "forward"}
    document["actions"] = [{"path": "shop.service"}]
    for phase, services in (("pending", None), ("due", ["shop.service"]), ("failed", ["shop.service"])):
        kept = sealed({**document, "phase": phase})
        (state / "services.json").write_text(json.dumps(kept))
        found = seen(world)["open"]
        assert (found and found["services"]) == services
    (state / "services.json").write_text("{}")
    assert seen(world)["open"]["damaged"]
    (state / "rollback.json").write_text(json.dumps({"point": "p-1", "level": "full", "started": "now", "who": "ops"}))
    assert seen(world)["open"]["services"] == ["restore point p-1, level full"]


def test_what_a_backup_left_stopped_is_told(world: World) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    left = world.states / "shop" / "stopped.json"
    told = {"why": "the volumes data are copied", "started": "2026-11-21T15:45:00Z", "socket": "/s"}
    left.write_text(json.dumps({**told, "containers": [{"id": "1", "name": "db"}, {"id": "2", "name": "web"}]}))
    found = seen(world)["open"]
    assert (found["kind"], found["phase"], found["services"]) == ("backup", "stopped", ["db", "web"])
    assert (found["why"], found["damaged"]) == (told["why"], "")
    for broken in ("{}", "[]", "no", json.dumps({**told, "containers": [1]})):
        left.write_text(broken)
        assert "stopped.json" in seen(world)["open"]["damaged"]


def test_a_rollback_that_ends_while_it_is_looked_at_was_not_interrupted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    left = world.states / "shop" / "rollback.json"
    left.write_text(json.dumps({"point": "p-1", "level": "full", "started": "now", "who": "ops"}))

    def holder(_fd: int) -> None:
        left.unlink(missing_ok=True)

    monkeypatch.setattr(changes, "holder", holder)
    found = seen(world)
    assert (found["outcome"], found["open"], found["under_way"]) == ("ok", None, None)


def test_a_rehearsal_is_told_by_its_level(world: World) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    log = world.states / "shop" / "log.jsonl"
    lines = [
        {"time": "2026-11-20T12:00:00Z", "what": "rollback rehearsed", "point": "p-1"},
        {"time": "2026-11-21T12:00:00Z", "what": "rollback rehearsed", "point": "p-2", "level": "full"},
        {"time": "2026-11-22T12:00:00Z", "what": "rollback rehearsed", "point": "p-3", "level": "full"},
    ]
    log.write_text(log.read_text() + "".join(json.dumps(line) + "\n" for line in lines))
    found = seen(world)["rehearsed"]
    assert {level: one["point"] for level, one in found.items()} == {"config": "p-1", "full": "p-3"}


def test_what_a_unit_has_read_again_is_told_and_no_change_of_its_tree(world: World) -> None:
    trees = {"all": ".", "source": "folder"}
    world.apply([world.write("folder/inside", b"changed\n"), world.write("keep.txt", b"changed\n")])
    assert None not in seen(world, trees=trees)["trees"].values()
    log = world.states / "shop" / "log.jsonl"
    step = {"kind": "unit", "path": "web.service", "do": "reload", "files": ["folder/inside"]}
    other = {**step, "files": ["keep.txt"]}
    lines = [
        {"time": "2030-11-20T12:00:00Z", "what": "step begins", **step},
        {"time": "2030-11-20T12:00:03Z", "what": "step is done", **step},
        {"time": "2030-11-20T12:00:04Z", "what": "step begins", **other},
        {"time": "2030-11-20T12:00:05Z", "what": "step failed", **other},
        {"time": "2030-11-20T12:00:06Z", "what": "step begins", **other, "do": "restart"},
        {"time": "2030-11-20T12:00:07Z", "what": "step is done", **other, "do": "restart"},
        {"time": "2030-11-20T12:00:08Z", "what": "step begins", **step, "files": "keep.txt"},
        {"time": "2030-11-20T12:00:09Z", "what": "step is done", **step, "files": "keep.txt"},
        {"time": "yesterday", "what": "step begins", **other},
        {"time": "yesterday", "what": "step is done", **other},
    ]
    log.write_text(log.read_text() + "".join(json.dumps(line) + "\n" for line in lines))
    found = seen(world, trees=trees)
    assert [(one["unit"], one["path"], one["time"]) for one in found["reloads"]] == [
        ("web.service", "folder/inside", "2030-11-20T12:00:00Z")
    ]
    # The other file of the same change was not read again.
    assert found["trees"]["source"] is None
    assert found["trees"]["all"]["journal"] == found["last"]["journal"]


def test_what_cannot_be_read_is_not_known(world: World) -> None:
    world.apply(every_kind(world))
    (world.states / "shop").chmod(0o755)
    found = seen(world)
    assert (found["outcome"], found["last"]) == ("unknown", None)
    assert "is open to others" in found["reason"]


def test_the_last_change_and_the_last_of_each_tree(world: World) -> None:
    trees = {"source": "folder", "all": ".", "other": "no-such-tree"}
    world.apply([world.write("folder/inside", b"changed\n")])
    first = seen(world, trees=trees)
    assert first["trees"]["source"]["journal"] == first["last"]["journal"] == first["trees"]["all"]["journal"]
    assert first["trees"]["other"] is None
    world.apply([world.write("keep.txt", b"changed\n")])
    second = seen(world, trees=trees)
    assert second["trees"]["all"]["journal"] == second["last"]["journal"] != first["last"]["journal"]
    assert second["trees"]["source"]["journal"] == first["last"]["journal"]


def test_what_came_back_as_it_was_counts_for_nothing_that_was_started_before(world: World) -> None:
    trees = {"source": "folder", "all": "."}

    def change(content: bytes, path: str = "folder/inside", **about: str) -> Json:
        world.apply([world.write(path, content)], **about)
        return seen(world, trees=trees)

    first = change(b"first\n")
    assert first["taken_back"] == {}
    placed = first["trees"]["source"]
    change(b"bad\n")
    back = change(b"first\n", kind="rollback")
    assert back["trees"]["source"]["journal"] == back["last"]["journal"]
    (only,) = back["taken_back"]["source"]
    assert only["before"] == placed
    assert 0 <= placed["time_s"] - only["since_s"] < 2
    # Again, and what was brought back is another time not all of it.
    change(b"bad\n")
    again = change(b"first\n", kind="rollback")
    assert [one["before"]["journal"] for one in again["taken_back"]["source"]] == [
        back["last"]["journal"],
        placed["journal"],
    ]
    change(b"other\n")
    assert change(b"first, but for a word\n", kind="rollback")["taken_back"] == {}
    # A rollback of another tree says nothing of this one.
    change(b"bad\n")
    assert set(change(b"changed\n", "keep.txt", kind="rollback")["taken_back"]) == set()


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ({"kind": "hook", "path": "before_change", "do": "run"}, True),
        ({"kind": "hook", "path": "after_change", "do": "run"}, False),
        ({"kind": "hook", "path": "after_services", "do": "run"}, False),
        ({"kind": "unit", "path": "web.service", "do": "reload"}, False),
        # What was started anew was started in between, and is told by that.
        ({"kind": "unit", "path": "web.service", "do": "restart"}, True),
        ({"kind": "unit", "path": "web.service", "do": "reload", "run": "another"}, True),
        ({"kind": "unit", "path": "web.service", "do": "reload", "direction": "back"}, True),
    ],
)
def test_where_programs_may_have_read_a_change_it_is_not_enough_that_it_was_taken_back(
    world: World, told: Json, counts: bool
) -> None:
    world.apply([world.write("folder/inside", b"first\n")])
    world.apply([world.write("folder/inside", b"bad\n")], run="bad")
    log = world.states / "shop" / "log.jsonl"
    step = {"time": "2030-11-20T12:00:00Z", "what": "step begins", "run": "bad", "direction": "forward", **told}
    log.write_text(log.read_text() + json.dumps(step) + "\n")
    world.apply([world.write("folder/inside", b"first\n")], kind="rollback", run="back")
    assert bool(seen(world, trees={"source": "folder"})["taken_back"]) == counts


def test_what_was_made_and_is_gone_again_is_as_before(world: World) -> None:
    world.apply([world.write("folder/new", b"new\n")])
    world.apply([world.operation("remove", "folder/new")], kind="rollback")
    found = seen(world, trees={"source": "folder"})
    assert [one["before"] for one in found["taken_back"]["source"]] == [None]
    for path in (world.states / "shop" / "history").iterdir():
        if '"sync"' in path.read_text():
            path.unlink()
    found = seen(world, trees={"source": "folder"})
    assert found["taken_back"] == {}


def test_a_link_that_was_switched_is_a_change_of_every_tree(world: World) -> None:
    (world.root / "current").symlink_to("gone")
    world.apply([world.operation("link", "current", target="folder")])
    host = Host(str(world.root / "current"), 60)
    found = look({"application": "shop", "state_dir": str(world.states), "trees": {"source": "."}}, host)
    assert found["trees"]["source"]["journal"] == found["last"]["journal"]


def test_a_change_that_went_back_is_no_last_change(world: World) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    last = seen(world)["last"]
    interrupted(world, 0.3)
    found = seen(world)
    assert found["last"] is None
    assert "does not say how it ended" in found["last_reason"]
    with world.open_state() as state:
        assert recovery.recover(state)["direction"] == "back"
    assert seen(world)["last"] == last


def test_a_rollback_is_over_when_what_runs_is_back_as_well(world: World) -> None:
    def add(*lines: Json) -> None:
        log = world.states / "shop" / "log.jsonl"
        text = log.read_text() if log.exists() else ""
        log.write_text(text + "".join(json.dumps(line) + "\n" for line in lines))

    world.apply([world.write("keep.txt", b"changed\n")])
    placed = seen(world)["last"]
    # One that had nothing to bring back, and one of which the log says nothing after its files.
    add({"time": "2030-11-20T12:00:09Z", "what": "rolled back"})
    assert seen(world)["last"] == placed
    back = {"journal": "0badcafe", "kind": "rollback"}
    add({"time": "2030-11-20T12:00:10Z", "what": "is in place", **back})
    assert seen(world)["last"]["time"] == "2030-11-20T12:00:10Z"
    add({"time": "2030-11-20T12:00:12Z", "what": "unit brought back"}, {"time": "now", "what": "rolled back"})
    assert seen(world)["last"]["time"] == "2030-11-20T12:00:10Z"
    # Programs that the rollback stopped may have written until the second in which it ended.
    add({"time": "2030-11-20T12:00:59Z", "what": "rolled back"})
    found = seen(world, trees={"all": "."})
    assert (found["last"]["time"], found["last"]["journal"]) == ("2030-11-20T12:01:00Z", "0badcafe")
    assert found["last"]["time_s"] == calendar.timegm((2030, 11, 20, 12, 1, 0))
    # A deploy after it counts for itself.
    add({"time": "2030-11-20T13:00:00Z", "what": "is in place", "journal": "0badc0de", "kind": "sync"})
    assert seen(world)["last"]["time"] == "2030-11-20T13:00:00Z"


def line(what: str, **more: t.Any) -> Json:
    about = {"run": "deploy-1", "id": "plan-1", "point": "p-1"}
    return {"time": "2030-11-20T12:00:00Z", "what": what, **about, **more}


def step(what: str, do: str = "restart", **more: t.Any) -> Json:
    return line(f"step {what}", **{"kind": "unit", "path": "web.service", "do": do, "direction": "forward", **more})


def placed(**more: t.Any) -> Json:
    return line("is in place", **{"kind": "sync", "journal": "0badcafe", **more})


DEPLOYED = {"run": "deploy-1", "id": "plan-1", "point": "p-1"}
OTHER = {"run": "deploy-0", "id": "plan-0", "point": "p-0"}


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        ([], None),
        ([placed()], []),
        # What is done beside a change tells nothing of it.
        ([placed(), line("restore point kept elsewhere"), line("hook"), line("logs archived")], []),
        ([placed(), step("begins", "stop"), step("is done", "stop"), step("begins", "start")], ["stop", "start"]),
        ([placed(), step("begins"), step("failed"), step("begins"), step("is done")], ["restart"]),
        # Nothing but services, after another deploy: its steps are not of this one.
        ([placed(**OTHER), step("is done", "stop", **OTHER), step("begins"), step("is done")], ["restart"]),
        ([step("begins"), step("is done")], ["restart"]),
        ([placed(), step("begins"), step("failed")], None),
        ([placed(), step("is done"), step("is done", direction="back")], None),
        ([placed(), line("went back", kind="sync")], None),
        ([placed(), placed(kind="rollback")], None),
        ([placed(), line("rolled back")], None),
        ([placed(), line("begins", kind="sync", journal="00000001")], []),
    ],
)
def test_which_deploy_was_the_last_to_change_a_host(world: World, lines: list[Json], steps: list[str] | None) -> None:
    folder = world.states / "shop"
    world.apply([world.write("keep.txt", b"changed\n")])
    (folder / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    found = seen(world)["deployed"]
    if steps is None:
        assert found is None
    else:
        named = [{"kind": "unit", "path": "web.service", "do": do, "ill": ""} for do in steps]
        assert found == {**DEPLOYED, "steps": named}


def test_what_was_not_well_before_a_deploy_is_told_with_its_step(world: World) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    lines = [placed(), step("begins", ill="it looped"), step("is done", ill="it looped"), step("begins", "start")]
    (world.states / "shop" / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    found = seen(world)["deployed"]["steps"]
    assert [(one["do"], one["ill"]) for one in found] == [("restart", "it looped"), ("start", "")]


def test_a_change_names_its_restore_point_in_the_log(world: World) -> None:
    world.apply([world.write("keep.txt", b"changed\n")], point="p-1")
    found = seen(world)["deployed"]
    assert (found["id"], found["point"], found["steps"]) == (ABOUT["id"], "p-1", [])
    # Of one that began and did not tell its end, nothing is known, nor of those before it.
    log = world.states / "shop" / "log.jsonl"
    log.write_text(log.read_text() + json.dumps(line("begins", journal="00000001")) + "\n")
    (world.states / "shop" / "history" / "2099-01-01T00:00:00Z-00000001.json").write_text("{}")
    assert seen(world)["deployed"] is None


@pytest.mark.parametrize(("share", "direction"), [(0.3, "back"), (0.6, "forward")])
def test_a_change_that_a_recovery_has_finished_is_that_of_its_deploy(
    world: World, share: float, direction: str
) -> None:
    interrupted(world, share)
    with world.open_state() as state:
        assert recovery.recover(state, who="ops@laptop", why="a deploy finishes it first")["direction"] == direction
    found = seen(world)["deployed"]
    assert (found and found["id"]) == (ABOUT["id"] if direction == "forward" else None)


def test_a_change_that_was_killed_before_it_had_a_journal_touched_nothing(world: World) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    last = seen(world)["last"]
    log = world.states / "shop" / "log.jsonl"
    begun = log.read_text() + '{"what": "begins", "journal": "0badcafe", "time": "2099-01-01T00:00:00Z"}\n'
    log.write_text(begun)
    assert seen(world)["last"] == last
    # One that has a closed journal, and no line of its end, may have changed anything.
    (world.states / "shop" / "history" / "2099-01-01T00:00:00Z-0badcafe.json").write_text("{}")
    assert seen(world)["last"] is None


def test_without_the_list_of_locks_nothing_is_known(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(world, 0.5)

    def holder(_fd: int) -> None:
        raise FileNotFoundError(2, "No such file or directory", "/proc/locks")

    monkeypatch.setattr(changes, "holder", holder)
    assert seen(world)["outcome"] == "unknown"


def test_a_closed_journal_that_is_gone_leaves_the_time_of_a_tree_unknown(world: World) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    for path in (world.states / "shop" / "history").iterdir():
        path.unlink()
    found = seen(world, trees={"source": "folder"})
    assert found["last"] is not None
    assert "no longer there" in found["trees"]["source"]["reason"]


@pytest.mark.parametrize("line", [b"{", b"[]\n", b'{"what": "is in place", "time": "yesterday"}\n', b"\xff\n"])
def test_a_line_of_the_log_that_is_broken_hides_no_other(world: World, line: bytes) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    log = world.states / "shop" / "log.jsonl"
    log.write_bytes(log.read_bytes() + line)
    assert seen(world)["last"] is not None


def test_a_log_is_read_since_the_last_change(world: World) -> None:
    world.apply([world.write("keep.txt", b"changed\n")])
    host = Host(str(world.root), 60)
    (world.root / "app.log").write_text("2020-01-01T00:00:00Z ERROR old\n2099-01-01T00:00:00Z ERROR new\n")
    asked: Json = {"name": "app", "path": "app.log", "deploy": True, "classes": [], "unhandled": []}
    asked.update({name: [] for name in ("forbid", "require", "intervals", "numbers")})
    unknown = logs.collect({"logs": [asked]}, host)["logs"][0]
    assert unknown["outcome"] == "unknown"
    host.changes = seen(world)
    found = logs.collect({"logs": [asked]}, host)["logs"][0]
    assert (found["outcome"], found["read"]["lines"]) == ("ok", 1), json.dumps(found)
