# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control directory: what is written, what is refused, and that nothing is overwritten."""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import OVERVIEWS, SECTIONS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import baseline
from ansible_collections.evenkeel.drift.plugins.plugin_utils.scaffold import directory, example
from ansible_collections.evenkeel.drift.plugins.plugin_utils.scaffold.environments import ENVIRONMENTS

SHIPPED = Path(__file__).resolve().parents[5] / "inventories/example"
FILES = directory.files()
KEYS = {*SECTIONS, *OVERVIEWS}


def written(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }


def init(dest: str, cwd: Path) -> directory.Plan:
    todo = directory.plan(dest, FILES, str(cwd))
    directory.write(todo, FILES)
    return todo


def test_the_second_time_writes_nothing(tmp_path: Path) -> None:
    assert init("ops", tmp_path) == directory.Plan(str(tmp_path / "ops"), list(FILES), [])
    assert written(tmp_path / "ops") == FILES
    assert init("ops", tmp_path) == directory.Plan(str(tmp_path / "ops"), [], list(FILES))


def test_what_is_missing_is_added_and_what_is_there_besides_stays(tmp_path: Path) -> None:
    init("ops", tmp_path)
    (tmp_path / "ops/audit.yml").unlink()
    (tmp_path / "ops/notes.txt").write_text("mine")
    assert init("ops", tmp_path).missing == ["audit.yml"]
    assert written(tmp_path / "ops") == {**FILES, "notes.txt": "mine"}


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda ops: (ops / "audit.yml").write_text("mine"), "audit.yml is another file"),
        (lambda ops: (ops / "audit.yml").write_text(FILES["audit.yml"] + "# mine\n"), "audit.yml is another file"),
        (lambda ops: (ops / "audit.yml").mkdir(), "audit.yml is not a file"),
        (lambda ops: (ops / "audit.yml").symlink_to("nowhere"), "audit.yml is a link that leads nowhere"),
        (lambda ops: (ops / "prod").write_text("mine"), "prod/hosts.yml would lie below a file"),
        (lambda ops: os.mkfifo(ops / "audit.yml"), "audit.yml is not a file"),
    ],
)
def test_nothing_is_written_where_a_file_differs(make: t.Callable[[Path], object], named: str, tmp_path: Path) -> None:
    ops = tmp_path / "ops"
    ops.mkdir()
    make(ops)
    before = sorted(ops.rglob("*"))
    with pytest.raises(directory.ScaffoldError, match=re.escape(named)):
        init("ops", tmp_path)
    assert sorted(ops.rglob("*")) == before


@pytest.mark.parametrize(
    ("dest", "message"),
    [
        ("", "say which directory"),
        (" ", "say which directory"),
        ("a\0b", "say which directory"),
        ("file", "is not a directory"),
        ("file/ops", "is not a directory"),
        ("missing/ops", "missing is not there"),
        ("dangling", "cannot be looked into"),
    ],
)
def test_a_place_that_cannot_be_is_refused(dest: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(directory.ScaffoldError, match=message):
        init(dest, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file"]


def test_a_place_that_may_not_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A mock, since whoever runs the tests may be root, who may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(directory.ScaffoldError, match="cannot be written to by this user"):
        init("ops", tmp_path)


def test_the_shipped_example_is_what_init_writes() -> None:
    assert written(SHIPPED) == {name: FILES[name] for name in FILES if "/" in name}


def test_the_baseline_of_the_example_is_one(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(FILES[example.BASELINE])
    assert baseline.load(str(tmp_path / "b.json"))["trees"][0]["name"] == "source"


def test_host_names_and_groups_are_unique() -> None:
    groups = [yaml.safe_load(FILES[f"{name}/hosts.yml"]) for name in ENVIRONMENTS]
    assert [list(group) for group in groups] == [["local"], ["staging"], ["prod"]]
    hosts = [host for group in groups for one in group.values() for host in one["hosts"]]
    assert len(set(hosts)) == len(hosts) == 3


@pytest.mark.parametrize("name", ENVIRONMENTS)
@pytest.mark.parametrize("uncommented", [False, True])
def test_the_contract_and_all_of_its_examples_are_valid(name: str, uncommented: bool) -> None:
    """A line with "##" is an example, as the file says itself."""
    text = FILES[f"{name}/group_vars/{name}.yml"]
    if uncommented:
        text = re.sub(r"(?m)^( *)## ", r"\1", text)
    values = yaml.safe_load(text)
    # Three references exclude each other, and the place of the inventory is known to Ansible alone.
    del values["drift_reference"]
    values["drift_root"] = "/srv/app"
    values["drift_contract"] = {key: value for key, value in values["drift_contract"].items() if key in KEYS}
    settings = resolve(values, cwd="/")
    assert settings.environment == name
    assert settings.contract["trees"][0]["path"] == "."
    if uncommented and name == "prod":
        assert set(settings.contract) == KEYS
