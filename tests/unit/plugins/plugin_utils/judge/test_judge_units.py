# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the section units, over what real systemd said."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.show import parse_show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.units import SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import units
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement

RECORDED = Path(__file__).parents[2] / "module_utils/systemd/recorded/systemd-257.txt"
NAMES = (
    *("app.service", "failing.service", "stopped.service", "changed.service", "foo\\x2dbar.service"),
    *("worker@1.service", "crashing.service", "static.service", "bad.service", "hidden.service", "absent.service"),
    *("systemd-journald.socket", "-.mount", "multi-user.target"),
)
CONTEXT = Context("prod", "web1")

Json = dict[str, t.Any]


def contract(*entries: Json) -> list[Json]:
    problems = Problems()
    read = SHAPE.read(list(entries), "units", problems)
    problems.raise_any()
    return t.cast("list[Json]", read)


def judged(*entries: Json) -> Judgement:
    seen = parse_show(RECORDED.read_bytes(), NAMES, 1_800_000_000.0)
    evidence = {"systemd": True, "reason": "", "version": "257", "units": seen}
    return units.judge(contract(*entries), evidence, CONTEXT)


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ({"name": "app.service", "enabled": True, "max_restarts": 0}, set()),
        ({"name": "foo\\x2dbar.service", "enabled": True}, set()),
        ({"name": "worker@1.service", "enabled": True}, set()),
        (
            {"name": "app.service", "active": False, "enabled": False},
            {("active", "only_on_host"), ("enabled", "only_on_host")},
        ),
        ({"name": "failing.service"}, {("active", "not_active")}),
        ({"name": "stopped.service", "enabled": True}, {("active", "not_active"), ("enabled", "not_enabled")}),
        ({"name": "stopped.service", "active": False, "enabled": False}, set()),
        ({"name": "failing.service", "active": False}, set()),
        ({"name": "changed.service"}, {("reload", "needs_reload")}),
        ({"name": "crashing.service", "max_restarts": 3}, {("active", "not_active"), ("restarts", "restarted")}),
        ({"name": "static.service", "enabled": True}, set()),
        ({"name": "bad.service"}, {("loaded", None)}),
        ({"name": "hidden.service"}, {("active", "not_active")}),
        ({"name": "hidden.service", "active": False, "enabled": False}, set()),
        ({"name": "absent.service"}, {("loaded", "not_installed")}),
        ({"name": "absent.service", "active": False}, set()),
        ({"name": "absent.service", "active": False, "enabled": True}, {("loaded", "not_installed")}),
        ({"name": "multi-user.target", "max_restarts": 1}, {("restarts", "unseen")}),
    ],
    ids=lambda value: str(value.get("name")) if isinstance(value, dict) else "",
)
def test_each_unit(entry: Json, wanted: set[tuple[str, str | None]]) -> None:
    made = judged(entry)
    assert {(check.check, check.cause) for check in made.checks if check.outcome != "pass"} == wanted
    assert {(check.component, check.subject) for check in made.checks} == {(entry["name"], entry["name"])}


def test_summaries_say_what_systemd_said() -> None:
    said = {check.check: check.summary for check in judged({"name": "failing.service"}).checks}
    assert said["active"] == (
        "failing.service is failed (failed) on web1 since 2027-01-15T12:30:44Z; its result was exit-code"
    )
    (bad,) = judged({"name": "bad.service"}).checks
    assert 'BadUnitSetting "Unit bad.service has a bad unit file setting."' in bad.summary


def test_a_host_without_systemd_is_unknown_for_each_unit() -> None:
    evidence = {"systemd": False, "reason": "this host does not run systemd", "version": "", "units": []}
    made = units.judge(contract({"name": "a.service"}, {"name": "b.service"}), evidence, CONTEXT)
    assert [check.outcome for check in made.checks] == ["unknown", "unknown"]
    assert all("does not run systemd" in check.summary for check in made.checks)
    assert made.cells == {"a.service": "unknown", "b.service": "unknown"}


@pytest.mark.parametrize("name", ["nginx", "a b.service", "app@.service", "*.service", "-x\n.service", "a/b.service"])
def test_names_that_systemctl_would_not_take(name: str) -> None:
    with pytest.raises(ValueError, match=r"systemd unit|template|one line"):
        contract({"name": name})
