# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says beside a change that is in place reaches the operator."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.action import deploy_host
from ansible_collections.evenkeel.drift.plugins.action.deploy_host import ActionModule

Json = dict[str, t.Any]


def test_what_a_host_notes_beside_a_change_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    own = object()
    done: Json = {"changed": True, "changed_paths": ["a"], "left": [], "services": []}
    part: Json = {"host": "web1", "reference": "git-1", "actions": []}
    me = ActionModule.__new__(ActionModule)
    me._host, me._task = "web1", types.SimpleNamespace(check_mode=False)
    kept: list[Json] = []
    for name, stub in (
        ("_stopped", lambda: ""),
        ("_packed", lambda *_asked: {}),
        ("_look", lambda *_asked: done),
        ("_step", lambda what, do: do()),
        ("_apply", lambda *_asked: {**done, "warnings": ["the lock is still there", own]}),
        ("_keep", kept.append),
    ):
        monkeypatch.setattr(me, name, stub, raising=False)
    monkeypatch.setattr(deploy_host, "write_contents", lambda *_asked: None)
    told = me._deploy({"references": [{"id": "git-1"}]}, part)
    assert told["warnings"] == ["web1: the lock is still there", own]
    assert (told["paths"], kept[0]["outcome"]) == (["a"], "changed")
