# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deploy says of a host that was brought back: back is what is as it was saved, all of it."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.evenkeel.drift.plugins.action import deploy_host, deploy_recover
from ansible_collections.evenkeel.drift.plugins.plugin_utils.action_call import Failed, _said

Json = dict[str, t.Any]
POINT = "20261121T154500Z-3f9a1c"


def answering(monkeypatch: pytest.MonkeyPatch, module: t.Any, apart: list[str]) -> None:
    told = {"point": POINT, "at_point": not apart, "apart": apart, "saved": None, "services": []}
    monkeypatch.setattr(module, "call", lambda *_given: told)


@pytest.mark.parametrize("apart", [[], ["the container web"]])
def test_no_deploy_goes_on_over_a_rollback_that_left_something(
    apart: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, deploy_recover, apart)
    action = object.__new__(deploy_recover.ActionModule)
    error = Failed("shop-web did not start", "services_failed", POINT)
    if not apart:
        assert action._take_back("web1", {}, error, {})["changed"] is True
        return
    with pytest.raises(AnsibleActionFail, match=r"failed as well: not as restore point .* has it: the container web"):
        action._take_back("web1", {}, error, {})
    with pytest.raises(Failed, match="not as restore point"):
        action._restore({}, {})


def test_a_later_run_leaves_volumes_as_they_are_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written since is in no plan: nobody has asked for it to go."""
    asked: list[Json] = []

    def call(_me: t.Any, _name: str, arguments: Json, *_given: t.Any) -> Json:
        asked.append(arguments)
        return {"point": POINT, "at_point": True, "apart": [], "volumes_left": ["shop_data", "shop_logs"]}

    monkeypatch.setattr(deploy_recover, "call", call)
    action = object.__new__(deploy_recover.ActionModule)
    told = action._take_back("web1", {}, Failed("shop-web did not start.", "services_failed", POINT), {})["told"]
    assert [one["volumes_back"] for one in asked] == [False]
    assert told == (
        f"an interrupted change was taken back to {POINT}, because shop-web did not start; the content of the volumes "
        "shop_data, shop_logs was left as it is, with all that was written since: evenkeel.drift.rollback with -e "
        f"rollback_to={POINT} -e rollback_level=full brings that back as well"
    )


@pytest.mark.parametrize(("apart", "outcome"), [([], "rolled_back"), (["the container web"], "failed")])
def test_a_host_is_rolled_back_when_all_of_it_is(
    apart: list[str], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, deploy_host, apart)
    action = object.__new__(deploy_host.ActionModule)
    kept: list[Json] = []
    action._host, action._about, action._variables = "web1", {"plan": "p1"}, {}
    monkeypatch.setattr(action, "_keep", kept.append)
    monkeypatch.setattr(action, "_step", lambda _what, do: do())
    monkeypatch.setattr(action, "_restore", lambda *_given: deploy_host.call())
    with pytest.raises(AnsibleActionFail):
        action._take_back({}, POINT, Failed("shop-web did not start"))
    assert [one["outcome"] for one in kept] == [outcome]


def test_what_moved_is_named_whoever_tells_it() -> None:
    told = {"msg": "changed meanwhile", "moved": [{"path": "a", "expected": "absent", "found": "a file"}]}
    assert _said(told) == "changed meanwhile; a was absent, is a file"
    # As a rollback tells it: paths alone.
    assert _said({**told, "moved": [".env", "b"]}) == "changed meanwhile; .env; b"


@pytest.mark.parametrize(
    ("kind", "direction", "told"),
    [
        ("sync", "forward", "a change of 10:00 by ops (new) was interrupted, and is finished"),
        ("sync", "back", "a change of 10:00 by ops (new) was interrupted, and is taken back"),
        ("rollback", "back", "a rollback of 10:00 by ops (new) was interrupted, and is finished"),
    ],
)
def test_a_rollback_that_is_ended_is_not_told_as_a_change_that_is_taken_back(
    kind: str, direction: str, told: str
) -> None:
    found = {"kind": kind, "started": "10:00", "who": "ops", "why": "new"}
    assert deploy_recover._told({"found": found, "direction": direction}) == told
