# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say that they take is what the collection knows, and what their README lists."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import settings, sync, verify

ROLES = Path(__file__).parents[5] / "roles"
# These are for playbooks without a role: evenkeel.drift.judge and evenkeel.drift.rescue.
WITHOUT_A_ROLE = {"drift_run", "drift_keep_rescues"}


def options(role: str) -> dict[str, t.Any]:
    specs = yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    return t.cast(dict[str, t.Any], specs["argument_specs"]["main"]["options"])


@pytest.mark.parametrize(("role", "known"), [("sync", sync), ("verify", verify)])
def test_a_role_takes_each_variable_of_its_own(role: str, known: t.Any) -> None:
    assert {name for name in options(role) if name.startswith(known.PREFIX)} == set(known.variables())


def test_each_variable_of_all_is_taken_by_a_role() -> None:
    taken = {name for role in ("audit", "verify", "sync") for name in options(role)}
    known = {name for name in taken if name.startswith(settings.PREFIX)}
    assert known == set(settings.variables()) - WITHOUT_A_ROLE


@pytest.mark.parametrize("role", ["backup", "rollback"])
def test_a_default_is_the_same_wherever_it_stands(role: str) -> None:
    defaults = yaml.safe_load((ROLES / role / "defaults/main.yml").read_text(encoding="utf-8"))
    assert {name: option.get("default") for name, option in options(role).items()} == defaults
    rows = re.findall(rf"^\| `({role}_\w+)` \|", (ROLES / role / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(defaults)
