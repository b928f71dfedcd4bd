# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: each drift of a configuration is found with its cause, nothing else is, and no secret leaves the host."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import typing as t
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import JUDGE, Operator, Outcome
from e2e_project import Repository, write
from fake_containers import inspected, serve
from fake_engine import FakeEngine
from waiting import wait_until

Json = dict[str, t.Any]

TOKEN = "8412345678:AAFq3-Zk7hJ2mN5vB8xC1wE4rT6yU9iO0pQ"
PASSWORD = "Vq7-tulip-ledger-41"
OTHER_PASSWORD = "Hx2-copper-anvil-88"
API_KEY = "kraken-9f3b7c1d5e8a2046"

YAML = f"""\
monitoring:
  interval: 10
  hosts: [market-data:8001, web]
database:
  url: postgres://bot@db.example.org:5432/bot
  password: {PASSWORD}
log: {{level: INFO, file: logs/main.log}}
"""
SETTINGS = {"api": {"secret_key": API_KEY, "retries": 3}, "symbols": ["BTC", "ETH"], "testnet": False}
INI = "[app]\nthreads = 4\nname = virtuoso\n\n[cache]\nsize_mb = 64\n"
EXAMPLE = "BOT_TOKEN=\nLOG_LEVEL=INFO\nWEB_PORT=8001\nMODE=polling\n"
ENV = f"BOT_TOKEN={TOKEN}\nLOG_LEVEL=DEBUG\nWEB_PORT=8001\nMODE=webhook\n"

CONFIGS: list[Json] = [
    {
        "path": "config/app.yaml",
        "keys": {"monitoring.interval": 10, "log.*": "may_differ", "debug": "must_be_absent"},
        "default": "must_match",
        "translate": {"market-data:8001": "127.0.0.1:8001"},
    },
    {
        "path": "config/settings.json",
        "keys": {"api.retries": {"rule": "must_match", "min": 1, "max": 5}},
        "default": "must_match",
    },
    {"path": "config/app.ini"},
    {
        "path": ".env",
        "reference": ".env.example",
        "keys": {
            "BOT_TOKEN": "must_differ",
            "WEB_PORT": {"rule": "must_match", "type": "integer"},
            "MODE": {"one_of": ["webhook", "polling"]},
            "DEBUG": "must_be_absent",
            "*": "may_differ",
        },
    },
]


@pytest.fixture(name="repository")
def fixture_repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    files = {"app.yaml": YAML, "settings.json": json.dumps(SETTINGS), "app.ini": INI}
    made.commit("First", {**{f"config/{name}": text for name, text in files.items()}, ".env.example": EXAMPLE})
    return made


@pytest.fixture(name="host")
def fixture_host(repository: Repository, tmp_path: Path) -> Path:
    host = repository.deploy(tmp_path / "host")
    yaml = YAML.replace("market-data:8001", "127.0.0.1:8001").replace("level: INFO", "level: DEBUG")
    write(host, {"config/app.yaml": yaml, ".env": ENV})
    return host


def audit(operator: Operator, host: Path, repository: Repository, **more: t.Any) -> Outcome:
    contract = {"configs": more.pop("configs", CONFIGS), **more.pop("sections", {})}
    return operator.audit_one(host, drift_contract=contract, drift_repo=str(repository.path), **more)


def holds_no_secret(outcome: Outcome, *more: str) -> None:
    """No file of the run, and nothing on the terminal, holds a planted secret."""
    assert outcome.run is not None
    texts = [path.read_text() for path in outcome.run.rglob("*") if path.is_file()]
    for secret in (TOKEN, PASSWORD, OTHER_PASSWORD, API_KEY, *more):
        assert not any(secret in text for text in (*texts, outcome.text))


def test_a_host_as_declared_gives_no_finding(operator: Operator, host: Path, repository: Repository) -> None:
    outcome = audit(operator, host, repository)
    assert outcome.brief() == set(), outcome.text
    assert outcome.state() == (0, "in_sync")
    facts = next(one["facts"] for one in outcome.findings["facts"] if one["section"] == "configs")
    shown = {(one["name"], one["key"]): (one["here"], one["there"]) for one in facts["expected"]}
    assert shown == {
        ("config/app.yaml", "log.level"): ("DEBUG", "INFO"),
        (".env", "LOG_LEVEL"): ("a value that is not shown", "a value that is not shown"),
    }
    assert "#### Expected differences" in outcome.report
    reference = outcome.evidence("web1", "configs")["data"]["configs"][0]["reference"]
    assert reference["translated"] == ["monitoring.hosts[0]"]
    holds_no_secret(outcome)


def drifted(host: Path) -> None:
    """Plant each kind of drift."""
    write(
        host,
        {
            "config/app.yaml": f"""\
monitoring:
  interval: 30
  hosts: [127.0.0.1:8001, web]
  extra: true
database:
  url: postgres://bot@db.example.org:5432/bot
  password: {OTHER_PASSWORD}
debug: true
log: {{level: INFO, file: /var/log/main.log}}
""",
            "config/settings.json": json.dumps(
                {"api": {"secret_key": "your_api_key_here", "retries": 9}, "symbols": ["BTC"], "testnet": True}
            ),
            "config/app.ini": "[app]\nthreads = 4\nthreads = 8\nname = virtuoso\n",
            ".env": "BOT_TOKEN=changeme\nLOG_LEVEL=DEBUG\nWEB_PORT=eight\nMODE=off\nDEBUG=1\n",
        },
    )


DRIFT = {
    ("value", "config/app.yaml:monitoring.interval", "value_differs"),
    ("value", "config/app.yaml:monitoring.extra", "only_on_host"),
    ("value", "config/app.yaml:database.password", "value_differs"),
    ("absent", "config/app.yaml:debug", "forbidden_key"),
    ("value", "config/settings.json:api.secret_key", "value_differs"),
    ("value", "config/settings.json:api.retries", "value_differs"),
    ("value", "config/settings.json:symbols[1]", "missing_key"),
    ("value", "config/settings.json:testnet", "value_differs"),
    ("value", "config/app.ini:app.threads", "value_differs"),
    ("duplicate", "config/app.ini:app.threads", "duplicate_key"),
    ("value", "config/app.ini:cache.size_mb", "missing_key"),
    ("must_differ", ".env:BOT_TOKEN", "placeholder"),
    ("value", ".env:WEB_PORT", "value_differs"),
    ("value", ".env:MODE", "value_differs"),
    ("absent", ".env:DEBUG", "forbidden_key"),
}


def test_each_drift_is_found_with_its_cause(operator: Operator, host: Path, repository: Repository) -> None:
    drifted(host)
    outcome = audit(operator, host, repository)
    assert outcome.brief() == DRIFT, outcome.text
    assert outcome.code == 2
    said = {one["subject"]: one["summary"] for one in outcome.findings["findings"]}
    assert said["config/app.yaml:monitoring.interval"] == (
        "monitoring.interval of config/app.yaml on web1 is 30 (line 2); it must be 10"
    )
    hidden = r"database\.password of config/app\.yaml on web1 has another value than HEAD@\w{7} \(line 7\); neither .*"
    assert re.fullmatch(hidden, said["config/app.yaml:database.password"])
    holds_no_secret(outcome)
    assert "sha256sum -- config/app.yaml" in outcome.report
    assert outcome.run is not None
    before = {name: (outcome.run / name).read_bytes() for name in ("findings.json", "report.md")}
    again = operator.play(JUDGE, "-i", str(operator.home / "prod.json"), "-e", f"drift_run={outcome.run}")
    assert {name: (outcome.run / name).read_bytes() for name in before} == before, again.text


def test_a_file_that_cannot_be_compared_is_said_and_not_in_sync(
    operator: Operator, host: Path, repository: Repository
) -> None:
    write(host, {"config/app.yaml": "a: [1\n", "config/own.yaml": "a: 1\n", ".env": None})
    entries: list[Json] = [
        {"path": "config/app.yaml"},
        {"path": "config/own.yaml"},
        {"path": ".env", "required": False},
        {"path": "config/gone.json"},
        {"path": "config/app.ini", "reference": "config/none.ini"},
        {"path": "config/settings.json", "keys": {"api.*": "must_match"}},
    ]
    outcome = audit(operator, host, repository, configs=entries)
    assert outcome.brief() == {
        ("file", "config/app.yaml", "unseen"),
        ("reference", "config/own.yaml", None),
        ("file", ".env", "missing_file"),
        ("file", "config/gone.json", "missing_file"),
        ("reference", "config/app.ini", "unseen"),
        ("unclassified", "config/settings.json", "unclassified_keys"),
    }, outcome.text
    rows = {row["component"]: row["cells"]["prod"]["state"] for row in outcome.findings["matrix"]["rows"]}
    assert rows["config/own.yaml"] == "not_asked"
    assert rows["config/app.yaml"] == rows["config/app.ini"] == "unknown"
    assert rows[".env"] == "expected"
    unclassified = next(one for one in outcome.findings["findings"] if one["check"] == "unclassified")
    assert unclassified["summary"].startswith(
        "3 keys of config/settings.json on web1 have no rule: symbols[0], symbols[1]"
    )


@contextlib.contextmanager
def running(mark: str, ready: Path, environment: t.Mapping[str, str]) -> Iterator[int]:
    """Start a process with an environment of its own, and end it."""
    program = "import pathlib, sys, time; pathlib.Path(sys.argv[2]).touch(); time.sleep(300)"
    process = subprocess.Popen([sys.executable, "-c", program, mark, str(ready)], env={**environment})
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None, "the process starts")
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_a_process_that_runs_with_older_values_is_found(
    operator: Operator, host: Path, repository: Repository, tmp_path: Path
) -> None:
    mark = f"drift-{uuid.uuid4().hex[:12]}"
    old = dict(line.split("=", 1) for line in ENV.splitlines())
    entry = {"path": ".env", "keys": {"*": "may_differ"}, "read_by": [{"process": "main"}]}
    sections = {"processes": [{"name": "main", "match": mark}]}
    past = time.time() - 86400
    os.utime(host / ".env", (past, past))
    with running(mark, tmp_path / "ready", old):
        healthy = audit(operator, host, repository, configs=[entry], sections=sections)
        assert healthy.brief("configs") <= {("reference", ".env", None)}, healthy.text
        assert healthy.code == 0
        write(host, {".env": ENV.replace(TOKEN, TOKEN[::-1]).replace("8001", "8002")})
        future = time.time() + 60
        os.utime(host / ".env", (future, future))
        stale = audit(operator, host, repository, configs=[entry], sections=sections, drift_sections=["configs"])
    assert stale.brief("configs") == {("running", ".env:process main", "stale_process")}, stale.text
    (finding,) = stale.findings["findings"]
    assert finding["observed"]["other"] == ["BOT_TOKEN", "WEB_PORT"]
    holds_no_secret(stale, TOKEN[::-1])


def test_a_host_as_the_reference(operator: Operator, host: Path, repository: Repository, tmp_path: Path) -> None:
    other = repository.deploy(tmp_path / "other")
    write(other, {".env": ENV, "config/app.yaml": YAML.replace("interval: 10", "interval: 20")})
    write(host, {"config/app.yaml": YAML.replace(PASSWORD, OTHER_PASSWORD)})
    entries: list[Json] = [
        {"path": ".env", "keys": {"BOT_TOKEN": "must_differ"}, "default": "must_match"},
        {"path": "config/app.yaml"},
    ]
    inventory = operator.inventory(
        {"web1": {"drift_root": str(host), "drift_reference": {"host": "web2"}}, "web2": {"drift_root": str(other)}},
        drift_contract={"configs": entries},
    )
    outcome = operator.audit(inventory)
    assert {one for one in outcome.brief() if one[0] != "hosts_alike"} == {
        ("must_differ", ".env:BOT_TOKEN", "same_value"),
        ("value", "config/app.yaml:monitoring.interval", "value_differs"),
        ("value", "config/app.yaml:database.password", "value_differs"),
    }, outcome.text
    holds_no_secret(outcome)


def test_a_baseline_holds_no_secret_and_says_what_it_cannot_compare(
    operator: Operator, host: Path, repository: Repository, tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.json"
    contract = {"configs": [{"path": "config/app.yaml"}, {"path": "config/settings.json"}]}
    saved = operator.audit_one(host, drift_contract=contract, drift_save_baseline=str(baseline))
    assert saved.code == 0, saved.text
    kept = baseline.read_text()
    assert PASSWORD not in kept
    assert API_KEY not in kept
    against = {"drift_reference": {"baseline": str(baseline)}, "drift_contract": contract}
    same = operator.audit_one(host, **against)
    assert same.brief() == {("reference", name, "unseen") for name in ("config/app.yaml", "config/settings.json")}
    assert same.state()[1] == "unknown"
    write(host, {"config/settings.json": json.dumps({**SETTINGS, "testnet": True})})
    changed = operator.audit_one(host, **against)
    assert changed.brief() - same.brief() == {("value", "config/settings.json:testnet", "value_differs")}, changed.text


MADE_S = 1795255199
"""When the containers of the engine that is none were made."""


@pytest.mark.parametrize(
    ("text", "changed_s", "found"),
    [
        ("A=1\nB=2\n", MADE_S + 60, set()),
        ("A=1\nB=3\n", MADE_S + 60, {("running", ".env:container web", "stale_process")}),
        ("A=1\nB=3\n", MADE_S - 60, {("running", ".env:container web", "value_differs")}),
        ("A=1\nB=2\nC=4\n", MADE_S - 60, {("running", ".env:container web", "missing_key")}),
    ],
)
def test_a_container_that_runs_with_other_values_is_found(
    operator: Operator, tmp_path: Path, text: str, changed_s: int, found: set[tuple[str, str, str]]
) -> None:
    host = tmp_path / "host"
    write(host, {".env": text})
    os.utime(host / ".env", (changed_s, changed_s))
    entries: list[Json] = [
        {"path": ".env", "reference": False, "read_by": [{"container": "web"}]},
        {"container": "web", "reference": False, "keys": {"A": 1, "B": "must_be_present", "C": "must_be_absent"}},
    ]
    with FakeEngine() as engine:
        web = inspected("web", Config={"Env": ["A=1", "B=2"]})
        serve(engine, web)
        engine.answers["/containers/web/json"] = web
        contract = {"containers": {"socket": engine.socket}, "configs": entries}
        outcome = operator.audit_one(host, drift_contract=contract, drift_sections=["configs"])
        assert engine.methods == {"GET"}
    assert outcome.brief("configs") == found, outcome.text
    assert outcome.findings["verdict"]["complete"] is True
