# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One container as the engine describes it: all of it is told, nothing secret is, and odd answers are refused."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.layer import MOST as FILES
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.layer import layer
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.record import MOST, record
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.usage import usage
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from fake_containers import hexed, inspected

Json = t.Dict[str, t.Any]
CANARY = "hunter2hunter2"


def test_a_container_is_told_in_full() -> None:
    made = record(inspected("web"), b"key")
    assert {key: made[key] for key in ("name", "state", "started", "started_s", "finished", "restart_policy")} == {
        "name": "web",
        "state": "running",
        "started": "2026-11-21T10:00:00Z",
        "started_s": 1795255200.123456789,
        "finished": None,
        "restart_policy": {"name": "unless-stopped", "maximum": 0},
    }
    assert made["id"] == hexed("web")
    assert made["image"]["id"] == hexed("image")
    assert made["compose"]["service"] == "web"
    assert made["command"] == ["python3", "main.py"]
    assert made["entrypoint"] == []
    assert made["networks"] == [{"name": "shop", "aliases": ["web"], "address": "192.0.2.2"}]
    published = {"port": "8000/tcp", "address": "127.0.0.1", "host_port": 18000, "wildcard": False}
    assert made["ports"] == {"declared": ["8000/tcp"], "published": [published], "bound": []}
    assert made["limits"] == {"memory": 64 << 20, "cpus": None, "pids": None}
    assert made["health"]["output"] == "ok"


def test_values_of_variables_are_compared_and_never_told() -> None:
    made = record(inspected("web"), b"key")
    assert [(one["key"], one["secret"], one["empty"]) for one in made["environment"]] == [
        ("DB_PASSWORD", True, False),
        ("MODE", False, False),
    ]
    assert CANARY not in json.dumps(made)
    assert made["environment"][0]["digest"] != record(inspected("web"), b"other")["environment"][0]["digest"]
    assert record(inspected("web"), None)["environment"][0]["digest"] is None


HOSTILE: list[Json] = [
    {"Config": {"Labels": {"password": CANARY}}},
    {"Config": {"Labels": {"url": f"https://me:{CANARY}@example.org/"}}},
    {"Config": {"Cmd": ["mysql", f"-p{CANARY}"]}},
    {"Config": {"Entrypoint": ["mysql"], "Cmd": [f"-p{CANARY}"]}},
    {"Config": {"Cmd": ["app", "--token", CANARY]}},
    {"State": {"Error": f"cannot start: API_TOKEN={CANARY}"}},
    {"State": {"Health": {"Log": [{"Output": f"curl https://me:{CANARY}@example.org/ failed"}]}}},
    {"Mounts": [{"Type": "volume", "Source": f"smb://me:{CANARY}@example.org/x", "Destination": "/x", "RW": True}]},
]


@pytest.mark.parametrize("changes", HOSTILE)
def test_no_secret_is_told(changes: Json) -> None:
    assert CANARY not in json.dumps(record(inspected("web", **changes), b"key"))


def test_text_of_any_kind_is_text() -> None:
    odd = "a\nb\x1b[31m{{ 1 }}\ud800<b>"
    made = record(inspected("web", Config={"Labels": {odd: odd}, "Env": [f"{odd}={odd}", "=", ""], "User": odd}), b"k")
    json.dumps(made, ensure_ascii=False).encode("utf-8")
    assert made["labels"]["a\nb\x1b[31m{{ 1 }}\\ud800<b>"].startswith("a\nb")


def test_what_is_too_much_is_counted() -> None:
    many = {f"label{number:04}": "x" * 5000 for number in range(MOST + 7)}
    made = record(
        inspected("web", Config={"Labels": many, "Env": [f"A{number}=1" for number in range(MOST + 3)]}), b"k"
    )
    assert len(made["environment"]) == MOST
    assert made["cut"]["environment"] == 3
    assert made["cut"]["labels"] >= 7
    assert len(json.dumps(made)) < 200_000


def places(value: t.Any, at: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*at, key))


@pytest.mark.parametrize("bad", [None, True, -1, 1.5, "", "x", [], [None], [[]], {}, {"a": None}, [1]])
def test_odd_answers_are_read_or_refused(bad: t.Any) -> None:
    whole = inspected("web")
    for at in places(whole):
        changed: t.Any = copy.deepcopy(whole)
        inner = changed
        for key in at[:-1]:
            inner = inner[key]
        if at:
            inner[at[-1]] = bad
        else:
            changed = bad
        try:
            made = record(changed, b"key")
        except Unseen as unseen:
            assert unseen.reason
        else:
            assert made["name"]
            assert made["state"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-21T10:00:00Z", 1795255200.0),
        ("2026-11-21T10:00:00.5Z", 1795255200.5),
        ("2026-11-21T12:00:00.500000000+02:00", 1795255200.5),
        ("2026-11-21T04:30:00-05:30", 1795255200.0),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
    ],
)
def test_times_are_read(text: str, seconds: float | None) -> None:
    assert Fields({"at": text}).moment("at") == seconds


@pytest.mark.parametrize("text", ["yesterday", "2026-13-21T10:00:00Z", "2026-11-21T10:00:00", "2026-11-21 10:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Unseen):
        Fields({"at": text}).moment("at")


READ = {"read": "2026-11-21T10:05:00.5Z"}
CGROUPS = {
    "version 1": ({"total_inactive_file": 20480, "inactive_file": 999}, 483328 - 20480),
    "version 2": ({"inactive_file": 20480}, 483328 - 20480),
    "no statistics": (None, 483328),
    "more cache than use": ({"inactive_file": 999_999_999}, 483328),
}


@pytest.mark.parametrize("kind", CGROUPS)
def test_memory_is_without_cache(kind: str) -> None:
    stats, wanted = CGROUPS[kind]
    assert usage({**READ, "memory_stats": {"usage": 483328, "stats": stats, "limit": 67108864}})["memory"] == wanted


def test_what_is_not_measured_is_null_and_never_0() -> None:
    assert usage(READ) == dict.fromkeys(("memory", "limit", "cpu_s", "cpu_percent", "pids"))
    for odd in ([], {}, {"read": "0001-01-01T00:00:00Z", "memory_stats": {"usage": 0}}):
        with pytest.raises(Unseen):
            usage(odd)


def test_processor_time_needs_two_samples() -> None:
    before = {"cpu_usage": {"total_usage": 1_000}, "system_cpu_usage": 100_000}
    now = {"cpu_usage": {"total_usage": 6_000}, "system_cpu_usage": 110_000, "online_cpus": 2}
    assert usage({**READ, "cpu_stats": now, "precpu_stats": before})["cpu_percent"] == 100.0
    assert usage({**READ, "cpu_stats": now, "precpu_stats": {}})["cpu_percent"] is None


def changes(*paths: str, kind: int = 1) -> list[Json]:
    return [{"Path": path, "Kind": kind} for path in paths]


def names(made: Json) -> list[str]:
    return [one["path"] for one in made["changed"]]


def test_hot_copies_are_told_from_noise() -> None:
    found = [
        *changes("/app", "/data", kind=0),
        *changes("/app/hot.py", "/tmp/x", "/run/a.pid", "/var/log/app/app.log", "/app/__pycache__/hot.cpython-38.pyc"),
        *changes("/data/db", "/etc/hosts", "/root/.cache/pip/x", "/srv/volume"),
        *changes("/app/gone.py", kind=2),
    ]
    made = layer(found, ["/data", "/srv/volume/deeper"], "")
    assert names(made) == ["/app/gone.py", "/app/hot.py"]
    assert (made["total"], made["ignored"]) == (2, 8)
    assert made["changed"][0]["kind"] == "deleted"


def test_no_change_is_null() -> None:
    assert layer(None, [], "") == {"changed": [], "total": 0, "ignored": 0}


def test_the_files_are_looked_at_on_the_host(tmp_path: t.Any) -> None:
    (tmp_path / "app" / "made").mkdir(parents=True)
    (tmp_path / "app" / "hot.py").write_text("print()\n")
    (tmp_path / "app" / "link").symlink_to("/etc/passwd")
    (tmp_path / "out").symlink_to("/etc")
    made = layer(changes("/app/hot.py", "/app/link", "/app/made", "/out/passwd", "/app/not"), [], str(tmp_path))
    seen = {one["path"]: (one["type"], one["size"]) for one in made["changed"]}
    assert seen == {
        "/app/hot.py": ("file", 8),
        "/app/link": ("link", None),
        "/out/passwd": (None, None),
        "/app/not": (None, None),
    }
    assert made["total"] == 4


def test_of_many_files_the_first_are_named_and_all_counted() -> None:
    made = layer(changes(*(f"/app/{number:05}" for number in range(FILES + 9))), [], "")
    assert (len(made["changed"]), made["total"]) == (FILES, FILES + 9)


@pytest.mark.parametrize("odd", [{}, "x", [1], [{"Path": "relative", "Kind": 1}], [{"Path": "/a", "Kind": 9}], [{}]])
def test_odd_lists_of_files_are_refused(odd: t.Any) -> None:
    with pytest.raises(Unseen):
        layer(odd, [], "")
