# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the section containers: each fault with its cause, and nothing else."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.containers import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.containers import CHECKS, SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    ContractError,
    Problems,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context as Asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.containers import ContainersExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import containers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_expected import is_image
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_rules import DEFAULTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from fake_containers import hexed, inspected, merged, serve
from fake_engine import FakeEngine
from garbling import places, put

CONTEXT = Context("prod", "web1")
Json = dict[str, t.Any]
Found = set[tuple[str, str, str | None, str]]


def observed(*names: str) -> Json:
    """Return what is seen of healthy containers."""
    with FakeEngine() as fake:
        serve(fake, *(inspected(name) for name in names))
        return collect({"socket": fake.socket}, Host("/", 20, key=b"key"))


SEEN = observed("web")
WEB = SEEN["containers"][0]
NOW_S = SEEN["now_s"]


def contract(**keys: t.Any) -> Json:
    problems = Problems()
    read = SHAPE.read(keys, "containers", problems)
    problems.raise_any()
    return t.cast(Json, read)


def evidence(*changed: Json, **more: t.Any) -> Json:
    """Return the evidence of containers that are the healthy one with changes."""
    made = [merged(WEB, change) for change in changed]
    return {**SEEN, "containers": made, "total": len(made), **more}


def judged(keys: Json, *changed: Json, **more: t.Any) -> Judgement:
    return containers.judge(contract(**keys), evidence(*changed, **more), CONTEXT)


def found(made: Judgement) -> Found:
    return {(one.check, one.subject, one.cause, one.outcome) for one in made.checks if one.outcome != "pass"}


UNHEALTHY = {"health": {"status": "unhealthy", "failing": 3, "output": "refused"}, "log": ["starting", "no database"]}
ENDED = {"state": "exited", "exit_code": 3, "finished": "2026-11-21T10:01:00Z", "health": None, "usage": None}
STOPPED = {**ENDED, "exit_code": 0}
ON_FAILURE = {"restart_policy": {"name": "on-failure", "maximum": 0}}
NEVER = {"restart_policy": {"name": "no", "maximum": 0}}
ANYWHERE = {"port": "8000/tcp", "address": "0.0.0.0", "host_port": 18000, "wildcard": True}
LAN = {**ANYWHERE, "address": "192.0.2.9", "wildcard": False}
HOT = {"path": "/app/hot.py", "kind": "added", "type": "file", "size": 7, "mtime": "2026-11-21T10:01:00Z"}
LAYER = {"layer": {"changed": [HOT], "total": 1, "ignored": 0}}
FULL = {"usage": {"memory": 62 << 20}}

CASES: list[tuple[str, Json, Json, Found]] = [
    ("healthy", {}, {}, set()),
    ("unhealthy", {}, UNHEALTHY, {("health", "web", "unhealthy", "fail")}),
    ("unhealthy, not asked", {"all_healthy": False}, UNHEALTHY, set()),
    ("starting", {}, {"health": {"status": "starting"}}, {("health", "web", "unseen", "unknown")}),
    ("no health check", {}, {"health": None, "health_check": False}, {("health_check", "all", None, "observation")}),
    ("ended", {}, ENDED, {("running", "web", "exited", "fail")}),
    ("stopped by hand", {}, STOPPED, {("running", "web", "exited", "fail")}),
    ("failed, need not run", {}, {**ENDED, **NEVER}, {("running", "web", "exited", "observation")}),
    ("ended, need not run", {}, {**STOPPED, **NEVER}, set()),
    ("failed", {}, {**ENDED, **ON_FAILURE}, {("running", "web", "exited", "fail")}),
    ("done", {}, {**STOPPED, **ON_FAILURE}, set()),
    ("one-off", {}, {**ENDED, "compose": {"oneoff": True}}, {("running", "web", "exited", "observation")}),
    ("expected to run", {"expected": [{"name": "web"}]}, {**STOPPED, **NEVER}, {("running", "web", "exited", "fail")}),
    ("paused", {}, {"state": "paused"}, {("running", "web", "not_running", "fail")}),
    ("paused, no policy", {}, {"state": "paused", **NEVER}, {("running", "web", "not_running", "fail")}),
    ("restarting", {}, {**ENDED, "state": "restarting"}, {("running", "web", "restarting", "fail")}),
    ("created", {}, {"state": "created", "started": None}, {("running", "web", "not_running", "fail")}),
    (
        "must not run",
        {"expected": [{"name": "web", "running": False}]},
        {},
        {("running", "web", "only_on_host", "fail")},
    ),
    ("does not run", {"expected": [{"name": "web", "running": False}]}, STOPPED, set()),
    ("oom", {}, {"oom_killed": True}, {("oom", "web", "oom_killed", "fail")}),
    ("killed, nobody says why", {}, {**ENDED, "exit_code": 137}, {("running", "web", "exited", "fail")}),
    ("restarted just now", {}, {"restarts": 1, "started_s": NOW_S - 30}, {("running", "web", "restarting", "fail")}),
    ("restarted often", {}, {"restarts": 3, "started_s": NOW_S - 500}, {("running", "web", "restarting", "fail")}),
    ("restarted some time ago", {}, {"restarts": 2, "started_s": NOW_S - 500}, set()),
    ("started just now", {}, {"restarts": 0, "started_s": NOW_S - 1}, set()),
    ("killed, need not run", {}, {**ENDED, **NEVER, "exit_code": 137}, {("running", "web", "exited", "observation")}),
    ("restarts", {"max_restarts": 2}, {"restarts": 3, "started_s": 0}, {("restarts", "web", "restarted", "fail")}),
    ("few restarts", {"max_restarts": 3}, {"restarts": 3, "started_s": 0}, set()),
    ("near its limit", {}, FULL, {("memory_limit", "web", "over_threshold", "fail")}),
    ("no limit", {}, {**FULL, "limits": {"memory": None}}, set()),
    ("over by name", {"memory_mb": {"web": 9}}, {}, {("memory", "web", "over_threshold", "fail")}),
    ("within", {"memory_mb": {"web": 10}}, {}, set()),
    (
        "over by service",
        {"memory_mb": {"api": 9}},
        {"compose": {"service": "api"}},
        {("memory", "web", "over_threshold", "fail")},
    ),
    ("limit of nobody", {"memory_mb": {"api": 9}}, {}, {("memory", "api", "unseen", "unknown")}),
    (
        "memory not told",
        {"memory_mb": {"web": 9}},
        {"usage": {"memory": None}},
        {("memory", "web", "unseen", "unknown")},
    ),
    ("image moved", {}, {"image": {"now": "b" * 64}}, {("image_current", "web", "image_moved", "fail")}),
    (
        "image untagged",
        {},
        {"image": {"now": None, "now_reason": "no image has this name any more"}},
        {("image_current", "web", None, "observation")},
    ),
    (
        "image by digest",
        {},
        {"image": {"now": None, "now_reason": "it is named by its content", "named": False}},
        set(),
    ),
    ("ended with an old image", {}, {**STOPPED, **NEVER, "image": {"now": "b" * 64}}, set()),
    ("exposed", {}, {"ports": {"published": [ANYWHERE]}}, {("exposed", "web:8000/tcp", "exposed", "observation")}),
    (
        "must be local",
        {"bind_local": True},
        {"ports": {"published": [LAN]}},
        {("exposed", "web:8000/tcp", "exposed", "fail")},
    ),
    ("on one address", {}, {"ports": {"published": [LAN]}}, set()),
    ("no project", {}, {"compose": None}, {("compose", "all", "outside_compose", "observation")}),
    ("needs a project", {"require_compose": True}, {"compose": None}, {("compose", "web", "outside_compose", "fail")}),
    ("hot copy", {}, LAYER, {("layer", "web", "layer_changed", "observation")}),
    ("forbidden", {"no_layer_changes": True}, LAYER, {("layer", "web:/app/hot.py", "layer_changed", "fail")}),
    (
        "forbidden there",
        {"no_layer_changes": ["/app/"]},
        LAYER,
        {("layer", "web:/app/hot.py", "layer_changed", "fail")},
    ),
    ("forbidden elsewhere", {"no_layer_changes": ["/srv/", "*.js"]}, LAYER, set()),
    ("forbidden but for", {"no_layer_changes": ["/app/", "!hot.py"]}, LAYER, set()),
    ("not looked for", {"no_layer_changes": False}, LAYER, set()),
    ("not told", {"no_layer_changes": True}, {"layer": None}, {("layer", "web", "unseen", "unknown")}),
    ("not told, not asked", {}, {"layer": None}, set()),
    (
        "too many to name",
        {"no_layer_changes": ["*.js"]},
        {"layer": {"changed": [HOT], "total": 7}},
        {("layer", "web", "unseen", "unknown")},
    ),
    (
        "absent",
        {"expected": [{"name": "api"}]},
        {},
        {("present", "api", "not_running", "fail"), ("declared", "web", "undeclared_container", "observation")},
    ),
    ("absent as wanted", {"expected": [{"name": "api", "running": False}, {"name": "web"}]}, {}, set()),
    (
        "others",
        {"expected": [{"name": "api", "running": False}], "only_expected": True},
        {},
        {("declared", "web", "undeclared_container", "fail")},
    ),
    (
        "image",
        {"expected": [{"name": "web", "image": "shop/web:2"}]},
        {},
        {("image", "web", "setting_differs", "fail")},
    ),
    ("user", {"expected": [{"name": "web", "user": "root"}]}, {}, {("user", "web", "wrong_user", "fail")}),
    (
        "network",
        {"expected": [{"name": "web", "networks": ["shop", "lan"]}]},
        {},
        {("networks", "web", "setting_differs", "fail")},
    ),
    (
        "as expected",
        {"expected": [{"name": "web", "networks": ["shop"], "user": "app", "image": "shop/web:1"}]},
        {},
        set(),
    ),
]


@pytest.mark.parametrize(("keys", "change", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_fault_is_found_with_its_cause(keys: Json, change: Json, wanted: Found) -> None:
    made = judged(keys, change)
    assert found(made) == wanted
    assert made.cells["web"] == "in_sync"
    assert all(one.summary and "None" not in one.summary for one in made.checks)


def test_the_reason_is_in_the_summary() -> None:
    (health,) = (one for one in judged({}, UNHEALTHY).checks if one.check == "health")
    assert health.summary == (
        "web is unhealthy on web1: its health check failed 3 times in a row, last at 2026-11-21T10:05:00Z and said "
        '"refused"; its log ends with "no database"'
    )
    (ended,) = (one for one in judged({}, ENDED).checks if one.check == "running")
    assert "ended with code 3 at 2026-11-21T10:01:00Z" in ended.summary
    assert "its restart policy is unless-stopped" in ended.summary
    (killed,) = (one for one in judged({}, {**ENDED, "exit_code": 137}).checks if one.check == "running")
    assert "137 (SIGKILL)" in killed.summary
    assert "by force or for want of memory (its limit is 64.0 MiB): the engine does not say" in killed.summary


def test_of_what_runs_again_no_code_is_told_that_the_engine_has_forgotten() -> None:
    """With each start engines set the code to 0, and forget that the kernel killed what ran before."""
    again = {"restarts": 2, "started": "2026-11-21T10:02:00Z", "started_s": NOW_S - 5, "finished": ENDED["finished"]}
    made = {one.check: one.summary for one in judged({"max_restarts": 0}, {**again, "exit_code": 0}).checks}
    assert "at most 0 are allowed: it last ended at 2026-11-21T10:01:00Z" in made["restarts"]
    assert made["oom"].endswith(
        "for want of memory since it was started at 2026-11-21T10:02:00Z; of what ended it before it notes nothing"
    )


@pytest.mark.parametrize(
    ("what", "keys", "wanted"),
    [
        ("container", {}, ("running", "bot")),
        ("image", {}, ("image_current", "web")),
        ("usage", {"memory_mb": {"web": 9}}, ("memory", "web")),
    ],
)
def test_what_was_not_read_is_unknown(what: str, keys: Json, wanted: tuple[str, str]) -> None:
    name = wanted[1]
    change = {"usage": None} if what == "usage" else {}
    made = judged(keys, change, unread=[{"container": name, "what": what, "reason": "it hangs"}])
    (unknown,) = (one for one in made.checks if one.outcome == "unknown")
    assert (unknown.check, unknown.subject) == wanted
    assert "it hangs" in unknown.summary
    assert made.coverage["unknown"] == 1


def test_an_expected_container_that_vanished_is_unknown_and_not_absent() -> None:
    made = judged({"expected": [{"name": "web"}]}, gone=["web"])
    assert found(made) == {("present", "web", "unseen", "unknown")}
    made = judged({"expected": [{"name": "web"}]}, unread=[{"container": "web", "what": "container", "reason": "odd"}])
    assert found(made) == {("running", "web", "unseen", "unknown")}


def test_what_nobody_is_called_was_not_looked_at() -> None:
    assert found(judged({"names": ["w*", "bot-*"]}, {})) == {("present", "bot-*", "unseen", "unknown")}
    assert found(judged({})) == {("present", "*", None, "observation")}
    unread = [{"container": "bot-1", "what": "container", "reason": "odd"}]
    assert ("present", "bot-*", "unseen", "unknown") not in found(judged({"names": ["bot-*"]}, unread=unread))


def test_other_engines_are_told() -> None:
    def one(state: str) -> Json:
        return {"socket": "/run/podman/podman.sock", "state": state, "reason": "why"}

    subject = "/run/podman/podman.sock"
    assert found(judged({}, {}, elsewhere=[one("denied")])) == {("engine", subject, "unseen", "unknown")}
    for state in ("not_asked", "hidden", "not_running"):
        assert found(judged({}, {}, elsewhere=[one(state)])) == {("engine", subject, None, "observation")}


def test_hosts_are_alike_when_they_run_the_same() -> None:
    assert judged({}, {}).marks == judged({}, {"restarts": 4, "started": "2026-11-21T11:00:00Z"}).marks
    assert judged({}, {}).marks != judged({}, {"image": {"digests": [], "revision": None, "id": "c" * 64}}).marks


def test_the_facts_are_bounded() -> None:
    many = [{"name": f"web{number:04}"} for number in range(containers.SHOWN + 5)]
    made = judged({}, *many)
    assert len(made.facts["containers"]) == containers.SHOWN
    assert made.facts["selected"] == containers.SHOWN + 5


def test_the_same_evidence_in_any_order_gives_the_same() -> None:
    seen = evidence({}, {"name": "bot", **UNHEALTHY}, {"name": "api", **ENDED})
    one = containers.judge(contract(), seen, CONTEXT)
    turned = {**seen, "containers": seen["containers"][::-1]}
    other = containers.judge(contract(), turned, CONTEXT)
    assert sorted(check.id for check in one.checks) == sorted(check.id for check in other.checks)


def test_every_check_can_be_given_a_severity() -> None:
    assert set(CHECKS) == set(DEFAULTS)
    given = {"no_layer_changes": True, "severity": {"layer": "low", "compose": "medium"}, "require_compose": True}
    levels = {one.check: (one.severity, one.outcome) for one in judged(given, {**LAYER, "compose": None}).checks}
    assert levels["layer"] == ("low", "fail")
    assert levels["compose"] == ("medium", "fail")


def test_one_severity_for_all_makes_no_drift_of_what_was_not_asked() -> None:
    change = {**LAYER, "compose": None, "health": None, "health_check": False, "ports": {"published": [ANYWHERE]}}
    for made in (judged({"severity": "critical"}, change), judged({"severity": "critical"}, {**ENDED, **NEVER})):
        assert {one.outcome for one in made.checks} <= {"pass", "observation"}


@pytest.mark.parametrize(
    ("wanted", "same"),
    [
        ("shop/web:1", True),
        ("docker.io/shop/web:1", True),
        ("shop/web:2", False),
        ("web:1", False),
        ("shop/web", False),
        (f"shop/web@sha256:{hexed('digest')}", True),
        (f"sha256:{hexed('digest')}", True),
        (f"sha256:{hexed('image')}", True),
        (hexed("image")[:12], True),
        (hexed("image")[:11], False),
        (hexed("other")[:12], False),
    ],
)
def test_an_image_is_recognised_by_name_digest_and_id(wanted: str, same: bool) -> None:
    assert is_image(wanted, WEB["image"]) is same


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("redis", "docker.io/library/redis:latest"),
        ("example.org/redis", "example.org/redis:latest"),
        ("localhost/redis:7", "localhost/redis:7"),
        ("localhost:5000/redis", "localhost:5000/redis:latest"),
    ],
)
def test_short_names_of_images_are_names_in_full(name: str, full: str) -> None:
    assert is_image(name, {"name": full, "id": "a" * 64, "digests": []})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"socket": "unix:///run/docker.sock"},
            "containers.socket: expected an absolute path on the host, write /run/docker.sock",
        ),
        ({"socket": "tcp://192.0.2.1:2375"}, "only an engine of the host is asked"),
        ({"socket": "docker.sock"}, "containers.socket: expected an absolute path on the host"),
        ({"engine": "dockr"}, 'did you mean "docker"?'),
        ({"memory_mb": {"web": "much"}}, "containers.memory_mb.web: expected a number"),
        ({"memory_mb": ["web"]}, "expected a map of container or Compose service to MiB"),
        (
            {"no_layer_changes": "/app"},
            "containers.no_layer_changes: expected true, false, or list of gitignore patterns",
        ),
        ({"no_layer_changes": []}, "found an empty list"),
        ({"expected": [{"name": "web"}, {"name": "web"}]}, '"web" is already the one of containers.expected[0]'),
        ({"expected": [{"image": "x"}]}, "containers.expected[0].name: is missing"),
        ({"expected": [{"name": "web"}], "names": ["bot-*"]}, "expects web, which names leaves out"),
        ({"expected": [{"name": "web"}], "ignore": ["w*"]}, "expects web, which ignore leaves out"),
        ({"only_expected": True}, "only_expected needs expected"),
        ({"all_helthy": True}, 'did you mean "all_healthy"?'),
    ],
)
def test_mistakes_of_the_contract_are_named(keys: Json, message: str) -> None:
    problems = Problems()
    SHAPE.read(keys, "containers", problems)
    with pytest.raises(ContractError) as caught:
        problems.raise_any()
    assert message in str(caught.value)


BAD: list[t.Any] = [None, True, -1, 1.5, float("inf"), "", "\ud800", [], [None], {}, {"a": None}]


def test_whatever_a_host_answers_is_judged_or_refused() -> None:
    whole = evidence({**LAYER, **UNHEALTHY})
    terms = contract(expected=[{"name": "web", "image": "x"}], no_layer_changes=True, max_restarts=1, bind_local=True)
    exchange = ContainersExchange(terms, Asked("web1", "/", Cache("/nowhere")))
    exchange.read(whole)
    for at in places(whole):
        for bad in BAD:
            try:
                read = exchange.read(put(whole, at, bad))
            except GarbledAnswer:
                continue
            containers.judge(terms, read, CONTEXT)
