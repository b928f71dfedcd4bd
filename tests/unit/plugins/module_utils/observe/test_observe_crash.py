# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An error that nobody foresaw is told without what it quotes."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.crash import describe_crash, tell_crash
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw


def test_an_error_is_its_kind_and_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raw("tr0ub4dor \\q")
    except ValueError:
        tell_crash(*sys.exc_info())  # type: ignore[arg-type]  # there is an error
    said = capsys.readouterr().err
    assert said.startswith("ValueError in text") and said.count("\n") == 1 and "tr0ub4dor" not in said
    assert "called by" in said and "test_observe_crash.py" in said


def test_an_error_without_a_place() -> None:
    assert describe_crash(KeyError, None) == "KeyError in no code"
