# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test message whose answer was lost on the way back: it may have been sent, and that is kept."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.evenkeel.drift.plugins.action.verify_alerts import ActionModule
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import NotBecome
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import alerts

REQUEST = {"channels": [{"name": "general", "webhook": {"file": ".env", "key": "HOOK"}}]}


def broken(_request: t.Any, _variables: t.Any) -> t.NoReturn:
    raise AnsibleActionFail("the connection was closed")


def garbled(_request: t.Any, _variables: t.Any) -> dict[str, t.Any]:
    return {"channels": "general"}


@pytest.mark.parametrize("answering", [broken, garbled])
def test_a_lost_answer_is_kept_as_that_and_still_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answering: t.Callable[..., t.Any]
) -> None:
    action, folder = ActionModule.__new__(ActionModule), RunFolder(str(tmp_path))
    monkeypatch.setattr(action, "_send", answering)
    with pytest.raises((AnsibleActionFail, GarbledAnswer)):
        action._tried(folder, "web1", REQUEST, {})
    assert alerts.tried(folder)["web1", "general"]["outcome"] == "lost"


def test_what_was_never_run_has_sent_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_request: t.Any, _variables: t.Any) -> t.NoReturn:
        raise NotBecome("Missing sudo password")

    action, folder = ActionModule.__new__(ActionModule), RunFolder(str(tmp_path))
    monkeypatch.setattr(action, "_send", refused)
    with pytest.raises(NotBecome):
        action._tried(folder, "web1", REQUEST, {})
    assert alerts.tried(folder) == {}
