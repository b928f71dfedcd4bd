# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contracts of endpoints and commands: what is completed, and what each mistake is told as."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import commands, endpoints
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import stored
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems

Json = dict[str, t.Any]
URL = "http://127.0.0.1:8002/health"


def read(section: t.Any, entries: t.Any) -> tuple[list[Json], list[str]]:
    problems = Problems()
    made = section.SHAPE.read(entries, "here", problems)
    return made, list(problems._found)


def endpoint(**entry: t.Any) -> Json:
    made, wrong = read(endpoints, [entry])
    assert wrong == []
    assert read(endpoints, made) == (made, [])
    return made[0]


def test_a_url_alone_is_an_endpoint() -> None:
    made = endpoint(url=URL + "?a=b")
    told = {key: made[key] for key in ("name", "from", "method", "status", "samples", "timeout_s", "redirects")}
    assert told == {
        "name": "/health",
        "from": "host",
        "method": "GET",
        "status": [200],
        "samples": 1,
        "timeout_s": 10,
        "redirects": 0,
    }
    assert (made["verify"], made["required"]) == (True, True)


def test_short_spellings_are_read_in_full() -> None:
    made = endpoint(
        url=URL,
        method="POST",
        body={"a": [1]},
        status="404",
        contains="x",
        json={"$.a[ 0 ]": 1, "b": {"min": 1}, "c": None, "d": {"equals": {"e": 1}}},
        fresh={"path": "$.at", "within_s": "5m"},
        headers={"X-Key": {"file": ".env", "key": "K"}, "Accept": "text/plain"},
    )
    assert (made["body"], made["status"], made["contains"]) == ('{"a": [1]}', [404], ["x"])
    assert made["json"] == {
        "a[0]": {"equals": 1},
        "b": {"min": 1},
        "c": {"equals": None},
        "d": {"equals": {"e": 1}},
    }
    assert made["fresh"] == {"path": "at", "within_s": 300}
    assert made["headers"] == {"Accept": "text/plain", "X-Key": {"file": ".env", "key": "K", "prefix": None}}


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ({}, "here[0].url: is missing: its address"),
        ({"url": "localhost:80"}, "here[0].url: expected a URL of http or https"),
        ({"url": "http://a:b@c/"}, "a login does not belong in a URL"),
        ({"url": URL, "metod": "GET"}, 'here[0].metod: unknown key, did you mean "method"?'),
        ({"url": URL, "method": "DELETE"}, "here[0].method: expected one of GET, HEAD, POST, PUT"),
        ({"url": URL, "proxy": "http://x"}, "here[0].proxy: unknown key"),
        ({"url": URL, "body": "x"}, "here[0]: a body needs method: POST or PUT, found GET"),
        ({"url": URL, "method": "POST", "redirects": 1}, "only a GET or a HEAD follows redirects"),
        ({"url": URL, "method": "PUT", "samples": 2}, "only a GET or a HEAD is repeated"),
        ({"url": URL, "method": "HEAD", "json": {"a": 1}}, "the answer to HEAD has no content, so json cannot hold"),
        ({"url": URL, "tls_days": 5}, "tls_days needs an https URL"),
        ({"url": URL, "verify": False}, "verify: false needs an https URL"),
        ({"url": "https://a/", "verify": False, "ca": "ca.pem"}, "and no ca"),
        ({"url": "https://a/", "from": "control", "ca": "ca.pem"}, "its path is absolute, found ca.pem"),
        (
            {"url": URL, "from": "control", "headers": {"A": {"file": ".env", "key": "K"}}},
            "its path is absolute, found .env",
        ),
        ({"url": URL, "status": 99}, "here[0].status: expected a whole number, 100 to 599, found 99"),
        ({"url": URL, "status": [200, "x"]}, "here[0].status[1]: expected a whole number"),
        ({"url": URL, "status": []}, "here[0].status: expected a whole number, 100 to 599, or list of them"),
        ({"url": URL, "headers": []}, "here[0].headers: expected a map of header"),
        ({"url": URL, "headers": {"A b": "c"}}, 'here[0].headers["A b"]: is no name of a header'),
        ({"url": URL, "headers": {"Host": "c"}}, "here[0].headers.Host: is set by the audit itself"),
        ({"url": URL, "headers": {"A": "b\rc"}}, "a header is one line without control characters"),
        ({"url": URL, "headers": {"A": {"file": ".env"}}}, "here[0].headers.A.key: is missing"),
        ({"url": URL, "headers": {"A": 5}}, "here[0].headers.A: expected text, found the number 5"),
        ({"url": URL, "json": {"a..b": 1}}, 'here[0].json["a..b"]: expected a path in JSON, such as a.b[0].c'),
        ({"url": URL, "json": {"a": 1, "$.a": 2}}, "is another spelling of a path that is already here"),
        ({"url": URL, "json": {"a": {"mim": 1}}}, 'here[0].json.a.mim: unknown rule, did you mean "min"?'),
        ({"url": URL, "json": {"a": {}}}, "here[0].json.a: names no rule"),
        ({"url": URL, "json": {"a": {"min": "1"}}}, "here[0].json.a.min: expected a number"),
        ({"url": URL, "json": {"a": {"min": 2, "max": 1}}}, "here[0].json.a: min is above max"),
        ({"url": URL, "json": {"a": {"exists": False, "min": 2}}}, "exists: false says that there is no value"),
        ({"url": URL, "json": {"a": {"one_of": []}}}, "here[0].json.a.one_of: expected a list of values"),
        ({"url": URL, "json": {"a": {"type": "int"}}}, "here[0].json.a.type: expected one of string, number"),
        ({"url": URL, "json": {"a": {"matches": "("}}}, "here[0].json.a.matches: expected a regular expression"),
        ({"url": URL, "json": ["a"]}, "here[0].json: expected a map of path in JSON"),
        ({"url": URL, "fresh": {"path": "a"}}, "here[0].fresh.within_s: is missing"),
        ({"url": URL, "min_items": {"a": -1}}, "here[0].min_items.a: expected a whole number"),
        ({"url": URL, "severity": {"latency": "low"}}, "here[0].severity.latency: unknown key"),
        ({"url": URL, "name": "x" * 101}, "here[0].name: expected text of at most 100 characters"),
    ],
)
def test_each_mistake_of_an_endpoint_is_told_with_its_place(entry: Json, wrong: str) -> None:
    _made, problems = read(endpoints, [entry])
    assert len(problems) == 1
    assert wrong in problems[0]


def test_two_endpoints_of_one_name_are_a_mistake() -> None:
    _made, problems = read(endpoints, [{"url": URL}, {"url": "https://example.org/health"}])
    assert problems == ['here[1]: "/health" is already the name of here[0]: give it a name of its own']


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ({"name": "a"}, "here[0].run: is missing"),
        (
            {"name": "a", "run": "ls -l"},
            'here[0].run: expected a list of text, found the text "ls -l": no shell reads it',
        ),
        ({"name": "a", "run": []}, "here[0].run: expected a list of text, found an empty list"),
        ({"name": "a", "run": [""]}, "here[0].run[0]: names no program"),
        ({"name": "a", "run": ["ls", 5]}, "here[0].run[1]: expected text, found the number 5"),
        ({"name": "a", "run": ["ls"], "exit": 256}, "here[0].exit: expected a whole number"),
        ({"name": "a", "run": ["ls"], "cwd": "../x"}, "here[0].cwd: expected a path below drift_root"),
        ({"name": "a b", "run": ["ls"]}, "here[0].name: expected a name"),
        ({"name": "a", "run": ["ls"], "timeout": 5}, 'unknown key, did you mean "timeout_s"?'),
    ],
)
def test_each_mistake_of_a_command_is_told_with_its_place(entry: Json, wrong: str) -> None:
    _made, problems = read(commands, [entry])
    assert len(problems) == 1
    assert wrong in problems[0]


def test_two_commands_of_one_name_are_a_mistake() -> None:
    _made, problems = read(commands, [{"name": "a", "run": ["ls"]}, {"name": "a", "run": ["id", ""]}])
    assert problems == ['here[1]: "a" is already the name of here[0]: give it a name of its own']


def test_a_run_folder_gets_no_secret_argument() -> None:
    made, _problems = read(commands, [{"name": "a", "run": ["psql", "--password", "hunter2-hunter2", "-c", "x"]}])
    assert stored({"commands": made})["commands"][0]["run"] == ["psql", "--password", "<masked>", "-c", "x"]
    assert made[0]["run"][2] == "hunter2-hunter2"


def test_a_run_folder_gets_no_secret_value() -> None:
    rules = {"auth.api_key": "plain-1", 'a["password"]': {"one_of": ["plain-2"], "exists": True}, "mode": "live"}
    kept = stored({"endpoints": [endpoint(url=URL, json=rules)]})["endpoints"][0]["json"]
    assert kept == {
        "auth.api_key": {"equals": "<masked>"},
        "a.password": {"one_of": "<masked>", "exists": True},
        "mode": {"equals": "live"},
    }


def test_a_run_folder_gets_no_secret_header() -> None:
    headers = {"Authorization": "Basic abc", "Accept": "text/plain", "X-Token": {"file": ".env", "key": "K"}}
    contract = {"endpoints": [endpoint(url=URL, headers=headers)], "git": {}}
    kept = stored(contract)
    assert kept["endpoints"][0]["headers"]["Authorization"] == "<masked>"
    assert kept["endpoints"][0]["headers"]["Accept"] == "text/plain"
    assert kept["endpoints"][0]["headers"]["X-Token"]["key"] == "K"
    assert contract["endpoints"][0]["headers"]["Authorization"] == "Basic abc"
    assert kept["git"] == {}
