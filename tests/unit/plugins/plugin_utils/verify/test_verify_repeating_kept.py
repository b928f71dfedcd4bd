# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command that repeats a check keeps to what its check judged: also where things are not as they were by now."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import answering, repeatable, repeating, searching
from verify_builders import check, run

Json = dict[str, t.Any]
SECRET = "hunter2"


def said(command: str, text: bytes = b"", folder: Path | None = None, **environment: str) -> str:
    about = {"PATH": "/usr/bin:/bin", **environment}
    ran = subprocess.run(["sh", "-c", command], check=False, input=text, capture_output=True, cwd=folder, env=about)
    assert not ran.stderr, ran.stderr
    return ran.stdout.decode()


@pytest.mark.parametrize(
    ("path", "shown"), [("api_token", "str 7\n"), ("auth.password", "str 7\n"), ("status", '"hunter2"\n')]
)
@pytest.mark.parametrize("kind", ["json", "fresh"])
def test_a_value_is_not_shown_whose_name_is_that_of_a_secret(path: str, shown: str, kind: str) -> None:
    """When the audit looked it was not there, so that nothing was masked; the twin has another name."""
    text = b'{"api_token": "hunter2", "auth": {"password": "hunter2"}, "status": "hunter2"}'
    one = check("endpoints", kind, "fail", component="main", subject=f"main:{path}", observed={"value": None})
    assert said(answering.holds(one), text).startswith(shown)


@pytest.mark.parametrize("kind", ["json", "fresh", "items"])
def test_what_lies_at_a_place_that_is_masked_cannot_be_read_again(kind: str) -> None:
    one = check("endpoints", kind, "fail", component="main", subject=f"main:users.{MARK}", observed={"value": None})
    assert answering.holds(one) == ""


def test_a_key_that_stands_there_several_times_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"DB=postgres://u:{SECRET}@h/db\nDB=sqlite\n")
    key = {"key": "DB", "line": 2, "value": "sqlite", "secret": False}
    found: Json = {"name": ".env", "format": "env", "secret": False, "keys": [key], "duplicates": []}

    def shown() -> str:
        more = repeatable.of({}, None, {"configs": [found]})
        facts = [{"host": "web1", "section": "configs", "facts": {"files": [{**found, "kind": "path"}]}}]
        one = check("configs", "value", component=".env", subject=".env:DB", expected={"path": ".env"})
        return said(repeating.Places(run(facts=facts), {"web1": more}).of(one)["command"], folder=tmp_path)

    assert SECRET in shown()
    found["duplicates"] = [{"key": "DB", "lines": [1]}]
    assert re.search("\n1\n2\n[0-9a-f]{64}  -\n$", shown()) and SECRET not in shown()


def test_a_command_is_repeated_where_it_was_run(tmp_path: Path) -> None:
    place = tmp_path / "-it's $HOME"
    place.mkdir()
    (place / "a").write_text("there")
    facts = [{"host": "web1", "section": "commands", "facts": {"commands": [{"name": "main", "command": "cat a"}]}}]
    told = {}
    for cwd in (place.name, str(place), None):
        more = {"web1": repeatable.of({"commands": [{"name": "main", "cwd": cwd}]}, None, None)}
        places = repeating.Places(run(facts=facts), more)
        output = check("commands", "output", component="main", expected={"contains": "there"})
        commands = [places.of(one)["command"] for one in (check("commands", "exit", component="main"), output)]
        told[cwd] = [said(command, folder=tmp_path) for command in commands]
    assert told[place.name] == told[str(place)] == ["ended with 0\n", "found\n"]
    assert told[None] == ["ended with 1\n", "not found\n"]


def listed(pattern: str, **environment: str) -> str:
    more = repeatable.of({"processes": [{"name": "main", "match": pattern}]}, None, None)
    one = check("processes", "instances", component="main")
    return said(repeating.Places(run(), {"web1": more}).of(one)["command"], **environment)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_process_is_found_by_any_letter_in_any_locale(locale: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()", "für-sich"], stdin=subprocess.PIPE) as child:
        assert re.search(rf"^ *{child.pid} ", listed("f\u00fcr-[s]ich$", LC_ALL=locale), re.MULTILINE)
        child.kill()


def test_threads_of_the_kernel_are_told_by_having_no_memory(tmp_path: Path) -> None:
    """In a container any program can be process 2, or one that this started."""
    lines = [" 2 100 - sleep 5", " 3 100 - sleep 6", " 4 0 - [sleep]", "x"]
    (tmp_path / "ps").write_text(
        "#!/bin/sh\n[ \"$1\" = -eww ] && printf '%s\\n' '" + "' '".join(lines) + "' || echo $@\n"
    )
    (tmp_path / "ps").chmod(0o755)
    assert listed("sleep", PATH=f"{tmp_path}:/usr/bin:/bin").endswith("-p 2,3\n")


def test_what_is_no_text_is_no_number() -> None:
    command = searching.numbers("path", r"took (\S+)")
    assert said(command, b"took \xff\ntook 4\n") == "1 numbers: least 4.0 mean 4.0 most 4.0 last 4.0\n"


def test_whether_a_server_asks_for_a_password_is_seen_without_one() -> None:
    server = {"redis": "10.0.0.7:6379", "user": "audit", "password_from": {"file": ".env", "key": "KEY"}, "tls": None}
    more = {"servers": {"redis audit@10.0.0.7:6379/3": server}}
    one = {"component": "redis audit@10.0.0.7:6379/3", "subject": "10.0.0.7:6379"}
    places = repeating.Places(run(), {"web1": more})
    asked = {name: places.of(check("streams", name, **one))["command"] for name in ("exposed", "answering")}
    assert asked["exposed"] == "ss -ltnp; redis-cli -h 10.0.0.7 -p 6379 -n 3 PING"
    assert "REDISCLI_AUTH=" in asked["answering"] and "--user audit" in asked["answering"]


def test_the_brackets_of_an_address_are_sent_as_they_stand() -> None:
    url = "http://127.0.0.1:1/?filter[name]=x&of={a,b}"
    facts = [{"name": "main", "url": url, "method": "GET", "from": "host"}]
    places = repeating.Places(run(facts=[{"host": "web1", "section": "endpoints", "facts": {"endpoints": facts}}]))
    command = places.of(check("endpoints", "status", component="main"))["command"]
    # Without a proxy of whoever runs the tests.
    about = {"PATH": os.environ["PATH"]}
    ran = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True, env=about)
    assert "curl: (7)" in ran.stderr, "curl asks that address, where nobody listens"


def test_each_container_is_asked_of_the_engine_that_has_it() -> None:
    own, podman = "/run/user/7/podman/podman.sock", {"kind": "podman", "socket": "/run/podman/podman.sock"}
    contract = {
        "logs": [{"name": "own", "socket": own}, {"name": "main", "socket": None}],
        "compose": [{"project": "own", "socket": "/run/other.sock"}],
    }
    logs = [{"name": name, "kind": "container", "source": "container app"} for name in ("own", "main")]
    facts = [
        {"host": "web1", "section": "containers", "facts": {"engine": podman}},
        {"host": "web1", "section": "logs", "facts": {"logs": logs}},
    ]
    places = repeating.Places(run(facts=facts), {"web1": repeatable.of(contract, None, None)})

    def command(section: str, name: str, component: str) -> str:
        return places.of(check(section, name, component=component, subject=component))["command"]

    assert command("logs", "log", "own").startswith(f"podman --url unix://{own} logs ")
    assert command("logs", "log", "main").startswith("podman logs ")
    assert command("compose", "service", "own").startswith("docker -H unix:///run/other.sock ps ")
    assert command("streams", "answering", "redis container:cache:6379").startswith("podman exec cache redis-cli ")
