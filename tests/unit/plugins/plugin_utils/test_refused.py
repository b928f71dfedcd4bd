# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action that fails says why once, whatever caused it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.document import PlanError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError

ACTIONS = Path(__file__).parents[4] / "plugins" / "action"


@pytest.mark.parametrize("kind", [StoreError, PlanError, OSError, ValueError])
def test_the_message_of_the_cause_is_told_once(kind: type[Exception]) -> None:
    cause = kind("run.json cannot be written: No space left")
    cause.__cause__ = OSError("No space left on device")
    error = Refused(cause, "web1")
    error.__cause__ = cause
    assert str(error) == "web1: run.json cannot be written: No space left"


def test_each_mistake_in_variables_has_a_line_and_nothing_breaks_one() -> None:
    error = Refused(ContractError(["sync_hooks: must be equal", "sync_prune: is \n\x1b[2J"]))
    assert str(error) == "sync_hooks: must be equal\nsync_prune: is \\n\\x1b[2J"


def test_no_action_fails_in_another_way() -> None:
    for path in sorted(ACTIONS.glob("*.py")):
        assert "raise Ansible" not in path.read_text(encoding="utf-8"), path.name
