# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every module that looks at one section: documented as it is, in check mode too, never changing."""

from __future__ import annotations

import importlib
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from fake_containers import inspected, serve
from fake_engine import FakeEngine
from module_runner import run_module

_PACKAGE = "ansible_collections.evenkeel.drift.plugins"
# Of each module that takes its options from its collector: which one, what it is asked, and what it must answer with.
MODULES: dict[str, tuple[str, dict[str, t.Any], str]] = {
    "git_info": ("git", {"path": "/"}, "git"),
    "process_info": ("processes", {"match": "."}, "processes"),
    "port_info": ("ports", {}, "ports"),
    "container_info": ("containers", {}, "containers"),
    "compose_info": ("compose", {"project": "shop", "directory": "/nonexistent"}, "compose"),
    "package_info": ("packages", {"system": "dpkg"}, "system"),
    "resource_info": ("resources", {}, "resources"),
    "endpoint_info": ("endpoints", {"url": "http://127.0.0.1:1/"}, "endpoint"),
    "log_info": ("logs", {"path": "/never-there/x.log"}, "log"),
    "config_info": ("configs", {"path": "/never-there/.env"}, "config"),
    "stream_info": ("streams", {"redis": "127.0.0.1:1"}, "streams"),
    "unit_info": ("units", {"names": ["dbus.service"]}, "units"),
}


@pytest.fixture(autouse=True)
def fixture_engine() -> t.Iterator[None]:
    """Give the modules an engine to ask: this machine need not have one."""
    with FakeEngine() as engine:
        serve(engine, inspected("web"))
        for name in ("container_info", "compose_info"):
            MODULES[name][1]["socket"] = engine.socket
        yield


def module(name: str) -> t.Any:
    return importlib.import_module(f"{_PACKAGE}.modules.{name}")


@pytest.mark.parametrize("name", MODULES)
def test_the_documented_options_are_those_that_it_takes(name: str) -> None:
    documented = DataLoader().load(module(name).DOCUMENTATION)["options"]
    taken = importlib.import_module(f"{_PACKAGE}.module_utils.observe.{MODULES[name][0]}").ARGUMENTS
    kept = {option: {key: about[key] for key in about if key != "description"} for option, about in documented.items()}
    # What is written to a log is no matter of the documentation.
    assert kept == {option: {key: about[key] for key in about if key != "no_log"} for option, about in taken.items()}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("check_mode", [True, False])
def test_it_answers_and_changes_nothing(name: str, check_mode: bool, tmp_path: Path) -> None:
    _section, options, key = MODULES[name]
    answer = run_module(module(name), tmp_path, **options, _ansible_check_mode=check_mode)
    assert not answer.get("failed"), answer.get("msg")
    assert answer["changed"] is False
    assert key in answer


@pytest.mark.parametrize("name", MODULES)
def test_every_returned_value_is_documented(name: str, tmp_path: Path) -> None:
    documented = set(DataLoader().load(module(name).RETURN) or {})
    answer = run_module(module(name), tmp_path, **MODULES[name][1])
    assert set(answer) - {"changed", "invocation"} <= documented


def test_a_host_without_systemd_says_so(tmp_path: Path) -> None:
    if Path("/run/systemd/system").is_dir():
        pytest.skip("systemd runs on this machine")
    answer = run_module(module("unit_info"), tmp_path, names=["dbus.service"])["units"]
    assert (answer["systemd"], answer["units"]) == (False, [])
    assert answer["reason"]
