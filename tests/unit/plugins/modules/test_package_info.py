# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module package_info as Ansible runs it: arguments on standard input, JSON on standard output."""

from __future__ import annotations

import functools
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.modules import package_info
from module_runner import run_module

run = functools.partial(run_module, package_info)


@pytest.mark.parametrize("root", ["/", "app"])
def test_it_returns_what_was_seen(tmp_path: Path, root: str) -> None:
    info = tmp_path / "app/venv/lib/python3.11/site-packages/one-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: One\nVersion: 1.0\n")
    (tmp_path / "app/r.txt").write_text("one==1.0\n")
    app = tmp_path / "app"
    top = "/" if root == "/" else str(app)
    answer = run(tmp_path, venv=str(app / "venv"), requirements=[str(app / "r.txt")], root=top)
    environment = answer["environment"]
    assert (answer["changed"], "system" in answer) == (False, False)
    assert [(one["name"], one["version"]) for one in environment["packages"]] == [("one", "1.0")]
    assert [line["text"] for line in environment["requirements"]] == ["one==1.0"]


def test_what_is_not_there_is_an_answer_and_no_error(tmp_path: Path) -> None:
    answer = run(tmp_path, venv="/nonexistent/venv", system="rpm", _ansible_check_mode=True)
    assert answer["environment"]["outcome"] == "missing"
    assert answer["system"]["kind"] == "rpm"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: venv, system"),
        ({"system": "apk"}, "value of system must be one of: dpkg, rpm"),
    ],
)
def test_an_error_names_what_is_wrong(tmp_path: Path, options: dict[str, t.Any], message: str) -> None:
    answer = run(tmp_path, **options)
    assert message in json.dumps(answer)


def test_what_was_not_reached_in_time_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "venv/lib/python3.11/site-packages/one-1.dist-info").mkdir(parents=True)
    environment = run(tmp_path, venv=str(tmp_path / "venv"), timeout=-1)["environment"]
    assert (environment["outcome"], environment["reason"]) == ("unknown", "not reached within the time limit of -1 s")
