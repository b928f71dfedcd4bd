# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: a host over its limits is found, one within them is in sync, and units need a systemd to be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_operator import Operator

FREE = {"warn": 100}


def test_what_is_over_its_limit_is_found(operator: Operator, tmp_path: Path) -> None:
    contract = {"resources": {"disk_percent": {"fail": 0}, "memory_percent": {"warn": 0, "fail": 100}, "disks": ["/"]}}
    outcome = operator.audit_one(tmp_path, drift_contract=contract)
    assert outcome.brief() == {
        ("disk", "disk /", "over_threshold"),
        ("memory", "memory", "over_threshold"),
    }
    severities = {one["subject"]: one["severity"] for one in outcome.findings["findings"]}
    assert severities == {"disk /": "high", "memory": "medium"}


def test_a_host_within_its_limits_is_in_sync(operator: Operator, tmp_path: Path) -> None:
    contract = {"resources": {"memory_percent": FREE, "disk_percent": {}, "load_per_core": {"warn": 1000}}}
    outcome = operator.audit_one(tmp_path, drift_contract=contract)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert {one["check"] for one in outcome.findings["checks"] if one["section"] == "resources"} == {
        *("memory", "load", "clock"),
    }
    clock = outcome.evidence("web1", "resources")["data"]["clock"]
    assert abs(clock["skew_s"]) <= clock["uncertainty_s"] + 0.1


def test_a_disk_that_is_not_there_is_unknown(operator: Operator, tmp_path: Path) -> None:
    contract = {"resources": {"disks": [str(tmp_path / "none")], "memory_percent": {}, "clock_skew_s": {}}}
    outcome = operator.audit_one(tmp_path, drift_contract=contract)
    assert outcome.brief() == {("disk", f"disk {tmp_path}/none", "unseen")}
    assert outcome.code != 0


def test_units_of_a_host_without_systemd_are_unknown(operator: Operator, tmp_path: Path) -> None:
    if Path("/run/systemd/system").is_dir():
        pytest.skip("there is systemd on this machine")
    outcome = operator.audit_one(tmp_path, drift_contract={"units": [{"name": "nginx.service"}]})
    assert outcome.brief() == {("active", "nginx.service", "unseen")}
    assert outcome.code != 0


def test_a_unit_that_does_not_exist_is_found(operator: Operator, tmp_path: Path) -> None:
    if not Path("/run/systemd/system").is_dir():
        pytest.skip("there is no systemd on this machine")
    contract = {"units": [{"name": "evenkeel-never-there.service"}, {"name": "multi-user.target", "active": False}]}
    outcome = operator.audit_one(tmp_path, drift_contract=contract)
    assert ("loaded", "evenkeel-never-there.service", "not_installed") in outcome.brief()
