# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says to check by hand, and counts as success, about what runs on a host."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import live_commands
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain, script
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.parts import criteria, verification
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.stream_commands import redis_cli
from report_findings import Audit


def finding(section: str, component: str, outcome: str = "fail") -> dict[str, Any]:
    return {"section": section, "component": component, "outcome": outcome}


def shell_words(command: str) -> list[str]:
    done = subprocess.run(
        ["sh", "-c", f'ls() {{ printf "%s\\n" "$@"; }}; systemctl() {{ ls "$@"; }}; find() {{ ls "$@"; }}; {command}'],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ["venv 311", "it's", "$(touch MARK)", "; touch MARK", "-rf"])
def test_names_reach_the_program_as_they_are(name: str) -> None:
    ((_comment, units),) = live_commands.commands([finding("units", name)], plain)
    assert shell_words(units)[-1] == name
    ((_comment, packages),) = live_commands.commands([finding("packages", name)], plain)
    assert shell_words(packages)[0] == (f"./{name}/" if name.startswith("-") else f"{name}/")


def test_each_section_is_asked_once_and_only_about_what_failed() -> None:
    findings = [
        finding("processes", "main"),
        finding("processes", "web"),
        finding("ports", "web", "observation"),
        finding("resources", "host", "unknown"),
        finding("packages", "dpkg"),
        finding("units", "a\nb"),
    ]
    assert [comment for comment, _command in live_commands.commands(findings, plain)] == [
        "# processes: main, web",
        "# packages: dpkg",
    ]


@pytest.mark.parametrize(
    ("expected", "shown"),
    [
        ({"url": "http://127.0.0.1:1/a?b=c&d='e", "method": "GET", "from": "host"}, True),
        ({"url": "http://127.0.0.1:1/", "method": "POST", "from": "host"}, False),
        ({"url": "http://127.0.0.1:1/", "method": "GET", "from": "control"}, False),
        ({"url": "http://127.0.0.1:1/?token=<masked>", "method": "GET", "from": "host"}, False),
        ({}, False),
    ],
)
def test_an_endpoint_is_asked_again_where_that_changes_nothing(expected: dict[str, str], shown: bool) -> None:
    made = live_commands.commands([{**finding("endpoints", "api"), "expected": expected}], plain)
    assert bool(made) is shown
    for _comment, command in made:
        words = subprocess.run(
            ["sh", "-c", f"curl() {{ printf '%s\\n' \"$@\"; }}; {command}"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert words[-1] == expected["url"]
        assert "\\n%{http_code} in %{time_total} s\\n" in words


def test_the_commands_stand_in_the_script_of_the_host() -> None:
    audit = Audit({"prod": ["prod-1"]})
    audit.fail("prod-1", "processes", "instances", "main", "critical", "main runs twice", component="main")
    lines, left_out = script(Report(audit.done()))
    assert left_out == 0
    assert "# processes: main" in lines
    assert any("ps -eo" in line and line.startswith("ssh prod-1 ") for line in lines)


@pytest.mark.parametrize(
    ("check", "broken"), [("instances", "runs as declared"), ("code", "older than"), ("unit_file", "older than")]
)
def test_a_criterion_holds_only_when_its_own_checks_passed(check: str, broken: str) -> None:
    audit = Audit({"prod": ["prod-1"]})
    audit.fail("prod-1", "processes", check, "main", "critical", "wrong", component="main")
    boxes = [line for line in criteria.render(Report(audit.done())) if "process" in line]
    assert [line.startswith("- [ ]") for line in boxes] == [broken in line for line in boxes]
    assert len(boxes) == 2


def test_what_did_not_happen_meets_no_criterion() -> None:
    audit = Audit({"prod": ["prod-1"]})
    audit.passed("prod-1", "logs", "read", "main", "read", component="main")
    audit.fail("prod-1", "logs", "forbid", "main", "high", "quiet", component="main", outcome="not_exercised")
    (box,) = [line for line in criteria.render(Report(audit.done())) if "every log" in line]
    assert box.startswith("- [ ]")
    assert "1 not exercised" in box


def test_a_section_that_was_not_asked_has_no_criterion() -> None:
    audit = Audit({"prod": ["prod-1"]})
    assert not any("within its limits" in line for line in criteria.render(Report(audit.done())))


def test_a_service_is_ticked_only_when_every_check_of_it_passed() -> None:
    audit = Audit({"prod": ["prod-1"]})
    audit.passed("prod-1", "processes", "instances", "main", "one runs", component="main")
    audit.passed("prod-1", "processes", "instances", "web", "one runs", component="web")
    audit.fail("prod-1", "processes", "code", "web[7]:source", "high", "older", component="web")
    audit.unknown("prod-1", "units", "active", "a.service", "high", "no systemd", component="a.service")
    boxes = [line for line in verification.render(Report(audit.done())) if " on prod / prod-1: " in line]
    assert [line for line in boxes if line.startswith(("- [x] processes", "- [ ] processes", "- [ ] units"))] == [
        "- [x] processes `main` on prod / prod-1: 1 passed",
        "- [ ] processes `web` on prod / prod-1: 1 passed, 1 failed",
        "- [ ] units `a.service` on prod / prod-1: 1 not seen",
    ]


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("127.0.0.1:6379", "redis-cli -h 127.0.0.1 -p 6379"),
        ("[::1]:6380", "redis-cli -h ::1 -p 6380"),
        ("unix:/run/my redis.sock", "redis-cli -s '/run/my redis.sock'"),
        ("container:cache:6379", "docker exec cache redis-cli -p 6379"),
    ],
)
def test_a_stream_is_looked_at_where_it_is(address: str, client: str) -> None:
    about = {"redis": address, "stream": "trade intent"}
    findings = [{**finding("streams", "intents"), "expected": about} for _twice in range(2)]
    ((_comment, command),) = live_commands.commands(findings, plain)
    assert command == f"{client} XLEN 'trade intent'; {client} XINFO GROUPS 'trade intent'"


def test_a_stream_is_looked_at_in_its_database_and_as_its_user() -> None:
    about = {"redis": "unix:/run/redis.sock", "stream": "trades", "user": "audit", "database": 2}
    ((_comment, command),) = live_commands.commands([{**finding("streams", "intents"), "expected": about}], plain)
    assert command.startswith("redis-cli -s /run/redis.sock --user audit -n 2 XLEN trades; ")
    assert redis_cli("[::1]:6379/12", {}, plain) == "redis-cli -h ::1 -p 6379 -n 12"


def test_a_server_is_looked_at_from_outside() -> None:
    ((_comment, command),) = live_commands.commands([finding("streams", "memcached 127.0.0.1:11211")], plain)
    assert command == "ss -ltnp"


def test_configurations_are_looked_at_by_digests_alone() -> None:
    about = {"section": "configs", "component": ".env", "outcome": "fail"}
    findings = [
        {**about, "expected": {"path": ".env"}, "observed": {"line": 12}},
        {**about, "expected": {"path": ".env"}, "observed": {"value": "x"}},
        {**about, "expected": {"path": "-it's"}, "observed": None},
        {**about, "expected": {"process": "main"}, "observed": {}},
        {**about, "expected": {"path": "a<masked>b"}, "observed": {}},
        {**about, "outcome": "unknown", "expected": {"path": "other"}, "observed": {}},
    ]
    ((comment, command),) = live_commands.commands(findings, plain)
    assert comment == "# configs: .env"
    assert command == (
        """stat -c '%y %a %U %n' -- './-it'"'"'s'; sha256sum -- './-it'"'"'s'; """
        "stat -c '%y %a %U %n' -- .env; sha256sum -- .env; sed -n 12p -- .env | sha256sum"
    )


def test_a_process_s_environment_is_not_looked_at() -> None:
    findings = [{**finding("configs", "process main"), "expected": {"process": "main"}}]
    assert live_commands.commands(findings, plain) == []
