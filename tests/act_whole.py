# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change that holds everything at once: files of every kind, the repository or the release that they belong to, and
a step of every kind on what runs. Systemd, Compose and the engine are fakes that keep their state in files, so that it
outlives whoever is killed.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from act_clone import ABOUT, Clone
from act_world import Json, T, World, build, every_kind, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove import service as gitmove
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service as points
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release import service as release
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import (
    container_state,
    kinds,
    registry,
    units,
)
from fake_compose_host import ComposeHost
from fake_containers import hexed
from fake_inside import install, show_few, talk
from fake_systemd import FakeSystemd
from waiting import wait_until

COPIES = 2
UNITS = ("one", "two", "three", "four")
_COMPOSE = "services: {{web: {{image: shop/app:1, command: [{}]}}}}\n"
_MOMENTS = ("before_change", "after_change", "after_services", "on_failure")


class Whole:
    """A host below ``folder/now``, made anew for each point at which a change of it is killed."""

    def __init__(self, folder: Path, strategy: str, engine: ComposeHost, monkeypatch: pytest.MonkeyPatch) -> None:
        self.strategy = strategy
        self.engine = engine
        self.now, self.kept = folder / "now", folder / "kept"
        self.host, self.states = self.now / "host", self.now / "state"
        self.clone = Clone(folder / "clone") if strategy == "git" else None
        self.systemd = FakeSystemd(self.now / "systemd")
        self.systemd.install(monkeypatch)
        engine.install(monkeypatch)
        install(monkeypatch, self.systemd.folder / "bin/systemctl", engine.state / "bin/docker-compose")
        talk(monkeypatch, engine)
        show_few(monkeypatch)
        for module in (units, container_state):
            monkeypatch.setattr(module, "STAYS_S", 0.0)
        self.world = World(folder / "world")
        self._make()
        self._process = subprocess.Popen(["/bin/sleep", "1000"])
        self._request = self._asked()
        self._running = engine.load()
        self.keep()

    def _make(self) -> None:
        if self.clone is not None:
            shutil.copytree(self.clone.folder / "template", self.host, symlinks=True)
            (self.host / ".git/info/exclude").write_text("copy*\ncompose.yml\n" + "".join(f"{one}\n" for one in UNITS))
            self.root = self.tree = self.host
        else:
            self.root, self.tree = self.host / "current", self.host / "releases/first"
            self.tree.mkdir(parents=True)
            self.root.symlink_to("releases/first")
        self.world.root, self.world.states = self.tree, self.states
        build(self.tree, COPIES)
        (self.tree / "compose.yml").write_text(_COMPOSE.format("old"))
        for name in UNITS:
            (self.tree / name).write_text(f"old {name}\n")
        self.systemd.unit("one.service", self.root / "one", UnitFileState="disabled", NeedDaemonReload="yes")
        self.systemd.unit("two.service", self.root / "two", active=False)
        self.systemd.unit("three.service", self.root / "three")
        self.systemd.unit("four.service", self.root / "four", CanReload="yes", NeedDaemonReload="yes")
        web = self.engine.run(_COMPOSE.format("old"))
        known = self.engine.load()
        for name in ("worker", "extra"):
            known["containers"].append({**web, "service": name, "id": hexed(name), "text": ""})
        self.engine.save(known)

    # --- what is asked ------------------------------------------------------------------------------------------------

    def _asked(self) -> Json:
        operations = [
            *every_kind(self.world, COPIES),
            *(self.world.write(name, f"new {name}\n".encode()) for name in UNITS),
            self.world.write("compose.yml", _COMPOSE.format("new").encode()),
        ]
        asked: Json = {"what": "apply", "check": False, "timeout_s": 120, "application": "shop", "direction": "auto"}
        asked.update(root=str(self.root), state_dir=str(self.states), folder=str(self.world.contents), about=ABOUT)
        if self.clone is None:
            asked["release"] = {"commit": "0123456789ab" + "c" * 28, "keep": 5, "shared": []}
        else:
            asked["git"] = self.clone.request(self.host)["git"]
            # With a time of their own: whenever a change is tried, it makes the same.
            operations += [
                {**one, **({"mtime_ns": T} if one["do"] == "write" else {})} for one in self.clone.operations()
            ]
            for path in self.clone.contents.iterdir():
                shutil.copy(path, self.world.contents)
        say = {moment: [["/bin/sh", "-c", f"echo {moment} >> {self.now}/said"]] for moment in _MOMENTS}
        return {**asked, "operations": operations, "hooks": say, "step_timeout_s": 20.0}

    def request(self) -> Json:
        """Return the request of the change; the process that it ends is one that runs now."""
        return {**self._request, "services": self._services()}

    def _services(self) -> list[Json]:
        def unit(name: str, *steps: tuple[str, str]) -> Json:
            keys = {"enable": "enabled", "disable": "enabled"}
            told: list[Json] = [{"do": do, "unit": name} for do, _was in steps]
            for step, (do, was) in zip(told, steps):
                step.update({"before": {keys.get(do, "active"): was}} if was else {})
                step.update({"files": ["four"]} if do == "reload" else {})
            return {"n": 1, "kind": "unit", "path": name, "steps": told}

        web, worker, extra = self._running["containers"]
        restart = {"do": "restart", **self._container(worker)}
        stop = {"do": "stop", **self._container(extra), "restart": {"name": "always", "maximum": 0}, "running": True}
        end = {"do": "end", "pid": self._process.pid, "start_s": started_s(self._process.pid), "boot": kinds.boot_id()}
        end.update(command="sleep", unit="one.service", kill=False)
        actions = [
            unit("four.service", ("daemon_reload", ""), ("reload", "active")),
            unit("one.service", ("enable", "disabled"), ("restart", "active")),
            unit("two.service", ("start", "inactive")),
            unit("three.service", ("disable", "enabled"), ("stop", "active")),
            {"n": 5, "kind": "compose", "path": "shop/web", "steps": [self._up(web)]},
            {"n": 6, "kind": "container", "path": "worker", "steps": [restart]},
            {"n": 6, "kind": "container", "path": "extra", "steps": [stop]},
            {"n": 7, "kind": "process", "path": "main", "steps": [end]},
        ]
        told = {(action["kind"], step["do"]) for action in actions for step in action["steps"]}
        known = {(kind, do) for kind in registry.KINDS for do in registry.kind_of({"kind": kind}).WORDS}
        # A command is among the hooks, and the way back has steps of its own.
        told |= {("hook", "run"), ("compose", "back"), ("container", "start")}
        assert known - told == set(), "a kind of step that this change does not hold"
        return actions

    def _container(self, one: Json) -> Json:
        before = {"id": one["id"], "image_id": one["image"], "started_s": one["started"]}
        return {"container": one["id"], "name": one["service"], "socket": self.engine.socket, "before": before}

    def _up(self, web: Json) -> Json:
        about = {"id": web["id"], "name": "shop-web-1", "image_id": web["image"], "config_hash": web["declared"]}
        up = {"do": "up", "project": "shop", "service": "web", "directory": str(self.root), "files": []}
        more = {"env_file": None, "profiles": [], "socket": self.engine.socket, "image": "shop/app:1", "anew": False}
        before = {"containers": [{**about, "state": web["state"]}]}
        return {**up, **more, "work": None, "may_lose": [], "before": before}

    # --- what is done -------------------------------------------------------------------------------------------------

    def answer(self, request: Json) -> Json:
        """Ask as the control node does."""
        return (gitmove if self.clone else release).answer(request)

    def recover(self) -> Json:
        """Finish what was interrupted, as the next deploy begins."""
        return _patiently(lambda: self.answer({**self._request, "what": "recover", "services": []}))

    def ask_points(self, **options: t.Any) -> Json:
        """Ask for what the module ``restore_point`` is asked for; a failure fails the test."""
        given = {name: one.get("default") for name, one in points.ARGUMENTS.items()}
        place = {"root": str(self.root), "application": "shop", "state_dir": str(self.states), "who": "ops"}
        told = _patiently(lambda: points.answer({**given, **place, "git": False, **options}, points.act, False))
        assert not told.get("failed"), told
        return told

    def save(self) -> str:
        """Make the restore point of the change, as a deploy does."""
        names = ("index", "HEAD", "ORIG_HEAD", "refs/heads/main") if self.clone else ()
        paths = [f".git/{name}" for name in names]
        told = self.ask_points(state="present", operations=self._request["operations"], paths=paths)
        return str(told["point"])

    def keep(self) -> None:
        """Make what is here now the state that :meth:`again` comes back to."""
        # There is none before the first time.
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.now, self.kept, symlinks=True)
        self._running = self.engine.load()

    def again(self) -> None:
        """Bring all of it back to what was kept, with a process that runs."""
        shutil.rmtree(self.now)
        shutil.copytree(self.kept, self.now, symlinks=True)
        self.engine.save(self._running)
        self.end()
        self._process = subprocess.Popen(["/bin/sleep", "1000"])

    def end(self) -> None:
        """End the process, whatever became of it."""
        self._process.kill()
        self._process.wait()

    # --- what is there ------------------------------------------------------------------------------------------------

    def told(self) -> Json:
        """Return all that the change can change."""
        tree = seen(self.root.resolve())
        return {
            # What a folder of git's holds is for git to tell; a copy in a new release has names of its own.
            "files": {
                path: told if self.clone or told[0] == "link" else (*told[:5], *told[6:])
                for path, told in tree.items()
                if path != ".git" and not path.startswith(".git/")
            },
            "at": self._at(),
            "units": {name: self._unit(name) for name in UNITS},
            "web": (self.engine.web() or {"text": "none"})["text"],
            "extra": self._extra(),
            "worker": any(
                one["service"] == "worker" and one["started"] > 1.0 for one in self.engine.load()["containers"]
            ),
            "process": self._process.poll() is None,
        }

    def _unit(self, name: str) -> tuple[str, ...]:
        unit = self.systemd.get(f"{name}.service")
        return unit["ActiveState"], unit["UnitFileState"], unit["ran_with"] if unit["ActiveState"] == "active" else ""

    def _extra(self) -> tuple[str, str]:
        extra = next(one for one in self.engine.load()["containers"] if one["service"] == "extra")
        return extra["state"], extra.get("policy", "always")

    def _at(self) -> t.Any:
        if self.clone is not None:
            return self.clone.which(self.host)
        first = {path: told[:4] for path, told in seen(self.host / "releases/first", False).items()}
        return os.readlink(self.root), sorted(os.listdir(self.host / "releases")), first

    def said(self) -> list[str]:
        path = self.now / "said"
        return path.read_text().splitlines() if path.exists() else []

    def left(self) -> list[str]:
        """Return the paths that no change leaves behind when it has ended."""
        below = list(self.host.rglob(".evenkeel-*"))
        state = self.states / "shop"
        # A change that was killed early enough made none.
        named = [path for path in state.glob("*") if path.name.startswith(("journal", "services", "rollback"))]
        locks = [*self.host.glob(".git/*.lock"), *self.host.glob(".git/refs/evenkeel/incoming/*")]
        return [str(path.relative_to(self.now)) for path in (*below, *named, *(state / "incoming").glob("*"), *locks)]


def _patiently(ask: t.Callable[[], Json]) -> Json:
    """Ask until no command of a change that was killed runs any more: as long as one does, all is refused."""
    told: Json = {}

    def is_free() -> bool:
        told.clear()
        told.update(ask())
        return "still runs (process" not in str(told.get("msg"))

    wait_until(is_free, "the command of a change that was killed has ended")
    return told


@functools.lru_cache(maxsize=None)
def _ticks() -> int:
    return os.sysconf("SC_CLK_TCK")


def started_s(pid: int) -> float:
    """Return when a process started, in seconds since the boot."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]) / _ticks()
