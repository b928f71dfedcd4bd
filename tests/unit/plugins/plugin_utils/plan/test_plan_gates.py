# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of a plan, and the variables that declare them: each passes, refuses with a way out, or is not declared."""

from __future__ import annotations

import calendar
import re
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import sync
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.spec import rows
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import (
    declared,
    gates,
    host_gates,
    left_out,
    moving,
    names,
    order,
    repository,
    restarting,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services_seen import Seen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

Json = dict[str, t.Any]
NOTHING = names.Host("/srv", {}, {}, (), ())
DOCS = Path(__file__).parents[5] / "docs" / "deploy.md"


def settings(**values: t.Any) -> sync.SyncSettings:
    return sync.resolve({f"sync_{name}": value for name, value in values.items()})


def moment(text: str) -> float:
    return float(calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M")))


def table(name: str) -> list[str]:
    match = re.search(rf"<!-- table: {name} -->\n(.*?)\n<!-- end -->", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None
    return match[1].splitlines()


def test_each_variable_is_documented_with_its_type_and_default() -> None:
    assert table("sync") == rows(sync.documented_keys())


def test_each_gate_is_documented() -> None:
    plan = {"id": "plan-0123456789ab", "references": []}
    of_plan = [
        gate["name"] for gate in declared.plan_gates(settings(), plan, 0.0, Cache("/nonexistent"), "/nonexistent")
    ]
    of_host = [
        gates.observed("web1", None),
        gates.reference(None),
        gates.coverage([], {}),
        gates.host_work([], 0, False),
        gates.space(None, "/", 0),
        gates.memory(None, 0),
        repository.gate(None, None, "", repository.Wish(), ()),
        *moving.release([], {}, settings())[1],
        names.gate(NOTHING, lambda _spec, _directory: {}),
        host_gates.rehearsed(settings(), None, 0.0),
        host_gates.classified(settings(), False, []),
        gates.images(),
        restarting.plan([], Seen({}, None, None, "/"), None, {})[1],
        *gates.on_the_host(),
    ]
    listed = [tuple(cell.strip(" `") for cell in row.split("|")[1:3]) for row in table("gates")[2:]]
    assert listed == [(gate["name"], "host") for gate in of_host] + [(name, "plan") for name in of_plan]


def test_nothing_is_declared_by_default() -> None:
    plan = {"id": "plan-0123456789ab", "references": []}
    found = declared.plan_gates(settings(), plan, 0.0, Cache("/nonexistent"), "/nonexistent")
    assert {gate["name"]: gate["state"] for gate in found} == {
        "approval": "not_declared",
        "window": "not_declared",
        "after": "not_declared",
        "clean_reference": "not_declared",
        "tests": "not_declared",
    }


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"require_approval": "true"}, "refuse"),
        ({"require_approval": True, "approve": "plan-0123456789ab"}, "pass"),
        ({"require_approval": True, "approve": "plan-ffffffffffff"}, "refuse"),
    ],
)
def test_an_approval_is_for_one_plan(values: Json, state: str) -> None:
    gate = gates.approval(settings(**values), "plan-0123456789ab")
    assert gate["state"] == state
    if state == "refuse":
        assert "-e sync_approve=plan-0123456789ab" in gate["sentence"]


NIGHT = {"days": ["fri"], "from": "22:00", "to": "04:00"}


@pytest.mark.parametrize(
    ("windows", "now", "state"),
    [
        # 2026-11-20 is a Friday.
        ([NIGHT], "2026-11-20T21:59", "refuse"),
        ([NIGHT], "2026-11-20T22:00", "pass"),
        ([NIGHT], "2026-11-21T03:59", "pass"),
        ([NIGHT], "2026-11-21T04:00", "refuse"),
        ([NIGHT], "2026-11-20T03:00", "refuse"),
        ([{"from": "08:00", "to": "09:00", "zone": "Europe/Berlin"}], "2026-11-20T07:30", "pass"),
        ([{"from": "08:00", "to": "09:00", "zone": "Europe/Berlin"}], "2026-07-20T06:30", "pass"),
        ([{"from": "08:00", "to": "09:00"}, {"from": "10:00", "to": "11:00"}], "2026-11-20T10:00", "pass"),
        ([{"from": "08:00", "to": "08:00"}], "2026-11-20T12:00", "pass"),
    ],
)
def test_a_window_opens_and_closes(windows: list[Json], now: str, state: str) -> None:
    gate = gates.window(settings(window=windows).window, moment(now))
    assert gate["state"] == state, gate
    if state == "refuse":
        assert "deploy in" in gate["sentence"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"prun": True}, 'sync_prun: unknown variable, did you mean "sync_prune"'),
        ({"require_aproval": True}, 'did you mean "sync_require_approval"'),
        ({"prune": "maybe"}, "sync_prune: expected true or false"),
        ({"strategy": "gti"}, "sync_strategy: expected one of tree"),
        ({"shared": ["logs"]}, "sync_shared: is for sync_strategy: release, and that is tree"),
        ({"strategy": "release", "shared": ["a", "a/b"]}, "sync_shared[1]: a/b is more than a release can share"),
        ({"strategy": "release", "shared": ["a/b", "a"]}, "sync_shared[1]: a is more than a release can share"),
        ({"strategy": "release", "shared": ["../a"]}, 'sync_shared[0]: expected a path below drift_root without ".."'),
        ({"strategy": "release", "releases_keep": 1}, "sync_releases_keep: expected a whole number, 2 to 1000"),
        ({"branch": "main"}, "sync_branch: is for sync_strategy: git, and that is tree"),
        ({"strategy": "git", "branch": "a..b"}, "sync_branch: expected the name of a branch"),
        ({"strategy": "git", "branch": "refs/heads/main"}, "expected the name of a branch"),
        ({"strategy": "git", "branch": "main", "detached": True}, "sync_detached: HEAD cannot be on no branch"),
        ({"approve": "plan-0123456789ab"}, "sync_require_approval is not true"),
        ({"require_approval": True, "approve": "latest"}, "expected the id of a plan"),
        ({"window": [{"from": "22:00"}]}, "sync_window[0].to: is missing"),
        ({"window": [{"from": "22:00", "to": "24:00"}]}, 'time of day, "HH:MM" in quotes'),
        ({"window": [{"from": "22:00", "to": "23:00", "zone": "Mars"}]}, "name of a time zone"),
        ({"window": [{"from": "22:00", "to": "23:00", "days": ["friday"]}]}, "expected one of mon"),
        ({"tests": "make test"}, "expected a list of text"),
        ({"services": "often"}, "sync_services: expected true or false"),
        ({"servces": True}, 'sync_servces: unknown variable, did you mean "sync_services"?'),
        ({"hooks": []}, "sync_hooks: expected a map of moment to list of command"),
        ({"hooks": {"before_chang": []}}, 'sync_hooks.before_chang: unknown key, did you mean "before_change"?'),
        ({"hooks": {"on_failure": ["true"]}}, "sync_hooks.on_failure[0]: expected a list of text, found the text"),
        ({"hooks": {"on_failure": [[]]}}, "sync_hooks.on_failure[0]"),
        ({"hooks": {"on_failure": [["sleep", 3]]}}, "sync_hooks.on_failure[0][1]: expected text, found the number 3"),
        ({"hooks": {"on_failure": [["sh", "-c", "a\nb"]]}}, "sync_hooks.on_failure[0][2]: expected text on one line"),
        ({"tests": ["make", None]}, "sync_tests[1]: expected text, found nothing"),
        (
            {"hooks": {"on_failure": [["mail", "--password=hunter2hunter2"]]}},
            "looks like a secret, and a plan is stored",
        ),
        ({"restart_unhealthy": "web"}, "sync_restart_unhealthy: expected a list of text"),
        ({"restart": {"web": 1}}, "sync_restart: expected a list of text, or text with commas"),
        ({"restart": ""}, "sync_restart: is empty, and a deploy without it changes all that drifted"),
        ({"restart": " , "}, "sync_restart: is empty"),
        ({"restart": "web.service", "services": False}, "sync_restart: restarts services, and sync_services is false"),
        ({"restart": "web", "proposals": ["clean-up"]}, "sync_restart: restarts what it names and does nothing else"),
        ({"reload": ["web"]}, "sync_reload: expected a map of a unit to a list of gitignore patterns"),
        ({"reload": {"web": ["a"]}}, "sync_reload.web: expected a name of a systemd unit with its kind"),
        ({"reload": {"a@.service": ["a"]}}, "a@.service is a template: name an instance of it"),
        ({"reload": {"web.service": "a"}}, "expected a list of gitignore pattern without !, found the text"),
        ({"reload": {"web.service": ["!a"]}}, "expected a gitignore pattern without !, found the text"),
        ({"restart_with": ["web"]}, "sync_restart_with: expected a map of a container or Compose service"),
        ({"restart_with": {"web": "bot"}}, "sync_restart_with.web: expected a list of text"),
        ({"restart_with": {"web": []}}, "sync_restart_with.web"),
        ({"restart_unhelthy": []}, 'did you mean "sync_restart_unhealthy"?'),
        ({"serial": "half"}, 'sync_serial: expected a number of hosts, a share such as "25%"'),
        ({"serial": 0}, "sync_serial"),
        ({"serial": True}, "sync_serial"),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_right(values: Json, words: str) -> None:
    with pytest.raises(ContractError) as error:
        settings(**values)
    assert words in str(error.value)


def test_variables_of_other_roles_are_none_of_our_business() -> None:
    assert settings(google_drive="yes") == settings()


def test_one_thing_unseen_and_nothing_is_changed() -> None:
    seen = {
        "outcome": "ok",
        "path": ".",
        "reason": "",
        "reference": "r",
        "complete": True,
        "unknown": [],
        "unknown_total": 0,
    }
    unread = {**seen, "unknown": [{"path": "a", "reason": "Permission denied"}], "unknown_total": 1}
    assert gates.coverage([seen], {})["state"] == "pass"
    assert gates.coverage([unread], {"a": "passes a filter"})["state"] == "pass"
    for tree in (
        unread,
        {**seen, "complete": False, "reason": "the time is up"},
        {**seen, "unknown_total": 3},
        {**seen, "outcome": "unknown", "reason": "no such directory"},
        {**seen, "reference": None},
    ):
        gate = gates.coverage([seen, tree], {})
        assert gate["state"] == "refuse"
        assert "Repair that first" in gate["sentence"]


def test_host_work_is_named_and_counted() -> None:
    kept = [left_out.host_work(f"f{number}", "edited") for number in range(7)]
    gate = gates.host_work(kept, 0, False)
    assert gate["state"] == "pass"
    assert "7 paths with work of the host's own: f0, f1, f2, f3, f4 and 2 more" in gate["sentence"]
    assert "3 paths of the host's own" in gates.host_work([], 3, True)["sentence"]


DISKS = [
    {"path": "/", "outcome": "ok", "available_kb": 10 << 20, "read_only": False},
    {"path": "/srv", "outcome": "ok", "available_kb": 20 << 10, "read_only": False},
    {"path": "/srv/ro", "outcome": "ok", "available_kb": 10 << 20, "read_only": True},
    {"path": "/srv/app", "outcome": "unknown", "available_kb": None},
]


@pytest.mark.parametrize(
    ("root", "needed", "state"),
    [
        ("/opt/app", 1 << 30, "pass"),
        ("/srv/app", 1 << 20, "pass"),
        ("/srv/app", 8 << 20, "refuse"),
        ("/srv/ro/app", 1, "refuse"),
        ("/srvother", 8 << 20, "pass"),
    ],
)
def test_space_is_that_of_the_disk_below_the_root(root: str, needed: int, state: str) -> None:
    assert gates.space({"disks": DISKS}, root, needed)["state"] == state


def test_how_much_a_whole_release_takes_is_asked_on_the_host() -> None:
    gate = gates.space({"disks": DISKS}, "/opt/app", 1 << 20, whole=True)
    assert (gate["state"], "takes the size of the whole" in gate["sentence"]) == ("not_asked", True)
    assert gates.space({"disks": DISKS}, "/opt/app", 0, whole=True)["state"] == "pass"
    # What does not even hold the files that change holds no release.
    assert gates.space({"disks": DISKS}, "/srv/app", 8 << 20, whole=True)["state"] == "refuse"


def test_what_was_not_measured_is_asked_on_the_host() -> None:
    assert gates.space(None, "/srv", 1)["state"] == "not_asked"
    assert gates.memory(None, 1)["state"] == "not_asked"
    assert gates.memory({"memory": {"available_kb": 1000}}, 1)["state"] == "refuse"
    assert gates.memory({"memory": {"available_kb": 1 << 20}}, 1)["state"] == "pass"


@pytest.mark.parametrize(
    "about",
    [
        None,
        {"kind": "host", "outcome": "ok"},
        {"kind": "baseline", "outcome": "ok"},
        {"kind": "git", "outcome": "unknown", "reason": "no such branch"},
    ],
)
def test_only_a_commit_is_deployed(about: Json | None) -> None:
    assert gates.reference(about)["state"] == "refuse"


NOW = moment("2026-11-21T12:00")
RECORD: Json = {"outcome": "ok", "reason": ""}


def at(text: str) -> Json:
    return {"time": f"{text}:00Z", "time_s": int(moment(text)), "point": "p"}


@pytest.mark.parametrize(
    ("values", "changes", "state", "words"),
    [
        ({}, None, "not_declared", "sync_rehearsed is not set"),
        ({"rehearsed": "config"}, None, "refuse", "not known"),
        ({"rehearsed": "config"}, {"outcome": "unknown", "reason": "denied", "rehearsed": {}}, "refuse", "denied"),
        (
            {"rehearsed": "config"},
            {"outcome": "none", "reason": "", "rehearsed": {}},
            "refuse",
            "rollback_rehearse=true",
        ),
        ({"rehearsed": "config"}, {**RECORD, "rehearsed": {"config": at("2026-11-20T12:00")}}, "pass", "2026-11-20"),
        # A level holds those before it, and none after it.
        ({"rehearsed": "config"}, {**RECORD, "rehearsed": {"full": at("2026-11-20T12:00")}}, "pass", "config"),
        ({"rehearsed": "full"}, {**RECORD, "rehearsed": {"config": at("2026-11-20T12:00")}}, "refuse", "level=full"),
        ({"rehearsed": "full"}, {**RECORD, "rehearsed": {"full": at("2026-09-20T12:00")}}, "refuse", "longer ago"),
        (
            {"rehearsed": "full", "rehearsed_within": "90d"},
            {**RECORD, "rehearsed": {"full": at("2026-09-20T12:00")}},
            "pass",
            "full",
        ),
    ],
)
def test_a_rollback_was_rehearsed(values: Json, changes: Json | None, state: str, words: str) -> None:
    gate = host_gates.rehearsed(settings(**values), changes, NOW)
    assert (gate["state"], words in gate["sentence"]) == (state, True), gate


def finding(check: str, outcome: str = "fail") -> Json:
    return {"section": "configs", "check": check, "outcome": outcome, "subject": ".env"}


@pytest.mark.parametrize(
    ("values", "declared_", "findings", "state"),
    [
        ({}, True, [finding("unclassified")], "not_declared"),
        ({"classified": True}, False, [], "refuse"),
        ({"classified": True}, True, [], "pass"),
        ({"classified": True}, True, [finding("value")], "pass"),
        ({"classified": True}, True, [finding("unclassified")], "refuse"),
        ({"classified": True}, True, [finding("file", "unknown")], "refuse"),
    ],
)
def test_every_key_has_a_class(values: Json, declared_: bool, findings: list[Json], state: str) -> None:
    assert host_gates.classified(settings(**values), declared_, findings)["state"] == state


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def run_of_staging(
    runs: Path,
    day: int,
    commit: str = COMMIT,
    outcome: str = "",
    environment: str = "staging",
    section: str = "trees",
    beside: tuple[tuple[str, str | None], ...] | None = (),
) -> Path:
    folder = RunFolder.create(str(runs), f"2026-11-{day:02}T12:00:00Z", environment)
    more = {} if beside is None else {"beside": dict(beside)}
    folder.write("run.json", {"id": folder.id, "environments": {"web1": environment}, **more})
    findings = [{"environment": environment, "outcome": outcome, "summary": "a.py differs"}] if outcome else []
    about = {"name": environment, "references": ["git-1"], "hosts": ["web1"]}
    coverage = [{"host": "web1", "section": section, "checked": 3}, {"host": "web2", "section": "trees", "checked": 3}]
    content = {"references": [{"id": "git-1", "commit": commit}], "environments": [about], "findings": findings}
    content["coverage"] = coverage
    folder.write("findings.json", content)
    folder.seal()
    return Path(folder.path)


def of_prod(environment: str = "prod") -> Json:
    return {"references": [{"commit": COMMIT}], "hosts": [{"environment": environment, "actions": [1]}]}


def test_an_environment_comes_after_another(tmp_path: Path) -> None:
    asked = settings(after="staging")

    def state(plan: Json | None = None) -> tuple[str, str]:
        gate = order.after(asked, plan or of_prod(), str(tmp_path))
        return gate["state"], gate["sentence"]

    assert order.after(settings(), of_prod(), str(tmp_path))["state"] == "not_declared"
    assert state(of_prod("staging"))[0] == "pass"
    assert "no run in" in state()[1]
    run_of_staging(tmp_path, 1)
    assert state()[0] == "pass"
    assert "staging (web1) is in sync" in state()[1]
    # The newest run of that environment counts, and no run of another.
    run_of_staging(tmp_path, 2, outcome="observation")
    run_of_staging(tmp_path, 3, outcome="fail", environment="prod")
    assert state()[0] == "pass"
    for outcome in ("fail", "unknown"):
        run_of_staging(tmp_path, 4, outcome=outcome)
        assert state()[0] == "refuse"
        assert "a.py differs" in state()[1]
    run_of_staging(tmp_path, 5, commit="f" * 40)
    assert "compared with ffffffffffff" in state()[1]
    run_of_staging(tmp_path, 6, section="processes")
    assert state()[0] == "refuse"
    assert "compared with no commit" in state()[1]
    run_of_staging(tmp_path, 7, beside=(("db1", "staging"), ("web9", "prod")))
    assert state()[0] == "refuse"
    assert "did not look at db1: deploy staging first, or audit it again, without --limit" in state()[1]
    run_of_staging(tmp_path, 8, beside=(("db1", None),))
    assert state()[0] == "refuse" and "left out db1, whose environment cannot be told" in state()[1]
    run_of_staging(tmp_path, 9, beside=None)
    assert state()[0] == "refuse" and "is older than the record of the hosts that a run leaves out" in state()[1]
    run_of_staging(tmp_path, 10, beside=(("web9", "prod"),))
    assert state()[0] == "pass"
    altered = run_of_staging(tmp_path, 11, outcome="fail")
    (altered / "findings.json").write_text("{}")
    assert state()[0] == "refuse"
    assert "is not what the run wrote" in state()[1]


@pytest.mark.parametrize("name", ["space", "memory", "names", "rehearsed", "classified"])
def test_a_host_with_nothing_to_change_needs_nothing_for_a_change(name: str) -> None:
    checked = [gates.refused(name, "make room"), gates.passed("coverage", "1 tree seen completely")]
    assert not host_gates.stops(checked)
    assert host_gates.as_planned(checked, [{"n": 1}]) == checked
    told, other = host_gates.as_planned(checked, [])
    assert (told["state"], told["sentence"]) == (
        "not_asked",
        "nothing is to be changed; a change would be refused now: make room",
    )
    assert other == checked[1]


@pytest.mark.parametrize("name", ["observed", "reference", "coverage", "repository", "release", "images", "restart"])
def test_what_cannot_be_known_or_done_refuses_a_host_all_the_same(name: str) -> None:
    checked = [gates.refused(name, "repair that")]
    assert host_gates.stops(checked)
    assert host_gates.as_planned(checked, []) == checked
