# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``sync_restart`` names is restarted, and what it cannot mean is refused with the nearest name."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import registry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import restarting
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services_seen import Seen
from fake_containers import hexed

Json = dict[str, t.Any]


def process(pid: int, unit: str | None) -> Json:
    known: Json = {"pid": pid, "unit": unit, "unit_user": None, "unit_key": unit, "container": None, "unread": {}}
    return {**known, "name": "python", "command": "python main.py"}


def container(name: str, service: str | None = None, project: str = "shop", oneoff: bool = False) -> Json:
    compose = None if service is None else {"project": project, "service": service, "oneoff": oneoff}
    image = {"id": hexed("image")}
    return {"id": hexed(name), "name": name, "started_s": 1.5, "compose": compose, "image": image, "state": "running"}


PROCESSES = [
    *({"name": "main", "unit": None}, {"name": "idle", "unit": "idle.service"}),
    *({"name": "loose", "unit": None}, {"name": "gone", "unit": None}),
]
UNITS = [
    {
        "name": name,
        "outcome": "ok",
        "active": "active",
        "enabled": "enabled",
        "load": load,
        "fragment": "",
        "drop_ins": [],
    }
    for name, load in (("db.service", "loaded"), ("off.service", "masked"))
]
EVIDENCE = {
    "matches": {"main": [10], "loose": [11], "idle": [], "gone": []},
    "processes": [process(10, "main.service"), process(11, None)],
    "unit_files": {},
}
INSIDE: Json = {
    "containers": [container("shop-web-1", "web"), container("cache")],
    "engine": {"socket": "/run/docker.sock"},
}


def planned(*names: str, more: t.Sequence[Json] = (), **engine: str) -> tuple[list[tuple[str, str]], Json]:
    here = Seen({"processes": PROCESSES, "units": UNITS}, EVIDENCE, {"units": UNITS}, "/srv/shop")
    inside = {"containers": [*INSIDE["containers"], *more], "engine": {**INSIDE["engine"], **engine}}
    actions, gate = restarting.plan(names, here, inside, {})
    registry.checked([{**action, "n": 1} for action in actions])
    assert all(step["do"] == "restart" for action in actions for step in action["steps"])
    return [(action["kind"], action["path"]) for action in actions], gate


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["db.service"], [("unit", "db.service")]),
        (["main"], [("unit", "main.service")]),
        (["idle"], [("unit", "idle.service")]),
        (["web"], [("container", "shop-web-1")]),
        (["cache", "shop-web-1", "web"], [("container", "cache"), ("container", "shop-web-1")]),
        (["main", "db.service", "main"], [("unit", "db.service"), ("unit", "main.service")]),
    ],
)
def test_what_a_name_stands_for_is_restarted_once(names: list[str], expected: list[tuple[str, str]]) -> None:
    actions, gate = planned(*names)
    assert (actions, gate["state"]) == (expected, "pass")
    assert gate["sentence"] == f"{', '.join(names)} and nothing else, by sync_restart"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "db.servise",
            "which is no unit or process of this host's contract, and no container of it, did you mean db.serv",
        ),
        ("nothing-like-it", "no container of it: declare it, or choose the hosts that have it with --limit"),
        ("loose", "loose cannot be restarted by a deploy: process 11 runs without a unit: python main.py"),
        ("gone", "gone does not run, and the contract names no unit that would start it"),
        ("off.service", "off.service is masked: it cannot be started"),
    ],
)
def test_one_that_cannot_be_restarted_refuses_all_of_the_host(name: str, words: str) -> None:
    actions, gate = planned("db.service", name)
    assert (actions, gate["state"]) == ([], "refuse")
    assert words in gate["sentence"]


def test_a_container_of_podman_is_left_to_hands() -> None:
    actions, gate = planned("web", socket="/x", kind="podman")
    assert (actions, gate["sentence"]) == (
        [],
        "the container shop-web-1 runs in Podman: restart it by hand, podman restart",
    )


def test_a_service_is_none_of_its_jobs() -> None:
    """What ``docker compose run`` was asked to do once is not done again, because its service is named."""
    job = container("shop-web-run-1", "web", oneoff=True)
    assert planned("web", more=[job])[0] == [("container", "shop-web-1")]
    assert planned("shop-web-run-1", more=[job])[0] == [("container", "shop-web-run-1")]


def test_a_service_of_several_projects_is_refused() -> None:
    other = container("blog-web-1", "web", "blog")
    assert planned("web", more=[other])[0] == []
    sentence = planned("web", more=[other])[1]["sentence"]
    assert sentence == "web is a service of the Compose projects blog, shop: name their containers instead"
    assert planned("shop-web-1", more=[other])[0] == [("container", "shop-web-1")]
