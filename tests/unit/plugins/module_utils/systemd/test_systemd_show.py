# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real systemctl said (recorded: 252 of Debian 12, 257 of Debian 13) is read as it was meant."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import units
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd import ask
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.show import parse_show

RECORDED = Path(__file__).parent / "recorded"
NAMES = (
    *("app.service", "failing.service", "stopped.service", "changed.service", "foo\\x2dbar.service"),
    *("worker@1.service", "crashing.service", "static.service", "bad.service", "hidden.service", "absent.service"),
    *("systemd-journald.socket", "-.mount", "multi-user.target"),
)
# name: load, active, sub, enabled, needs_reload, restarts
WANTED = {
    "app.service": ("loaded", "active", "running", "enabled", False, 0),
    "failing.service": ("loaded", "failed", "failed", "disabled", False, 0),
    "stopped.service": ("loaded", "inactive", "dead", "disabled", False, 0),
    "changed.service": ("loaded", "active", "running", "enabled", True, 0),
    "foo\\x2dbar.service": ("loaded", "active", "running", "enabled", False, 0),
    "worker@1.service": ("loaded", "active", "running", "enabled", False, 0),
    "crashing.service": ("loaded", "failed", "failed", "enabled", False, 4),
    "static.service": ("loaded", "active", "running", "static", False, 0),
    "bad.service": ("bad-setting", "inactive", "dead", "static", False, 0),
    "hidden.service": ("masked", "inactive", "dead", "masked", False, 0),
    "absent.service": ("not-found", "inactive", "dead", "", False, 0),
    "systemd-journald.socket": ("loaded", "active", "running", "static", False, None),
    "-.mount": ("loaded", "active", "mounted", "", False, None),
    "multi-user.target": ("loaded", "active", "active", "static", False, None),
}


def seen(version: str) -> dict[str, dict[str, t.Any]]:
    out = (RECORDED / f"systemd-{version}.txt").read_bytes()
    return {unit["name"]: unit for unit in parse_show(out, NAMES, 1_800_000_000.0)}


@pytest.mark.parametrize("version", ["252", "257"])
@pytest.mark.parametrize("name", NAMES)
def test_each_state(version: str, name: str) -> None:
    unit = seen(version)[name]
    keys = ("load", "active", "sub", "enabled", "needs_reload", "restarts")
    assert tuple(unit[key] for key in keys) == WANTED[name]
    assert unit["id"] == name
    assert (unit["outcome"], unit["reason"]) == ("ok", "")


def test_the_control_group_of_a_unit_keeps_its_escapes() -> None:
    state = b"LoadState=loaded\nActiveState=active\nSubState=running\nNeedDaemonReload=no\n"
    group = b"ControlGroup=/system.slice/system-foo\\x2dbar.slice/foo\\x2dbar@1.service\n"
    names = ("foo\\x2dbar@1.service", "idle.service")
    out = b"Id=foo\\x2dbar@1.service\n" + state + group + b"\nId=idle.service\n" + state + b"ControlGroup=\n"
    groups = [one["cgroup"] for one in parse_show(out, names, 0.0)]
    assert groups == ["/system.slice/system-foo\\x2dbar.slice/foo\\x2dbar@1.service", ""]


def test_files_times_and_messages() -> None:
    units_seen = seen("257")
    app = units_seen["app.service"]
    assert app["fragment"] == "/etc/systemd/system/app.service"
    assert app["drop_ins"] == ["/etc/systemd/system/app.service.d/nice.conf"]
    assert app["since"] == "2027-01-15T12:30:44Z"
    assert app["main_pid"] == 114
    stopped = units_seen["stopped.service"]
    assert (stopped["since"], stopped["main_pid"]) == (None, None)
    assert units_seen["absent.service"]["load_error"].endswith('"Unit absent.service not found."')


def test_an_answer_about_other_units_is_refused() -> None:
    with pytest.raises(Unseen, match="asked about 2 units and told about 1"):
        parse_show(b"Id=a.service\nLoadState=loaded\n", ["a.service", "b.service"], 0.0)


def test_a_state_that_is_not_told_is_unknown() -> None:
    (unit,) = parse_show(b"Id=a.service\nLoadState=loaded\n", ["a.service"], 0.0)
    assert (unit["outcome"], unit["reason"]) == ("unknown", "systemctl does not tell its ActiveState")


def test_a_host_without_systemd_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ask, "_BOOTED", str(tmp_path / "none"))
    data = units.collect({"units": ["a.service"]}, Host("/", 60))
    assert data["systemd"] is False
    assert data["units"] == []
    assert "does not run systemd" in data["reason"]


def test_a_systemd_that_does_not_answer_is_unseen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ask, "_BOOTED", str(tmp_path))
    monkeypatch.setattr(ask, "find", lambda _name: "/bin/false")
    with pytest.raises(Unseen, match="ended with 1"):
        units.collect({"units": ["a.service"]}, Host("/", 60))
    monkeypatch.setattr(ask, "find", lambda _name: None)
    with pytest.raises(Unseen, match="no systemctl"):
        units.collect({"units": ["a.service"]}, Host("/", 60))
