# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command prints is what its check judged: the commands are run, and each kind has words that it must hold."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.processes import CHECKS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.streams import server_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import stream_check, stream_server
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import repeatable, repeating
from verify_builders import check, run

Json = dict[str, t.Any]

SHOWN = {
    "processes": {
        "instances": "ps -eo ",
        "user": "user:16,time,rss,comm -p 7",
        "cwd": "readlink /proc/7/cwd",
        "venv": "/proc/7/exe; head -z -n 1 /proc/7/cmdline | tr '\\0' '\\n' | cut -d ' ' -f 1",
        "one_environment": "readlink /proc/7/cwd /proc/7/exe",
        "supervised": "/proc/7/cgroup",
        "unit": "/proc/7/cgroup",
        "code": "stat -c '%y %n' -- src/a.py; date -d ",
        "configuration": "stat -c '%y %n' -- src/a.py; date -d ",
        "unit_file": "stat -c '%y %n' -- src/a.py; date -d ",
        "environment": "stat -c '%y %n' -- src/a.py; date -d ",
        "replaced": "/proc/7/cwd /proc/7/exe",
        "memory": ",rss,",
    },
    "streams": {
        "answering": "redis-cli -h 127.0.0.1 -p 6379 PING",
        "memory": "INFO memory",
        "exposed": "ss -ltnp; redis-cli -h 127.0.0.1 -p 6379 PING",
        "evictions": "INFO stats | grep evicted_keys",
        "slow_log": "SLOWLOG LEN",
        "stream": "XLEN trades",
        "fresh": "XINFO STREAM trades | grep -A 1 -x last-generated-id",
        "length": "XLEN trades",
        "group": "XINFO GROUPS trades",
        "consumers": "XINFO CONSUMERS trades workers",
        "lag": "XINFO GROUPS trades",
        "pending": "XPENDING trades workers",
        "idle": "XINFO CONSUMERS trades workers",
        "progress": "XINFO GROUPS trades",
        "fields": "XREVRANGE trades + - COUNT 20 | grep -c -x -e workers",
        "values": "grep -A 1 -x -e workers",
    },
}
"""The checks of sections whose commands are apart for each of them, and what the command must hold."""

DAY = datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc)


def test_the_table_has_each_check() -> None:
    assert set(SHOWN["processes"]) == set(CHECKS)
    assert set(SHOWN["streams"]) == {
        *stream_check.DEFAULTS,
        *stream_server.DEFAULTS,
        "answering",
        "evictions",
        "slow_log",
    }


@pytest.mark.parametrize(
    ("section", "name", "words"),
    [(section, name, words) for section in SHOWN for name, words in SHOWN[section].items()],
)
def test_each_command_holds_what_its_check_is_about(section: str, name: str, words: str) -> None:
    more: Json = {"subject": "app[7]:src/a.py", "expected": {"path": "src/a.py"}}
    if section == "streams" and name in stream_check.DEFAULTS:
        more = {"subject": "trades:workers", "expected": {"redis": "127.0.0.1:6379", "stream": "trades"}}
    elif section == "streams":
        more = {"component": "redis 127.0.0.1:6379", "subject": "127.0.0.1:6379"}
    if name == "one_environment":
        more = {"observed": {"environments": {"/venv": [7]}}}
    command = repeating.Places(run()).of(check(section, name, **more))["command"]
    assert words in command


def test_a_server_is_asked_in_the_database_that_was_judged() -> None:
    server = check("streams", "memory", component="redis ops@127.0.0.1:6379/3", subject="127.0.0.1:6379")
    said = repeating.Places(run()).of(server)["command"]
    assert said == "redis-cli -h 127.0.0.1 -p 6379 --user ops -n 3 INFO memory"
    known = {"server": "redis 127.0.0.1:6379/3", "stream": "trades", "entry": "trades"}
    facts = [{"host": "web1", "section": "streams", "facts": {"streams": [known]}}]
    lag = {**check("watch", "lag", component="streams"), "evidence": ["watch/web1.json#streams/trades"]}
    command = repeating.Places(run(facts=facts)).of(lag)["command"]
    assert command.startswith("redis-cli -h 127.0.0.1 -p 6379 -n 3 XLEN trades; ")


@pytest.mark.parametrize(
    ("server", "command"),
    [
        (
            {"influxdb": "http://127.0.0.1:8086"},
            "curl -sS -i --max-time 10 --noproxy '*' -- http://127.0.0.1:8086/health",
        ),
        ({"memcached": "[::1]"}, "timeout 10 bash -c 'exec 3<>/dev/tcp/::1/11211; "),
        ({"redis": "127.0.0.1", "database": 3}, "redis-cli -h 127.0.0.1 -p 6379 -n 3 PING"),
    ],
)
def test_a_server_is_asked_where_the_contract_has_it(server: Json, command: str) -> None:
    declared = resolve({"drift_root": "/srv", "drift_contract": {"streams": [server]}}, cwd="/").contract["streams"]
    one = check("streams", "answering", component=server_of(declared[0]))
    assert repeating.Places(run()).of(one)["command"].startswith(command)


def test_a_field_within_json_is_counted_and_not_shown(tmp_path: Path) -> None:
    entries = ["1-0", "data", '{"price": 5, "key": "hunter2"}', "2-0", "data", '{"price": 5}', "3-0", "data", "{}"]
    (tmp_path / "all").write_text("".join(f"{line}\n" for line in entries))
    about = {"expected": {"redis": "127.0.0.1:6379", "stream": "trades"}, "observed": {"entries": 3}}
    said = {}
    for kind in ("fields", "values"):
        one = check("streams", kind, subject="trades:data.price", **about)
        ask, _pipe, counts = repeating.Places(run()).of(one)["command"].partition(" | ")
        assert ask == "redis-cli -h 127.0.0.1 -p 6379 XREVRANGE trades + - COUNT 3"
        said[kind] = shown(f"cat all | {counts}", tmp_path)
    assert said == {"fields": "2\n", "values": "2\n"}
    unread = repeating.Places(run()).of(check("streams", "fields", "unknown", subject="trades", **about))["command"]
    assert "grep" not in unread and "XLEN trades" in unread


def shown(command: str, folder: Path) -> str:
    ran = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True, cwd=folder)
    assert not ran.stderr, ran.stderr
    return ran.stdout


def test_a_process_and_its_code_have_exact_times(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    with subprocess.Popen(["sleep", "60"]) as child:
        one = check("processes", "code", subject=f"app[{child.pid}]:source", expected={"path": "a.py"})
        begun = time.monotonic()
        said = shown(repeating.Places(run()).of(one)["command"], tmp_path).splitlines()
        took_s = time.monotonic() - begun
        started_s = clock.start_time(Proc().stat(child.pid), clock.boot(Proc()).time_s)
        child.kill()
    changed, started = (_moment(line) for line in said)
    assert abs(changed - (tmp_path / "a.py").stat().st_mtime) < 1e-3
    # The command reads the clocks one after the other, each by a program.
    assert abs(started - started_s) < took_s + 0.1


def _moment(line: str) -> float:
    found = re.match(r"(\S+ \S+?)\.(\d+) ([+-]\d{4}) ", line)
    assert found, line
    whole = datetime.datetime.strptime(f"{found.group(1)} {found.group(3)}", "%Y-%m-%d %H:%M:%S %z")
    return whole.timestamp() + float(f"0.{found.group(2)}")


OLD = "2026-11-20 10:00:00 TypeError: old\n" * 3
NEW = "2026-11-22 10:00:00 CRITICAL gone\n2026-11-22 10:00:01 INFO cycle complete\n"
AFTER = "2026-11-22 10:09:00 TypeError: after it was read\n"


def log(name: str, kind: str, section: str = "logs", source: str = "a.log", **more: t.Any) -> str:
    entry = {"name": "main", "interval": [{"name": "cycle", "pattern": more.pop("pattern", "cycle complete")}]}
    read = {"from_byte": len(OLD), "bytes": len(NEW), "siblings": [], "first_s": 1.0, "last_s": 2.0}
    read.update(more.pop("read", {}))
    extra = repeatable.of({"logs": [entry]}, {"logs": [{"name": "main", "read": read}]}, None)
    facts = [
        {"host": "web1", "section": "logs", "facts": {"logs": [{"name": "main", "kind": "path", "source": source}]}}
    ]
    one = check(section, kind, component="main", subject=f"main:{name}" if name else "main", **more)
    return repeating.Places(run(facts=facts), {"web1": extra}).of(one)["command"]


def test_a_log_is_searched_in_the_part_that_was_read(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(OLD + NEW + AFTER)
    assert shown(log("TypeError", "max"), tmp_path) == "0 lines\n"
    assert shown(log("ERROR", "max"), tmp_path) == "1 line: 1 2026-11-22 10:00:00,\n"
    assert shown(log("cycle", "interval"), tmp_path) == "1 line: 2 2026-11-22 10:00:01,\n"
    # A window comes after the audit.
    watched = log("cycle", "cycles", "watch", evidence=["watch/web1.json#logs/main"])
    assert "head -c" not in watched
    assert shown(watched, tmp_path) == "1 line: 2 2026-11-22 10:00:01,\n"
    assert "1 line: 1 " in shown(log("", "errors", "watch", evidence=["watch/web1.json#logs/main"]), tmp_path)


@pytest.mark.parametrize("pattern", [r"cycle \w+$", r"(?P<value>\d+) INFO", "cycle complete"])
def test_an_expression_is_searched_as_the_contract_has_it(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(OLD + NEW + AFTER)
    assert shown(log("cycle", "interval", pattern=pattern), tmp_path) == "1 line: 2 2026-11-22 10:00:01,\n"


def test_what_was_rotated_is_looked_for_beside_the_log(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log.1").write_text(NEW)
    (tmp_path / "logs" / "a.log").write_text("")
    command = log("cycle", "interval", source="logs/a.log", read={"from_byte": 0, "siblings": ["a.log.1"]})
    assert shown(command, tmp_path) == "1 line: 2 2026-11-22 10:00:01,\n"


def test_a_command_of_the_contract_is_shown_with_its_backslashes() -> None:
    facts = [
        {
            "host": "web1",
            "section": "commands",
            "facts": {"commands": [{"name": "main", "command": r"grep -c '\d' a.log", "outcome": "pass"}]},
        }
    ]
    made = repeating.Places(run(facts=facts)).of(check("commands", "exit"))
    assert made["command"] == r"grep -c '\d' a.log" + ' >/dev/null 2>&1; echo "ended with $?"'


UNIT = r"srv-a\x2db.service"


@pytest.mark.parametrize(
    ("one", "command"),
    [
        (check("units", "active", component=UNIT), "systemctl --no-pager show"),
        ({**check("watch", "stable"), "evidence": [f"watch/web1.json#units/{UNIT}"]}, "systemctl --no-pager show"),
        (check("logs", "log", component="main"), "journalctl --no-pager --quiet --utc -o short-iso -n 1 -u"),
    ],
)
def test_a_unit_is_shown_with_the_escapes_that_systemd_gives_its_name(one: Json, command: str) -> None:
    journal = {"name": "main", "kind": "journal", "source": f"the journal of {UNIT}"}
    facts = [{"host": "web1", "section": "logs", "facts": {"logs": [journal]}}]
    said = repeating.Places(run(facts=facts)).of(one)["command"]
    assert said.startswith(command) and f" '{UNIT}'" in said


def test_a_level_is_found_as_programs_spell_it(tmp_path: Path) -> None:
    lines = ["x level=error y", '{"level":50}', "[CRIT] z", "an error came", "ERRORS: 0", "INFO ok", "E SEVERE: x"]
    (tmp_path / "a.log").write_text(OLD + "".join(f"{line}\n" for line in lines))
    command = log("ERROR", "max").replace(f"| head -c {len(NEW)} ", "")
    assert shown(command, tmp_path) == "4 lines: 1, 2, 3, 7,\n"


def config(key: str, *keys: Json, kind: str = "env", secret: bool = False) -> str:
    found = repeatable.of(
        {}, None, {"configs": [{"name": ".env", "format": kind, "secret": secret, "keys": list(keys)}]}
    )
    facts = [
        {"host": "web1", "section": "configs", "facts": {"files": [{"name": ".env", "kind": "path", "source": ".env"}]}}
    ]
    one = check("configs", "value", component=".env", subject=f".env:{key}", expected={"path": ".env"})
    return repeating.Places(run(facts=facts), {"web1": found}).of(one)["command"]


def told(key: str, line: int, value: str | None, secret: bool = False) -> Json:
    return {"key": key, "line": line, "value": value, "secret": secret}


def test_a_plain_key_is_shown_and_a_secret_is_not(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("export MODE=live\nTOKEN=hunter2\n")
    both = (told("MODE", 1, "live"), told("TOKEN", 2, None, True))
    assert "1:export MODE=live" in shown(config("MODE", *both), tmp_path)
    digest = shown(config("TOKEN", *both), tmp_path)
    assert "hunter2" not in digest and re.search("^[0-9a-f]{64}  -$", digest, re.MULTILINE)
    # The whole file counts as a secret, or the line has another value that is one.
    assert "live" not in shown(config("MODE", *both, secret=True), tmp_path)
    assert "live" not in shown(
        config("MODE", told("MODE", 1, "live"), told("TOKEN", 1, None, True), kind="json"), tmp_path
    )
    assert "live" in shown(config("MODE", told("MODE", 1, "live"), kind="yaml"), tmp_path)


def test_no_line_is_shown_that_may_be_another_by_now(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("db:\n  password: hunter2\n  port: 5432\n")
    port = told("db.port", 2, "5432")
    assert "hunter2" not in shown(config("db.port", port, kind="yaml"), tmp_path)
    assert "  port: 5432" in shown(config("db.port", told("db.port", 3, "5432"), kind="yaml"), tmp_path)
    # An item of a list has no name by which its line could be known again.
    assert "hunter2" not in shown(config("db[0]", told("db[0]", 2, "5432"), kind="yaml"), tmp_path)
    found = {"name": ".env", "format": "json", "secret": False, "keys": [port]}
    assert repeatable.of({}, None, {"configs": [found]})["configs"][".env"]["public"] == ["db.port"]
    for lacking in ({"cut": 1}, {"partial": "a part of it was not understood"}):
        assert not repeatable.of({}, None, {"configs": [{**found, **lacking}]})["configs"][".env"]["public"]


def test_a_tree_can_be_held_against_its_commit(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        said = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org", *words]
        about = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(said, check=True, capture_output=True, text=True, env=about).stdout.strip()

    (tmp_path / "src").mkdir()
    for name in ("a.py", "b c.py", "sub"):
        (tmp_path / "src" / name).write_text(name)
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "First")
    reference = {"id": "r", "kind": "git", "repo": str(tmp_path), "commit": git("rev-parse", "HEAD")}
    facts = [
        {"host": "web1", "section": "trees", "facts": {"trees": [{"name": "main", "path": "src", "reference": "r"}]}}
    ]
    places = repeating.Places(run(facts=facts, references=[reference]))
    command = places.of(check("trees", "comparison", component="main", subject="src"))["command"]
    there, _mark, here = command.partition("  # to compare with, on the control node: ")
    assert here
    assert shown(command, tmp_path) == shown(there, tmp_path) == shown(here, tmp_path)
    assert len(shown(here, tmp_path).splitlines()) == 3
