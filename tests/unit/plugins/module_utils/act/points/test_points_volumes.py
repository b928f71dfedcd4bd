# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of named volumes: saved as it is, brought back as it was, and no container stays stopped for it."""

from __future__ import annotations

import functools
import json
import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act import engine as act_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.act import transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError, Stuck
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    doing,
    looking,
    make,
    manifest,
    objects,
    pending,
    place,
    refilling,
    replacing,
    rollback,
    session,
    shelf,
    stopping,
    volumes,
    volumes_back,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import (
    Damaged,
    NoPoint,
    NoRoom,
    PointError,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Asked as Containers
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from fake_engine import Raw, error
from fake_engine_kept import KeptEngine
from point_resume import resume

Json = t.Dict[str, t.Any]
SECRET = b"password=hunter2hunter2"


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Site:
    """An application with two containers of which one, db, has a volume, and a tool that has it as well."""

    def __init__(self, top: Path, engine: KeptEngine) -> None:
        self.engine = engine
        self.root = top / "app"
        self.root.mkdir(parents=True)
        (self.root / "main.py").write_text("one\n")
        engine.volume_folder = str(top / "volumes")
        self.data = engine.volume("data", {"of": "shop"})
        self.fill()
        self.asked = Asked(str(self.root), "app", str(top / "state"), "ops", "a test", "")
        self.image = engine.image("db 1", "shop/db:1")
        engine.run("db", self.image, HostConfig={"Binds": ["data:/var/lib/db"]})
        engine.run("tool", self.image, HostConfig={"Binds": ["data:/data"]})
        engine.run("web", self.image)

    def fill(self) -> None:
        (self.data / "table").write_bytes(SECRET)
        (self.data / "empty").touch()
        (self.data / ("n" * 255)).write_text("long\n")
        (self.data / "log").mkdir(mode=0o700)
        (self.data / "log" / "1").write_text("first\n")
        (self.data / "out").symlink_to("/etc/passwd")
        (self.data / "folder").symlink_to("/etc")
        (self.data / "table").chmod(0o600)
        os.utime(self.data / "table", ns=(10**18, 10**18))
        os.setxattr(self.data / "table", "user.kept", b"so")
        self.data.chmod(0o750)

    @property
    def host(self) -> Host:
        return Host(str(self.root), 60, workers=1)

    def save(self, names: t.Sequence[str] = ("data",), check: bool = False, **more: t.Any) -> Json:
        asked = Services(containers=Containers(("none",), ("db",), self.engine.socket), volumes=names)
        what = What((), ("main.py",), (), False, asked._replace(**more))
        return session.present(self.asked, what, shelf.Keep(10), self.host, check)

    def back(self, level: str | None = "full", check: bool = False, point: str | None = None) -> Json:
        return rollback.restored(self.asked, looking.Wanted(point, level), self.host, check)

    def seen(self) -> Json:
        """Return what is in the volume, as no code of the collection sees it."""
        found: Json = {}
        for path in [self.data, *sorted(self.data.rglob("*"))]:
            told = path.lstat()
            content: t.Any = os.readlink(path) if path.is_symlink() else None
            content = path.read_bytes() if content is None and path.is_file() else content
            kind = stat.S_IFMT(told.st_mode)
            # Of folders the time is not compared: what runs moves it.
            moment = None if stat.S_ISDIR(told.st_mode) or path.is_symlink() else told.st_mtime_ns
            xattrs = {} if path.is_symlink() else {name: os.getxattr(path, name) for name in os.listxattr(path)}
            about = (kind, stat.S_IMODE(told.st_mode), told.st_uid, told.st_gid, moment, content, xattrs)
            found[os.path.relpath(path, self.data)] = about
        return found

    def spoil(self) -> None:
        """Change the volume in every way."""
        (self.data / "table").write_bytes(b"spoiled")
        (self.data / "log" / "1").unlink()
        (self.data / "log" / "2").write_text("second\n")
        (self.data / "out").unlink()
        (self.data / "new").mkdir()
        (self.data / "new" / "file").write_text("new\n")
        (self.data / "empty").write_text("no more\n")
        self.data.chmod(0o777)


@pytest.fixture(name="engine")
def fixture_engine(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[KeptEngine]:
    monkeypatch.setattr(replacing, "_PAUSE_S", 0.001)
    monkeypatch.setattr(replacing, "_STEADY_S", 0.01)
    with KeptEngine() as engine:
        yield engine


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, engine: KeptEngine) -> Site:
    return Site(tmp_path, engine)


def verbs(site: Site) -> list[str]:
    """Return what the engine was told to stop and to start, in this order."""
    found = []
    for line in site.engine.asked:
        parts = line.partition("?")[0].split("/")
        if parts[-1] in ("stop", "start"):
            one = site.engine.containers.get(parts[-2]) or site.engine.named(parts[-2]) or {}
            found.append(f"{parts[-1]} {str(one.get('Name'))[1:]}")
    return found


def test_a_volume_comes_back_as_it_was(site: Site) -> None:
    before = site.seen()
    made = site.save()
    assert made["running"]["volumes"] == 1
    assert verbs(site) == []
    assert "db, tool ran while the volume data was copied: each file is whole" in made["notes"][0]
    assert made["levels"]["full"]["restores"][-1] == "1 volume"
    assert "the content of volumes other than data" in made["levels"]["full"]["leaves"]
    assert "the content of volumes, those of this point among them (data)" in made["levels"]["config"]["leaves"]
    assert "hunter2" not in json.dumps(made)
    site.spoil()
    for level in ("config", "containers"):
        assert site.back(level)["changed"] is False
    site.engine.asked.clear()
    told = site.back()
    assert (told["at_point"], told["not_back"], told["apart"]) == (True, [], [])
    assert site.seen() == before
    # Those that use it are stopped for it, and no others.
    assert verbs(site) == ["stop tool", "stop db", "start db", "start tool", *verbs(site)[4:]]
    assert sorted(verbs(site)[4:]) == ["start db", "start tool", "stop db", "stop tool"]
    assert set(site.engine.running()) == {"db", "tool", "web"}
    assert {"path": "volume data/new/file", "do": "remove", "found": "file"} in told["changes"]
    # What was replaced can be had back.
    site.back(point=told["saved"])
    assert (site.data / "table").read_bytes() == b"spoiled"
    assert (site.data / "new" / "file").exists()
    assert site.back(point=told["point"])["at_point"] is True
    assert site.seen() == before


def test_a_volume_that_is_gone_is_made_again(site: Site) -> None:
    before = site.seen()
    point = site.save()["point"]
    for path in sorted(site.data.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    site.data.rmdir()
    del site.engine.volumes["data"]
    rehearsed = site.back(check=True)
    assert {"path": "volume data", "do": "make", "found": "absent"} in rehearsed["changes"]
    assert "1 volume with 8 paths can be read" in rehearsed["proven"]
    assert "data" not in site.engine.volumes
    told = site.back(point=point)
    assert told["at_point"] is True
    assert site.engine.volumes["data"]["Labels"] == {"of": "shop"}
    assert site.seen() == before


def test_a_point_that_is_not_there_is_told_with_those_that_are(site: Site) -> None:
    wrong = "20200101T000000Z-000000"
    point = site.save()["point"]
    with pytest.raises(
        NoPoint, match=f"no restore point {wrong} on this host; it has 1, the newest good one is {point}"
    ):
        site.back(point=wrong)
    session.bad(site.asked, point, "broken", False)
    with pytest.raises(NoPoint, match=rf"{wrong} on this host; there is no good .*: only {point} \(bad\)"):
        site.back(point=wrong)


def test_an_empty_volume_is_one_as_well(site: Site) -> None:
    empty = site.engine.volume("nothing", {})
    site.save(("nothing",))
    (empty / "came").write_text("later\n")
    assert site.back()["at_point"] is True
    assert list(empty.iterdir()) == []


def test_containers_are_stopped_while_it_is_copied_and_run_again(site: Site) -> None:
    made = site.save(stop=True)
    assert verbs(site) == ["stop tool", "stop db", "start db", "start tool"]
    assert not any("ran while" in note for note in made["notes"])
    assert set(site.engine.running()) == {"db", "tool", "web"}
    assert session.info(site.asked)["unfinished"] is None


def test_they_run_again_when_the_copy_fails(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_given: t.Any) -> t.NoReturn:
        assert set(site.engine.running()) == {"web"}
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(make, "_save_all", fails)
    with pytest.raises(OSError, match="No space left"):
        site.save(stop=True)
    assert set(site.engine.running()) == {"db", "tool", "web"}
    found = session.info(site.asked)
    assert (found["points"], found["unfinished"]) == ([], None)


@pytest.mark.parametrize("then", ["backup", "rollback"])
def test_they_run_again_after_a_crash(site: Site, then: str, monkeypatch: pytest.MonkeyPatch) -> None:
    site.save()

    def dies(*_given: t.Any) -> t.NoReturn:
        raise Killed

    with monkeypatch.context() as kill:
        kill.setattr(make, "_save_all", dies)
        with pytest.raises(Killed):
            site.save(stop=True)
    assert set(site.engine.running()) == {"web"}
    left = session.info(site.asked)["unfinished"]
    assert (left["kind"], [one["name"] for one in left["containers"]]) == ("backup", ["db", "tool"])
    if then == "backup":
        site.save(())
    else:
        site.back("config")
    assert set(site.engine.running()) == {"db", "tool", "web"}
    assert session.info(site.asked)["unfinished"] is None


def test_one_that_does_not_start_again_is_named_and_tried_again(site: Site) -> None:
    original = site.engine._start

    def start(one: Json) -> t.Any:
        return error(500, "no such device") if one["Name"] == "/tool" else original(one)

    site.engine._start = start  # type: ignore[method-assign]  # of this one engine
    with pytest.raises(PointError, match=r"the volumes data are not saved: what was stopped .* tool: "):
        site.save(stop=True)
    assert set(site.engine.running()) == {"db", "web"}
    site.engine._start = original  # type: ignore[method-assign]  # of this one engine
    site.save(())
    assert set(site.engine.running()) == {"db", "tool", "web"}


@pytest.mark.parametrize("how", ["refused", "no engine", "cured"])
def test_files_come_back_also_while_what_was_left_stopped_does_not_start(
    site: Site, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """What is to come back may be why it does not."""
    point = site.save()["point"]

    def dies(*_given: t.Any) -> t.NoReturn:
        raise Killed

    with monkeypatch.context() as kill:
        kill.setattr(make, "_save_all", dies)
        with pytest.raises(Killed):
            site.save(stop=True)
    (site.root / "main.py").write_text("broken\n")
    original = site.engine._start

    def start(one: Json) -> t.Any:
        sick = how != "cured" or (site.root / "main.py").read_text() == "broken\n"
        return error(500, "no such device") if sick and one["Name"] == "/tool" else original(one)

    site.engine._start = start  # type: ignore[method-assign]  # of this one engine
    if how == "no engine":
        monkeypatch.setattr(site.engine, "answer", lambda *_given: Raw(b"no answer"))
    told = site.back("config", point=point)
    assert (site.root / "main.py").read_text() == "one\n"
    if how == "cured":
        assert (told["at_point"], told["not_back"]) == (True, [])
        assert set(site.engine.running()) == {"db", "tool", "web"}
        return
    assert told["apart"] == ["the container db, tool"]
    assert told["at_point"] is False
    assert session.info(site.asked)["unfinished"]["kind"] == "backup"


def test_one_that_would_vanish_is_not_stopped(site: Site) -> None:
    point = site.save()["point"]
    tool = site.engine.named("tool")
    assert tool is not None
    tool["HostConfig"]["AutoRemove"] = True
    with pytest.raises(PointError, match="tool was started with --rm"):
        site.save(stop=True)
    site.spoil()
    with pytest.raises(PointError, match="the volume data: it is in use: tool was started with --rm"):
        site.back(point=point)
    assert verbs(site) == []
    assert (site.data / "table").read_bytes() == b"spoiled"


def test_one_that_is_paused_is_neither_stopped_nor_gets_another_volume_under_it(site: Site) -> None:
    """It would go on with files that are no longer those of the volume."""
    point = site.save()["point"]
    db = site.engine.named("db")
    assert db is not None
    db["State"]["Status"] = "paused"
    with pytest.raises(PointError, match="db is paused, and would go on"):
        site.save(stop=True)
    site.spoil()
    spoiled = site.seen()
    with pytest.raises(PointError, match="the volume data: it is in use: db is paused"):
        site.back(point=point)
    assert verbs(site) == []
    assert site.seen() == spoiled


def test_what_shares_the_network_of_one_is_stopped_and_started_with_it(site: Site) -> None:
    db = site.engine.named("db")
    assert db is not None
    site.engine.run("beside", site.image, HostConfig={"NetworkMode": f"container:{db['Id']}"})
    site.save(stop=True)
    done = verbs(site)
    assert done.index("stop beside") < done.index("stop db")
    assert done.index("start db") < done.index("start beside")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"Driver": "nfs"}, "the volume data is of the driver nfs: only those of the driver local"),
        ({"Options": {"type": "nfs", "o": "addr=192.0.2.1"}}, r"driver local with options \(o, type\)"),
        ({"Mountpoint": "/etc"}, "lies at /etc, where the driver local keeps none"),
        ({"Mountpoint": "relative/data/_data"}, "where the driver local keeps none"),
        ({"Mountpoint": "/nowhere/data/_data"}, "/nowhere/data does not exist on this host"),
    ],
)
def test_what_is_no_folder_of_the_host_is_refused_by_name(site: Site, change: Json, sentence: str) -> None:
    site.engine.volumes["data"].update(change)
    with pytest.raises(PointError, match=sentence):
        site.save()


@pytest.mark.parametrize("name", ["", "../etc", "a/b", "-x", "a b", "a\n", "x" * 256, "ä", "a?b"])
def test_what_is_no_name_of_a_volume_is_refused(name: str) -> None:
    with pytest.raises(PointError, match="is no name of a volume"):
        volumes.checked([name])


@pytest.mark.parametrize("how", ["link", "file", "gone"])
def test_a_volume_without_its_folder_is_never_taken_for_an_empty_one(site: Site, how: str) -> None:
    empty = site.engine.volume("nothing", {})
    empty.rmdir()
    if how == "link":
        empty.symlink_to("/etc")
    elif how == "file":
        empty.touch()
    with pytest.raises(PointError, match="_data cannot be read"):
        site.save(("nothing",))


@pytest.mark.parametrize("do", ["backup", "rollback"])
def test_what_starts_again_by_itself_is_named(site: Site, do: str) -> None:
    """As a unit of systemd does that watches over a container."""
    site.save()
    site.spoil()
    original = site.engine._of_container

    def of_container(method: str, name: str, verb: str, *more: t.Any) -> t.Any:
        told = original(method, name, verb, *more)
        one = site.engine.containers.get(name)
        if verb == "stop" and one is not None and one["Name"] == "/tool":
            site.engine._start(one)
        return told

    site.engine._of_container = of_container  # type: ignore[method-assign]  # of this one engine
    with pytest.raises(PointError, match="tool was stopped for the volumes data, and runs again"):
        site.save(stop=True) if do == "backup" else rollback.restored(
            site.asked, looking.Wanted(None, "full", save=False), site.host, False
        )
    assert set(site.engine.running()) == {"db", "tool", "web"}
    assert (site.data / "table").read_bytes() == b"spoiled"


@pytest.mark.parametrize("do", ["backup", "rollback"])
def test_what_starts_again_while_the_volume_is_worked_on_is_named(
    site: Site, monkeypatch: pytest.MonkeyPatch, do: str
) -> None:
    """As a unit of systemd does that waits for some seconds first."""
    point = site.save()["point"]
    before = site.seen()
    site.spoil()

    def then_starts(original: t.Any) -> t.Any:
        def done(*given: t.Any) -> t.Any:
            told = original(*given)
            tool = site.engine.named("tool")
            assert tool is not None
            site.engine._start(tool)
            return told

        return done

    with monkeypatch.context() as late:
        if do == "backup":
            late.setattr(make, "_save_all", then_starts(make._save_all))
            work: t.Callable[[], Json] = functools.partial(site.save, stop=True)
        else:
            late.setattr(refilling, "apart", then_starts(refilling.apart))
            wanted = looking.Wanted(None, "full", save=False)
            work = functools.partial(rollback.restored, site.asked, wanted, site.host, False)
        with pytest.raises(PointError, match="tool was stopped for the volumes data, and runs again"):
            work()
    assert set(site.engine.running()) == {"db", "tool", "web"}
    assert [one["id"] for one in session.info(site.asked)["points"]] == [point]
    # It does not count as brought back: the next rollback does it again.
    assert site.back()["at_point"] is True
    assert site.seen() == before


@pytest.mark.parametrize("do", ["backup", "rollback"])
def test_one_whose_end_is_not_told_in_time_runs_again(site: Site, do: str) -> None:
    """The engine goes on to stop it when nobody waits for that any more: a start before the end changes nothing."""
    site.save()
    site.spoil()
    original = site.engine._of_container
    told: list[str] = []

    def of_container(method: str, name: str, verb: str, *more: t.Any) -> t.Any:
        one = site.engine.containers.get(name) or site.engine.named(name)
        if one is None or one["Name"] != "/tool" or verb not in ("stop", "start"):
            return original(method, name, verb, *more)
        told.append(verb)
        if told == ["stop"]:
            return Raw(b"no answer")
        answered = original(method, name, verb, *more)
        # It ends only now, unless somebody waited for it.
        return original(method, name, "stop", *more) if told == ["stop", "start"] else answered

    site.engine._of_container = of_container  # type: ignore[method-assign]  # of this one engine
    wanted = looking.Wanted(None, "full", save=False)
    with pytest.raises(ActError, match="whether it did stop a container is not known"):
        site.save(stop=True) if do == "backup" else rollback.restored(site.asked, wanted, site.host, False)
    assert set(site.engine.running()) == {"db", "tool", "web"}


@pytest.mark.parametrize("what", ["disk", "engine"])
def test_what_was_stopped_runs_again_when_something_fails_after_the_volumes(
    site: Site, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    before = site.seen()
    point = site.save()["point"]
    site.spoil()
    note = pending.note

    def full(*given: t.Any, **more: t.Any) -> t.Any:
        if "files" in more:
            raise OSError(28, os.strerror(28))
        return note(*given, **more)

    def late(*_given: t.Any) -> t.NoReturn:
        raise Unseen("not reached within the time limit of 600 s")

    with monkeypatch.context() as fails:
        fails.setattr(*((pending, "note", full) if what == "disk" else (doing, "steps_of", late)))
        with pytest.raises((OSError, Unseen)):
            site.back(point=point)
    assert set(site.engine.running()) == {"db", "tool", "web"}
    assert site.back()["at_point"] is True
    assert site.seen() == before


def test_a_volume_that_is_not_there_is_named(site: Site) -> None:
    with pytest.raises(PointError, match="there is no volume other on this host"):
        site.save(("other",))


def test_a_volume_that_nobody_declared_is_named(site: Site) -> None:
    for archive in (True, False):
        notes = site.save((), archive=archive)["notes"]
        assert "the content of these volumes is NOT in this point: data (backup_volumes)" in notes


@pytest.mark.parametrize("level", ["containers", "full"])
def test_a_volume_without_a_name_is_told_by_its_place_and_saved_by_its_id(site: Site, level: str) -> None:
    unnamed = "5e" * 32
    data = site.engine.volume(unnamed, {})
    (data / "kept").write_text("one\n")
    for name in ("db", "tool"):
        site.engine.containers.pop(str((site.engine.named(name) or {})["Id"]))
    site.engine.run("db", site.image, HostConfig={"Binds": ["data:/var/lib/db", f"{unnamed}:/srv/more"]})
    lacking = [note for note in site.save(("data",))["notes"] if "without a name" in note]
    assert lacking == [
        "the content of the volume without a name that db has at /srv/more is NOT in this point: a rollback uses the "
        f"volume again as it is then, while it exists (backup_volumes: [{unnamed}])"
    ]
    assert not [note for note in site.save(("data", unnamed))["notes"] if "without a name" in note]
    (data / "kept").write_text("two\n")
    del site.engine.containers[str((site.engine.named("db") or {})["Id"])]
    del site.engine.volumes[unnamed]
    told = site.back(level, check=True)["notes"]
    gone = f"db begins with an EMPTY volume at /srv/more: {unnamed} is gone, and its content is not brought back"
    # At the level full it comes back with what is in it.
    assert (gone in told) is (level == "containers")
    done = site.back(level)
    assert (gone in done["notes"]) is (level == "containers")
    assert done["at_point"] is True
    assert (data / "kept").read_text() == ("two\n" if level == "containers" else "one\n")


def test_a_container_gets_the_volume_back_that_it_had_and_the_other_one_is_named(site: Site) -> None:
    had, has = "5e" * 32, "6f" * 32
    for name in (had, has):
        site.engine.volume(name, {})

    def run(volume: str) -> None:
        for name in ("db", "tool"):
            site.engine.containers.pop(str((site.engine.named(name) or {"Id": ""})["Id"]), None)
        site.engine.run("db", site.image, HostConfig={"Binds": [f"{volume}:/srv/more"]})

    run(had)
    site.save(())
    assert site.back("containers")["changed"] is False
    run(has)
    told = site.back("containers")
    assert ({"path": "db", "do": "replace", "found": "container"} in told["changes"], told["at_point"]) == (True, True)
    assert told["notes"][0] == (
        "the volume without a name of db at /srv/more is no longer used, and stays with its content until it is "
        f"removed: docker volume inspect {has}"
    )
    assert (site.engine.named("db") or {})["Mounts"][0]["Name"] == had
    assert site.back("containers")["changed"] is False
    # What is gone cannot be had back: then it is as it was saved, as far as can be.
    run(has)
    del site.engine.volumes[had]
    assert site.back("containers")["changed"] is False


def test_a_volume_that_the_engine_does_not_tell_of_is_told_and_keeps_nothing_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.save(())
    site.engine.containers.pop(str((site.engine.named("db") or {})["Id"]))
    site.engine.run("db", site.image, Env=["B=2"], HostConfig={"Binds": ["data:/var/lib/db"]})
    monkeypatch.setitem(site.engine.volumes, "data", error(500, "the driver is away"))
    told = site.back("containers")
    assert told["at_point"], told
    assert told["notes"][0].startswith("whether the volume data of db at /var/lib/db is there cannot be told: the")


def test_files_of_a_volume_with_several_names_are_told(site: Site) -> None:
    os.link(site.data / "table", site.data / "same")
    [note] = [note for note in site.save()["notes"] if "hard links" in note]
    assert note.startswith("in the volume data: _data/same and 1 more have several names")


def test_a_change_saves_those_that_its_containers_use(site: Site) -> None:
    site.engine.volume("other", {})
    assert site.save(("data", "other"), required=True)["running"]["volumes"] == 1
    assert site.save(("other",), required=True)["running"]["volumes"] == 0


def test_a_file_that_changes_while_it_is_read_is_told_and_never_torn(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = objects.copy
    writes = iter(range(100))

    def copy(source: int, target: int, most: int) -> str:
        (site.data / "table").write_bytes(b"written %d" % next(writes))
        return original(source, target, most)

    with monkeypatch.context() as always:
        always.setattr(objects, "copy", copy)
        with pytest.raises(PointError, match="_data/table: it keeps changing while it is saved"):
            site.save()
    writes = iter(range(1))

    def once(source: int, target: int, most: int) -> str:
        for number in writes:
            (site.data / "table").write_bytes(b"written %d" % number)
        return original(source, target, most)

    with monkeypatch.context() as first:
        first.setattr(objects, "copy", once)
        site.save()
    (site.data / "table").write_bytes(b"later")
    site.back()
    assert (site.data / "table").read_bytes() == b"written 0"


def test_space_is_asked_first(site: Site) -> None:
    with (site.data / "sparse").open("wb") as file:
        file.truncate(1 << 42)
    assert site.save(check=True)["volumes"] > 1 << 42
    with pytest.raises(NoRoom, match="4194305 of them for volumes"):
        site.save(stop=True)
    assert verbs(site) == []


@pytest.mark.parametrize("end", [b"", b"the end"], ids=["hole", "data"])
def test_a_sparse_file_stays_sparse(site: Site, end: bytes) -> None:
    image, full = site.data / "image", site.data / "full"
    with image.open("wb") as file:
        file.write(b"begin")
        file.truncate(8 << 20)
        file.seek(0, os.SEEK_END)
        file.write(end)
    # Somebody wrote these zeros, to have their room.
    full.write_bytes(bytes(2 << 20))
    before = site.seen()
    if image.stat().st_blocks * 512 > 2 << 20 or full.stat().st_blocks * 512 < 2 << 20:
        pytest.skip("the file system below the temporary directory has no holes, or packs zeros, on this machine")
    site.save()
    image.write_bytes(b"spoiled")
    full.write_bytes(b"spoiled")
    assert site.back()["at_point"] is True
    assert site.seen() == before
    assert image.stat().st_blocks * 512 <= 2 << 20
    assert full.stat().st_blocks * 512 >= 2 << 20


def test_what_is_no_file_is_not_made_again_and_stays(site: Site) -> None:
    os.mkfifo(site.data / "saved.pipe")
    site.save()
    (site.data / "saved.pipe").unlink()
    os.mkfifo(site.data / "came.pipe")
    (site.data / "table").write_bytes(b"spoiled")
    told = site.back()
    assert {one["path"] for one in told["left"]} == {"volume data/saved.pipe", "volume data/came.pipe"}
    assert (site.data / "table").read_bytes() == SECRET
    assert (site.data / "came.pipe").exists()


def test_names_of_a_change_in_progress_are_left_out(site: Site) -> None:
    (site.data / ".evenkeel-12345678-1").write_text("staged\n")
    site.save()
    (site.data / "table").write_bytes(b"spoiled")
    assert site.back()["at_point"] is True
    assert (site.data / ".evenkeel-12345678-1").exists()


def test_a_damaged_file_of_a_volume_is_not_used(site: Site) -> None:
    point = site.save()["point"]
    folder = Path(str(site.asked.state_dir)) / "app" / "points" / point / "objects"
    one = next(path for path in folder.iterdir() if path.read_bytes() == SECRET)
    one.write_bytes(SECRET[:-1] + b"3")
    site.spoil()
    with pytest.raises(Damaged):
        site.back()
    assert set(site.engine.running()) == {"db", "tool", "web"}
    # The level config does not use it.
    assert site.back("config")["at_point"] is True


def test_a_manifest_cannot_name_a_path_beside_the_volume(site: Site) -> None:
    site.save()
    with place.existing(site.asked) as (_state, points_fd):
        document = shelf.picked(points_fd, None, site.host)
    for path in ("other", "_datax/a", "_data/../a"):
        volume = {**document["services"]["volumes"][0], "entries": [{"path": path, "type": "absent"}]}
        broken = {**document, "services": {**document["services"], "volumes": [volume]}}
        with pytest.raises(Damaged):
            manifest.parse(manifest.canonical(manifest.sealed(broken)))


def _drifted(top: Path, engine: KeptEngine) -> tuple[Site, Json]:
    site = Site(top, engine)
    before = site.seen()
    site.save()
    site.spoil()
    (site.root / "main.py").write_text("two\n")
    return site, before


def test_a_rollback_that_is_killed_anywhere_is_gone_on_with(tmp_path: Path) -> None:
    """At each request to the engine, before and after it, and at each transaction."""
    number = 0
    while True:
        number += 1
        with pytest.MonkeyPatch.context() as patch, KeptEngine() as engine:
            patch.setattr(replacing, "_PAUSE_S", 0.0)
            patch.setattr(replacing, "_STEADY_S", 0.0)
            site, before = _drifted(tmp_path / str(number), engine)
            with pytest.MonkeyPatch.context() as kill:
                _kill_at(kill, number)
                try:
                    site.back()
                except Killed:
                    pass
                else:
                    assert number > 10
                    return
            if resume(site.asked, site.host) is None:
                # Killed while what it would replace was saved: nothing had begun.
                site.back()
            assert site.seen() == before, number
            assert set(engine.running()) == {"db", "tool", "web"}, number
            assert (site.root / "main.py").read_text() == "one\n"
            assert session.info(site.asked)["unfinished"] is None


def _kill_at(kill: pytest.MonkeyPatch, number: int) -> None:
    count = iter(range(1, 1000))

    def step() -> None:
        if next(count) == number:
            raise Killed

    ask, apply = act_engine.Writer._ask, transaction.apply_locked

    def asking(self: t.Any, *given: t.Any, **more: t.Any) -> t.Any:
        step()
        told = ask(self, *given, **more)
        step()
        return told

    def applying(*given: t.Any) -> t.Any:
        step()
        done = apply(*given)
        step()
        return done

    kill.setattr(act_engine.Writer, "_ask", asking)
    kill.setattr(transaction, "apply_locked", applying)


def test_what_was_written_after_it_came_back_stays(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback that is killed after it brought a volume back does not do so again: it is in use since."""
    site.save()
    site.spoil()

    def dies(*_given: t.Any) -> t.NoReturn:
        raise Killed

    with monkeypatch.context() as kill:
        kill.setattr(doing.pending, "end", dies)
        with pytest.raises(Killed):
            site.back()
    (site.data / "table").write_bytes(b"written since")
    assert resume(site.asked, site.host) is not None
    assert (site.data / "table").read_bytes() == b"written since"


def test_they_run_again_when_it_cannot_be_brought_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.save()
    site.spoil()
    original = transaction.apply_locked

    def apply(*given: t.Any) -> t.Any:
        if str(given[2]).endswith("/data"):
            raise OSError(5, os.strerror(5))
        return original(*given)

    with monkeypatch.context() as fails:
        fails.setattr(transaction, "apply_locked", apply)
        with pytest.raises(OSError, match="Input/output"):
            site.back()
    assert set(site.engine.running()) == {"db", "tool", "web"}
    with place.existing(site.asked) as (state, _points_fd):
        assert pending.find(state) is not None
    assert resume(site.asked, site.host) is not None
    assert (site.data / "table").read_bytes() == SECRET


class Two:
    """A database over two volumes, a sidecar in its network, and a tool that has one of the volumes."""

    def __init__(self, top: Path, engine: KeptEngine) -> None:
        self.site = Site(top, engine)
        self.log = engine.volume("log", {})
        (self.log / "wal").write_text("old\n")
        engine.run("split", self.site.image, HostConfig={"Binds": ["data:/var/lib/db", "log:/var/lib/log"]})
        split = engine.named("split")
        assert split is not None
        engine.run("sidecar", self.site.image, HostConfig={"NetworkMode": f"container:{split['Id']}"})
        self.before = self.site.seen()
        self.point = self.site.save(("data", "log"))["point"]
        self.spoil()

    def spoil(self) -> None:
        self.site.spoil()
        (self.log / "wal").write_text("new\n")

    def is_back(self) -> tuple[bool, bool]:
        return self.site.seen() == self.before, (self.log / "wal").read_text() == "old\n"


@pytest.fixture(name="two")
def fixture_two(tmp_path: Path, engine: KeptEngine) -> Two:
    return Two(tmp_path, engine)


def failing_for(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    original = transaction.apply_locked

    def apply(*given: t.Any) -> t.Any:
        if str(given[2]).endswith(f"/{name}"):
            raise OSError(5, os.strerror(5))
        return original(*given)

    monkeypatch.setattr(transaction, "apply_locked", apply)


def test_nothing_runs_over_volumes_of_two_ages(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    site = two.site
    with monkeypatch.context() as fails:
        failing_for(fails, "log")
        with pytest.raises(PointError, match="the volume log: input/output error; of the") as raised:
            site.back()
        assert two.is_back() == (True, False)
        assert set(site.engine.running()) == {"web"}
        assert (
            "of the volumes that come back (data: as it was saved; log: not) some are of another age than others, so "
            "what uses them stays stopped: db, sidecar, split, tool. Repair what is in the way, then roll back again"
        ) in str(raised.value)
        # Nor does it when that fails once more.
        with pytest.raises(PointError, match="stays stopped: db, sidecar, split, tool"):
            resume(site.asked, site.host)
        assert set(site.engine.running()) == {"web"}
    told = resume(site.asked, site.host)
    assert told is not None
    assert told["at_point"], told
    assert two.is_back() == (True, True)
    assert set(site.engine.running()) == {"db", "tool", "web", "split", "sidecar"}


def _torn(two: Two) -> str:
    """Leave volumes of two ages behind, and return the point of what was replaced."""
    with pytest.MonkeyPatch.context() as fails:
        failing_for(fails, "log")
        with pytest.raises(PointError, match="of another age than others"):
            two.site.back(point=two.point)
    assert two.is_back() == (True, False)
    with place.existing(two.site.asked) as (_state, points_fd):
        return max(set(shelf.names(points_fd)) - {two.point})


def test_nothing_runs_over_volumes_of_two_ages_on_the_way_to_another_point(two: Two) -> None:
    site, replaced = two.site, _torn(two)
    with pytest.MonkeyPatch.context() as fails:
        failing_for(fails, "data")
        with pytest.raises(
            PointError, match=r"\(log: as it was saved; data: not\) some are of another age than others"
        ):
            site.back(point=replaced)
    assert two.is_back() == (True, False)
    assert set(site.engine.running()) == {"web"}
    # Nor does a deploy leave them so that finishes it.
    assert left_alone(site)["volumes_left"] == []
    assert two.is_back() == (False, False)
    assert set(site.engine.running()) == {"db", "tool", "web", "split", "sidecar"}


def test_nor_on_the_way_to_one_that_has_another_age_of_each(two: Two) -> None:
    site = two.site
    other = site.save(("data", "log"))["point"]
    (two.log / "wal").write_text("newer\n")
    _torn(two)
    for _again in range(2):
        with pytest.MonkeyPatch.context() as fails:
            failing_for(fails, "data")
            with pytest.raises(PointError, match=r"\(data, log: not\) some are of another age"):
                site.back(point=other)
        assert set(site.engine.running()) == {"web"}
    assert site.back(point=other)["at_point"]
    assert set(site.engine.running()) == {"db", "tool", "web", "split", "sidecar"}
    with place.existing(site.asked) as (state, _points_fd):
        assert pending.find(state) is None


def test_a_level_without_volumes_does_not_start_what_uses_some_of_two_ages(two: Two) -> None:
    site, replaced = two.site, _torn(two)
    (site.root / "main.py").write_text("two\n")
    with pytest.raises(PointError, match=rf"nothing was changed: a rollback to {two.point} .* -e rollback_level=full"):
        site.back("config")
    assert (set(site.engine.running()), (site.root / "main.py").read_text()) == ({"web"}, "two\n")
    # Where they are of one age again, it may.
    assert site.back(point=replaced)["at_point"]
    assert site.back("config", point=two.point)["at_point"]
    assert set(site.engine.running()) == {"db", "tool", "web", "split", "sidecar"}


def test_a_rollback_that_starts_all_that_it_stopped_is_found_out(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken twin."""
    monkeypatch.setattr(volumes_back.VolumesBack, "_kept_down", lambda *_given: ([], ""))
    failing_for(monkeypatch, "log")
    with pytest.raises(OSError, match="Input/output"):
        two.site.back()
    assert two.is_back() == (True, False)
    assert "split" in two.site.engine.running()


def test_all_of_it_runs_when_the_first_volume_cannot_be_brought_back(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_for(monkeypatch, "data")
    with pytest.raises(OSError, match="Input/output"):
        two.site.back()
    assert two.is_back() == (False, False)
    assert set(two.site.engine.running()) == {"db", "tool", "web", "split", "sidecar"}
    # And when it still cannot be, though the other volume has become what it was by itself.
    (two.log / "wal").write_text("old\n")
    with pytest.raises(OSError, match="Input/output"):
        resume(two.site.asked, two.site.host)
    assert set(two.site.engine.running()) == {"db", "tool", "web", "split", "sidecar"}


def test_nothing_runs_over_a_volume_that_is_back_in_part(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    original = transaction.apply_locked

    def refused(*_given: t.Any) -> t.NoReturn:
        raise Stuck("what it replaced cannot be removed", "table")

    def apply(*given: t.Any) -> t.Any:
        if str(given[2]).endswith("/data"):
            with monkeypatch.context() as stuck:
                stuck.setattr(transaction, "finish", refused)
                return original(*given)
        return original(*given)

    with monkeypatch.context() as fails:
        fails.setattr(transaction, "apply_locked", apply)
        with pytest.raises(PointError, match=r"cannot be removed; .* \(data: partly so; log: not\)"):
            two.site.back()
    assert set(two.site.engine.running()) == {"web"}
    assert resume(two.site.asked, two.site.host) is not None
    assert two.is_back() == (True, True)
    assert set(two.site.engine.running()) == {"db", "tool", "web", "split", "sidecar"}


def left_alone(site: Site, point: str | None = None) -> Json:
    """Roll back as the next deploy does, which finds a change that was interrupted."""
    wanted = looking.Wanted(point, "full" if point else None, save=point is not None, volumes=False)
    return rollback.restored(site.asked, wanted, site.host, False)


def test_what_was_written_since_stays_where_a_later_run_takes_a_change_back(two: Two) -> None:
    site = two.site
    (site.root / "main.py").write_text("two\n")
    told = left_alone(site, two.point)
    assert (told["at_point"], told["volumes_left"]) == (True, ["data", "log"])
    assert (site.root / "main.py").read_text() == "one\n"
    assert two.is_back() == (False, False)
    assert "stop db" not in verbs(site)
    # They come back when somebody asks for it.
    told = site.back(point=two.point)
    assert (told["at_point"], told["volumes_left"]) == (True, [])
    assert two.is_back() == (True, True)


def test_a_rollback_that_had_not_begun_with_volumes_leaves_them(two: Two) -> None:
    """It was killed behind the files; what was written since is in no point."""
    site = two.site
    with pytest.MonkeyPatch.context() as kill:
        kill.setattr(volumes_back.VolumesBack, "bring", _dies)
        with pytest.raises(Killed):
            site.back()
    (site.data / "table").write_bytes(b"written since")
    told = left_alone(site)
    assert (told["at_point"], told["volumes_left"]) == (True, ["data", "log"])
    assert (site.data / "table").read_bytes() == b"written since"
    assert set(site.engine.running()) == {"db", "tool", "web", "split", "sidecar"}


def test_a_rollback_that_had_begun_with_volumes_is_finished_and_what_it_replaces_is_kept(two: Two) -> None:
    """One is back and the other is not: they belong together, and the engine may have started what uses them since."""
    site = two.site
    with pytest.MonkeyPatch.context() as kill:
        _kill_in(kill, "log")
        with pytest.raises(Killed):
            site.back()
    assert two.is_back() == (True, False)
    (two.log / "wal").write_text("written since\n")
    told = left_alone(site)
    assert (told["at_point"], told["volumes_left"]) == (True, [])
    assert two.is_back() == (True, True)
    assert set(site.engine.running()) == {"db", "tool", "web", "split", "sidecar"}
    site.back(point=told["saved"])
    assert (two.log / "wal").read_text() == "written since\n"


def _dies(*_given: t.Any) -> t.NoReturn:
    raise Killed


def _kill_in(kill: pytest.MonkeyPatch, name: str) -> None:
    original = transaction.apply_locked

    def apply(*given: t.Any) -> t.Any:
        return _dies() if str(given[2]).endswith(f"/{name}") else original(*given)

    kill.setattr(transaction, "apply_locked", apply)


def test_a_record_that_cannot_be_read_says_what_to_do(site: Site) -> None:
    site.save()
    with place.existing(site.asked) as (state, _points_fd):
        os.write(os.open(stopping.NAME, os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=state.fd), b"{}")
    with pytest.raises(ActError, match=r"stopped.json cannot be read: .* start those that do not run, then remove it"):
        site.save()
