# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects of somebody else: nothing outside is read, nothing secret is told, and nothing takes for ever."""

from __future__ import annotations

import json
import os
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.compose import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

CANARY = "canary-in-a-coal-mine"
NO_ENGINE = "/nonexistent/engine.sock"


def seen(root: Path, files: t.Mapping[str, str], **spec: t.Any) -> dict[str, t.Any]:
    """Return what is seen of a project with these files; time and canary are checked."""
    folder = root / "root" / "app"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    outside = root / "outside"
    outside.mkdir()
    (outside / "secret.env").write_text(f"STOLEN={CANARY}\n")
    (outside / "secret.yml").write_text(f"services: {{a: {{image: {CANARY}}}}}\n")
    os.symlink(outside / "secret.env", folder / "link.env")
    os.symlink(outside, folder / "linked")
    os.mkfifo(str(folder / "pipe"))
    begun = time.process_time()
    asked = {"project": "app", "directory": "app", "socket": NO_ENGINE, "reference": True, **spec}
    data = collect({"projects": [asked]}, Host(str(root / "root"), 20, key=b"key"))
    assert time.process_time() - begun < 20
    assert CANARY not in json.dumps(data)
    return t.cast("dict[str, t.Any]", data["projects"][0])


@pytest.mark.parametrize(
    "path",
    [
        "../../outside/secret.env",
        "{outside}/secret.env",
        "link.env",
        "linked/secret.env",
        "/etc/shadow",
        "~/.aws/credentials",
        "pipe",
        ".",
        "https://example.org/x.env",
        "a\\0b",
    ],
)
def test_an_env_file_elsewhere_is_not_read(path: str, tmp_path: Path) -> None:
    path = path.format(outside=tmp_path / "outside")
    model = seen(tmp_path, {"compose.yml": f'services: {{web: {{image: a, env_file: "{path}"}}}}'})["model"]
    assert [one["key"] for one in model["services"][0]["unknown"]] == ["environment"]
    assert model["services"][0]["environment"] == []


@pytest.mark.parametrize(
    "file",
    [
        "../../outside/secret.yml",
        "/etc/shadow",
        "linked/secret.yml",
        "https://example.org/x.git",
        "pipe",
        "oci://example.org/x",
    ],
)
def test_a_service_of_a_file_elsewhere_is_broken_alone(file: str, tmp_path: Path) -> None:
    text = f'services: {{web: {{extends: {{file: "{file}", service: a}}}}, other: {{image: b}}}}'
    model = seen(tmp_path, {"compose.yml": text})["model"]
    assert model["outcome"] == "ok"
    assert [one["name"] for one in model["broken"]] == ["web"]
    assert [one["name"] for one in model["services"]] == ["other"]


@pytest.mark.parametrize(
    "include", ["https://example.org/x.git", "oci://example.org/x", "../../outside/secret.yml", "/etc/shadow"]
)
def test_what_is_included_is_not_read(include: str, tmp_path: Path) -> None:
    model = seen(tmp_path, {"compose.yml": f'include: ["{include}"]\nservices: {{web: {{image: a}}}}'})["model"]
    assert "include is not supported" in model["partial"]


@pytest.mark.parametrize(
    "text",
    [
        f"services: {{web: {{image: {CANARY}: x}}}}",
        f"services:\n  {CANARY}\n",
        f"a: &{CANARY} [*{CANARY}]",
        f"services: !{CANARY} x",
        "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(f"b{one}: &b{one} [*a,*a,*a,*a,*a,*a,*a,*a]\n" for one in range(9000)),
        "services:\n" + "".join(f"  s{one}: {{}}\n" for one in range(100_000))[: 1 << 20],
        "[" * 50_000,
        "x: ${" + "A:-${" * 1000 + "}",
        "1: {2: 3}",
        "services: {1: {image: a}}",
        "services: [a]",
        "\0",
        "",
    ],
)
def test_files_that_are_none_leave_the_project_unknown(text: str, tmp_path: Path) -> None:
    model = seen(tmp_path, {"compose.yml": text})["model"]
    assert model["services"] == []
    assert model["outcome"] == "unknown" or text == ""


ODD = [
    None,
    1,
    1.5,
    True,
    "x",
    "",
    [],
    {},
    [1],
    [None],
    [[]],
    [{}],
    {"a": None},
    {"a": [1]},
    {"a": {"b": {}}},
    "${",
    "2026-01-01",
    -1,
]
KEYS = (
    *(
        "image",
        "command",
        "entrypoint",
        "environment",
        "env_file",
        "ports",
        "volumes",
        "tmpfs",
        "networks",
        "network_mode",
    ),
    *(
        "healthcheck",
        "restart",
        "mem_limit",
        "cpus",
        "pids_limit",
        "deploy",
        "labels",
        "user",
        "privileged",
        "cap_add",
        "scale",
    ),
    *(
        "profiles",
        "extends",
        "extra_hosts",
        "links",
        "secrets",
        "configs",
        "container_name",
        "build",
        "hostname",
        "x-a",
        "other",
    ),
)


@pytest.mark.parametrize("key", KEYS)
def test_a_value_of_another_kind_costs_that_key_alone(key: str, tmp_path: Path) -> None:
    services = {f"s{number}": {"image": "a", key: value} for number, value in enumerate(ODD) if value != "${"}
    over = {f"s{number}": {key: value} for number, value in enumerate(reversed(ODD[1:])) if value != "${"}
    files = {
        "compose.yml": json.dumps({"services": services}),
        "compose.override.yml": json.dumps({"services": services}),
    }
    model = seen(tmp_path, files)["model"]
    assert model["outcome"] == "ok", model["reason"]
    assert len(model["services"]) + len(model["broken"]) == len(services)
    (tmp_path / "root" / "app" / "compose.override.yml").write_text(json.dumps({"services": over}))
    collect(
        {"projects": [{"project": "app", "directory": "app", "socket": NO_ENGINE, "reference": True}]},
        Host(str(tmp_path / "root"), 20),
    )


def test_the_directory_of_a_root_that_is_all_is_all_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "secret.env").write_text(f"A={CANARY}\n")
    (tmp_path / "app" / "compose.yml").write_text("services: {web: {image: a, env_file: ../secret.env}}")
    spec = {"project": "app", "directory": str(tmp_path / "app"), "socket": NO_ENGINE}
    data = collect({"projects": [spec]}, Host("/", 20, key=b"key"))
    assert data["projects"][0]["model"]["services"][0]["unknown"][0]["key"] == "environment"


def test_a_password_after_its_option_is_masked_wherever_it_is_told(tmp_path: Path) -> None:
    text = f"""\
services:
  web:
    image: a
    command: ["serve", "--password", "{CANARY}"]
    entrypoint: ["sh", "--token={CANARY}"]
    environment: {{DB_PASSWORD: {CANARY}, URL: "redis://user:{CANARY}@cache:6379", PLAIN: {CANARY}}}
    healthcheck: {{test: ["CMD", "ping", "--password", "{CANARY}"]}}
    labels: {{api.token: {CANARY}}}
    build: {{args: {{API_TOKEN: {CANARY}}}}}
"""
    project = seen(tmp_path, {"compose.yml": text})
    assert project["model"]["outcome"] == "ok"
    assert project["model"]["services"][0]["hosts"] == [{"variable": "URL", "host": "cache"}]


def test_the_time_limit_of_the_host_holds(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text("services: {web: {image: a}}")
    data = collect({"projects": [{"project": "app", "directory": ".", "socket": NO_ENGINE}]}, Host(str(tmp_path), -1))
    assert data["projects"][0]["model"]["outcome"] == "unknown"
