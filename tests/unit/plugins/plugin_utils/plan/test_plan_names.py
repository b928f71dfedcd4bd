# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host names a plan would leave without anything that is called so: the host is judged as the plan leaves it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import names

Json = dict[str, t.Any]
ROOT = "/srv/shop"
CONTRACT: Json = {
    "compose": [{"project": "shop", "directory": ".", "files": [], "env_file": None, "profiles": [], "ignore": []}],
    "configs": [{"name": "app.ini", "path": "app.ini", "process": None, "unit": None, "container": None}],
}


def service(name: str, *hosts: str, **more: t.Any) -> Json:
    """A service whose variables DB0, DB1... name hosts."""
    made: Json = {"name": name, "enabled": True, "container_name": None, "extra_hosts": [], "env_files": []}
    made["networks"] = [{"name": "shop_default", "external": False, "aliases": []}]
    made["hosts"] = [{"variable": f"DB{number}", "host": host} for number, host in enumerate(hosts)]
    made["environment"] = [{"name": one["variable"], "assumed": []} for one in made["hosts"]]
    return {**made, "settings": [], "unknown": [], **more}


def model(*services: Json, **more: t.Any) -> Json:
    files = [{"path": "compose.yml", "kind": "compose", "mtime": None, "mtime_s": None}]
    made = {"outcome": "ok", "reason": "", "partial": "", "broken": [], "files": files, "services": list(services)}
    return {**made, **more}


def project(of: Json) -> Json:
    engine = {"outcome": "ok", "reason": ""}
    return {
        "project": "shop",
        "directory": ".",
        "model": of,
        "neighbours": [],
        "engine": engine,
        "containers": {"items": []},
    }


def key(*hosts: str) -> Json:
    return {"key": "DB_URL", "hosts": list(hosts), "value": None}


def config(now: Json, then: Json | None) -> Json:
    reference = None
    if then is not None:
        reference = {"outcome": "ok", "reason": "", "partial": "", "cut": 0, "translated": [], "keys": [then]}
    made: Json = {"name": "app.ini", "source": "app.ini", "kind": "path", "format": "ini", "path": "app.ini"}
    return {**made, "keys": [now], "readers": [], "reference": reference}


def gate(
    now: Json,
    then: Json,
    written: t.Collection[str] = ("compose.yml",),
    configs: t.Sequence[Json] = (),
    contract: Json | None = None,
    **more: t.Any,
) -> Json:
    sections = {"compose": {"projects": [project(now)]}, "configs": {"configs": list(configs)}}
    given = {"sections": sections, "left": (), **more}
    host = names.Host(root=ROOT, contract=contract or CONTRACT, written=written, **given)
    return names.gate(host, lambda _spec, directory: then if directory == ROOT else {})


WEB, DB = service("web", "db"), service("db")
ENV = [{"name": "DB0", "assumed": ["DB_HOST"]}]


@pytest.mark.parametrize(
    ("now", "then", "more", "state", "words"),
    [
        pytest.param(model(WEB, DB), model(WEB, DB), {}, "pass", "1 changed file", id="nothing is lost"),
        pytest.param(model(WEB, DB), model(WEB, service("postgres")), {}, "refuse", "will name db", id="renamed"),
        pytest.param(model(WEB, DB), model(service("web", "DB"), DB), {}, "pass", "", id="names have no case"),
        pytest.param(
            model(WEB, DB), model(WEB, service("pg", container_name="db")), {}, "pass", "", id="a container's name"
        ),
        pytest.param(model(WEB, DB), model(WEB), {"written": ["a.py"]}, "pass", "no Compose file", id="not touched"),
        pytest.param(
            model(WEB, DB), model(WEB, partial="it includes more"), {}, "pass", "", id="there may be more names"
        ),
        pytest.param(model(WEB, DB), model(service("web", "db", enabled=False)), {}, "pass", "", id="not in use"),
        pytest.param(
            # What only the host's .env says stays.
            model(WEB, DB),
            model(service("web", environment=ENV), service("pg")),
            {},
            "refuse",
            "DB0 of service web will name db",
            id="a value that only the host has",
        ),
        pytest.param(
            model(WEB, DB), model(service("web"), service("pg")), {}, "pass", "", id="a variable that is gone"
        ),
        pytest.param(
            model(WEB, DB),
            model(WEB),
            {"waived": ["web.environment.DB0"]},
            "pass",
            "",
            id="waived",
        ),
        pytest.param(
            model(WEB, DB),
            model(WEB),
            {"contract": {"compose": [{**CONTRACT["compose"][0], "ignore": ["web.environment.*"]}]}},
            "pass",
            "",
            id="ignored by the contract",
        ),
        pytest.param(
            model(WEB, DB),
            model(outcome="unknown", reason="line 3: no map"),
            {},
            "refuse",
            "the Compose files of shop cannot be read: line 3: no map",
            id="unreadable",
        ),
        pytest.param(
            model(WEB, DB),
            model(WEB),
            {"left": ["compose.yml"]},
            "pass",
            "compose.yml stay as they are",
            id="a mixture",
        ),
        pytest.param(
            model(WEB, DB), model(WEB, DB), {"contract": {"git": {}}}, "not_declared", "neither", id="nothing"
        ),
        pytest.param(
            model(WEB, DB),
            model(WEB, DB),
            {"sections": {"compose": None, "configs": {"configs": []}}},
            "refuse",
            "compose.yml would be changed, and the section compose was not seen",
            id="unseen",
        ),
        pytest.param(
            model(WEB, DB),
            model(WEB, DB),
            {"sections": {"compose": None, "configs": None}, "written": ["a.py"]},
            "pass",
            "",
            id="unseen and not touched",
        ),
    ],
)
def test_compose_files_as_they_will_be(now: Json, then: Json, more: Json, state: str, words: str) -> None:
    found = gate(now, then, **more)
    assert (found["state"], words in found["sentence"]) == (state, True), found


READS = service("web", env_files=["app.ini"])


@pytest.mark.parametrize(
    ("services", "configs", "written", "state"),
    [
        pytest.param([DB], config(key("db"), key("db2")), ["app.ini"], "refuse", id="a new name that nothing has"),
        pytest.param([DB], config(key("db"), key("db")), ["app.ini"], "pass", id="the same name"),
        pytest.param([DB], config(key("db"), key("db.example.org")), ["app.ini"], "pass", id="a name of the world"),
        pytest.param([], config(key("other"), key("other")), ["app.ini"], "pass", id="it never led anywhere"),
        pytest.param([DB], config(key("db"), key("db2")), ["a.py"], "pass", id="the file stays"),
        pytest.param([DB], config(key("db"), None), ["app.ini"], "pass", id="not compared"),
        pytest.param([service("pg")], config(key("db"), None), ["compose.yml"], "refuse", id="its service is renamed"),
    ],
)
def test_configurations_as_they_will_be(services: list[Json], configs: Json, written: list[str], state: str) -> None:
    found = gate(model(READS, *([DB] if services else [])), model(READS, *services), written, [configs])
    assert found["state"] == state, found
