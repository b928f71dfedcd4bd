# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: an audit of real hosts finds what was planted, sees what their own programs see, and changes nothing."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import typing as t

import pytest
import yaml
from e2e_lab import CHECKOUT, Lab
from e2e_operator import AUDIT, Operator, Outcome

pytestmark = pytest.mark.lab

_LISTED = ["/etc", "/home", "/opt", "/root", "/srv", "/tmp", "/usr", "/var/tmp"]
_MORE = ["NeedDaemonReload", "DropInPaths"]
_FORMAT = r"%p %y %m %U %s %T@ %C@\n"


@dataclasses.dataclass(frozen=True)
class Audited:
    """One audit of both hosts, with what lay on them before and after."""

    outcome: Outcome
    before: dict[str, set[str]]
    after: dict[str, set[str]]


def files(lab: Lab, environment: str) -> set[str]:
    # The application logs, and the engine inside asks for the health of its containers: neither stops for an audit.
    busy = ["(", "-path", "/srv/virtuoso/logs", "-o", "-name", "runc-process*", ")", "-prune", "-o"]
    return set(lab.run(environment, "find", *_LISTED, "-mindepth", "1", *busy, "-printf", _FORMAT).splitlines())


@pytest.fixture(name="audited", scope="module")
def fixture_audited(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    operator = Operator(tmp_path_factory.mktemp("lab") / "operator")
    before = {environment: files(lab, environment) for environment in lab.hosts}
    runs = {"drift_output_dir": str(operator.runs)}
    outcome = operator.play(AUDIT, "-i", str(lab.inventory), "-e", yaml.safe_dump(runs, default_flow_style=True))
    return Audited(outcome, before, {environment: files(lab, environment) for environment in lab.hosts})


def test_every_planted_fault_is_found_and_nothing_else(lab: Lab, audited: Audited) -> None:
    specification = importlib.util.spec_from_file_location("lab_verify", CHECKOUT / "tests" / "lab" / "verify.py")
    assert specification is not None and specification.loader is not None
    verify = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(verify)
    assert verify.complaints(audited.outcome.findings, yaml.safe_load(lab.faults.read_text("utf-8"))) == []


def test_only_the_drifted_host_fails(lab: Lab, audited: Audited) -> None:
    failed = set(re.findall(r"^fatal: \[(\S+?)\]", audited.outcome.text, re.MULTILINE))
    assert failed == {lab.hosts["prod"]}
    assert "changed=0" in audited.outcome.text and not re.search(r"changed=[1-9]", audited.outcome.text)


@pytest.mark.parametrize("environment", ["prod", "staging"])
def test_nothing_on_a_host_is_changed(audited: Audited, environment: str) -> None:
    assert audited.before[environment] == audited.after[environment]


@pytest.mark.parametrize("environment", ["prod", "staging"])
def test_units_are_what_systemctl_says(lab: Lab, audited: Audited, environment: str) -> None:
    seen = {one["name"]: one for one in audited.outcome.evidence(lab.hosts[environment], "units")["data"]["units"]}
    keys = {
        "id": "Id",
        "load": "LoadState",
        "active": "ActiveState",
        "sub": "SubState",
        "fragment": "FragmentPath",
        "enabled": "UnitFileState",
    }
    numbers = {"main_pid": "MainPID", "restarts": "NRestarts"}
    assert "nginx.service" in seen and "virtuoso-web.service" in seen
    for name, unit in seen.items():
        shown = lab.run(
            environment, "systemctl", "show", name, "--property", ",".join([*keys.values(), *numbers.values(), *_MORE])
        )
        told = dict(line.split("=", 1) for line in shown.splitlines())
        assert {key: unit[key] or "" for key in keys} == {key: told[word] for key, word in keys.items()}, name
        assert {key: unit[key] or 0 for key in numbers} == {key: int(told[word]) for key, word in numbers.items()}, name
        assert unit["needs_reload"] == (told["NeedDaemonReload"] == "yes"), name
        assert unit["drop_ins"] == told["DropInPaths"].split(), name


@pytest.mark.parametrize("environment", ["prod", "staging"])
def test_listeners_are_what_ss_says(lab: Lab, audited: Audited, environment: str) -> None:
    data = audited.outcome.evidence(lab.hosts[environment], "ports")["data"]
    seen = {(one["address"], one["port"], one["pid"]) for one in data["listeners"] if one["proto"] == "tcp"}
    told = set()
    for line in lab.run(
        environment, "ss", "--listening", "--tcp", "--numeric", "--processes", "--no-header"
    ).splitlines():
        address, _colon, port = line.split()[3].rpartition(":")
        pids = [int(pid) for pid in re.findall(r"pid=(\d+)", line)]
        # ss shows a socket that takes IPv4 as well as *.
        address = address.strip("[]").partition("%")[0].replace("*", "::")
        told.add((address, int(port), min(pids, default=None)))
    assert seen == told


def test_processes_of_units_are_their_main_processes(lab: Lab, audited: Audited) -> None:
    data = audited.outcome.evidence(lab.hosts["staging"], "processes")["data"]
    described = {one["pid"]: one for one in data["processes"]}
    for name in ("web", "monitor", "producer", "consumer"):
        unit = f"virtuoso-{name}.service"
        main = int(lab.run("staging", "systemctl", "show", unit, "--property", "MainPID", "--value"))
        assert data["matches"][name] == [main]
        assert (described[main]["unit"], described[main]["container"]) == (unit, None)
        assert described[main]["cwd"] == lab.run("staging", "readlink", f"/proc/{main}/cwd").strip()


def test_processes_started_by_hand_belong_to_sessions(lab: Lab, audited: Audited) -> None:
    data = audited.outcome.evidence(lab.hosts["prod"], "processes")["data"]
    found = [int(pid) for pid in lab.run("prod", "pgrep", "--full", r"^\S*python\S* src/main\.py").split()]
    assert sorted(data["matches"]["monitor"]) == sorted(found)
    units: list[t.Any] = [one["unit"] for one in data["processes"] if one["pid"] in found]
    assert len(units) == 2 and all(re.fullmatch(r"session-\w+\.scope", unit) for unit in units)
