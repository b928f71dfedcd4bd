# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose services and containers that a change brings along: what is asked, what refuses, what happens, and back."""

from __future__ import annotations

import itertools
import os
import time
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from act_world import ABOUT, World
from ansible_collections.evenkeel.drift.plugins.module_utils.act import recovery
from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Writer
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused, ServicesFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import (
    compose,
    compose_program,
    containers,
    kinds,
    registry,
    run,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.container_state import Containers
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import Call, StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.run import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from fake_compose_host import IMAGE, ComposeHost
from fake_containers import hexed

Json = t.Dict[str, t.Any]
ALL = os.environ.get("EVENKEEL_FAULTS") == "all"
OLD = "services: {web: {image: shop/app:1, command: [old]}}\n"
NEW = "services: {web: {image: shop/app:1, command: [new]}}\n"


def up(folder: Path, host: ComposeHost, **more: t.Any) -> Json:
    """Return the step that brings web up, as a plan has it of what runs now."""
    now = [
        {
            "id": one["id"],
            "name": "shop-web-1",
            "image_id": one["image"],
            "config_hash": one["declared"],
            "state": one["state"],
        }
        for one in host.load()["containers"]
    ]
    return {
        "do": "up",
        "project": "shop",
        "service": "web",
        "directory": str(folder),
        "files": [],
        "env_file": None,
        "profiles": [],
        "socket": host.socket,
        "image": "shop/app:1",
        "anew": False,
        "work": None,
        "may_lose": [],
        "before": {"containers": now},
        **more,
    }


def action(step: Json, kind: str = "compose") -> Json:
    return {"n": 1, "kind": kind, "path": "shop/web", "steps": [step]}


def before(folder: Path) -> Call:
    return Call(None, 20.0, str(folder), "")


def after(folder: Path) -> Call:
    return Call(kinds.now(), 20.0, str(folder), "")


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "compose.yml").write_text(OLD)
    return folder


def test_a_service_is_brought_up_alone_and_with_nothing_of_the_user(
    compose_host: ComposeHost, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", "all")
    compose_host.run(OLD)
    step = up(project, compose_host, files=["compose.yml"], env_file="other.env", profiles=["x"])
    (project / "other.env").write_text("A=1\n")
    assert registry.checked([action(step)])
    assert not compose.look(step, before(project)).wanted
    (project / "compose.yml").write_text(NEW)
    said = compose.run(step, after(project))
    assert said == "shop-web-1 was brought up: running, healthy"
    ((words, environment),) = compose_host.calls("up")
    assert words == [
        *("--ansi", "never", "--project-name", "shop", "--project-directory", str(project)),
        *("--file", "compose.yml", "--env-file", "other.env", "--profile", "x"),
        *("up", "--detach", "--no-deps", "--no-build", "--pull", "never", "--remove-orphans=false", "--", "web"),
    ]
    assert environment.keys() <= {"DOCKER_HOST", "DOCKER_CONFIG", "HOME", "PATH", "LC_ALL", "LC_CTYPE"}
    assert environment["DOCKER_HOST"] == f"unix://{compose_host.socket}"
    made = compose_host.web()
    assert made is not None
    assert made["text"] == NEW
    compose.run(step, after(project))
    assert compose_host.web() == made, "what is as wanted stays as it is"


def test_nothing_that_changes_runs_before_the_files_are_in_place(compose_host: ComposeHost, project: Path) -> None:
    compose_host.run(OLD)
    compose.look(up(project, compose_host), before(project))
    assert compose_host.methods == {"GET"}
    assert [words[-2:] for words, _environment in compose_host.calls("")] == []
    assert all("version" in words for words, _environment in compose_host.calls("--short"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"image": "shop/app:2"}, "docker pull shop/app:2, then deploy again"),
        ({"image": "shop/app:${TAG:-3}"}, "docker pull shop/app:3, then deploy again"),
    ],
)
def test_an_image_that_is_not_there_refuses(changes: Json, told: str, compose_host: ComposeHost, project: Path) -> None:
    compose_host.run(OLD)
    with pytest.raises(Refused) as refused:
        compose.look(up(project, compose_host, **changes), before(project))
    assert told in str(refused.value)


def test_another_container_than_the_audit_saw_is_named(compose_host: ComposeHost, project: Path) -> None:
    compose_host.run(OLD)
    step = up(project, compose_host)
    compose_host.run(OLD, id=hexed("another"))
    seen = compose.look(step, before(project))
    assert seen.moved
    assert (seen.expected[-12:], seen.found[-12:]) == (hexed("web")[:12], hexed("another")[:12])


@pytest.mark.parametrize(
    ("files", "changes", "refuses"),
    [
        (["/app/hot.py"], {}, True),
        (["/app/hot.py"], {"may_lose": None}, False),
        (["/app/hot.py"], {"work": [["etc/.*", True]]}, False),
        (["/app/hot.py"], {"work": [["app$", True]]}, False),
        (["/app/hot.py"], {"work": [["app/$", True]]}, True),
        (
            ["/app/hot.py"],
            {"may_lose": [{"container": hexed("web"), "path": "/app/hot.py", "size": None, "mtime": None}]},
            False,
        ),
        (
            ["/app/hot.py", "/app/b"],
            {"may_lose": [{"container": hexed("web"), "path": "/app/hot.py", "size": None, "mtime": None}]},
            True,
        ),
        (["/tmp/x", "/var/log/y"], {}, False),
    ],
)
def test_files_that_exist_only_in_a_layer_keep_it(
    files: list[str], changes: Json, refuses: bool, compose_host: ComposeHost, project: Path
) -> None:
    compose_host.run(OLD, files=files)
    step = up(project, compose_host, **changes)
    if not refuses:
        assert not compose.look(step, before(project)).moved
        return
    with pytest.raises(Refused, match="rescue them"):
        compose.look(step, before(project))
    # The same holds just before it is made anew, for what was put there meanwhile.
    with pytest.raises(StepFailed, match="rescue them"):
        compose.run(step, after(project))
    assert compose_host.calls("up") == []


def test_without_the_last_look_they_would_be_gone(
    compose_host: ComposeHost, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin of the test before it."""
    ran = compose_host.run(OLD, files=["/app/hot.py"])
    step = up(project, compose_host)
    monkeypatch.setattr(Containers, "own_files", lambda *_arguments: [])
    compose.run(step, after(project))
    assert (compose_host.web() or ran)["id"] != ran["id"]


@pytest.mark.parametrize("version", ["1.29.2", "docker-compose version 1.25.0", ""])
def test_an_old_compose_is_refused(
    version: str, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ComposeHost(tmp_path / "old", version) as host:
        host.install(monkeypatch)
        with pytest.raises(StepFailed, match="version 2"):
            compose.look(up(project, host), before(project))


def test_a_host_without_compose_says_so(
    compose_host: ComposeHost, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (compose_host.state / "bin" / "docker-compose").unlink()
    with pytest.raises(StepFailed, match="neither docker compose nor docker-compose is installed"):
        compose.look(up(project, compose_host), before(project))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("services: {web: {image: shop/app:1, command: [unhealthy]}}\n", "its health check fails"),
        ("services: {web: {image: shop/app:1, command: [crash]}}\n", "does not run (exited with 3)"),
        ("services: {web: {image: shop/app:1, command: [refused]}}\n", "docker compose config ended with 1"),
        (
            "services: {web: {image: shop/app:1, command: [repeated]}}\n",
            "in variable name (not shown: it may be",
        ),
        ("services: {web: {image: shop/app:1, command: ['${GONE}']}}\n", "GONE, which .env does not set"),
        ("services: {other: {image: shop/app:1}}\n", "declare no service web"),
        ("services: [\n", "cannot be read"),
        ("include: [other.yml]\nservices: {web: {image: shop/app:1}}\n", "by hand: include is not supported"),
    ],
)
def test_a_service_that_cannot_be_brought_up_says_why_and_tells_no_secret(
    text: str, told: str, compose_host: ComposeHost, project: Path
) -> None:
    compose_host.run(OLD)
    step = up(project, compose_host)
    (project / "compose.yml").write_text(text)
    with pytest.raises(StepFailed) as failed:
        compose.run(step, after(project))
    assert told in str(failed.value)
    assert "hunter2" not in str(failed.value)
    # Back with the files: as it was before, or never touched.
    (project / "compose.yml").write_text(OLD)
    back = compose.undo(step)
    assert back is not None
    assert registry.checked([action(back)])
    assert compose.undo(back) is None
    assert "was brought back" in compose.run(back, after(project))
    made = compose_host.web()
    assert made is not None
    assert made["text"] == OLD


@pytest.mark.parametrize(
    "said",
    [
        'line 2: unexpected character "/" in variable name "zu9KqT4v"',
        'line 3: unterminated quoted value "zu9KqT4v | and more',
        'Invalid template: "zu9KqT4v${x"',
        'level=warning msg="The \\"zu9KqT4v\\" variable is not set. Defaulting to a blank string."',
        'The "zu9KqT4v" variable is not set. Defaulting to a blank string.',
    ],
)
def test_what_compose_repeats_of_files_is_not_told(said: str) -> None:
    """The words are those of Compose 2.26."""
    told = compose_program.bare(f"docker compose config ended with 15 and said: {said}")
    assert told.startswith("docker compose config ended with 15 and said: ")
    assert "zu9KqT4v" not in told


def test_the_value_of_a_variable_is_in_no_reason(compose_host: ComposeHost, project: Path) -> None:
    compose_host.run(OLD)
    step = up(project, compose_host)
    (project / "compose.yml").write_text("services: {web: {image: shop/app:1, command: [unhealthy]}}\n")
    compose_host.log = b"refused zu9KqT4vXw2p\n"
    with pytest.raises(StepFailed) as failed:
        compose.run(step, after(project))
    assert "refused" in str(failed.value)
    assert "zu9KqT4vXw2p" not in str(failed.value)


@pytest.mark.parametrize("text", [OLD, OLD.replace("image:", "extends: {file: common.yml, service: web}, image:")])
def test_back_gives_the_image_that_ran_before_its_name_moved(
    text: str, compose_host: ComposeHost, project: Path
) -> None:
    (project / "common.yml").write_text("services: {web: {restart: always}, worker: {image: shop/app:1}}\n")
    (project / "compose.yml").write_text(text)
    old = f"sha256:{hexed('older')}"
    compose_host.run(text, image=old)
    step = up(project, compose_host)
    compose.run(step, after(project))
    made = compose_host.web()
    assert made is not None
    assert made["image"] == IMAGE
    back = compose.undo(step)
    assert back is not None
    compose.run(back, after(project))
    made = compose_host.web()
    assert made is not None
    assert made["image"] == old
    words, _environment = compose_host.calls("up")[-1]
    assert words[words.index("--file") : words.index("up")] == ["--file", str(project / "compose.yml"), "--file", "-"]


def test_what_becomes_of_a_volume_without_a_name_is_told(compose_host: ComposeHost, project: Path) -> None:
    volume, declared = hexed("volume"), "services: {web: {image: shop/app:1, volumes: [/data]%s}}\n"
    (project / "compose.yml").write_text(declared % "")
    compose_host.run(declared % "", volumes=[volume])
    (project / "compose.yml").write_text(declared % ", command: [serve]")
    assert "volume" not in compose.run(up(project, compose_host), after(project)), "it is handed on"
    step = up(project, compose_host)
    (project / "compose.yml").write_text(NEW)
    assert compose.run(step, after(project)) == (
        "shop-web-1 was brought up: running, healthy; the volume without a name of shop-web-1 at /data is no longer "
        f"used, and stays with its content until it is removed: docker volume inspect {volume}"
    )
    (project / "compose.yml").write_text(declared % ", command: [serve]")
    back = compose.undo(step)
    assert back is not None
    assert compose.run(back, after(project)).endswith(
        "; shop-web-1 at /data has a new, EMPTY volume: a rollback with -e rollback_level=containers brings back the "
        "one it had"
    )


def test_back_is_left_to_the_restore_point_where_files_never_said_what_ran(
    compose_host: ComposeHost, project: Path
) -> None:
    """A container that was older than its file: Compose cannot make it again, the restore point can."""
    ran = compose_host.run("services: {web: {image: shop/app:1, command: [older]}}\n")
    step = up(project, compose_host)
    compose.run(step, after(project))
    back = compose.undo(step)
    assert back is not None
    assert not compose.look(back, after(project)).wanted
    with pytest.raises(StepFailed, match="rollback_level=containers"):
        compose.run(back, after(project))
    # As a rollback leaves it: another id, and all else as it was.
    known = compose_host.load()
    known["containers"] = [{**ran, "id": hexed("brought back")}]
    compose_host.save(known)
    assert compose.look(back, after(project)).wanted


@pytest.mark.parametrize("state", ["absent", "exited"])
def test_back_is_nothing_where_nothing_ran(state: str, compose_host: ComposeHost, project: Path) -> None:
    if state == "exited":
        compose_host.run(OLD, state="exited")
    step = up(project, compose_host)
    compose.run(step, after(project))
    assert compose_host.web() is not None
    back = compose.undo(step)
    assert back is not None
    assert compose.run(back, after(project)) == "service web of shop does not run, as before"
    assert compose_host.web() is None


@pytest.mark.parametrize(
    ("changes", "stays"),
    [({}, True), ({"may_lose": None}, False), ({"work": [["etc/.*", True]]}, False)],
    ids=["work", "overwritten", "no work"],
)
def test_back_to_nothing_keeps_a_container_with_files_of_its_own(
    changes: Json, stays: bool, compose_host: ComposeHost, project: Path
) -> None:
    step = up(project, compose_host, **changes)
    compose.run(step, after(project))
    known = compose_host.load()
    # Somebody copies a file into it before the change is taken back.
    known["containers"][0]["files"] = ["/app/hot.py"]
    compose_host.save(known)
    back = compose.undo(step)
    assert back is not None
    registry.checked([action(back)])
    said = compose.run(back, after(project))
    web = compose_host.web()
    assert (web is not None) is stays
    assert ("shop-web-1 stays: it holds files that exist only there (/app/hot.py)" in said) is stays
    assert web is None or web["state"] == "exited"


def test_an_up_that_meets_another_one_is_tried_again(compose_host: ComposeHost, project: Path) -> None:
    compose_host.run(OLD)
    (compose_host.state / "late").write_text("")
    assert "was brought up" in compose.run(up(project, compose_host), after(project))


@pytest.mark.parametrize(
    "wrong",
    [
        {"service": "--help"},
        {"service": "a b"},
        {"files": ["--file"]},
        {"files": ["-"]},
        {"env_file": "--x"},
        {"profiles": ["--x"]},
        {"directory": "relative"},
        {"socket": "tcp://192.0.2.1"},
        {"before": {"containers": [{"id": "web", "name": "", "image_id": "", "state": ""}]}},
        {"more": 1},
    ],
)
def test_a_step_of_another_shape_is_refused(wrong: Json, compose_host: ComposeHost, project: Path) -> None:
    with pytest.raises(BadOperations):
        registry.checked([action({**up(project, compose_host), **wrong})])


def restart(host: ComposeHost, **more: t.Any) -> Json:
    one = host.web() or {}
    seen = {"id": one["id"], "image_id": one["image"], "started_s": one["started"]}
    return {
        "do": "restart",
        "container": one["id"],
        "name": "shop-web-1",
        "socket": host.socket,
        "before": seen,
        **more,
    }


def test_a_container_is_restarted_once(compose_host: ComposeHost, project: Path) -> None:
    compose_host.run(OLD)
    step = restart(compose_host)
    assert registry.checked([action(step, "container")])
    seen = containers.look(step, before(project))
    assert (seen.wanted, seen.moved) == (False, False)
    call = after(project)
    assert not containers.look(step, call).wanted
    assert containers.run(step, call) == "shop-web-1 was restarted: running, healthy"
    assert containers.look(step, call).wanted
    assert not containers.look(step, after(project)).wanted, "the files changed again"
    back = containers.undo(step)
    assert back == {**step, "before": {**step["before"], "started_s": None}}
    compose_host.run(OLD, id=hexed("made anew by hand"))
    assert "is gone, so that it is not restarted" in containers.run(t.cast(Json, back), after(project))


def test_a_container_that_is_slow_to_end_has_the_time_of_a_step(
    compose_host: ComposeHost, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[t.Any] = []
    monkeypatch.setattr(Writer, "_ask", lambda _self, do, *_rest, limit_s: asked.append((do, limit_s)))
    compose_host.run(OLD)
    containers.run(restart(compose_host), Call(kinds.now(), 300.0, str(project), ""))
    containers.run(restart(compose_host), Call(kinds.now(), 20.0, str(project), ""))
    assert asked == [("restart a container", 300.0), ("restart a container", 90.0)]


def test_a_service_without_containers_is_well(compose_host: ComposeHost, project: Path) -> None:
    (project / "compose.yml").write_text("services: {web: {image: shop/app:1, scale: 0}}\n")
    (compose_host.state / "none").write_text("")
    assert "without a container" in compose.run(up(project, compose_host), after(project))


def test_a_container_of_the_future_is_restarted_again(compose_host: ComposeHost, project: Path) -> None:
    compose_host.run(OLD, started=4_000_000_000.0)
    assert not containers.look(restart(compose_host), after(project)).wanted


def show_process(folder: Path, monkeypatch: pytest.MonkeyPatch, container: str) -> None:
    """Show the code one process alone, that of a container, which began a minute ago."""
    ticks = int((time.clock_gettime(time.CLOCK_BOOTTIME) - 60) * os.sysconf("SC_CLK_TCK"))
    (folder / "4711").mkdir()
    (folder / "4711" / "stat").write_text(f"4711 (a) b) S {'0 ' * 18}{ticks} {'0 ' * 9}\n")
    (folder / "4711" / "cgroup").write_text(f"0::/system.slice/docker-{container}.scope\n")
    monkeypatch.setattr(containers, "_PROC", Proc(str(folder)))


@pytest.mark.parametrize("by_kernel", [True, False])
def test_a_process_that_is_held_up_between_two_clocks_takes_no_container_for_younger(
    compose_host: ComposeHost, project: Path, monkeypatch: pytest.MonkeyPatch, by_kernel: bool
) -> None:
    compose_host.run(OLD)
    step = restart(compose_host)
    one = compose_host.run(OLD, started=time.time() - 60, pid=4711)
    if by_kernel:
        show_process(project, monkeypatch, one["id"])
    call, late_s = after(project), itertools.count(100, 100)
    for name in ("time", "clock_gettime"):
        # Each time that a clock is read takes long.
        real = getattr(time, name)
        monkeypatch.setattr(time, name, lambda *given, real=real: real(*given) + next(late_s))
    assert not containers.look(step, call).wanted


@pytest.mark.parametrize(("changed_s", "by_clock_s", "restarted"), [(0.0, 0.0, False), (-120.0, -3000.0, True)])
def test_a_clock_that_is_set_makes_no_container_young_or_old(
    compose_host: ComposeHost,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed_s: float,
    by_clock_s: float,
    restarted: bool,
) -> None:
    """It began a minute ago, says the kernel; by the clock it would be before the change instead of after it, and the
    other way round.
    """
    compose_host.run(OLD)
    step, now = restart(compose_host), kinds.now()
    call = Call(now._replace(monotonic_s=now.monotonic_s + changed_s), 20.0, str(project), "")
    one = compose_host.run(OLD, started=time.time() + by_clock_s, pid=4711)
    show_process(project, monkeypatch, one["id"])
    assert containers.look(step, call).wanted is restarted
    # A number that is another process's here says nothing: then it goes by the clock.
    (project / "4711" / "cgroup").write_text("0::/system.slice/other.service\n")
    assert containers.look(step, call).wanted is not restarted


def test_one_that_its_engine_has_not_started_since_is_not_taken_for_restarted(
    compose_host: ComposeHost, project: Path
) -> None:
    """The clock is set back by an hour after the audit: what runs looks younger than the change."""
    compose_host.run(OLD, started=float(int(time.time()) - 1))
    step = restart(compose_host)
    long_ago = Call(kinds.Moment(kinds.boot_id(), 0.0), 20.0, str(project), "")
    assert not containers.look(step, long_ago).wanted
    containers.run(step, long_ago)
    assert containers.look(step, long_ago).wanted


def test_a_container_that_is_gone_or_another_is_never_touched(compose_host: ComposeHost, project: Path) -> None:
    compose_host.run(OLD)
    step = restart(compose_host)
    compose_host.run(OLD, started=2.0)
    assert containers.look(step, before(project)).found == "it was started anew meanwhile"
    compose_host.run(OLD, id=hexed("another"))
    assert containers.look(step, before(project)).found == "it is gone"
    with pytest.raises(StepFailed, match="is gone"):
        containers.run(step, after(project))
    assert compose_host.methods == {"GET"}


class Site(World):
    """A project whose Compose file a change replaces."""

    def __init__(self, folder: Path, host: ComposeHost) -> None:
        super().__init__(folder)
        self.host = host
        (self.root / "compose.yml").write_text(OLD)
        host.run(OLD)
        self.step = up(self.root, host)

    def change(self, text: str = NEW) -> None:
        operations = [self.write("compose.yml", text.encode())]
        contents = os.open(self.contents, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with self.open_state() as opened:
                services = Services([action(self.step)], {}, 20.0)
                run.apply(operations, [contents], str(self.root), opened, ABOUT, Host("/", 60), services)
        finally:
            os.close(contents)

    def recover(self) -> list[Json]:
        with self.open_state() as opened:
            recovery.recover(opened)
            return run.resume(opened, "ops", "a test")[1]

    def texts(self) -> tuple[str, str]:
        return (self.root / "compose.yml").read_text(), (self.host.web() or {"text": "none"})["text"]

    def left(self) -> list[str]:
        names = [path.name for path in (self.states / "shop").iterdir()]
        return [name for name in names if name.startswith(("journal", "services"))]


def test_a_change_that_is_killed_anywhere_ends_with_file_and_container_alike(
    tmp_path: Path, compose_host: ComposeHost
) -> None:
    calls = len(counted(Site(tmp_path / "count", compose_host).change))
    ends = []
    for number in range(1, calls + 1, 1 if ALL else 7):
        site = Site(tmp_path / str(number), compose_host)
        assert killed_at(number, site.change)
        site.recover()
        assert site.texts() in ((OLD, OLD), (NEW, NEW)), f"killed at call {number}"
        assert site.left() == []
        assert site.recover() == []
        ends.append(site.texts()[0] == NEW)
    assert {True, False} == set(ends)
    assert ends == sorted(ends)


def test_the_reason_is_why_it_was_taken_back_before_why_that_failed(tmp_path: Path, compose_host: ComposeHost) -> None:
    site = Site(tmp_path / "site", compose_host)
    (site.root / "compose.yml").write_text("services: {web: {image: shop/app:1, command: [unhealthy]}}\n")
    with site.open_state() as opened, pytest.raises(ServicesFailed) as failed:
        services = Services([action(site.step)], {}, 20.0)
        run.apply([], [], str(site.root), opened, ABOUT, Host("/", 60), services)
    first, _middle, second = str(failed.value).partition("; on the way back: ")
    assert "its health check fails" in first
    assert "rollback_level=containers" in second


def test_a_step_that_fails_turns_back_with_the_files(tmp_path: Path, compose_host: ComposeHost) -> None:
    site = Site(tmp_path / "site", compose_host)
    with pytest.raises(ServicesFailed, match="its health check fails"):
        site.change("services: {web: {image: shop/app:1, command: [unhealthy]}}\n")
    (site.root / "compose.yml").write_text(OLD)
    with site.open_state() as opened:
        run.take_back(opened, "ops", "a test")
    assert site.texts() == (OLD, OLD)
    assert site.left() == []


def test_a_root_behind_a_link_is_the_one_of_the_plan(tmp_path: Path, compose_host: ComposeHost) -> None:
    """A file beside the project's directory is below the root by the same path, when it was planned and afterwards."""
    site = Site(tmp_path / "site", compose_host)
    (tmp_path / "way").symlink_to("site")
    root = tmp_path / "way" / site.root.relative_to(tmp_path / "site")
    (site.root / "common.yml").write_text("services: {web: {restart: always}}\n")
    (site.root / "web").mkdir()
    (site.root / "web" / "compose.yml").write_text(NEW)
    step = up(root / "web", compose_host, files=["compose.yml", "../common.yml"])
    with site.open_state() as opened:
        told = run.apply([], [], str(root), opened, ABOUT, Host("/", 60), Services([action(step)], {}, 20.0))
    assert [one["state"] for one in told["services"]] == ["done"]


@pytest.mark.parametrize("name", [b"a\\b", b"caf\xe9"])
def test_a_directory_of_any_name_is_the_one_that_is_meant(
    compose_host: ComposeHost, tmp_path: Path, name: bytes
) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    folder.mkdir()
    (folder / "compose.yml").write_text(OLD)
    compose_host.run(OLD)
    step = {**up(folder, compose_host), "directory": show(str(folder))}
    assert registry.checked([action(step)])
    assert not compose.look(step, before(folder)).wanted
    (folder / "compose.yml").write_text(NEW)
    assert compose.run(step, after(folder)) == "shop-web-1 was brought up: running, healthy"
    ((words, _environment),) = compose_host.calls("up")
    assert words[words.index("--project-directory") + 1] == str(folder)
