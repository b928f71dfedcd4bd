# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of restore points: documented as they are, and usable without the action plugin."""

from __future__ import annotations

import importlib
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service
from module_runner import run_module

_PACKAGE = "ansible_collections.evenkeel.drift.plugins.modules"
TAKEN = {"restore_point": service.ARGUMENTS, "restore_point_info": service.INFO_ARGUMENTS}


def module(name: str) -> t.Any:
    return importlib.import_module(f"{_PACKAGE}.{name}")


@pytest.mark.parametrize("name", TAKEN)
def test_the_documented_options_are_those_that_it_takes(name: str) -> None:
    documented = DataLoader().load(module(name).DOCUMENTATION)["options"]
    kept = {option: {key: about[key] for key in about if key != "description"} for option, about in documented.items()}
    assert kept == TAKEN[name]


def test_everything_returned_is_documented(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    path = tmp_path / "app/main.py"
    path.write_text("one\n")
    place = {"root": str(tmp_path / "app"), "application": "app", "state_dir": str(tmp_path / "state"), "who": "ops"}
    documented = set(DataLoader().load(module("restore_point").RETURN))
    common = {"changed", "invocation"}

    def ask(**options: t.Any) -> dict[str, t.Any]:
        answer = run_module(module("restore_point"), tmp_path, **place, **options)
        assert not answer.get("failed"), answer["msg"]
        assert set(answer) - common <= documented
        return answer

    made = ask(paths=["main.py"])
    path.write_text("two\n")
    assert ask(state="verified")["point"] == made["point"]
    assert ask(state="restored", _ansible_check_mode=True)["changed"] is True
    assert ask(state="restored")["at_point"] is True
    assert path.read_text() == "one\n"
    assert ask(state="bad", point=made["point"], why="broken")["changed"] is True
    del place["who"]
    listed = run_module(module("restore_point_info"), tmp_path, **place)
    assert set(listed) - common <= set(DataLoader().load(module("restore_point_info").RETURN))
    assert [one["state"] for one in listed["points"]] == ["bad", "bad"]


def test_what_goes_wrong_is_one_sentence(tmp_path: Path) -> None:
    place = {"root": str(tmp_path), "application": "app", "state_dir": str(tmp_path / "state")}
    answer = run_module(module("restore_point"), tmp_path, state="restored", **place)
    assert answer["failed"] is True
    assert answer["msg"] == "there is no restore point of app on this host: none was ever made"
    answer = run_module(module("restore_point"), tmp_path, state="bad", point="x", **place)
    assert answer["failed"] is True
