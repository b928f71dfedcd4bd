# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of a change in one call reaches the operator, the steps of the deploy, and its result."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible_collections.evenkeel.drift.plugins.action import deploy_host
from ansible_collections.evenkeel.drift.plugins.action.deploy_host import ActionModule
from ansible_collections.evenkeel.drift.plugins.plugin_utils.action_call import Failed

Json = dict[str, t.Any]

POINT = "20261121T154500Z-3f9a1c"
DONE: Json = {"changed": True, "outcome": "applied", "changed_paths": ["a"], "left": [], "services": [], "notes": []}
PLANNED: Json = {**DONE, "outcome": "planned"}
SAVED: Json = {"changed": True, "point": POINT}
BEFORE = [("check", PLANNED), ("save", SAVED)]
WHOLE = "check, save and change"


class Host:
    """A deploy of one host whose answers are ours: what it noted, kept and displayed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: t.Any) -> None:
        self.notes: list[tuple[str, str]] = []
        self.restarts_s: list[float] = []
        self.kept: list[Json] = []
        self.warned: list[str] = []
        self.displayed: list[str] = []
        self.calls: list[str] = []
        self.fetch: Json | None = None
        self._only_looks = False
        self._answers = list(answers)
        me = self.me = ActionModule.__new__(ActionModule)
        me._host, me._task, me._point = "web1", types.SimpleNamespace(check_mode=False), None
        me._variables, me._folder, me._about = (
            {"ansible_play_batch": ["web1"]},
            None,
            {"plan": "p1", "user": "ops", "host": "control"},
        )
        for name, stub in (
            ("_packed", lambda *_asked: {}),
            ("_to_apply", lambda *_asked: {}),
            ("_to_save", lambda *_asked: {}),
            ("_recover", lambda *_asked: self.calls.append("recover") or {}),
            ("_check", lambda *_asked: self.calls.append("check") or PLANNED),
            ("_call", lambda name, *_asked: self.calls.append(name) or SAVED),
            ("_keep", self.kept.append),
        ):
            monkeypatch.setattr(me, name, stub, raising=False)
        monkeypatch.setattr(deploy_host, "write_contents", lambda *_asked: None)
        monkeypatch.setattr(deploy_host, "other", self._other)
        monkeypatch.setattr(deploy_host.deploys, "note", self._noted)
        monkeypatch.setattr(deploy_host.deploys, "stopped", lambda *_asked: "")
        monkeypatch.setattr(
            deploy_host,
            "Display",
            lambda: types.SimpleNamespace(warning=self.warned.append, display=self.displayed.append),
        )

    def _noted(self, _folder: t.Any, _host: str, _who: str, what: str, result: str, *seconds: float | None) -> None:
        self.notes.append((what, result))
        self.restarts_s.append(seconds[0] if seconds else 0.0)

    def _other(self, _me: ActionModule, name: str, _arguments: Json, check: bool = False) -> Host:
        if name == "evenkeel.drift.apply_plan":
            self._only_looks = check
        return self

    def request(self, _variables: Json) -> Json:
        return {"options": {"fetch": self.fetch}}

    def shown(self, _request: Json, result: Json, _variables: Json) -> Json:
        return result

    def together(self, save: Json | None, _variables: Json, _record: bool = False) -> Json:
        self.calls.append("look" if self._only_looks else "change" if save is None else WHOLE)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return t.cast(Json, answer)

    def deploy(self, kind: str = "file") -> Json:
        action = {"kind": kind, "steps": [], "operations": [{"do": "remove", "path": "a"}]}
        part: Json = {"host": "web1", "reference": "git-1", "actions": [action]}
        return self.me._deploy({"references": [{"id": "git-1"}]}, part)


def told(*steps: tuple[str, Json], crash: str = "") -> Json:
    return {"changed": True, "steps": [{"what": what, "result": result} for what, result in steps], "crash": crash}


def test_each_step_is_noted_when_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(
        monkeypatch, told(("check", PLANNED), ("save", SAVED), ("change", {**DONE, "notes": ["the lock \x1b"]}))
    )
    result = host.deploy()
    assert host.notes == [(WHOLE, "begun"), ("check", "done"), ("save", "done"), ("change", "done")]
    assert (result["changed"], result["paths"], result["point"]) == (True, ["a"], POINT)
    assert not result.keys() & {"warnings", "failed", "exception"}
    assert [one.startswith("web1: the lock ") and "\x1b" not in one for one in host.warned] == [True]
    (kept,) = host.kept
    assert (kept["outcome"], kept["point"]) == ("changed", POINT)


def test_how_long_what_runs_took_is_noted_with_the_change_whether_it_failed_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services = [{"state": "done", "seconds": 3.5}, {"state": "unchanged"}, {"state": "done", "seconds": 4.0}]
    changed = ("change", {**DONE, "services": services})
    host = Host(monkeypatch, told(("check", PLANNED), ("save", SAVED), changed))
    host.deploy()
    assert host.restarts_s == [0.0, 0.0, 0.0, 7.5]
    failed = {"failed": True, "outcome": "stuck", "msg": "m", "services": services[:1]}
    host = Host(monkeypatch, told(("check", PLANNED), ("save", SAVED), ("change", failed)))
    with pytest.raises(AnsibleActionFail):
        host.deploy()
    assert host.restarts_s[-1] == 3.5


def test_nothing_to_do_is_as_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch, told(("check", {**PLANNED, "changed": False, "changed_paths": []})))
    assert host.deploy() == {"changed": False, "paths": []}
    assert [one["outcome"] for one in host.kept] == ["unchanged"]


@pytest.mark.parametrize(
    ("steps", "outcome", "point"),
    [
        ([("check", {"failed": True, "outcome": "moved", "msg": "m"})], "refused", None),
        ([("check", PLANNED), ("save", {"failed": True, "msg": "m"})], "failed", None),
        ([*BEFORE, ("change", {"failed": True, "outcome": "rolled_back", "msg": "m"})], "rolled_back", POINT),
        ([*BEFORE, ("change", {"failed": True, "outcome": "stuck", "msg": "m"})], "failed", POINT),
    ],
)
def test_a_step_that_failed(
    steps: list[tuple[str, Json]], outcome: str, point: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(monkeypatch, told(*steps))
    with pytest.raises(AnsibleActionFail, match="web1: m"):
        host.deploy()
    assert host.notes[-1] == (steps[-1][0], "failed: m")
    assert host.kept == [{"outcome": outcome, "reason": "m", "point": point}]


def test_services_that_failed_are_taken_back_to_the_point(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {"failed": True, "outcome": "services_failed", "msg": "m", "point": POINT}
    host = Host(monkeypatch, told(("check", PLANNED), ("save", SAVED), ("change", failed)))
    seen: list[str] = []

    def take_back(_part: Json, point: str, _error: Failed) -> t.NoReturn:
        seen.append(point)
        raise AnsibleActionFail("back")

    monkeypatch.setattr(host.me, "_take_back", take_back)
    with pytest.raises(AnsibleActionFail, match="back"):
        host.deploy()
    assert seen == [POINT]


def test_an_unfinished_change_is_finished_first(monkeypatch: pytest.MonkeyPatch) -> None:
    unfinished = {"failed": True, "outcome": "unfinished", "msg": "m"}
    whole = told(("check", PLANNED), ("save", SAVED), ("change", DONE))
    host = Host(monkeypatch, told(("check", unfinished)), whole)
    assert host.deploy()["changed"]
    assert host.calls == [WHOLE, "recover", WHOLE]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (AnsibleConnectionFailure("no route"), "the connection was lost"),
        ({"unreachable": True, "msg": "no route"}, "the connection was lost"),
        ({"failed": True, "outcome": "unknown", "msg": "ended by SIGKILL"}, "ended by SIGKILL"),
    ],
)
def test_no_answer_is_noted_of_the_whole(answer: t.Any, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch, answer)
    with pytest.raises(AnsibleActionFail, match=said):
        host.deploy()
    assert [what for what, _result in host.notes] == [WHOLE, WHOLE]
    assert host.notes[1][1].startswith("failed: ")
    assert (host.kept[0]["outcome"], host.kept[0]["point"]) == ("failed", None)


def test_an_unforeseen_error_names_the_point_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch, told(("check", PLANNED), ("save", SAVED), crash="KeyError in act.fs:8"))
    with pytest.raises(AnsibleActionFail, match=r"KeyError in act\.fs:8.*is not known"):
        host.deploy()
    assert (host.kept[0]["outcome"], host.kept[0]["point"]) == ("failed", POINT)
    assert host.notes[-1][0] == "change"


def test_an_unforeseen_error_is_that_of_the_step_that_was_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch, told(("check", PLANNED), crash="KeyError in act.fs:8"))
    host.fetch = {"certificate": "x", "timeout": 1}
    with pytest.raises(AnsibleActionFail, match=r"KeyError in act\.fs:8"):
        host.deploy()
    assert host.notes[-1][0] == "change"


def test_a_point_that_is_fetched_is_here_before_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(monkeypatch, told(("check", PLANNED), ("change", DONE)))
    host.fetch = {"certificate": "x", "timeout": 1}
    assert host.deploy()["point"] == POINT
    assert host.calls == ["check", "evenkeel.drift.restore_point", "change"]
    assert host.notes == [
        *((what, word) for what in ("check", "save") for word in ("begun", "done")),
        ("check and change", "begun"),
        ("check", "done"),
        ("change", "done"),
    ]


class Earlier:
    """A play of the same plan that was interrupted when it had changed the host."""

    def result(self, _part: Json, changes: Json) -> Json | None:
        assert changes["outcome"] == "unknown", "a record that is garbled is one that nobody knows"
        return {"outcome": "changed", "of": "20261121T154500Z-prod-1"}


@pytest.mark.parametrize("fetch", [None, {"certificate": "x", "timeout": 1}])
def test_a_host_that_is_as_planned_is_asked_whose_change_that_was(
    monkeypatch: pytest.MonkeyPatch, fetch: Json | None
) -> None:
    same = {**PLANNED, "changed": False, "changed_paths": []}
    host = Host(monkeypatch, {**told(("check", same)), "record": "garbled"})
    host.fetch = fetch
    monkeypatch.setattr(host.me, "_repeated", Earlier())
    monkeypatch.setattr(host.me, "_check", lambda *_asked: same)
    assert host.deploy()["changed"] is False
    assert host.calls == [WHOLE if fetch is None else "look"]
    (kept,) = host.kept
    assert kept["of"] == "20261121T154500Z-prod-1"
    (said,) = host.displayed
    assert said.startswith("web1: was changed by the deploy 20261121T154500Z-prod-1, which was interrupted")


def test_a_host_that_differs_when_it_is_asked_whose_change_that_was_is_saved_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody worked on it since the check a moment ago."""
    host = Host(monkeypatch, told(("check", PLANNED)), told(("check", PLANNED), ("change", DONE)))
    host.fetch = {"certificate": "x", "timeout": 1}
    monkeypatch.setattr(host.me, "_repeated", Earlier())
    monkeypatch.setattr(host.me, "_check", lambda *_asked: {**PLANNED, "changed": False})
    assert host.deploy()["point"] == POINT
    assert host.calls == ["look", "evenkeel.drift.restore_point", "change"]
