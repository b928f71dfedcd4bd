# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of units, environments and crontabs: which they are, and that they come back with what came since removed."""

from __future__ import annotations

import json
import os
import pwd
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    kept,
    looking,
    outside,
    rollback,
    session,
    shelf,
    target,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.outside import Outside, Unit
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import systemctl
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd import ask
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.environment import UnitEnvironment
from point_resume import resume

Json = t.Dict[str, t.Any]
UNIT = "app.service"
SYSTEM = "etc/systemd/system"
USER = pwd.getpwuid(os.geteuid()).pw_name


class Machine:
    """A root directory with an application and its units, and a systemd that remembers what it is told."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.top = folder / "top"
        self.root = folder / "app"
        self.state = folder / "state"
        self.root.mkdir()
        (self.root / "main.py").write_text("one\n")
        self.write(f"{SYSTEM}/{UNIT}", f"[Service]\nWorkingDirectory={self.root}\nExecStart=/bin/true\n")
        self.write(f"{SYSTEM}/{UNIT}.d/limits.conf", "[Service]\nNice=5\n")
        self.link(f"{SYSTEM}/multi-user.target.wants/{UNIT}", f"/{SYSTEM}/{UNIT}")
        self.write("etc/app.env", "TOKEN=hunter2hunter2\n", 0o600)
        self.write(f"var/spool/cron/crontabs/{USER}", "0 4 * * * true\n", 0o600)
        self.write("etc/crontab", "17 * * * * root run-parts\n")
        self.write("etc/cron.d/app", f"5 * * * * root {self.root}/tidy\n")
        self.write("etc/cron.d/other", "5 * * * * root /srv/other/tidy\n")
        self.active = {UNIT: "active", "redis.service": "active"}
        self.since = 10
        self.done: list[tuple[str, str]] = []
        self.fails = ""
        patch.setattr(outside, "unit_files", self._unit_files)
        patch.setattr(outside, "unit_environment", self._environment)
        for module in (outside, target.outside):
            patch.setattr(module, "states", self._states)
        patch.setattr(
            "ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services.states", self._states
        )
        patch.setattr(systemctl, "do", self._do)

    def _unit_files(self, unit: str, _user: int | None) -> list[tuple[str, float]]:
        return [(str(self.top / SYSTEM / UNIT), 0.0)] if unit == UNIT else []

    def _environment(self, unit: str, _host: Host) -> UnitEnvironment:
        files = [(str(self.top / "etc/app.env"), False)] if unit == UNIT else []
        return UnitEnvironment(True, 0, [], files, [])

    def _states(self, units: t.Sequence[str], _host: Host) -> list[Unit]:
        return [Unit(one, self.active[one], "enabled", self.since) for one in units]

    def _do(self, verb: str, unit: str | None, _limit_s: float) -> None:
        self.done.append((verb, unit or ""))
        if verb == self.fails:
            raise StepFailed(f"{unit} does not {verb}")
        if unit and verb in ("start", "restart"):
            self.active[unit] = "active"
            self.since = 1 << 60
        elif unit:
            self.active[unit] = "inactive"

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        place = self.top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
        place.chmod(mode)

    def link(self, path: str, to: str) -> None:
        place = self.top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(to)

    def seen(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        for above in (self.top, self.root):
            for folder, folders, files in os.walk(above):
                for name in folders + files:
                    path = Path(folder, name)
                    told = path.lstat()
                    content = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else ""
                    found[str(path)] = (oct(told.st_mode), content)
        return found

    @property
    def asked(self) -> Asked:
        return Asked(str(self.root), "app", str(self.state), "ops", "a test", "")

    def save(self) -> Json:
        running = Services(units=(UNIT, "redis.service"), top=str(self.top))
        what = What((), ("main.py",), (), False, running)
        return session.present(self.asked, what, shelf.Keep(10), Host(str(self.root), 60), False)

    def back(self, level: str, check: bool = False, restart: bool = True) -> Json:
        wanted = looking.Wanted(None, level, restart=restart, top=str(self.top))
        return rollback.restored(self.asked, wanted, Host(str(self.root), 60), check)


@pytest.fixture(name="machine")
def fixture_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path, monkeypatch)
    # What env files lie below the top of a test is told relative to it, as paths of a host are to /.
    original = Outside.of_environment

    def of_environment(self: Outside, unit: str, host: Host) -> list[str]:
        return [one.rpartition("/top/")[2] for one in original(self, unit, host)]

    monkeypatch.setattr(Outside, "of_environment", of_environment)
    return machine


def test_the_files_of_a_unit_and_who_would_count_before_them(machine: Machine) -> None:
    machine.write(f"{SYSTEM}/app@.service", "[Service]\n")
    machine.write(f"{SYSTEM}/app@.service.d/a.conf", "[Service]\n")
    machine.link(f"{SYSTEM}/shop.service", f"/{SYSTEM}/{UNIT}")
    machine.write("usr/local/lib/systemd/system/app@1.service", "[Service]\n")
    looked = Outside(str(machine.root), str(machine.top))
    assert looked.of_unit(UNIT) == [
        f"{SYSTEM}/{UNIT}",
        f"{SYSTEM}/{UNIT}.d",
        f"{SYSTEM}/{UNIT}.d/limits.conf",
        f"{SYSTEM}/multi-user.target.wants/{UNIT}",
        f"{SYSTEM}/shop.service",
    ]
    assert looked.of_unit("app@1.service") == [
        f"{SYSTEM}/app@.service",
        f"{SYSTEM}/app@.service.d",
        f"{SYSTEM}/app@.service.d/a.conf",
        f"{SYSTEM}/app@1.service",
        f"{SYSTEM}/app@1.service.d",
        "usr/local/lib/systemd/system/app@1.service",
    ]
    assert looked.of_unit(r"a\x2db.service") == [rf"{SYSTEM}/a\\x2db.service", rf"{SYSTEM}/a\\x2db.service.d"]


def test_the_crontabs_are_those_of_the_application(machine: Machine) -> None:
    looked = Outside(str(machine.root), str(machine.top))
    assert looked.crontabs() == ["etc/cron.d/app", f"var/spool/cron/crontabs/{USER}"]


def test_a_path_below_the_root_is_not_outside(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "link").symlink_to("app")
    looked = Outside(str(tmp_path / "app"))
    above = str(tmp_path).lstrip("/")
    paths = [f"{tmp_path}/app/.env", f"{tmp_path}/link/.env", f"{tmp_path}/app2/.env", "relative", "/etc/x.env"]
    assert looked.outside(paths) == sorted([f"{above}/app2/.env", "etc/x.env"])


def test_everything_comes_back_and_what_came_since_goes(machine: Machine) -> None:
    before = machine.seen()
    made = machine.save()
    assert made["running"] == {"units": 2, "containers": 0, "images": 0, "outside": 9, "volumes": 0}
    assert "hunter2" not in json.dumps(made)
    (machine.root / "main.py").write_text("two\n")
    machine.write(f"{SYSTEM}/{UNIT}.d/limits.conf", "[Service]\nNice=9\n")
    machine.write(f"{SYSTEM}/{UNIT}.d/more.conf", "[Service]\nUser=root\n")
    (machine.top / f"{SYSTEM}/multi-user.target.wants/{UNIT}").unlink()
    machine.link(f"{SYSTEM}/graphical.target.wants/{UNIT}", f"/{SYSTEM}/{UNIT}")
    machine.write("etc/app.env", "TOKEN=other\n", 0o644)
    machine.write("etc/cron.d/app", "x\n")
    (machine.top / f"var/spool/cron/crontabs/{USER}").unlink()
    machine.active[UNIT] = "inactive"
    rehearsed = machine.back("full", check=True)
    assert rehearsed["total"] > 0
    assert machine.done == []
    told = machine.back("full")
    assert (told["at_point"], told["not_back"], told["level"], told["budget_s"]) == (True, [], "full", 600)
    os.rmdir(machine.top / f"{SYSTEM}/graphical.target.wants")
    assert machine.seen() == before
    # Redis has nothing to do with it, and keeps running.
    assert machine.done == [("daemon-reload", ""), ("start", UNIT)]
    again = machine.back("full")
    assert (again["changed"], again["total"]) == (False, 0)


def test_the_level_config_starts_anew_what_uses_the_files_and_nothing_else(machine: Machine) -> None:
    machine.save()
    (machine.root / "main.py").write_text("two\n")
    machine.write("etc/app.env", "TOKEN=other\n")
    told = machine.back("config")
    assert told["at_point"] is True
    assert machine.done == [("restart", UNIT)]
    assert (machine.top / "etc/app.env").read_text() == "TOKEN=other\n"
    assert machine.back("config")["total"] == 0
    (machine.root / "main.py").write_text("two\n")
    machine.done.clear()
    machine.back("config", restart=False)
    assert machine.done == []


def test_a_unit_whose_own_file_came_back_is_read_before_it_is_started(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is older than the one that systemd has read: it says nothing of that by itself."""
    said = "LoadState=loaded\nActiveState=active\nSubState=running\nNeedDaemonReload=no\nFragmentPath={}/main.py\n"
    monkeypatch.setattr(ask, "absent", lambda: "")
    for place, done in ((machine.root, [("daemon-reload", ""), ("restart", UNIT)]), ("/etc", [("restart", UNIT)])):
        monkeypatch.setattr(ask, "show", lambda *_asked, place=place: said.format(place).encode())
        machine.save()
        (machine.root / "main.py").write_text("two\n")
        machine.since = 10
        machine.done.clear()
        machine.back("config")
        assert machine.done == done
        (machine.root / "main.py").write_text("one\n")


def test_a_unit_is_started_when_its_start_can_be_told_from_the_time_of_the_files(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The times of both are rounded by the kernel: whether what begins at once has the files would not be known."""
    machine.save()
    (machine.root / "main.py").write_text("two\n")
    monkeypatch.setattr(time, "sleep", lambda _s: machine.done.append(("wait", (machine.root / "main.py").read_text())))
    machine.back("config")
    assert machine.done == [("wait", "one\n"), ("restart", UNIT)]
    # Nothing is waited for where no file was changed.
    machine.done.clear()
    machine.back("config")
    assert machine.done == []


def test_a_unit_that_does_not_start_is_told_and_the_files_are_back(machine: Machine) -> None:
    machine.save()
    (machine.root / "main.py").write_text("two\n")
    machine.active[UNIT] = "inactive"
    machine.fails = "start"
    told = machine.back("full")
    assert told["not_back"] == [{"path": UNIT, "kind": "unit", "reason": f"{UNIT} does not start"}]
    assert (told["at_point"], told["apart"]) == (False, [f"the unit {UNIT}"])
    assert (machine.root / "main.py").read_text() == "one\n"


def test_a_unit_that_does_not_start_anew_fails_the_level_config_too(machine: Machine) -> None:
    machine.save()
    (machine.root / "main.py").write_text("two\n")
    machine.fails = "restart"
    told = machine.back("config")
    assert (told["at_point"], told["apart"]) == (False, [f"the unit {UNIT}"])


def test_files_come_back_where_systemd_cannot_be_asked(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.save()
    (machine.root / "main.py").write_text("two\n")
    monkeypatch.setattr(target.outside, "states", lambda units, _host: [Unit(one, "", "", 0, "hangs") for one in units])
    with pytest.raises(PointError, match=r"the state of app\.service cannot be seen: hangs"):
        machine.back("full")
    assert (machine.root / "main.py").read_text() == "two\n"
    machine.fails = "restart"
    told = machine.back("config")
    assert (machine.root / "main.py").read_text() == "one\n"
    assert (told["at_point"], [one["path"] for one in told["not_back"]]) == (False, [UNIT])


def test_a_rollback_that_was_killed_before_its_units_goes_on(machine: Machine) -> None:
    machine.save()
    (machine.root / "main.py").write_text("two\n")

    class Killed(BaseException):
        pass

    with pytest.MonkeyPatch.context() as patch:

        def kill(*_given: t.Any) -> None:
            raise Killed

        patch.setattr(systemctl, "do", kill)
        with pytest.raises(Killed):
            machine.back("config")
    assert (machine.root / "main.py").read_text() == "one\n"
    # The files are back already, and the unit still runs what it had loaded.
    told = resume(machine.asked, Host(str(machine.root), 60), str(machine.top))
    assert told is not None
    assert machine.done == [("restart", UNIT)]
    assert resume(machine.asked, Host(str(machine.root), 60), str(machine.top)) is None


def test_what_cannot_be_asked_is_not_in_the_point_and_it_says_so(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unseen(*_given: t.Any) -> t.NoReturn:
        raise Unseen("this host does not run systemd")

    monkeypatch.setattr(Outside, "of_environment", unseen)
    assert f"the environment of {UNIT} is NOT in this point: this host does not run systemd" in machine.save()["notes"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"units": [{"name": "a"}]}, "units of services 0"),
        ({"containers": [{}]}, "containers of services 0"),
        ({"engine": {"socket": 1, "kind": ""}}, "socket"),
        ({"images": {}}, "images"),
        ({"outcome": "maybe"}, "outcome"),
        ({"for_change": 1}, "for_change"),
        ({"more": 1}, "services"),
    ],
)
def test_a_manifest_with_odd_services_is_damage(change: Json, place: str) -> None:
    whole: Json = {
        "outcome": "saved",
        "for_change": False,
        "engine": None,
        "units": [],
        "outside": [],
        "roles": {},
        "containers": [],
        "images": [],
        "networks": [],
    }
    kept.check(whole)
    kept.check({"outcome": "not_asked"})
    with pytest.raises(Damaged, match=place):
        kept.check({**whole, **change})
    with pytest.raises(Damaged):
        kept.check(None)
