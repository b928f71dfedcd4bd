# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action makes of a module's result."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.action.snapshot_info import _answer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import unanswered


def test_an_answer_is_taken_out_of_the_result() -> None:
    assert _answer({"changed": False, "answer": {"protocol": 1}}) == {"protocol": 1}


@pytest.mark.parametrize(
    ("result", "kind", "reason"),
    [
        ({"unreachable": True, "msg": "no route"}, "unreachable", "no route"),
        ({"unreachable": True}, "unreachable", "the host cannot be reached"),
        ({"failed": True, "answer": {}, "msg": "rc 1"}, "garbled", "rc 1"),
        (
            {"failed": True, "msg": "x", "module_stderr": "Traceback\n  secret\nOSError: full\n"},
            "failed",
            "x: OSError: full",
        ),
        (
            {"failed": True, "msg": "x", "rc": 137, "module_stderr": ""},
            "failed",
            "the program on the host was ended by SIGKILL before it gave an answer",
        ),
        ({"answer": []}, "garbled", "no answer came back"),
        ({}, "garbled", "no answer came back"),
    ],
)
def test_anything_else_is_a_host_unseen(result: dict[str, t.Any], kind: str, reason: str) -> None:
    with pytest.raises(HostUnseen) as raised:
        _answer(result)
    assert (raised.value.kind, raised.value.reason) == (kind, reason)


def test_a_reason_is_masked_and_short() -> None:
    with pytest.raises(HostUnseen) as raised:
        _answer({"failed": True, "msg": "https://user:hunter2hunter2@example.org/ " + "x" * 9000})
    assert "hunter2" not in raised.value.reason
    assert len(raised.value.reason) <= 500


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"rc": 137, "module_stderr": "sh: line 1: 4711 Killed", "msg": "x"}, "was ended by SIGKILL before it gave"),
        ({"rc": -9, "msg": "x"}, "was ended by SIGKILL before it gave an answer"),
        ({"rc": 143, "msg": "x"}, "was ended by SIGTERM before it gave an answer"),
        ({"rc": 0, "module_stdout": "", "msg": "x"}, "ended without an answer (exit code 0)"),
        ({"rc": 1, "module_stderr": "KeyError in act.fs:8\n"}, "without an answer (exit code 1): KeyError in act.fs:8"),
        (
            {"rc": 1, "module_stderr": "me is not in the sudoers file.\n"},
            "(exit code 1): me is not in the sudoers file",
        ),
        ({"rc": 0, "module_stdout": "half", "msg": "not JSON"}, "not JSON"),
        ({"msg": "no python"}, "no python"),
    ],
)
def test_a_program_without_an_answer(result: dict[str, t.Any], said: str) -> None:
    assert said in unanswered(result)
    assert "is not known" not in unanswered(result)
    told = unanswered(result, touches=True)
    assert said in told
    assert "what it did until then is not known: run the deploy or the rollback again" in told
    assert ".;" not in told


@pytest.mark.parametrize("code", [126, 127])
def test_where_no_program_began_nothing_is_left_unknown(code: int) -> None:
    said = "/bin/sh: 1: /usr/bin/python3.13: not found"
    told = unanswered({"rc": code, "module_stdout": "", "module_stderr": said}, touches=True)
    assert told == (
        f"the program on the host ended without an answer (exit code {code}): {said}; nothing was run there: "
        "ansible_python_interpreter must name a Python that the host has"
    )
