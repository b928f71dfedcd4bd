# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers of a plan: what is brought up or restarted and why, what is left as it is, what refuses."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import HostFiles
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.project import read_project
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.written import written_services
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.compose import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.compose import SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import compose
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import container_look
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.compose_changes import ordered
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.container_known import Known, Rescued
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.containers import Planned, plan_containers
from fake_compose import ENV, FILE, SECRET, container, healthy, project, serve, write
from fake_containers import hexed
from fake_engine import FakeEngine
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
MARKET, BOT = "shop-market-data-1", "shop-bot-1"
LATER = 1_800_000_000
HOT = {"path": "/app/hot.py", "kind": "added", "type": "file", "size": 3, "mtime": "2026-11-21T10:00:00Z"}


@pytest.fixture(name="engine")
def fixture_engine() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


def entries(**keys: t.Any) -> list[Json]:
    problems = Problems()
    read = SHAPE.read([{"project": "shop", **keys}], "compose", problems)
    problems.raise_any()
    return t.cast("list[Json]", read)


def looked(name: str, **more: t.Any) -> Json:
    """Return a container as the section containers has it, as far as a plan needs it."""
    service = name.removeprefix("shop-").removesuffix("-1")
    made: Json = {
        "id": hexed(service),
        "name": name,
        "state": "running",
        "health": None,
        "started_s": 1.5,
        "image": {"id": hexed("image")},
        "compose": {"project": "shop", "service": service},
        "mounts": [],
        "layer": {"changed": [], "total": 0, "ignored": 0},
    }
    return {**made, **more}


def known(
    folder: Path, engine: FakeEngine, new: str | None = None, seen: t.Sequence[Json] = (), **more: t.Any
) -> Known:
    """Return what is known of a host whose Compose file a plan replaces by ``new``."""
    contract: Json = {"compose": entries(**more.pop("keys", {})), "containers": {"socket": engine.socket}}
    contract["containers"].update(more.pop("rules", {}))
    one = contract["compose"][0]
    spec = {**one, "socket": engine.socket, "reference": True}
    evidence = collect({"projects": [spec]}, Host(str(folder), 20, key=b"key"))
    evidence["projects"][0]["reference"] = None if new is None else declared(folder, new)
    judged = compose.judge(contract["compose"], evidence, Context("prod", "web1"))
    checks = [dataclasses.replace(one, first_seen="").as_dict() for one in judged.checks]
    changed = more.pop("changed", [] if new is None else ["compose.yml"])
    return Known(
        root=str(folder),
        contract=contract,
        compose=evidence,
        containers={"containers": list(seen), "engine": {"socket": engine.socket}} if seen else None,
        checks=[*checks, *more.pop("checks", ())],
        changed=frozenset(str(folder / path) for path in changed),
        **more,
    )


def declared(folder: Path, text: str) -> Json:
    """Return what a reference's Compose file says, as the exchange adds it to the evidence."""
    other = folder / "reference"
    other.mkdir(exist_ok=True)
    (other / "compose.yml").write_text(text)
    try:
        read = read_project(HostFiles(str(other), "."), {"project": "shop", "files": []}, interpolated=False)
    except Unseen as unseen:
        return {"outcome": "unknown", "reason": unseen.reason, "services": []}
    return {"outcome": "ok", "reason": "", "services": written_services(read, Host("/", 20, key=b"key"))}


def brief(made: Planned) -> list[tuple[str, str]]:
    assert SECRET not in str(made)
    return [(action["kind"], action["path"]) for action in made.actions]


def test_nothing_is_planned_for_a_project_that_is_in_sync(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    assert plan_containers(known(tmp_path, engine, FILE)) == Planned([], [], [])


@pytest.mark.parametrize(
    ("new", "services"),
    [
        (FILE.replace("MODE: live", "MODE: paper"), ["shop/market-data"]),
        (FILE.replace("mem_limit: 64m", "mem_limit: 65m"), ["shop/market-data"]),
        (FILE.replace("CACHE_HOST: md", "CACHE_HOST: md2"), ["shop/bot"]),
        (FILE.replace("shop/app:${TAG}", "shop/app:v${TAG}"), ["shop/bot", "shop/market-data"]),
        (FILE.replace("networks: {back: {}}\nv", "  web: {image: shop/app:1}\nnetworks: {back: {}}\nv"), ["shop/web"]),
        (
            FILE.replace("networks: {back: {}}\nv", "  web: {image: a, profiles: [x]}\nnetworks: {back: {}}\nv"),
            [],
        ),
        (FILE.replace("services:", "# another remark\nservices:"), []),
    ],
)
def test_a_changed_file_concerns_just_the_services_that_it_declares_otherwise(
    new: str, services: list[str], engine: FakeEngine, tmp_path: Path
) -> None:
    healthy(engine, tmp_path)
    made = plan_containers(known(tmp_path, engine, new))
    assert brief(made) == [("compose", name) for name in services]
    assert made.left == []
    for action in made.actions:
        (step,) = action["steps"]
        assert (step["do"], step["project"], step["directory"], step["anew"]) == ("up", "shop", str(tmp_path), False)
        assert "compose.yml" in action["summary"]


def test_each_service_that_drifted_is_brought_up_and_no_other(engine: FakeEngine, tmp_path: Path) -> None:
    project(tmp_path)
    write(tmp_path, FILE, mtime=LATER)
    old = container("market-data", tmp_path, Config={"Cmd": ["older"]})
    serve(engine, old)
    made = plan_containers(known(tmp_path, engine))
    assert brief(made) == [("compose", "shop/bot"), ("compose", "shop/market-data")]
    bot, market = made.actions
    assert bot["steps"][0]["before"] == {"containers": []}
    assert market["steps"][0]["before"]["containers"] == [
        {
            "id": old["Id"],
            "name": MARKET,
            "image_id": f"sha256:{hexed('image')}",
            "config_hash": "",
            "state": "running",
        }
    ]
    assert (bot["severity"], len(bot["findings"])) == ("high", 1)
    assert "none of its containers runs" in bot["summary"]


def test_a_container_that_runs_an_older_image_is_made_anew(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    engine.answers["/images/shop/app:1/json"] = {"Id": f"sha256:{hexed('newer')}", "Config": {}}
    made = plan_containers(known(tmp_path, engine))
    assert brief(made) == [("compose", "shop/bot"), ("compose", "shop/market-data")]
    assert "a newer image" in made.actions[0]["summary"]


@pytest.mark.parametrize(("name", "told"), [(hexed("volume"), True), ("shop_data", False), (None, False)])
def test_a_plan_says_which_volumes_without_a_name_a_container_has(
    name: str | None, told: bool, engine: FakeEngine, tmp_path: Path
) -> None:
    healthy(engine, tmp_path)
    mount = {"type": "volume", "name": name, "source": "/var/lib/x", "target": "/data", "read_only": False}
    seen = [looked(BOT, mounts=[mount]), looked(MARKET)]
    [action] = plan_containers(known(tmp_path, engine, FILE.replace("CACHE_HOST: md", "CACHE_HOST: m"), seen)).actions
    assert (
        "; the content of its volume without a name at /data goes on with it only while" in action["summary"]
    ) is told


def test_an_image_that_is_not_on_the_host_refuses(engine: FakeEngine, tmp_path: Path) -> None:
    project(tmp_path)
    serve(engine, container("market-data", tmp_path))
    del engine.answers["/images/shop/app:1/json"]
    gates = plan_containers(known(tmp_path, engine)).gates
    assert [(gate["name"], gate["state"]) for gate in gates] == [("images", "refuse")]
    assert "docker pull shop/app:1" in gates[0]["sentence"]


@pytest.mark.parametrize("broken", ["services: [", "services: {web: 1}", "services: {web: {image: a, ports: 3}}"])
def test_nothing_is_brought_up_from_a_new_file_that_cannot_be_read(
    broken: str, engine: FakeEngine, tmp_path: Path
) -> None:
    healthy(engine, tmp_path)
    made = plan_containers(known(tmp_path, engine, broken))
    if made.left:
        assert [(one.path, one.kind) for one in made.left] == [("project shop", "special")]
        assert "compose.yml of shop changes" in made.left[0].reason
    else:
        # What is wrong with one key of a service is for the host to find, before it is touched.
        assert brief(made) == [("compose", "shop/web")]


def test_settings_that_only_the_container_has_are_work_of_the_host(engine: FakeEngine, tmp_path: Path) -> None:
    project(tmp_path)
    by_hand = container("market-data", tmp_path, Config={"Cmd": ["serve", "--port", "9"]})
    serve(engine, by_hand, container("bot", tmp_path))
    made = plan_containers(known(tmp_path, engine))
    assert brief(made) == []
    assert [(one.path, one.kind) for one in made.left] == [(f"container {MARKET}", "host_work")]
    assert "command" in made.left[0].reason
    saved = Rescued(settings=frozenset({(by_hand["Id"], "command")}))
    assert brief(plan_containers(known(tmp_path, engine, rescued=saved))) == [("compose", "shop/market-data")]
    assert brief(plan_containers(known(tmp_path, engine, discard=True))) == [("compose", "shop/market-data")]


@pytest.mark.parametrize(
    ("more", "planned", "may_lose"),
    [
        ({}, False, None),
        ({"discard": True}, True, None),
        ({"rules": {"no_layer_changes": False}}, True, None),
        ({"rules": {"no_layer_changes": ["/app/"]}}, False, None),
        ({"rules": {"no_layer_changes": ["/etc/"]}}, True, []),
        (
            {"rescued": Rescued(frozenset({(hexed("bot"), "/app/hot.py", 3, "2026-11-21T10:00:00Z")}))},
            True,
            [{"container": hexed("bot"), "path": "/app/hot.py", "size": 3, "mtime": "2026-11-21T10:00:00Z"}],
        ),
        ({"rescued": Rescued(frozenset({(hexed("bot"), "/app/hot.py", 3, "2026-11-20T10:00:00Z")}))}, False, None),
    ],
)
def test_files_that_only_a_layer_holds_are_not_lost_unasked(
    more: Json, planned: bool, may_lose: t.Any, engine: FakeEngine, tmp_path: Path
) -> None:
    healthy(engine, tmp_path)
    seen = [looked(BOT, layer={"changed": [HOT], "total": 1, "ignored": 0}), looked(MARKET)]
    made = plan_containers(known(tmp_path, engine, FILE.replace("CACHE_HOST: md", "CACHE_HOST: md2"), seen, **more))
    assert brief(made) == ([("compose", "shop/bot")] if planned else [])
    if planned:
        assert made.actions[0]["steps"][0]["may_lose"] == may_lose
    else:
        assert "/app/hot.py" in made.left[0].reason


def test_a_variable_that_only_a_shell_had_keeps_a_service_as_it_is(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    write(tmp_path, ENV.replace("TAG=1\n", ""), ".env")
    made = plan_containers(known(tmp_path, engine, FILE.replace("MODE: live", "MODE: paper")))
    assert brief(made) == []
    assert "TAG, which .env does not set" in made.left[0].reason


def test_what_is_waived_stays(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    waived = {
        "section": "compose",
        "component": "shop",
        "check": "setting",
        "subject": f"{MARKET}.environment.MODE",
        "outcome": "waived",
        "waiver": {"owner": "ops", "expires": "2030-01-01", "reason": "trial"},
    }
    new = FILE.replace("MODE: live", "MODE: paper")
    made = plan_containers(known(tmp_path, engine, new, checks=[waived]))
    assert brief(made) == []
    assert [one.kind for one in made.left] == ["waived"]


def test_what_could_not_be_compared_is_no_reason_to_change_anything(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    engine.answers["/containers/json"] = "?"
    assert brief(plan_containers(known(tmp_path, engine))) == []


def test_services_that_live_in_a_namespace_follow_and_come_after(engine: FakeEngine, tmp_path: Path) -> None:
    text = FILE.replace("networks: [back]", 'network_mode: "service:market-data"')
    project(tmp_path)
    write(tmp_path, text)
    serve(engine, container("market-data", tmp_path), container("bot", tmp_path))
    made = plan_containers(known(tmp_path, engine, text.replace("MODE: live", "MODE: paper")))
    assert brief(made) == [("compose", "shop/market-data"), ("compose", "shop/bot")]
    assert [action["steps"][0]["anew"] for action in made.actions] == [False, True]


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3)))
def test_services_come_once_each_after_what_they_depend_on(graph: dict[str, list[str]]) -> None:
    services = {name: {"depends_on": sorted(set(on))} for name, on in graph.items()}
    made = ordered(graph, services)
    assert sorted(made) == sorted(graph)
    if all(other < name for name, on in graph.items() for other in on):
        assert all(made.index(other) < made.index(name) for name, on in graph.items() for other in on if other in graph)


MOUNT = [{"type": "bind", "name": None, "source": "/srv/app/config", "target": "/config", "read_only": True}]
ILL = {
    "section": "containers",
    "component": BOT,
    "check": "health",
    "subject": BOT,
    "outcome": "fail",
    "cause": "unhealthy",
    "severity": "high",
    "id": "f1",
}


@pytest.mark.parametrize(
    ("seen", "more", "restarted"),
    [
        ([looked(BOT, mounts=MOUNT)], {"changed": ["/srv/app/config/a.yaml"]}, [BOT]),
        ([looked(BOT, mounts=MOUNT)], {"changed": ["/srv/app/config"]}, [BOT]),
        ([looked(BOT, mounts=MOUNT)], {"changed": ["/srv/app/configs/a.yaml"]}, []),
        ([looked(BOT, mounts=MOUNT)], {"changed": ["/srv/app/conf"]}, []),
        (
            [looked(BOT, mounts=[{**MOUNT[0], "source": "/srv/app/current/config"}])],
            {"changed": ["/srv/app/current"]},
            [BOT],
        ),
        ([looked(BOT, mounts=[{**MOUNT[0], "source": "/srv/app"}])], {"changed": ["/srv/app/config"]}, [BOT]),
        ([looked(BOT, mounts=[{**MOUNT[0], "source": "/srv"}])], {"changed": ["/srv/app/config"]}, []),
        ([looked(BOT, mounts=MOUNT, state="exited")], {"changed": ["/srv/app/config/a.yaml"]}, []),
        ([looked(BOT, mounts=[{**MOUNT[0], "type": "volume"}])], {"changed": ["/srv/app/config/a.yaml"]}, []),
        ([looked(BOT)], {"checks": [ILL]}, []),
        ([looked(BOT)], {"checks": [ILL], "restart_unhealthy": ["bo*"]}, [BOT]),
        ([looked(BOT)], {"checks": [{**ILL, "outcome": "unknown"}], "restart_unhealthy": ["*"]}, []),
        ([looked(BOT)], {"checks": [{**ILL, "check": "running", "cause": "exited"}], "restart_unhealthy": ["*"]}, []),
        (
            [looked(BOT, mounts=MOUNT), looked(MARKET), looked("shop-other-1")],
            {"changed": ["/srv/app/config/a.yaml"], "restart_with": {"bot": ["market-data"]}},
            [BOT, MARKET],
        ),
        ([looked(BOT), looked(MARKET)], {"restart_with": {"bot": ["market-data"]}}, []),
    ],
)
def test_containers_are_restarted_that_use_a_change_or_are_to_be(
    seen: list[Json], more: Json, restarted: list[str]
) -> None:
    more = {"checks": [], "changed": [], **more}
    about = {"root": "/srv/app", "contract": {"compose": None, "containers": {"socket": None}}, "compose": None}
    data = {"containers": seen, "engine": {"socket": "/run/docker.sock"}}
    made = plan_containers(Known(**{**about, **more, "changed": frozenset(more["changed"]), "containers": data}))
    assert brief(made) == [("container", name) for name in restarted]
    assert all(action["steps"][0]["do"] == "restart" for action in made.actions)


def test_a_job_is_not_begun_once_more_and_is_named() -> None:
    job = {"compose": {"project": "shop", "service": "bot", "oneoff": True}}
    about = {"root": "/srv/app", "contract": {"compose": None, "containers": {"socket": None}}, "compose": None}
    data = {"containers": [looked("shop-bot-run-1", mounts=MOUNT, **job), looked(BOT, mounts=MOUNT)], "engine": {}}
    more = {"checks": [], "changed": frozenset(["/srv/app/config/a.yaml"]), "restart_with": {BOT: ["bot"]}}
    made = plan_containers(Known(**{**about, **more, "containers": data}))
    assert brief(made) == [("container", BOT)]
    (left,) = made.left
    assert left.path == "container shop-bot-run-1"
    assert "started by docker compose run: /srv/app/config/a.yaml changes" in left.reason


def test_followers_of_a_service_that_is_brought_up_are_restarted(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    new = FILE.replace("MODE: live", "MODE: paper")
    seen = [looked(BOT, mounts=[{**MOUNT[0], "source": str(tmp_path)}]), looked(MARKET)]
    made = plan_containers(known(tmp_path, engine, new, seen, restart_with={"market-data": ["bot"]}))
    assert brief(made) == [("compose", "shop/market-data"), ("container", BOT)]


def test_a_chain_of_any_length_is_put_in_order() -> None:
    names = [f"s{number:05}" for number in range(1500)]
    services = {name: {"depends_on": [other]} for name, other in zip(names, names[1:], strict=False)}
    assert ordered(names, services) == names[::-1]


def test_files_whose_names_have_a_backslash_are_known_as_changed(engine: FakeEngine, tmp_path: Path) -> None:
    """Operations name paths as evidence spells them, the contract as they are."""
    folder = tmp_path / "a\\b"
    folder.mkdir()
    healthy(engine, folder)
    (folder / "x\\y.env").write_text((folder / ".env").read_text())
    here = known(folder, engine, changed=[], keys={"env_file": "x\\y.env"})
    spelled = here._replace(root=show(str(folder)), changed=frozenset([show(f"{folder}/x\\y.env")]))
    assert ("compose", "shop/bot") in brief(plan_containers(spelled))
    step = plan_containers(spelled).actions[0]["steps"][0]
    assert step["directory"] == show(str(folder))
    part = {"root": str(folder), "actions": [{"kind": "compose", "steps": [{**step, "files": ["c\\d.yml"]}]}]}
    assert container_look.compose_paths(part) == [show("c\\d.yml")]


def test_what_runs_in_podman_is_named_and_left_to_hands(engine: FakeEngine, tmp_path: Path) -> None:
    """No restore point can hold it: planned, it would refuse the whole host."""
    healthy(engine, tmp_path)
    one = looked("shop-web-1", mounts=[{"type": "bind", "source": str(tmp_path / "app"), "target": "/app"}])
    here = known(tmp_path, engine, seen=[one], changed=[".env", "app/x"])
    assert here.compose is not None and here.containers is not None
    assert {kind for kind, _path in brief(plan_containers(here))} == {"compose", "container"}
    here.compose["projects"][0]["engine"]["kind"] = here.containers["engine"]["kind"] = "podman"
    made = plan_containers(here)
    assert (made.actions, made.gates) == ([], [])
    assert {left.path for left in made.left} >= {"service shop/bot", "container shop-web-1"}
    for left in made.left:
        assert "it runs in Podman, of whose containers no restore point can be made" in left.reason
        assert left.cure == "bring it along by hand, with podman or podman-compose on the host"
