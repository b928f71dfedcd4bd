# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers come back as they were saved, and none that runs is lost, whenever the rollback is killed."""

from __future__ import annotations

import errno
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act import engine as act_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.act import transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Moved, Unfinished
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    looking,
    pending,
    place,
    replacing,
    rollback,
    saving,
    session,
    shelf,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, NoPoint, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Asked as Containers
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import journal as service_journal
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import changes
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from fake_engine_kept import KeptEngine
from point_resume import resume

Json = t.Dict[str, t.Any]
SECRET = "DB_PASSWORD=hunter2hunter2"


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Site:
    """An application with files and containers on a host of its own."""

    def __init__(self, top: Path, engine: KeptEngine) -> None:
        self.engine = engine
        self.root = top / "app"
        self.root.mkdir()
        (self.root / "compose.yml").write_text("services: {web: {image: 'shop/web:1'}}\n")
        (self.root / "main.py").write_text("one\n")
        self.asked = Asked(str(self.root), "app", str(top / "state"), "ops", "a test", "")
        self.what = Services(containers=Containers(("shop",), (), engine.socket))

    @property
    def host(self) -> Host:
        return Host(str(self.root), 60, workers=1)

    def deploy(self, version: str, **more: t.Any) -> None:
        """Run the containers of a version, as Compose would."""
        image = self.engine.image(f"web {version}", "shop/web:1")
        for name in ("db", "web"):
            present = self.engine.named(name)
            if present is not None:
                del self.engine.containers[present["Id"]]
            labels = {
                "com.docker.compose.project": "shop",
                "com.docker.compose.service": name,
                "com.docker.compose.project.working_dir": str(self.root),
                "com.docker.compose.project.config_files": str(self.root / "compose.yml"),
                **({"com.docker.compose.depends_on": "db:service_started:false"} if name == "web" else {}),
                **more.pop("labels", {}),
            }
            host = {"NetworkMode": "shop", "PortBindings": {"80/tcp": [{"HostPort": f"80{len(name)}"}]}}
            self.engine.run(
                name,
                image if more.pop("by_id", False) else "shop/web:1",
                Env=[SECRET, f"VERSION={version}"],
                Labels=labels,
                HostConfig=host,
                NetworkingConfig={"EndpointsConfig": {"shop": {"Aliases": [name]}}},
            )

    def save(self, **more: t.Any) -> Json:
        what = What((), ("compose.yml", "main.py"), (), False, self.what._replace(**more))
        return session.present(self.asked, what, shelf.Keep(10), self.host, False)

    def back(self, level: str | None = "containers", check: bool = False, point: str | None = None) -> Json:
        return rollback.restored(self.asked, looking.Wanted(point, level), self.host, check)

    def versions(self) -> dict[str, str]:
        """Return which version runs under which name."""
        found = {}
        for name in self.engine.running():
            one = self.engine.named(name)
            assert one is not None
            found[name] = one["Config"]["Env"][1]
        return found


ONE = {"db": "VERSION=1", "web": "VERSION=1"}
TWO = {"db": "VERSION=2", "web": "VERSION=2"}


@pytest.fixture(name="engine")
def fixture_engine(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[KeptEngine]:
    monkeypatch.setattr(replacing, "_PAUSE_S", 0.001)
    monkeypatch.setattr(replacing, "_STEADY_S", 0.01)
    with KeptEngine() as engine:
        engine.networks["shop"] = {"Name": "shop", "Driver": "bridge", "Id": "n1"}
        yield engine


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, engine: KeptEngine) -> Site:
    site = Site(tmp_path, engine)
    site.deploy("1")
    return site


def test_containers_come_back_with_image_network_and_environment(site: Site) -> None:
    made = site.save()
    assert made["running"] == {"units": 0, "containers": 2, "images": 1, "outside": 0, "volumes": 0}
    assert "hunter2" not in json.dumps(made)
    site.deploy("2")
    (site.root / "compose.yml").write_text("services: {}\n")
    (site.root / "main.py").write_text("two\n")
    # The image is pruned, and somebody took the network away.
    first = next(iter(site.engine.images))
    del site.engine.images[first]
    site.engine.networks.clear()
    told = site.back()
    assert (told["at_point"], told["not_back"], told["level"], told["budget_s"]) == (True, [], "containers", 300)
    assert site.versions() == ONE
    assert site.engine.tags["shop/web:1"] == first
    assert site.engine.networks["shop"]["Driver"] == "bridge"
    web = site.engine.named("web")
    assert web is not None
    assert web["Config"]["Image"] == "shop/web:1"
    assert web["NetworkSettings"]["Networks"] == {"shop": {"Aliases": ["web"]}}
    assert (site.root / "compose.yml").read_text().startswith("services: {web")
    assert (site.root / "main.py").read_text() == "two\n"
    assert "hunter2" not in json.dumps(told)
    assert len(site.engine.containers) == 2
    again = site.back()
    assert (again["changed"], again["total"]) == (False, 0)
    # What was replaced can be had back: its images were not archived, and the engine has them.
    site.back(point=told["saved"])
    assert site.versions() == TWO


def test_an_image_takes_its_space_once(site: Site, tmp_path: Path) -> None:
    points = [site.save()["point"] for _time in range(2)]
    folders = [tmp_path / "state" / "app" / "points" / point / "objects" for point in points]
    assert folders[0] != folders[1]
    largest = [max(folder.iterdir(), key=lambda one: one.stat().st_size) for folder in folders]
    assert largest[0].stat().st_ino == largest[1].stat().st_ino
    assert sum("/get" in one for one in site.engine.asked) == 1
    session.absent(site.asked, points[0], False)
    assert session.verified(site.asked, points[1], site.host)["point"] == points[1]


def test_a_container_that_does_not_get_well_is_replaced_by_the_one_before(site: Site) -> None:
    site.save()
    site.deploy("2")
    for one in site.engine.containers.values():
        one["Config"]["Labels"]["sick"] = ""
    document = _document(site)
    # The saved one is made sick: what it is made from lies in the point, so the engine is told to see it so.
    original = site.engine._create
    site.engine._create = lambda name, made: original(  # type: ignore[method-assign]  # of this one engine
        name, {**made, "Labels": {**made["Labels"], "sick": "yes"}}
    )
    told = site.back()
    assert document["id"] == told["point"]
    assert told["at_point"] is False
    assert {one["path"] for one in told["not_back"]} == {"db", "web"}
    assert (
        "does not keep running (unhealthy); the one that was there before is there again"
        in told["not_back"][0]["reason"]
    )
    assert site.versions() == TWO
    assert len(site.engine.containers) == 2


def test_what_was_stopped_runs_again_when_the_time_is_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.save()
    site.deploy("2")
    host = site.host
    original = act_engine.Writer._ask

    def ask(self: t.Any, do: str, *given: t.Any, **more: t.Any) -> t.Any:
        told = original(self, do, *given, **more)
        if do == "rename a container":
            # The first one is aside, and all are stopped.
            host.deadline = min(host.deadline, 0.0)
            monkeypatch.setattr(act_engine.Writer, "_ask", original)
        return told

    monkeypatch.setattr(act_engine.Writer, "_ask", ask)
    told = rollback.restored(site.asked, looking.Wanted(None, "containers"), host, False)
    assert told["at_point"] is False
    assert {one["path"] for one in told["not_back"]} == {"db", "web"}
    assert all(
        "time limit of 60 s; the one that was there before is there" in one["reason"] for one in told["not_back"]
    )
    assert site.versions() == TWO
    assert len(site.engine.containers) == 2


def test_a_stop_that_nobody_waited_for_is_over_before_the_same_container_starts(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is started while it is being stopped is ended by that stop: it would be told as there again, and is not."""
    site.save()
    site.deploy("2")
    original = act_engine.Writer._ask
    under_way: dict[str, int] = {}

    def ask(self: t.Any, do: str, name: str, *given: t.Any, **more: t.Any) -> t.Any:
        # All are told to stop at once, and then one after the other: both are not answered.
        if do == "stop a container" and under_way.get(name, 0) < 2:
            under_way[name] = under_way.get(name, 0) + 1
            raise act_engine.Uncertain("it did not answer in time; whether it did stop a container is not known")
        if do == "stop a container":
            under_way[name] = 3
        told = original(self, do, name, *given, **more)
        if do == "start a container" and under_way.get(name) == 2:
            original(self, "stop a container", name)
        return told

    monkeypatch.setattr(act_engine.Writer, "_ask", ask)
    told = site.back()
    assert (told["at_point"], {one["path"] for one in told["not_back"]}) == (False, {"db", "web"})
    assert all("is there again" in one["reason"] for one in told["not_back"])
    assert site.versions() == TWO
    assert all(one["State"]["Running"] for one in site.engine.containers.values())


def test_what_cannot_be_looked_at_again_hides_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.save()
    site.deploy("2")

    def unseen(_target: t.Any) -> t.NoReturn:
        raise Unseen("not reached within the time limit of 60 s")

    monkeypatch.setattr(rollback.Target, "apart", unseen)
    told = site.back()
    assert (told["at_point"], told["not_back"]) == (False, [])
    assert told["saved"] is not None
    assert told["apart"] == ["what cannot be looked at again (not reached within the time limit of 60 s)"]


def test_a_full_disk_hides_nothing_of_what_was_done(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.save()
    site.deploy("2")

    def full(*_given: t.Any) -> t.NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(State, "log", full)
    told = site.back()
    assert (told["at_point"], told["notes"][-1].partition(" has ")[2]) == (
        True,
        "no line of it: no space left on device",
    )
    assert told["saved"] is not None


def test_one_that_somebody_makes_meanwhile_is_left_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.save()
    web = site.engine.named("web")
    assert web is not None
    del site.engine.containers[web["Id"]]

    def make(*_given: t.Any) -> t.NoReturn:
        site.engine.run("web", site.engine.image("web 3"), Env=[SECRET, "VERSION=3"])
        raise act_engine.NotDone("the name is taken")

    monkeypatch.setattr(replacing.Replacing, "_make", make)
    told = site.back()
    assert [one["path"] for one in told["not_back"]] == ["web"]
    assert site.versions() == {"db": "VERSION=1", "web": "VERSION=3"}


def _document(site: Site) -> Json:
    with place.existing(site.asked) as (_state, points_fd):
        return shelf.picked(points_fd, None, site.host)


def test_what_was_not_there_comes_and_what_runs_is_stopped_and_started(site: Site) -> None:
    site.engine.containers[str(site.engine.named("db")["Id"])]["State"] = {  # type: ignore[index]  # it is there
        "Status": "exited",
        "Running": False,
        "ExitCode": 0,
    }
    site.save()
    db, web = site.engine.named("db"), site.engine.named("web")
    assert db is not None and web is not None
    site.engine._start(db)
    del site.engine.containers[web["Id"]]
    assert [(one["path"], one["do"]) for one in site.back(check=True)["changes"]] == [("db", "stop"), ("web", "make")]
    assert site.back()["at_point"] is True
    assert site.versions() == {"web": "VERSION=1"}


def test_a_name_that_begins_the_id_of_another_container_is_not_taken_for_it(site: Site, engine: KeptEngine) -> None:
    site.save()
    for name in ("db", "web"):
        one = engine.named(name)
        assert one is not None
        del engine.containers[one["Id"]]
    # Somebody else's, whose id begins as the name of the container that is gone.
    identity = engine.run("other", engine.image("other 1"))
    other = engine.containers.pop(identity)
    other["Id"] = "db" + identity[2:]
    engine.containers[other["Id"]] = other
    told = site.back()
    assert (told["at_point"], told["not_back"]) == (True, [])
    assert engine.named("other") is other
    assert other["State"]["Running"] is True
    assert sorted(engine.running()) == ["db", "other", "web"]


def test_one_that_would_vanish_when_it_is_stopped_is_not_touched(site: Site) -> None:
    site.save()
    site.deploy("2")
    for one in site.engine.containers.values():
        one["HostConfig"]["AutoRemove"] = True
    with pytest.raises(PointError, match="started with --rm, so stopping it would remove it"):
        site.back()
    assert site.versions() == TWO


def test_an_image_that_is_nowhere_refuses_before_anything_is_touched(site: Site) -> None:
    site.save(archive=False)
    site.deploy("2")
    del site.engine.images[next(iter(site.engine.images))]
    (site.root / "compose.yml").write_text("two\n")
    with pytest.raises(PointError, match=r"its image sha256:.* is gone, and not in the point"):
        site.back()
    assert site.versions() == TWO
    assert (site.root / "compose.yml").read_text() == "two\n"


def test_what_cannot_be_saved_is_said_or_refused(site: Site, tmp_path: Path) -> None:
    site.what = site.what._replace(containers=Containers(("shop",), (), str(tmp_path / "none.sock")))
    assert "what runs in containers is NOT in this point: there is no socket" in site.save()["notes"][0]
    with pytest.raises(PointError, match="what runs in containers cannot be saved"):
        site.save(required=True)


def test_a_rehearsal_proves_images_and_asks_nothing_of_the_engine_that_changes(site: Site) -> None:
    site.save()
    site.engine.methods.clear()
    told = site.back(check=True)
    assert told["proven"] == [
        "1 image archives open and hold the images that they are to hold",
        "1 Compose files can be read",
    ]
    assert site.engine.methods == {"GET"}


def test_an_archive_of_another_image_is_found_out(site: Site) -> None:
    image = next(iter(site.engine.images))
    site.engine.images[image] = b"another configuration"
    told = site.save()
    assert "it holds another image" in told["notes"][0]


def test_no_bit_of_what_runs_can_flip_unseen(site: Site, tmp_path: Path) -> None:
    point = site.save()["point"]
    objects = tmp_path / "state" / "app" / "points" / point / "objects"
    for path in sorted(objects.iterdir()):
        content = path.read_bytes()
        for broken in (
            bytes([content[0] ^ 1]) + content[1:],
            content[: max(len(content) - 512, 0)],
            content[:-1] + bytes([content[-1] ^ 128]),
        ):
            path.write_bytes(broken)
            with pytest.raises(Damaged):
                session.verified(site.asked, point, site.host)
        path.write_bytes(content)
    assert session.verified(site.asked, point, site.host)["point"] == point


def killed_at(monkeypatch: pytest.MonkeyPatch, number: int, after: bool) -> list[str]:
    """Let the process be killed at one request to an engine: before it is sent, or after it was answered."""
    asked: list[str] = []
    original = act_engine.Writer._ask

    def ask(self: t.Any, do: str, *given: t.Any, **more: t.Any) -> t.Any:
        asked.append(do)
        if len(asked) == number and not after:
            raise Killed
        told = original(self, do, *given, **more)
        if len(asked) == number:
            raise Killed
        return told

    monkeypatch.setattr(act_engine.Writer, "_ask", ask)
    # Threads of a process that is killed end with it: what they ask for is asked here, one after the other.
    monkeypatch.setattr(replacing.threading, "Thread", _AtOnce)
    return asked


class _AtOnce:
    def __init__(self, target: t.Callable[..., None], args: tuple[t.Any, ...]) -> None:
        self._do = (target, args)

    def start(self) -> None:
        self._do[0](*self._do[1])

    def join(self) -> None:
        """It is done already."""


def requests_of_a_rollback(tmp_path: Path) -> int:
    with pytest.MonkeyPatch.context() as patch, KeptEngine() as engine:
        site = _drifted(tmp_path, engine)
        asked = killed_at(patch, 0, False)
        assert site.back()["at_point"]
    return len(asked)


def _drifted(top: Path, engine: KeptEngine) -> Site:
    engine.networks["shop"] = {"Name": "shop", "Driver": "bridge", "Id": "n1"}
    top.mkdir(exist_ok=True)
    site = Site(top, engine)
    site.deploy("1")
    site.save()
    site.deploy("2")
    (site.root / "compose.yml").write_text("two\n")
    return site


@pytest.mark.parametrize("sick", [False, True], ids=["well", "sick"])
def test_a_rollback_that_is_killed_at_any_request_loses_no_container(tmp_path: Path, sick: bool) -> None:
    total = requests_of_a_rollback(tmp_path / "count")
    assert total >= 10
    for number in range(1, total + 1):
        for after in (False, True):
            with pytest.MonkeyPatch.context() as patch, KeptEngine() as engine:
                patch.setattr(replacing, "_PAUSE_S", 0.0)
                site = _drifted(tmp_path / f"{number}{after}", engine)
                known = set(engine.containers)
                with pytest.MonkeyPatch.context() as kill:
                    killed_at(kill, number, after)
                    with pytest.raises(Killed):
                        site.back()
                _check_nothing_is_lost(site, known)
                if sick:
                    _make_the_new_ones_sick(engine)
                told = resume(site.asked, site.host)
                assert told is not None
                if sick:
                    # One that was brought back before the kill stays: it was well.
                    assert set(site.versions()) == {"db", "web"}, (number, after)
                else:
                    assert told["at_point"], (number, after, told)
                    assert site.versions() == ONE
                    assert (site.root / "compose.yml").read_text().startswith("services")
                assert {one["Name"] for one in engine.containers.values()} == {"/db", "/web"}, (number, after)
                assert resume(site.asked, site.host) is None


def test_one_that_removes_first_and_makes_then_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the test above, with a replacement that is broken on purpose."""

    def removes_first(self: t.Any, one: Json) -> None:
        present = self._must(one["name"])
        self._stop(present)
        self._engines.writer.remove(present.id)
        made = self._make(one)
        self._engines.writer.rename(made, one["name"])
        self._start(self._must(one["name"]), one)

    monkeypatch.setattr(replacing.Replacing, "_replace", removes_first)
    monkeypatch.setattr(replacing.Replacing, "prepare", lambda *_given: None)
    lost = 0
    for number in range(1, 6):
        with KeptEngine() as engine:
            site = _drifted(tmp_path / str(number), engine)
            known = set(engine.containers)
            with pytest.MonkeyPatch.context() as kill:
                killed_at(kill, number, True)
                with pytest.raises(Killed):
                    site.back()
            try:
                _check_nothing_is_lost(site, known)
            except AssertionError:
                lost += 1
    assert lost >= 3


def _make_the_new_ones_sick(engine: KeptEngine) -> None:
    """From now on no container of the version 1 gets well."""
    original = engine._start

    def start(one: Json) -> t.Any:
        if one["Config"]["Env"][1] == "VERSION=1":
            one["Config"]["Labels"]["sick"] = "yes"
        return original(one)

    engine._start = start  # type: ignore[method-assign]  # of this one engine


def _check_nothing_is_lost(site: Site, known: set[str]) -> None:
    """Each name has a container that ran before, or the saved one in its place and well."""
    for name in ("db", "web"):
        there = [site.engine.named(one) for one in (name, name + replacing.OLD)]
        assert any(one is not None and (one["Id"] in known or one["State"]["Running"]) for one in there), name


def test_an_interrupted_rollback_is_known_and_gone_on_with(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.save()
    site.deploy("2")
    with pytest.MonkeyPatch.context() as kill:
        killed_at(kill, 3, True)
        with pytest.raises(Killed):
            site.back()
    with place.existing(site.asked) as (state, _points_fd):
        left = pending.find(state)
    assert left is not None
    assert (left.level, left.ran) == ("containers", {"db": True, "web": True})
    # Until then nothing else is changed, and no point is made, which could remove the one that is needed.
    with pytest.raises(Unfinished, match="roll back again, and it is gone on with"):
        site.save()
    with place.existing(site.asked) as (state, _points_fd), pytest.raises(Unfinished):
        transaction.apply([], [], str(site.root), state, {"id": "x"}, site.host)
    # Without being told, the next rollback has the same point and level.
    told = site.back(level=None)
    assert (told["level"], told["at_point"]) == ("containers", True)
    with place.existing(site.asked) as (state, _points_fd):
        assert pending.find(state) is None
        os.write(os.open("rollback.json", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=state.fd), b"{}")
    with pytest.raises(Exception, match=r"rollback.json cannot be read .* remove the file"):
        site.back()


def test_a_rollback_that_changed_nothing_leaves_nothing_to_go_on_with(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.save()
    site.deploy("2")
    (site.root / "compose.yml").write_text("two\n")

    def moved(*_given: t.Any) -> t.NoReturn:
        raise Moved([{"path": "compose.yml"}])

    monkeypatch.setattr(transaction, "apply_locked", moved)
    with pytest.raises(Moved):
        site.back()
    with place.existing(site.asked) as (state, _points_fd):
        assert pending.find(state) is None
    assert site.versions() == TWO


def test_a_point_that_is_removed_meanwhile_changes_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    point = site.save()["point"]
    site.deploy("2")
    (site.root / "main.py").write_text("two\n")

    def save(_asked: t.Any, _target: t.Any, _volumes: t.Any, fds: tuple[int, int], *_more: t.Any) -> t.Any:
        # A backup of somebody else removes it, as newer ones are kept.
        shelf.remove(fds[0], point)
        return {"id": "20261121T154500Z-3f9a1c"}

    monkeypatch.setattr(saving, "make_replaced", save)
    with pytest.raises(NoPoint, match="was removed meanwhile"):
        site.back("full")
    with place.existing(site.asked) as (state, _points_fd):
        assert pending.find(state) is None
    assert (site.root / "main.py").read_text() == "two\n"
    assert site.versions() == TWO


def test_a_machine_that_started_anew_in_the_middle_may_run_both(site: Site) -> None:
    site.save()
    site.deploy("2")
    with pytest.MonkeyPatch.context() as kill:
        # Killed when the new container has its name, and before it was started.
        asked = killed_at(kill, 0, False)
        original = act_engine.Writer._ask

        def ask(self: t.Any, do: str, *given: t.Any, **more: t.Any) -> t.Any:
            if do == "start a container":
                raise Killed
            return original(self, do, *given, **more)

        kill.setattr(act_engine.Writer, "_ask", ask)
        with pytest.raises(Killed):
            site.back()
    assert asked
    old = site.engine.named("db" + replacing.OLD)
    assert old is not None
    site.engine._start(old)
    told = resume(site.asked, site.host)
    assert told is not None
    assert told["at_point"] is True
    assert site.versions() == ONE


def _objects(site: Site, point: str) -> Path:
    return Path(str(site.asked.state_dir)) / "app" / "points" / point / "objects"


def _archive(site: Site, point: str) -> Path:
    return max(_objects(site, point).iterdir(), key=lambda one: one.stat().st_size)


def test_a_level_reads_what_it_uses_and_no_more(site: Site) -> None:
    point = site.save()["point"]
    (site.root / "main.py").write_text("two\n")
    archive = _archive(site, point)
    archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged):
        session.verified(site.asked, None, site.host)
    for level in ("containers", "full"):
        with pytest.raises(Damaged):
            site.back(level)
    # No image is used by this one.
    assert site.back("config")["at_point"] is True
    assert (site.root / "main.py").read_text() == "one\n"
    # That one is missing is known without reading.
    archive.unlink()
    (site.root / "main.py").write_text("two\n")
    with pytest.raises(Damaged, match="is missing"):
        site.back("config", point=point)


def test_names_of_images_go_back_when_their_containers_do_not_come(site: Site) -> None:
    site.save()
    site.deploy("2")
    second = site.engine.tags["shop/web:1"]
    _make_the_new_ones_sick(site.engine)
    told = site.back()
    assert {one["path"] for one in told["not_back"]} == {"db", "web"}
    assert site.engine.tags["shop/web:1"] == second
    assert site.versions() == TWO


def test_names_of_images_go_back_after_a_crash_as_well(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.save()
    site.deploy("2")
    second = site.engine.tags["shop/web:1"]
    with monkeypatch.context() as kill:
        asked = killed_at(kill, 3, True)
        with pytest.raises(Killed):
            site.back()
    assert "tag an image" in asked
    assert site.engine.tags["shop/web:1"] != second
    _make_the_new_ones_sick(site.engine)
    resume(site.asked, site.host)
    assert site.engine.tags["shop/web:1"] == second


def test_a_name_of_an_image_stays_for_the_container_that_came_back(site: Site) -> None:
    site.save()
    site.deploy("2")
    first = next(iter(site.engine.images))
    web = site.engine.named("web")
    assert web is not None
    original = site.engine._start

    def start(one: Json) -> t.Any:
        if one["Config"]["Env"][1] == "VERSION=1" and one["Config"]["Labels"]["com.docker.compose.service"] == "web":
            one["Config"]["Labels"]["sick"] = "yes"
        return original(one)

    site.engine._start = start  # type: ignore[method-assign]  # of this one engine
    told = site.back()
    assert [one["path"] for one in told["not_back"]] == ["web"]
    assert site.engine.tags["shop/web:1"] == first


def test_what_is_asked_of_units_is_kept_over_a_crash(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    point = site.save()["point"]
    site.deploy("2")
    with monkeypatch.context() as kill:
        killed_at(kill, 1, True)
        with pytest.raises(Killed):
            rollback.restored(site.asked, looking.Wanted(None, "full", restart=False), site.host, False)
    seen = []
    original = rollback.look

    def look(target: t.Any, wanted: looking.Wanted, earlier: t.Any) -> t.Any:
        seen.append(wanted.restart)
        return original(target, wanted, earlier)

    monkeypatch.setattr(rollback, "look", look)
    assert resume(site.asked, site.host) is not None
    assert seen == [False]
    # The next one, which nothing interrupted, is asked anew.
    site.back("full", point=point)
    assert seen == [False, True]


def test_a_list_of_points_tells_what_was_interrupted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    point = site.save()["point"]
    assert session.info(site.asked)["unfinished"] is None
    site.deploy("2")
    with monkeypatch.context() as kill:
        killed_at(kill, 3, True)
        with pytest.raises(Killed):
            site.back()
    found = session.info(site.asked)["unfinished"]
    assert {name: found[name] for name in ("kind", "point", "level", "who", "files")} == {
        "kind": "rollback",
        "point": point,
        "level": "containers",
        "who": "ops",
        "files": True,
    }
    resume(site.asked, site.host)
    assert session.info(site.asked)["unfinished"] is None
    with place.existing(site.asked) as (state, _points_fd):
        record = service_journal.make(state, {"kind": "sync", "who": "ops"}, str(site.root), 60.0, [], {})
        record.write()
        # Its files never came into place.
        assert session.info(site.asked)["unfinished"] is None
        record.come_due()
        assert session.info(site.asked)["unfinished"]["phase"] == "due"
        os.write(os.open("rollback.json", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=state.fd), b"{}")
    assert "rollback.json cannot be read" in session.info(site.asked)["unfinished"]["damaged"]


@pytest.mark.parametrize("after", [False, True], ids=["before its files", "after its files"])
def test_an_audit_says_of_a_rollback_what_is_known_of_its_files(
    site: Site, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    site.save()
    site.deploy("2")
    (site.root / "compose.yml").write_text("two\n")
    original = transaction.apply_locked

    def apply(*given: t.Any) -> t.Any:
        if after:
            return original(*given)
        raise Killed

    with monkeypatch.context() as kill:
        kill.setattr(transaction, "apply_locked", apply)
        killed_at(kill, 1, False)
        with pytest.raises(Killed):
            site.back()
    spec = {"application": "app", "state_dir": site.asked.state_dir, "trees": {}}
    told = changes.look(spec, site.host)["open"]
    assert told["phase"] == ("rollback" if after else "begun")
    assert told["services"]


def test_a_level_gives_the_folders_of_its_files_their_times_back(site: Site) -> None:
    folder = site.root / "deploy"
    folder.mkdir()
    (site.root / "compose.yml").rename(folder / "compose.yml")
    for one in site.engine.containers.values():
        one["Config"]["Labels"]["com.docker.compose.project.config_files"] = str(folder / "compose.yml")
    os.utime(folder, ns=(10**18, 10**18))
    what = What((), ("deploy/compose.yml", "main.py"), (), False, site.what)
    session.present(site.asked, what, shelf.Keep(10), site.host, False)
    (folder / "compose.yml").write_text("two\n")
    folder.chmod(0o700)
    told = site.back()
    assert told["at_point"] is True
    assert (folder / "compose.yml").read_text().startswith("services")
    # Its time alone: what else the folder is does not belong to this level.
    assert (folder.stat().st_mtime_ns, folder.stat().st_mode & 0o777) == (10**18, 0o700)
    os.utime(folder, ns=(2 * 10**18, 2 * 10**18))
    assert site.back()["total"] == 0
