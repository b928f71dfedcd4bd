# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two units that read one file each, changed and brought back by what the tests of services are about."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from act_world import ABOUT, World
from ansible_collections.evenkeel.drift.plugins.module_utils.act import recovery
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import looking, rollback, session, shelf
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import run
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.run import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from fake_systemd import FakeSystemd

Json = t.Dict[str, t.Any]


class Site(World):
    """Two units that read one file each."""

    def __init__(self, folder: Path, systemd: FakeSystemd) -> None:
        super().__init__(folder)
        self.systemd = systemd
        for name in ("one", "two"):
            (self.root / name).write_text(f"old {name}\n")
            systemd.unit(f"{name}.service", self.root / name)

    def operations(self, two: str = "new two\n") -> list[Json]:
        return [self.write("one", b"new one\n"), self.write("two", two.encode())]

    def change(self, operations: list[Json], *actions: Json, check: bool = False, hooks: Json | None = None) -> Json:
        contents = os.open(self.contents, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with self.open_state() as opened:
                services = Services(actions, hooks or {}, 20.0)
                about = {**ABOUT, "point": self.point()}
                return run.apply(operations, [contents], str(self.root), opened, about, Host("/", 60), services, check)
        finally:
            os.close(contents)

    def recover(self) -> list[Json]:
        with self.open_state() as opened:
            recovery.recover(opened)
            return run.resume(opened, "ops", "a test")[1]

    def asked(self) -> Asked:
        return Asked(str(self.root), "shop", str(self.states), "ops", "a test", "")

    def save(self) -> str:
        made = session.present(
            self.asked(), What((), ("one", "two"), (), False), shelf.Keep(10, None, None), Host("/", 60), False
        )
        return str(made["point"])

    def point(self) -> str | None:
        points = sorted(path.name for path in (self.states / "shop" / "points").glob("2*"))
        return points[0] if points else None

    def restore(self, change: Services | None = None) -> Json:
        wanted = looking.Wanted(self.point(), None, change=change)
        return rollback.restored(self.asked(), wanted, Host("/", 60), False)

    def running(self) -> dict[str, str]:
        return {name: self.systemd.get(f"{name}.service")["ran_with"] for name in ("one", "two")}

    def files(self) -> dict[str, str]:
        return {name: (self.root / name).read_text() for name in ("one", "two")}

    def left(self) -> list[str]:
        names = [path.name for path in (self.states / "shop").iterdir()]
        return [name for name in names if name.startswith(("journal", "services"))]


ALL = os.environ.get("EVENKEEL_FAULTS") == "all"
OLD = {"one": "old one\n", "two": "old two\n"}
NEW = {"one": "new one\n", "two": "new two\n"}


def restart(name: str, active: str | None = "active") -> Json:
    step = {"do": "restart", "unit": f"{name}.service", "before": {"active": active}}
    return {"n": 1, "kind": "unit", "path": f"{name}.service", "steps": [step]}


def reload(name: str) -> Json:
    step = {"do": "reload", "unit": f"{name}.service", "before": {"active": "active"}, "files": [name]}
    return {"n": 1, "kind": "unit", "path": f"{name}.service", "steps": [step]}


def unit(name: str, *dos: str, **before: str) -> Json:
    """Return an action on one unit; ``before`` is what its steps expect."""
    known = {"enable": "enabled", "disable": "enabled"}
    steps: list[Json] = []
    for do in dos:
        key = known.get(do, "active")
        steps.append({"do": do, "unit": f"{name}.service", "before": {key: before.get(key)}})
    return {"n": 1, "kind": "unit", "path": f"{name}.service", "steps": steps}


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, systemd: FakeSystemd) -> Site:
    return Site(tmp_path / "world", systemd)
