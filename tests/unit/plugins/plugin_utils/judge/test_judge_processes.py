# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes against what the contract asks of them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import processes as contract_processes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import Contract
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError, Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context as ExchangeContext
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.processes import ProcessesExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.processes import DEFAULTS, judge
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration

Json = dict[str, t.Any]

START = 1_000_000.5


def process(pid: int = 7, **more: t.Any) -> Json:
    made = {"pid": pid, "ppid": 1, "name": "python", "uid": 5, "user": "app", "started": "START", "started_s": START}
    made.update(state="S", command="python main.py", argv=["python", "main.py"], exe="/usr/bin/python3", cwd="/srv/app")
    made.update(replaced=[], venv=None, unit="app.service", unit_user=None, unit_key="app.service", container=None)
    made.update(namespace_foreign=False, cpu_percent=0.1, rss_kb=1024, threads=1, unread={})
    return {**made, **more}


def evidence(*found: Json, **more: t.Any) -> Json:
    made: Json = {
        "root": "/srv/app",
        "boot": "",
        "booted": "B",
        "booted_s": 1.0,
        "now_s": START + 1e6,
        "clock_reason": "",
    }
    made.update(tolerance_s=0.02, total=9, hidden="", processes=list(found), unread=[], unread_total=0, files={})
    made.update(matches={"main": [one["pid"] for one in found]}, foreign={"main": []}, unit_files={}, environments={})
    made["paths"] = {".": "/srv/app", "venv": "/srv/app/venv"}
    return {**made, **more}


def entry(**more: t.Any) -> Json:
    problems = Problems()
    (made,) = contract_processes.SHAPE.read([{"name": "main", "match": "main", **more}], "p", problems)
    problems.raise_any()
    return t.cast(Json, made)


def judged(seen: Json, trees: Json | None = None, **more: t.Any) -> Judgement:
    context = Context("prod", "prod-1", seen={} if trees is None else {"trees": {"trees": [trees]}})
    return judge([entry(**more)], seen, context)


def brief(made: Judgement) -> set[tuple[str, str, str | None]]:
    return {(one.check, one.outcome, one.cause) for one in made.checks if one.outcome != "pass"}


def newest(after_s: float, outcome: str = "ok") -> Json:
    changed = {"outcome": outcome, "reason": "not all", "path": "a.py", "mtime": "CHANGED", "mtime_s": START + after_s}
    return {"name": "source", "newest": changed}


UNKNOWN = "unknown"
HIDDEN = "hidepid=2"


@pytest.mark.parametrize(
    ("seen", "wanted", "found"),
    [
        (evidence(process()), {}, set()),
        (evidence(), {}, {("instances", "fail", "not_running")}),
        (evidence(process()), {"instances": 2}, {("instances", "fail", "too_few")}),
        (evidence(process(), process(8)), {}, {("instances", "fail", "too_many")}),
        (evidence(process()), {"instances": 0}, {("instances", "fail", "too_many")}),
        (evidence(), {"instances": 0}, set()),
        (evidence(hidden=HIDDEN), {}, {("instances", UNKNOWN, "unseen")}),
        (evidence(process(), hidden=HIDDEN), {}, {("instances", UNKNOWN, "unseen")}),
        (evidence(hidden=HIDDEN), {"instances": 0}, {("instances", UNKNOWN, "unseen")}),
        (evidence(process(), process(8), hidden=HIDDEN), {}, {("instances", "fail", "too_many")}),
        (evidence(unread_total=1), {}, {("instances", UNKNOWN, "unseen")}),
        (evidence(process(), unread_total=1), {}, {("instances", UNKNOWN, "unseen")}),
        (evidence(process()), {"user": "app"}, set()),
        (evidence(process()), {"user": "5"}, set()),
        (evidence(process()), {"user": "root"}, {("user", "fail", "wrong_user")}),
        (evidence(process(user=None, unread={"user": "no"})), {"user": "app"}, {("user", UNKNOWN, "unseen")}),
        (evidence(process(cwd="/tmp")), {"cwd": "."}, {("cwd", "fail", "wrong_directory")}),
        (evidence(process()), {"venv": "venv"}, {("venv", "fail", "other_environment")}),
        (evidence(process(unread={"venv": "no"})), {"venv": "venv"}, {("venv", UNKNOWN, "unseen")}),
        (evidence(process()), {"unit": "app", "supervised": True}, set()),
        (evidence(process()), {"unit": "other"}, {("unit", "fail", "unsupervised")}),
        (evidence(process(unit="session-2.scope")), {"supervised": True}, {("supervised", "fail", "unsupervised")}),
        *(
            (evidence(process(unit=unit)), {"supervised": True}, {("supervised", "fail", "unsupervised")})
            for unit in ("tmux-spawn-1.scope", "vte-spawn-1.scope", "cron.service", "crond.service", "ssh@1.service")
        ),
        (evidence(process(unit="ssh.service", name="sshd")), {"supervised": True}, set()),
        (evidence(process(unit="docker-abc.scope", container="abc")), {"supervised": True}, set()),
        (evidence(process(unit=None, container="abc")), {"supervised": True}, set()),
        # 1 MiB each, and all together count.
        (evidence(process()), {"memory_mb": 1}, set()),
        (evidence(process()), {"memory_mb": 0.9}, {("memory", "fail", "over_threshold")}),
        (evidence(process(), process(8)), {"instances": 2, "memory_mb": 2}, set()),
        (evidence(process(), process(8)), {"instances": 2, "memory_mb": 1.9}, {("memory", "fail", "over_threshold")}),
        (evidence(), {"memory_mb": 1}, {("instances", "fail", "not_running")}),
        (
            evidence(process(), hidden=HIDDEN),
            {"memory_mb": 1},
            {(one, UNKNOWN, "unseen") for one in ("instances", "memory")},
        ),
        (
            evidence(process(), hidden=HIDDEN),
            {"memory_mb": 0.9},
            {("instances", UNKNOWN, "unseen"), ("memory", "fail", "over_threshold")},
        ),
        (
            evidence(process(), matches={"main": [7, 9]}),
            {"instances": 2, "memory_mb": 1},
            {("memory", UNKNOWN, "unseen"), ("replaced", UNKNOWN, "unseen")},
        ),
        (evidence(process(replaced=["exe"])), {}, {("replaced", "fail", "stale_process")}),
        (evidence(process(cwd=None, unread={"cwd": "no"})), {}, {("replaced", UNKNOWN, "unseen")}),
        (
            evidence(process(), process(8, exe="/opt/python")),
            {"instances": 2},
            {("one_environment", "fail", "two_environments")},
        ),
    ],
)
def test_each_fault_is_found_and_nothing_else(seen: Json, wanted: Json, found: set[t.Any]) -> None:
    assert brief(judged(seen, **wanted)) == found


def test_a_run_from_before_memory_could_be_limited_is_judged_again() -> None:
    older = {key: value for key, value in entry().items() if key != "memory_mb"}
    context = Context("prod", "prod-1", seen={})
    assert judge([older], evidence(process()), context) == judged(evidence(process()))


@pytest.mark.parametrize(
    ("tree", "outcome"),
    [
        (newest(3), "fail"),
        (newest(0.03), "fail"),
        (newest(0.01), "pass"),
        (newest(0), "pass"),
        (newest(-0.01), "pass"),
        (newest(-0.03), "pass"),
        # Without parts of a second it may be of the one after that (odd), or of the next (even).
        (newest(0.5), "fail"),
        (newest(-0.5), UNKNOWN),
        (newest(-1.5), "pass"),
        (newest(-2.5), "pass"),
        (newest(-90), "pass"),
        (newest(3, UNKNOWN), "fail"),
        (newest(-90, UNKNOWN), UNKNOWN),
        (newest(2e6), UNKNOWN),
        ({"name": "other"}, UNKNOWN),
        ({"name": "source"}, UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_older_than_its_code(tree: Json | None, outcome: str) -> None:
    made = judged(evidence(process()), tree, not_older_than="source")
    (check,) = [one for one in made.checks if one.check == "code"]
    assert check.outcome == outcome
    if outcome == "fail":
        later = tree["newest"]["mtime_s"] - START if tree else 0
        expected = f"main (pid 7) runs since START, a.py was changed at CHANGED, {duration(later)} later"
        assert check.summary == expected


@pytest.mark.parametrize(
    ("after_s", "outcome"), [(3, "fail"), (0.3, "fail"), (0.01, "pass"), (-90, "pass"), (2e6, UNKNOWN)]
)
def test_older_than_a_change_that_the_host_recorded(after_s: float, outcome: str) -> None:
    """A rollback gives files their old times back: the time of the files alone would not tell."""
    change = {"time": "2026-11-21T12:00:00Z", "time_s": START + after_s, "kind": "sync", "why": "a rollback"}
    context = Context("prod", "prod-1", seen={"trees": {"trees": [newest(-90)]}}, changes={"trees": {"source": change}})
    made = judge([entry(not_older_than="source")], evidence(process()), context)
    assert [check.outcome for check in made.checks if check.check == "code"] == [outcome]


@pytest.mark.parametrize(
    ("changed_s", "placed_s", "outcome"),
    [
        # The file system has whole seconds, or the clock of another machine: the host's own record tells.
        (-0.5, -0.1, "pass"),
        (-0.5, 0.1, "fail"),
        (-0.5, 0.01, "pass"),
        # What the record is of came before that.
        (-0.5, -9, UNKNOWN),
    ],
)
def test_the_record_tells_of_a_file_whose_time_does_not(changed_s: float, placed_s: float, outcome: str) -> None:
    change = {"time": "2026-11-21T12:00:00Z", "time_s": START + placed_s, "kind": "sync", "why": "a deploy"}
    seen = {"trees": {"trees": [newest(changed_s)]}}
    context = Context("prod", "prod-1", seen=seen, changes={"trees": {"source": change}})
    made = judge([entry(not_older_than="source")], evidence(process()), context)
    assert [check.outcome for check in made.checks if check.check == "code"] == [outcome]


@pytest.mark.parametrize(
    ("path", "changed_s", "placed_s", "outcome"),
    [
        # A deploy brought it to a file system with the clock of another machine, and restarted the process at once.
        ("etc/app.ini", -0.3, -0.1, "pass"),
        ("etc/app.ini", 0.3, -0.1, "pass"),
        # The process began while that was under way, or the file was changed at another time, or is of no tree.
        ("etc/app.ini", -0.3, 0.1, UNKNOWN),
        ("etc/app.ini", -0.3, -9, UNKNOWN),
        ("/etc/app.ini", -0.3, -0.1, UNKNOWN),
    ],
)
def test_the_record_tells_of_a_configuration_whose_time_does_not(
    path: str, changed_s: float, placed_s: float, outcome: str
) -> None:
    change = {"time": "T", "time_s": START + placed_s, "kind": "sync", "why": "a deploy"}
    seen = {"trees": {"trees": [{"name": "other", "path": "src"}, {"name": "source", "path": "etc"}]}}
    context = Context("prod", "prod-1", seen=seen, changes={"trees": {"source": change}, "reloads": []})
    file = {"outcome": "ok", "reason": "", "mtime": "CHANGED", "mtime_s": START + changed_s, "within_s": 2.0}
    made = judge([entry(reads=path)], evidence(process(), files={path: file}), context)
    assert [check.outcome for check in made.checks if check.check == "configuration"] == [outcome]


@pytest.mark.parametrize(("within_s", "outcome"), [(0.02, "pass"), (2.0, UNKNOWN)])
def test_each_file_is_compared_as_exactly_as_its_own_clock_allows(within_s: float, outcome: str) -> None:
    changed = {"path": "/x", "mtime": "CHANGED", "mtime_s": START - 0.3, "within_s": within_s}
    seen = evidence(
        process(venv="/venv"),
        tolerance_s=2.02 - within_s,
        files={"app.ini": {"outcome": "ok", "reason": "", **changed}},
        unit_files={"app.service": {"outcome": "ok", "reason": "", "files": [changed]}},
        environments={"/venv": {"outcome": "ok", "reason": "", "newest": changed}},
    )
    found = {one.check: one.outcome for one in judged(seen, reads="app.ini").checks}
    assert {found[check] for check in ("configuration", "unit_file", "environment")} == {outcome}


@pytest.mark.parametrize(
    ("why", "said"),
    [("deploy of plan-1", "deploy of plan-1"), ("it failed, " * 9, "a rollback"), (None, "a rollback")],
)
def test_the_reason_of_a_change_does_not_push_out_what_is_said(why: str | None, said: str) -> None:
    change = {"time": "T", "time_s": START + 9, "kind": "rollback", "why": why}
    context = Context("prod", "prod-1", seen={"trees": {"trees": [newest(-90)]}}, changes={"trees": {"source": change}})
    made = judge([entry(not_older_than="source")], evidence(process()), context)
    (code,) = [check for check in made.checks if check.check == "code"]
    assert code.summary == f"main (pid 7) runs since START, the tree source ({said}) was changed at T, 9 s later"


@pytest.mark.parametrize(
    ("taken_back", "outcome"),
    [
        ([], "fail"),
        # It was started before the change that was taken back, and after the one before that.
        ([(1, -9)], "observation"),
        ([(1, None)], "observation"),
        ([(7, 6), (1, -9)], "observation"),
        # It was older than its code before all that.
        ([(7, 6), (2, 1)], "fail"),
        ([(7, 6), (-1, -9)], "fail"),
        # It was started in between, with what was taken back.
        ([(-1, -9)], "fail"),
        ([(0, -9)], "fail"),
    ],
)
def test_what_came_back_as_it_was_makes_no_process_old(taken_back: list[tuple[int, int | None]], outcome: str) -> None:
    change = {"time": "T", "time_s": START + 9.5, "kind": "rollback", "why": "it failed"}
    spans = [
        {"since_s": START + since_s, "before": None if at_s is None else {**change, "time_s": START + at_s + 0.5}}
        for since_s, at_s in taken_back
    ]
    changes = {"trees": {"source": change}, "taken_back": {"source": spans}}
    context = Context("prod", "prod-1", seen={"trees": {"trees": [newest(-90)]}}, changes=changes)
    made = judge([entry(not_older_than="source")], evidence(process()), context)
    (code,) = [check for check in made.checks if check.check == "code"]
    assert code.outcome == outcome
    if outcome == "observation":
        assert code.summary.startswith("main (pid 7) runs since START, its code was changed after that and came back")
        assert "by the rollback of T" in code.summary


def test_a_file_that_proves_it_is_named_and_not_the_change_that_brought_it() -> None:
    change = {"time": "T", "time_s": START + 9.5, "kind": "sync", "why": "a deploy"}
    context = Context("prod", "prod-1", seen={"trees": {"trees": [newest(9.1)]}}, changes={"trees": {"source": change}})
    made = judge([entry(not_older_than="source")], evidence(process()), context)
    (code,) = [check for check in made.checks if check.check == "code"]
    assert "a.py was changed at CHANGED, 9.1 s later" in code.summary


def reload(path: str, after_s: float, unit: str = "app.service") -> Json:
    return {"unit": unit, "path": path, "time": "2026-11-21T12:00:00Z", "time_s": START + after_s}


OTHER = {"path": "b.py", "mtime": "EARLIER", "mtime_s": START - 9}


@pytest.mark.parametrize(
    ("reloads", "more", "outcome"),
    [
        ([reload("a.py", 60)], {"before": [OTHER], "cut": False}, "pass"),
        ([reload("a.py", 60)], {"before": [], "cut": False}, "pass"),
        ([], {"before": [OTHER], "cut": False}, "fail"),
        # Before it was changed once more, by another unit, or of another file.
        ([reload("a.py", 58)], {"before": [OTHER], "cut": False}, "fail"),
        ([reload("a.py", 60, "other.service")], {"before": [], "cut": False}, "fail"),
        ([reload("b.py", 60)], {"before": [], "cut": False}, "fail"),
        # Another file was changed as well, and nothing reads it again.
        ([reload("a.py", 60)], {"before": [{**OTHER, "mtime_s": START + 9}], "cut": False}, "fail"),
        # What else was changed is not told: an old evidence, or too many.
        ([reload("a.py", 60)], {}, UNKNOWN),
        ([reload("a.py", 60)], {"before": [], "cut": True}, UNKNOWN),
    ],
)
def test_what_a_reload_has_read_again_is_not_held_against_a_process(
    reloads: list[Json], more: Json, outcome: str
) -> None:
    tree = newest(59.9)
    tree["newest"].update(more)
    files = {"a.py": {"outcome": "ok", "reason": "", "mtime": "CHANGED", "mtime_s": START + 59.9}}
    context = Context("prod", "prod-1", seen={"trees": {"trees": [tree]}}, changes={"trees": {}, "reloads": reloads})
    made = judge([entry(not_older_than="source", reads="a.py")], evidence(process(), files=files), context)
    found = {check.check: check for check in made.checks if check.check in ("code", "configuration")}
    assert found["code"].outcome == outcome
    again = bool(reloads) and reloads[0] == reload("a.py", 60)
    assert found["configuration"].outcome == ("pass" if again else "fail")
    if again:
        assert found["configuration"].summary == (
            "main (pid 7) runs since START, its configuration a.py was changed at CHANGED, and app.service was "
            "reloaded at 2026-11-21T12:00:00Z to read it again"
        )


def test_older_than_configuration_unit_and_environment() -> None:
    changed = {"path": "/x", "mtime": "CHANGED", "mtime_s": START + 187_200}
    seen = evidence(
        process(venv="/srv/app/venv"),
        files={"app.ini": {"outcome": "ok", "reason": "", "mtime": "CHANGED", "mtime_s": START + 60}},
        unit_files={"app.service": {"outcome": "ok", "reason": "", "files": [changed]}},
        environments={"/srv/app/venv": {"outcome": "ok", "reason": "", "newest": changed}},
    )
    made = judged(seen, reads="app.ini")
    assert brief(made) == {
        ("configuration", "fail", "stale_configuration"),
        ("unit_file", "fail", "stale_unit"),
        ("environment", "fail", "stale_environment"),
    }
    doubtful = judged({**seen, "clock_reason": "it jumped"}, reads="app.ini")
    assert {one for _check, one, _cause in brief(doubtful)} == {UNKNOWN}


def test_the_severities_are_those_that_can_be_set() -> None:
    assert set(DEFAULTS) == set(contract_processes.CHECKS)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0.4 s"), (59, "59 s"), (61, "1 min 1 s"), (187_200, "2 d 4 h"), (86_401, "1 d")]
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def read_contract(**contract: t.Any) -> Json:
    problems = Problems()
    made = Contract().read(contract, "drift_contract", problems)
    problems.raise_any()
    return t.cast(Json, made)


def test_a_tree_that_is_named_must_be_there() -> None:
    mine = {"name": "main", "match": "m", "not_older_than": ["source", "sourze"]}
    with pytest.raises(ContractError, match=r'processes\[0\].not_older_than\[1\]: .* "sourze", did you mean "source"'):
        read_contract(trees=[{"name": "source"}], processes=[mine])
    with pytest.raises(ContractError, match="it has none"):
        read_contract(processes=[mine])


def test_what_must_not_run_has_no_terms() -> None:
    with pytest.raises(ContractError, match="user says how it must run, but instances: 0"):
        read_contract(processes=[{"name": "main", "match": "m", "instances": 0, "user": "app"}])
    with pytest.raises(ContractError, match="memory_mb says how it must run, but instances: 0"):
        read_contract(processes=[{"name": "main", "match": "m", "instances": 0, "memory_mb": 5}])
    with pytest.raises(ContractError, match=r"memory_mb: expected a number"):
        read_contract(processes=[{"name": "main", "match": "m", "memory_mb": "much"}])


def test_memory_is_told_with_its_limit() -> None:
    made = judged(evidence(process(), process(8)), instances=2, memory_mb=70)
    (memory,) = [check for check in made.checks if check.check == "memory"]
    assert memory.summary == "main (2 instances) uses 2.0 MiB of memory on prod-1, at most 70 MiB are allowed"
    assert (memory.expected, memory.observed) == ({"memory_mb": 70}, {"memory": 2 << 20, "pids": [7, 8]})


@pytest.mark.parametrize(
    "seen", [evidence(hidden=HIDDEN), evidence(unread_total=1), evidence(process(venv=None, unread={"venv": "no"}))]
)
def test_what_was_not_seen_is_no_difference_between_hosts(seen: Json) -> None:
    assert judged(seen).marks == {}


def test_hosts_are_compared_in_what_runs_in_containers() -> None:
    assert judged(evidence(process(venv=None, unread={"venv": "no"}, namespace_foreign=True))).marks != {}


def test_where_an_application_lives_is_no_difference_between_hosts() -> None:
    marks = [
        judged({**evidence(process(venv=f"{root}/venv")), "root": root}).marks for root in ("/srv/blue", "/srv/green")
    ]
    assert marks[0] == marks[1] != judged(evidence(process(venv="/opt/venv"))).marks


def test_a_host_can_send_anything() -> None:
    exchange = ProcessesExchange([entry(cwd=".")], ExchangeContext("h", "/srv/app", cache=t.cast(t.Any, None)))
    good = evidence(process())
    assert exchange.read(good) == good
    for change in (
        {"matches": {}},
        {"paths": {}},
        {"processes": [{}]},
        {"now_s": "x"},
        {"hidden": True},
        {"now_s": float("nan")},
    ):
        with pytest.raises(GarbledAnswer):
            exchange.read({**good, **change})


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        (1, 1, "1 instance of main runs: "),
        (2, 2, "2 instances of main run: "),
        (1, 2, "1 instance of main runs where 2 must: "),
        (2, 1, "2 instances of main run where 1 may: "),
    ],
)
def test_one_instance_runs_and_two_run(found: int, wanted: int, said: str) -> None:
    made = judged(evidence(*(process(7 + one) for one in range(found))), instances=wanted)
    assert next(one for one in made.checks if one.check == "instances").summary.startswith(said)
