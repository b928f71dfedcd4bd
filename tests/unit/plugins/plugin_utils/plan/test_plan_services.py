# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps on units and processes follow from changed files and from findings, and what is left to hands."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import registry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import host_gates
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services import Planned, plan_services
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services_seen import ByHand, Seen, users

Json = dict[str, t.Any]

BOOT = "01234567-89ab-cdef-0123-456789abcdef"


def process(pid: int, unit: str | None = None, **more: t.Any) -> Json:
    described: Json = {
        "pid": pid,
        "unit": unit,
        "unit_user": None,
        "unit_key": unit,
        "container": None,
        "started_s": 1000.0 + pid / 100,
        "started": "2026-11-21T15:00:00Z",
        "command": f"python main.py {pid}",
        "name": "python",
        "unread": {},
    }
    return {**described, **more}


def unit(name: str, active: str = "active", **more: t.Any) -> Json:
    seen = {"name": name, "outcome": "ok", "active": active, "enabled": "enabled", "load": "loaded"}
    return {**seen, "fragment": f"/etc/systemd/system/{name}", "drop_ins": [], **more}


def seen(
    processes: t.Sequence[Json] = (), units: t.Sequence[Json] = (), declared: str | None = None, instances: int = 1
) -> Seen:
    contract = {
        "processes": [{"name": "web", "unit": declared, "instances": instances}],
        "units": [{"name": one["name"]} for one in units],
    }
    pids = [one["pid"] for one in processes]
    data = {"matches": {"web": pids}, "processes": list(processes), "unit_files": {}, "booted_s": 900.0, "boot": BOOT}
    return Seen(contract, data, {"units": list(units)}, "/srv/shop")


def file(path: str = "src/app.py", *restart: str) -> Json:
    operations = [{"do": "write", "path": path}]
    return {"kind": "file", "path": path, "severity": "high", "restart": list(restart), "operations": operations}


def finding(
    section: str, check: str, cause: str | None, component: str = "web", subject: str = "", **more: t.Any
) -> Json:
    found = {
        "id": f"{len(check):016x}",
        "section": section,
        "check": check,
        "cause": cause,
        "component": component,
        "subject": subject or component,
        "severity": "medium",
        "summary": f"{component}: {check}",
        "outcome": "fail",
    }
    return {**found, **more}


def steps(planned: Planned) -> list[tuple[t.Any, ...]]:
    registry.checked([{**action, "n": 1} for action in planned.actions])
    told = []
    for action in planned.actions:
        for step in action["steps"]:
            what = step.get("unit") if action["kind"] == "unit" else step["pid"]
            told.append((step["do"], what, *(step.get("before") or {}).values()))
    return told


RESTART = ("restart", "web.service", "active")


def test_a_unit_is_restarted_once_for_all_its_reasons() -> None:
    here = seen([process(10, "web.service"), process(11, "web.service")])
    stale = [finding("processes", "code", "stale_process", subject=f"web[{pid}]:app") for pid in (10, 11)]
    planned = plan_services([file("a", "web"), file("b", "web")], here, stale)
    assert steps(planned) == [RESTART]
    action = planned.actions[0]
    assert action["summary"] == "Restart web.service: web uses a; web uses b; web: code"
    assert (action["severity"], len(action["findings"]), planned.by_hand) == ("high", 1, [])


@pytest.mark.parametrize(
    ("path", "told"),
    [("conf", True), ("conf/a.ini", True), ("conf/more/b.ini", True), ("conf.d/a.ini", False), ("a.ini", False)],
)
@pytest.mark.parametrize("read", ["conf", "conf/"])
def test_a_directory_that_a_process_reads_is_all_that_is_in_it(read: str, path: str, told: bool) -> None:
    contract = {"processes": [{"name": "web", "not_older_than": [], "reads": [read]}]}
    assert users(contract, "/srv/app", "source", path) == (["web"] if told else [])


@pytest.mark.parametrize(
    ("root", "read", "told"),
    [
        ("/srv/app", "/srv/app/conf/a.ini", True),
        ("/srv/app", "/srv/app/conf", True),
        ("/srv/app", ".", True),
        ("/srv/app", "/srv/other/conf", False),
        ("/srv/app", "/conf/a.ini", False),
        ("/", "/conf", True),
        ("/", "conf", True),
        ("/", "/", True),
    ],
)
def test_what_a_process_reads_may_be_absolute_or_the_root_itself(root: str, read: str, told: bool) -> None:
    contract = {"processes": [{"name": "web", "not_older_than": [], "reads": [read]}]}
    assert users(contract, root, "source", "conf/a.ini") == (["web"] if told else [])


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (process(10), "process 10 runs without a unit: python main.py 10"),
        (process(10, "session-3.scope"), "process 10 runs without a unit: python main.py 10"),
        (process(10, "web.service", unit_user=1000), "process 10 belongs to web.service of user 1000"),
        (process(10, "cron.service"), "process 10 runs without a unit: python main.py 10"),
        (process(10, container="ab" * 32), "process 10 runs in the container abababababab"),
        (process(10, unread={"unit": "no"}), "what supervises process 10 could not be read"),
    ],
)
def test_what_nothing_supervises_is_left_to_hands(found: Json, reason: str) -> None:
    planned = plan_services([file("a", "web")], seen([found]), [])
    assert planned == Planned([], [ByHand("web", reason)])
    stale = finding("processes", "replaced", None, subject="web[10]")
    assert plan_services([], seen([found]), [stale]).by_hand == [ByHand("web", reason)]


def test_processes_that_were_not_seen_are_left_to_hands() -> None:
    here = Seen({"processes": [{"name": "web", "unit": None}]}, None, None, "/")
    assert plan_services([file("a", "web")], here, []).by_hand == [
        ByHand("web", "the processes of the host were not seen")
    ]


def test_nothing_is_planned_when_it_is_not_wanted() -> None:
    here = seen([process(10, "web.service")])
    planned = plan_services([file("a", "web")], here, [], wanted=False)
    assert planned == Planned(
        [], [ByHand("web", "sync_services is false"), ByHand("web.service", "sync_services is false")]
    )


@pytest.mark.parametrize(
    ("found", "state", "expected"),
    [
        ([("active", "not_active")], unit("x.service", "failed"), [("start", "x.service", "failed")]),
        ([("active", "only_on_host")], unit("x.service"), [("stop", "x.service", "active")]),
        ([("enabled", "not_enabled")], unit("x.service", enabled="disabled"), [("enable", "x.service", "disabled")]),
        ([("enabled", "only_on_host")], unit("x.service"), [("disable", "x.service", "enabled")]),
        ([("reload", "needs_reload")], unit("x.service"), [("restart", "x.service", "active")]),
        ([("reload", "needs_reload")], unit("x.service", "inactive"), [("daemon_reload", "x.service")]),
        (
            [("active", "not_active"), ("enabled", "not_enabled"), ("reload", "needs_reload")],
            unit("x.service", "inactive", enabled="disabled"),
            [("enable", "x.service", "disabled"), ("start", "x.service", "inactive")],
        ),
        ([("restarts", "restarted")], unit("x.service"), []),
        ([("loaded", "not_installed")], unit("x.service", load="not-found"), []),
    ],
)
def test_findings_of_units(found: list[tuple[str, str]], state: Json, expected: list[t.Any]) -> None:
    findings = [finding("units", check, cause, "x.service") for check, cause in found]
    assert steps(plan_services([], seen(units=[state]), findings)) == expected


def test_a_masked_unit_is_left_to_hands() -> None:
    here = seen(units=[unit("x.service", "inactive", load="masked")])
    planned = plan_services([], here, [finding("units", "active", "not_active", "x.service")])
    assert planned == Planned([], [ByHand("x.service", "it is masked: it cannot be started")])


def test_what_is_unknown_or_does_not_run_by_a_unit_leads_to_nothing() -> None:
    unknown = finding("units", "active", None, "x.service", outcome="unknown")
    gone = finding("processes", "instances", "not_running")
    assert plan_services([], seen(units=[unit("x.service")]), [unknown, gone]) == Planned([], [])
    assert steps(plan_services([], seen(declared="web.service"), [gone])) == [("start", "web.service", None)]


def test_a_changed_unit_file_restarts_what_it_defines() -> None:
    linked = unit("x.service", fragment="/srv/shop/units/x.service")
    assert steps(plan_services([file("units/x.service")], seen(units=[linked]), [])) == [
        ("restart", "x.service", "active")
    ]
    idle = unit("x.service", "inactive", fragment="/srv/shop/units/x.service")
    assert steps(plan_services([file("units/x.service")], seen(units=[idle]), [])) == [("daemon_reload", "x.service")]


RELOADS = {"web.service": compile_lines(["conf/*.ini", "certs/"])}


def of_reload(*files: Json, findings: t.Sequence[Json] = (), active: str = "active") -> list[tuple[t.Any, ...]]:
    running = [process(10, "web.service")] if active == "active" else []
    here = seen(running, [unit("web.service", active)])
    return steps(plan_services(list(files), here, findings, reloads=RELOADS))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([file("conf/a.ini", "web")], [("reload", "web.service", "active")]),
        # No process of the contract uses it: the operator says that the unit does.
        ([file("certs/x/y.pem"), file("conf/a.ini")], [("reload", "web.service", "active")]),
        ([file("conf/a.ini", "web"), file("src/app.py", "web")], [RESTART]),
        ([file("conf/deep/a.ini", "web")], [RESTART]),
        ([file("conf/a.ini", "other")], [("reload", "web.service", "active")]),
    ],
)
def test_a_unit_is_reloaded_when_all_that_changed_is_what_it_reads_again(
    files: list[Json], expected: list[t.Any]
) -> None:
    assert of_reload(*files) == expected


def test_what_was_changed_before_is_read_again_as_well() -> None:
    stale = finding("processes", "configuration", "stale_configuration", subject="web[10]:conf/a.ini")
    assert of_reload(findings=[stale]) == [("reload", "web.service", "active")]
    assert of_reload(findings=[{**stale, "subject": "web[10]:app.ini"}]) == [RESTART]
    assert of_reload(findings=[stale, finding("processes", "code", "stale_process", subject="web[10]:app")]) == [
        RESTART
    ]


def test_a_reload_names_what_is_read_again_and_is_led_back_from_by_a_restart() -> None:
    here = seen([process(10, "web.service")], [unit("web.service")])
    files = [file("conf/b.ini", "web"), file("conf/a.ini", "web")]
    (action,) = plan_services(files, here, [], reloads=RELOADS).actions
    assert action["steps"][0]["files"] == ["conf/a.ini", "conf/b.ini"]
    assert action["summary"] == "Reload web.service: it reads conf/b.ini again; it reads conf/a.ini again"
    assert action["undo"] == "restart it once its files are the old ones"


def test_a_unit_that_does_not_run_is_not_reloaded() -> None:
    assert of_reload(file("conf/a.ini"), active="inactive") == []


def test_units_come_in_the_order_of_the_contract() -> None:
    here = seen([process(10, "web.service")], units=[unit("z.service"), unit("a.service")])
    found = [finding("units", "reload", "needs_reload", name) for name in ("a.service", "z.service")]
    planned = plan_services([file("a", "web")], here, found)
    assert [action["path"] for action in planned.actions] == ["z.service", "a.service", "web.service"]


TOO_MANY = finding("processes", "instances", "too_many")


def test_instances_beside_the_declared_unit_are_ended() -> None:
    here = seen([process(10, "web.service"), process(11), process(12, "session-1.scope")], declared="web.service")
    planned = plan_services([], here, [TOO_MANY], kill=True)
    assert steps(planned) == [("end", 11), ("end", 12)]
    first = planned.actions[0]["steps"][0]
    assert (first["start_s"], first["boot"], first["unit"], first["kill"]) == (100.11, BOOT, "web.service", True)
    assert planned.actions[0]["undo"] == "it is not started again; it was: python main.py 11; python main.py 12"


def test_without_the_boot_no_process_is_known_well_enough_to_be_ended() -> None:
    here = seen([process(10, "web.service"), process(11)], declared="web.service")
    assert here.processes is not None
    del here.processes["boot"]
    planned = plan_services([], here, [TOO_MANY])
    assert planned.actions == []
    assert "of which boot its processes are is not known: audit again" in planned.by_hand[0].reason


def test_what_is_ended_is_left_to_nobodys_hands() -> None:
    here = seen([process(10, "web.service"), process(11)], declared="web.service")
    planned = plan_services([file("a", "web")], here, [TOO_MANY])
    assert (steps(planned), planned.by_hand) == ([RESTART, ("end", 11)], [])


@pytest.mark.parametrize(
    ("here", "reason"),
    [
        (seen([process(10), process(11)]), "declares no unit by which the right one is known"),
        (seen([process(10), process(11)], declared="web.service"), "0 of 2 belong to web.service where 1 must run"),
        (
            seen([process(10, "web.service"), process(11, "web.service")], declared="web.service"),
            "2 of 2 belong to web.service where 1 must run",
        ),
        (
            seen([process(10, "web.service"), process(11, "old.service")], declared="web.service"),
            "process 11 runs too, in old.service, which would start it again: stop that",
        ),
        (
            seen([process(10, "web.service"), process(11, container="ab" * 32)], declared="web.service"),
            "process 11 runs too, in the container abababababab",
        ),
    ],
)
def test_where_it_is_not_certain_no_process_is_ended(here: Seen, reason: str) -> None:
    planned = plan_services([], here, [TOO_MANY])
    assert planned.actions == []
    assert reason in planned.by_hand[0].reason


def test_what_a_host_says_of_its_units_is_in_the_way_of_that_host_alone() -> None:
    for name, state in (("web.service", None), ("web service", "refuse"), ("x" * 300, "refuse")):
        units = [unit(name, active="inactive")]
        made = plan_services([], seen(units=units), [finding("units", "active", "not_active", name)])
        assert len(made.actions) == 1
        gate = host_gates.usable("web1", made.actions)
        assert (gate and gate["state"]) == state
        assert gate is None or "web1 was not observed (garbled: what it tells of what runs there" in gate["sentence"]
