# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/contract.md tells what the schema says."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.git import CHECKS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings, resolve, variables
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.spec import documented_keys, rows
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.git import DEFAULTS

PAGE = (Path(__file__).parents[5] / "docs" / "contract.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", sorted(documented_keys()))
def test_each_key_is_documented_with_its_type_and_default(table: str) -> None:
    match = re.search(rf"<!-- table: {table} -->\n(.*?)\n<!-- end -->", PAGE, re.DOTALL)
    assert match is not None
    assert match[1].splitlines() == rows(documented_keys()[table])


def test_the_example_is_valid() -> None:
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    read = resolve(yaml.safe_load(block[1]), cwd="/home/me/ops")
    assert read.reference == {"git": {"repo": "/home/me/app", "ref": "main"}}
    assert [tree["name"] for tree in read.contract["trees"]] == ["source"]
    assert read.waivers[0]["expires"] == "2027-01-31"


def test_each_variable_is_a_setting() -> None:
    fields = {f"drift_{field.name}" for field in dataclasses.fields(Settings)}
    assert fields == set(variables()) - {"drift_repo"}


def test_each_git_check_can_be_given_a_severity() -> None:
    assert set(CHECKS) == set(DEFAULTS)
