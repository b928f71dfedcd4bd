# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: an audit sees of containers what the engine's own tools see, and changes nothing."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.containers import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from e2e_lab import Lab
from e2e_operator import AUDIT, Operator, Outcome

pytestmark = pytest.mark.lab

Json = dict[str, t.Any]
ENVIRONMENTS = ("prod", "staging")
STRICT = {"require_compose": True, "no_layer_changes": True, "bind_local": True}


@dataclasses.dataclass(frozen=True)
class Audited:
    """One audit of both hosts, with what their engines said before and after."""

    outcome: Outcome
    before: dict[str, list[Json]]
    after: dict[str, list[Json]]

    def seen(self, lab: Lab, environment: str) -> dict[str, Json]:
        data = self.outcome.evidence(lab.hosts[environment], "containers")["data"]
        return {one["id"]: one for one in data["containers"]}


def inspected(lab: Lab, environment: str) -> list[Json]:
    ids = lab.run(environment, "docker", "ps", "--all", "--quiet", "--no-trunc").split()
    found: list[Json] = lab.json(environment, "docker", "inspect", *sorted(ids))
    return found


@pytest.fixture(name="audited", scope="module")
def fixture_audited(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    operator = Operator(tmp_path_factory.mktemp("lab") / "operator")
    given = {"drift_output_dir": str(operator.runs), "drift_contract": {"containers": STRICT}}
    before = {environment: inspected(lab, environment) for environment in ENVIRONMENTS}
    outcome = operator.play(AUDIT, "-i", str(lab.inventory), "-e", json.dumps(given))
    return Audited(outcome, before, {environment: inspected(lab, environment) for environment in ENVIRONMENTS})


def test_each_planted_fault_is_found_on_its_host_alone(lab: Lab, audited: Audited) -> None:
    found = {
        (one["host"], one["check"], one["subject"], one["cause"])
        for one in audited.outcome.findings["findings"]
        if one["outcome"] != "observation"
    }
    prod = lab.hosts["prod"]
    assert found >= {
        (prod, "health", "bot-web-1", "unhealthy"),
        (prod, "running", "bot-cache-1", "exited"),
        (prod, "oom", "bot-cache-1", "oom_killed"),
        (prod, "compose", "debug-shell", "outside_compose"),
    }
    assert {host for host, *_rest in found} == {prod}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_containers_are_what_docker_inspect_says(lab: Lab, audited: Audited, environment: str) -> None:
    seen = audited.seen(lab, environment)
    assert set(seen) == {one["Id"] for one in audited.before[environment]}
    for truth in audited.before[environment]:
        assert told(seen[truth["Id"]]) == true(truth)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_changed_files_are_what_docker_diff_says(lab: Lab, audited: Audited, environment: str) -> None:
    for identity, one in audited.seen(lab, environment).items():
        lines = lab.run(environment, "docker", "diff", identity).splitlines()
        changed = {line[2:] for line in lines}
        ends = [path for path in changed if not any(other.startswith(f"{path}/") for other in changed)]
        assert {change["path"] for change in one["layer"]["changed"]} <= set(ends)
        assert one["layer"]["total"] + one["layer"]["ignored"] == len(ends)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_is_changed(audited: Audited, environment: str) -> None:
    def lasting(found: list[Json]) -> list[Json]:
        # The engine asks for the health of its containers all the time.
        return [{**one, "State": {**one["State"], "Health": None}, "ExecIDs": None} for one in found]

    assert lasting(audited.before[environment]) == lasting(audited.after[environment])


def test_the_engine_of_the_lab_itself_is_seen_as_its_sdk_sees_it(lab: Lab) -> None:
    names = sorted(lab.hosts.values())
    docker = pytest.importorskip("docker", reason="no SDK of Docker on this machine")
    data = collect({"names": names}, Host("/", 60))
    client = docker.DockerClient(base_url=f"unix://{data['engine']['socket']}")
    try:
        truths = {name: client.containers.get(name) for name in names}
        assert data["engine"]["version"] == client.version()["Version"]
        assert data["about"]["storage_driver"] == client.info()["Driver"]
        assert [one["name"] for one in data["containers"]] == names
        for one in data["containers"]:
            truth = truths[one["name"]]
            assert told(one) == true(truth.attrs)
            assert one["image"]["digests"] == sorted(truth.image.attrs["RepoDigests"])
            measured = truth.stats(stream=False)["memory_stats"].get("usage")
            assert (one["usage"] is None) == (measured is None)
            if measured is not None:
                assert 0 < one["usage"]["memory"] <= 2 * measured
    finally:
        client.close()


def told(one: Json) -> Json:
    """Return of an observed container what `true` takes from the engine's own words."""
    return {
        "name": one["name"],
        "state": [one[key] for key in ("state", "exit_code", "oom_killed", "restarts")],
        "health": one["health"] and one["health"]["status"],
        "image": [one["image"]["name"], one["image"]["id"]],
        "environment": [item["key"] for item in one["environment"]],
        "ports": sorted((port["port"], port["address"], port["host_port"]) for port in one["ports"]["published"]),
        "networks": {network["name"]: network["address"] or "" for network in one["networks"]},
        "mounts": sorted((m["source"], m["target"], m["read_only"]) for m in one["mounts"] if m["type"] != "tmpfs"),
        "memory": one["limits"]["memory"],
        "policy": one["restart_policy"]["name"],
        "service": one["compose"] and one["compose"]["service"],
        "words": one["words"],
    }


def true(truth: Json) -> Json:
    """Return what `docker inspect` says."""
    state, config, host = truth["State"], truth["Config"], truth["HostConfig"]
    ports = truth["NetworkSettings"]["Ports"] or {}
    return {
        "name": truth["Name"].lstrip("/"),
        "state": [state["Status"], state["ExitCode"], state["OOMKilled"], truth["RestartCount"]],
        "health": (state.get("Health") or {}).get("Status"),
        "image": [config["Image"], truth["Image"].partition(":")[2]],
        "environment": sorted(item.partition("=")[0] for item in config["Env"] or []),
        "ports": sorted((port, one["HostIp"], int(one["HostPort"])) for port in ports for one in ports[port] or []),
        "networks": {name: one["IPAddress"] for name, one in truth["NetworkSettings"]["Networks"].items()},
        "mounts": sorted((one["Source"], one["Destination"], not one["RW"]) for one in truth["Mounts"]),
        "memory": host["Memory"] or None,
        "policy": host["RestartPolicy"]["Name"],
        "service": (config["Labels"] or {}).get("com.docker.compose.service"),
        "words": len(config["Entrypoint"] or []) + len(config["Cmd"] or []),
    }
