# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container that nothing declares: stopped for good, started again as it was, and never removed."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import container_state, containers, registry
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import Call, Moment, StepFailed
from fake_containers import hexed, inspected
from fake_engine import FakeEngine, Raw, empty, error

Json = t.Dict[str, t.Any]

ID = hexed("debug")
STARTED = "2026-11-21T12:00:00Z"
STARTED_S = 1795262400.0


class OneContainer(FakeEngine):
    """An engine with one container, which knows what it was told; ``broken`` are answers in place of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.there = True
        self.state: Json = {"Status": "running", "Running": True, "StartedAt": STARTED}
        self.policy: Json = {"Name": "always", "MaximumRetryCount": 0}
        self.auto_remove = False
        self.broken: dict[str, t.Any] = {}
        self.did: list[str] = []

    def answer(self, method: str, target: str, sent: bytes) -> t.Any:
        prefix = f"/containers/{ID}/"
        if not target.startswith(prefix):
            return super().answer(method, target, sent)
        if not self.there:
            return error(404, "no such container")
        what = target[len(prefix) :].partition("?")[0]
        if what == "json":
            limits = {"RestartPolicy": self.policy, "AutoRemove": self.auto_remove}
            return inspected("debug", Id=ID, State=self.state, HostConfig=limits)
        self.did.append(f"{method} {what}")
        done = self._do(what, sent)
        return self.broken.get(what, done)

    def _do(self, what: str, sent: bytes) -> t.Any:
        if what in self.broken and isinstance(self.broken[what], Raw) and b" 500 " in self.broken[what].data:
            return None
        if what == "update":
            self.policy = json.loads(sent)["RestartPolicy"]
            return {"Warnings": None}
        ended = {"Status": "exited", "Running": False, "ExitCode": 137}
        self.state = {**self.state, **(ended if what == "stop" else {"Status": "running", "Running": True})}
        return empty(204)


@pytest.fixture(name="engine")
def fixture_engine(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[OneContainer]:
    monkeypatch.setattr(container_state, "STAYS_S", 0.0)
    with OneContainer() as engine:
        yield engine


def step(engine: OneContainer, **more: t.Any) -> Json:
    made = {
        "do": "stop",
        "container": ID,
        "name": "debug",
        "socket": engine.socket,
        "restart": {"name": "always", "maximum": 0},
        "running": True,
        "before": {"id": ID, "image_id": "a" * 64, "started_s": STARTED_S},
    }
    return {**made, **more}


def before() -> Call:
    return Call(None, 10, "/", "/nowhere")


def after() -> Call:
    return Call(Moment("boot", 0.0), 10, "/", "/nowhere")


def test_it_is_stopped_for_good_and_comes_back_as_it_was(engine: OneContainer) -> None:
    stop = step(engine)
    registry.checked([{"kind": "container", "path": "debug", "steps": [stop]}])
    seen = containers.look(stop, before())
    assert (seen.wanted, seen.moved, engine.did) == (False, False, [])
    assert "is stopped, and is not started again by its engine" in containers.run(stop, after())
    # The policy goes first: else its engine may start it again between the two.
    assert engine.did == ["POST update", "POST stop"]
    assert (engine.policy["Name"], engine.state["Status"]) == ("no", "exited")
    assert containers.look(stop, after()).wanted
    back = containers.undo(stop)
    assert back is not None
    registry.checked([{"kind": "container", "path": "debug", "steps": [back]}])
    assert not containers.look(back, after()).wanted
    assert "was started again" in containers.run(back, after())
    assert (engine.policy, engine.state["Status"]) == ({"Name": "always", "MaximumRetryCount": 0}, "running")
    assert containers.look(back, after()).wanted
    assert not [one for one in engine.did if "DELETE" in one]


def test_one_that_did_not_run_is_not_started_on_the_way_back(engine: OneContainer) -> None:
    engine.state = {"Status": "exited", "Running": False, "StartedAt": STARTED}
    stop = step(engine, running=False, restart={"name": "on-failure", "maximum": 3})
    engine.policy = {"Name": "on-failure", "MaximumRetryCount": 3}
    assert not containers.look(stop, before()).wanted
    containers.run(stop, after())
    back = containers.undo(stop)
    assert back is not None and "restart policy again" in containers.run(back, after())
    assert (engine.policy, engine.state["Status"]) == ({"Name": "on-failure", "MaximumRetryCount": 3}, "exited")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"there": False}, "it is gone"),
        ({"state": {"Status": "running", "Running": True, "StartedAt": "2026-11-21T13:00:00Z"}}, "started anew"),
        ({"policy": {"Name": "unless-stopped", "MaximumRetryCount": 0}}, "it has unless-stopped"),
    ],
)
def test_what_moved_since_the_audit_is_told(change: Json, found: str, engine: OneContainer) -> None:
    vars(engine).update(change)
    seen = containers.look(step(engine), before())
    assert (seen.moved, found in seen.found, engine.did) == (True, True, [])


def test_what_would_be_removed_by_being_stopped_is_refused(engine: OneContainer) -> None:
    engine.auto_remove = True
    engine.policy = {"Name": "no", "MaximumRetryCount": 0}
    with pytest.raises(StepFailed, match="was started with --rm: its engine would remove it when it stops"):
        containers.look(step(engine, restart={"name": "no", "maximum": 0}), before())
    assert engine.did == []


def test_one_that_is_gone_meanwhile_is_in_nobodys_way(engine: OneContainer) -> None:
    engine.there = False
    assert containers.look(step(engine), after()).wanted
    back = containers.undo(step(engine))
    assert back is not None and not containers.look(back, after()).wanted
    assert "is gone, so that it is not started again" in containers.run(back, after())


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"update": error(500, "no, password=hunter2hunter2")}, "kept its restart policy, and was not stopped"),
        ({"stop": error(500, "tried")}, "debug was not stopped"),
        ({"stop": Raw(b"")}, ""),
        ({"update": Raw(b"")}, ""),
    ],
)
def test_an_engine_that_fails_is_told_and_one_that_breaks_off_is_looked_at(
    broken: Json, words: str, engine: OneContainer
) -> None:
    engine.broken = broken
    if not words:
        assert "is stopped" in containers.run(step(engine), after())
        return
    with pytest.raises(StepFailed, match=words) as failed:
        containers.run(step(engine), after())
    assert "hunter2" not in str(failed.value)
    assert engine.state["Status"] == "running"


def test_one_that_something_starts_again_is_no_success(engine: OneContainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OneContainer, "_do", lambda self, what, sent: empty(204) if what == "stop" else {})
    with pytest.raises(StepFailed, match="was to be stopped for good, and is running"):
        containers.run(step(engine), after())


@pytest.mark.parametrize("runs", [True, False])
def test_a_policy_that_does_not_come_back_is_no_success(
    runs: bool, engine: OneContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = step(engine, running=runs)
    containers.run(stop, after())
    # The engine breaks off, and did nothing.
    engine.broken = {"update": Raw(b"")}
    monkeypatch.setattr(OneContainer, "_do", lambda self, what, sent: empty(204))
    with pytest.raises(StepFailed, match="debug was to have its restart policy always again, and has no"):
        containers.run(containers.undo(stop), after())
