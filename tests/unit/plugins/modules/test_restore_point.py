# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of restore points: documented as they are, and what the program answers that a host runs for them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.evenkeel.drift.plugins.doc_fragments.restore_points import ModuleDocFragment
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import points_script

_PACKAGE = "ansible_collections.evenkeel.drift.plugins.modules"
TAKEN = {"restore_point": service.ARGUMENTS, "restore_point_info": service.INFO_ARGUMENTS}


def module(name: str) -> t.Any:
    return importlib.import_module(f"{_PACKAGE}.{name}")


def run(name: str, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Send a host the program of a module, with its options and the defaults of the others; return what it answers."""
    given = {option: about.get("default") for option, about in TAKEN[name].items()}
    request = {"options": {**given, **options}, "check": check, "list": name == "restore_point_info"}
    done = subprocess.run([sys.executable, "-I"], input=points_script(request), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    answer: dict[str, t.Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("name", TAKEN)
def test_the_documented_options_are_those_that_it_takes(name: str) -> None:
    own = DataLoader().load(module(name).DOCUMENTATION)
    assert "evenkeel.drift.restore_points" in own["extends_documentation_fragment"]
    documented = {**DataLoader().load(ModuleDocFragment.DOCUMENTATION)["options"], **own.get("options", {})}
    kept = {option: {key: about[key] for key in about if key != "description"} for option, about in documented.items()}
    assert kept == TAKEN[name]


def test_everything_returned_is_documented(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    path = tmp_path / "app/main.py"
    path.write_text("one\n")
    place = {"root": str(tmp_path / "app"), "application": "app", "state_dir": str(tmp_path / "state"), "who": "ops"}
    documented = set(DataLoader().load(module("restore_point").RETURN))
    common = {"changed"}

    def ask(**options: t.Any) -> dict[str, t.Any]:
        answer = run("restore_point", **place, **options)
        assert not answer.get("failed"), answer["msg"]
        assert set(answer) - common <= documented
        return answer

    made = ask(paths=["main.py"])
    path.write_text("two\n")
    assert ask(state="verified")["point"] == made["point"]
    assert ask(state="restored", check=True)["changed"] is True
    assert ask(state="restored")["at_point"] is True
    assert path.read_text() == "one\n"
    assert ask(state="bad", point=made["point"], why="broken")["changed"] is True
    del place["who"]
    listed = run("restore_point_info", **place)
    assert set(listed) - common <= set(DataLoader().load(module("restore_point_info").RETURN))
    assert [one["state"] for one in listed["points"]] == ["bad", "bad"]


def test_what_goes_wrong_is_one_sentence(tmp_path: Path) -> None:
    place = {"root": str(tmp_path), "application": "app", "state_dir": str(tmp_path / "state")}
    answer = run("restore_point", state="restored", **place)
    assert answer["failed"] is True
    assert answer["msg"] == "there is no restore point of app on this host: none was ever made"
    answer = run("restore_point", state="bad", point="x", **place)
    assert answer["failed"] is True
