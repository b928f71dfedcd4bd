# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: the configurations of three environments, as in the comparison that this collection replaces.

The laptop runs a bot in webhook mode against a test network, production polls the real one, each finds its market data
under another name, and production got the laptop's token.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from e2e_operator import AUDIT, JUDGE, LOCAL, Operator, Outcome

Json = dict[str, t.Any]

TOKEN = "1375647527:" + "kX3_b7Qp" * 4
OWN_TOKEN = "2479097202:" + "qZ7-w2Lm" * 4
WEBHOOK = "https://discord.com/api/webhooks/1375647527914963097/" + "kX3_" * 17
COMPOSE = """\
services:
  telegram-bot:
    image: bot:1
    env_file: .env
  front:
    image: front:1
    environment: {{MARKET_DATA_URL: "${{MARKET_DATA_URL}}", BOT_URL: "http://telegram-bot:8000"}}
  {market}:
    image: market:1
"""
ENV = """\
BOT_MODE={mode}
BYBIT_TESTNET={testnet}
MARKET_DATA_URL=http://{market}:8001
BOT_TOKEN={token}
"""
KEYS = {
    "BOT_TOKEN": "must_differ",
    "BYBIT_TESTNET": "may_differ",
    "BOT_MODE": "must_match",
    "MARKET_DATA_URL": "must_match",
}
VALUES: dict[str, dict[str, str]] = {
    "local": {"mode": "webhook", "testnet": "true", "market": "crypto-market-data", "token": TOKEN},
    "staging": {"mode": "webhook", "testnet": "true", "market": "crypto-market-data", "token": OWN_TOKEN},
    "prod": {"mode": "polling", "testnet": "false", "market": "market-data", "token": TOKEN},
}


def inventory(operator: Operator, name: str, root: Path, contract: Json, **variables: t.Any) -> Path:
    """Write an inventory of one environment with one host; return its path."""
    folder = operator.desk / name
    (folder / "group_vars").mkdir(parents=True)
    host = {f"{name}-1": {**LOCAL, "drift_root": str(root)}}
    (folder / "hosts.json").write_text(json.dumps({name: {"hosts": host}}))
    wanted = {"drift_environment": name, "drift_contract": contract, **variables}
    (folder / "group_vars" / f"{name}.json").write_text(json.dumps(wanted))
    return folder


def audit(operator: Operator, *folders: Path) -> Outcome:
    sources = [part for folder in folders for part in ("-i", str(folder))]
    return operator.play(AUDIT, *sources, "-e", json.dumps({"drift_output_dir": str(operator.runs)}))


def written(folder: Path, values: t.Mapping[str, str]) -> Path:
    """Write the files of one environment; return its root."""
    folder.mkdir(parents=True)
    (folder / ".env").write_text(ENV.format(**values))
    (folder / "compose.yml").write_text(COMPOSE.format(**values))
    return folder


def three(operator: Operator, values: t.Mapping[str, t.Mapping[str, str]], keys: Json) -> list[Path]:
    configs = {"path": ".env", "secret": False, "keys": keys}
    project = {"project": "bot", "socket": str(operator.home / "no-engine.sock")}
    return [
        inventory(
            operator,
            name,
            written(operator.home / f"at-{name}", one),
            {"configs": [configs], "compose": [project]},
            **({} if name == "local" else {"drift_reference": {"host": "local-1"}}),
        )
        for name, one in values.items()
    ]


def pair(outcome: Outcome, a: str, b: str, component: str = ".env") -> Json:
    (found,) = (
        one for one in outcome.findings["configs"] if (one["component"], one["a"], one["b"]) == (component, a, b)
    )
    return t.cast(Json, found)


def faults(outcome: Outcome, section: str = "configs") -> set[tuple[str, str, str, str | None]]:
    return {
        (one["host"], one["check"], one["subject"], one["cause"])
        for one in outcome.findings["findings"]
        if one["section"] == section and one["outcome"] == "fail"
    }


def holds_none(operator: Operator, outcome: Outcome, *secrets: str) -> None:
    stored = "".join(path.read_text() for path in operator.runs.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in stored + outcome.text


def test_three_environments_side_by_side(operator: Operator) -> None:
    outcome = audit(operator, *three(operator, VALUES, KEYS))
    assert faults(outcome) == {
        ("local-1", "must_differ", ".env:BOT_TOKEN", "same_value"),
        ("prod-1", "must_differ", ".env:BOT_TOKEN", "same_value"),
        ("prod-1", "value", ".env:BOT_MODE", "value_differs"),
        ("prod-1", "value", ".env:MARKET_DATA_URL", "value_differs"),
    }, outcome.text
    other, same = pair(outcome, "local", "prod"), pair(outcome, "local", "staging")
    assert {one["key"]: (one["state"], one["a"], one["b"]) for one in other["keys"]} == {
        "BOT_TOKEN": ("forbidden_same", None, None),
        "BOT_MODE": ("differs", "webhook", "polling"),
        "BYBIT_TESTNET": ("differs", "true", "false"),
        "MARKET_DATA_URL": ("differs", "http://crypto-market-data:8001", "http://market-data:8001"),
    }
    assert {one["key"]: one["state"] for one in same["keys"]} == {"BOT_TOKEN": "differs"}
    assert same["counts"]["same"] == 3
    url = next(one for one in other["keys"] if one["key"] == "MARKET_DATA_URL")
    assert url["breaks"] == [
        f"in {mine}, taking over the value of {theirs} would point MARKET_DATA_URL at {name}, which no service of "
        "project bot is called"
        for mine, theirs, name in (("local", "prod", "market-data"), ("prod", "local", "crypto-market-data"))
    ]
    finding = next(one for one in outcome.findings["findings"] if one["subject"] == ".env:MARKET_DATA_URL")
    assert finding["observed"]["read_by"] == ["service front (compose bot)", "service telegram-bot (compose bot)"]
    assert finding["impact"] == (
        "Read by service front (compose bot), service telegram-bot (compose bot). Taking over the reference's value "
        "would point MARKET_DATA_URL at crypto-market-data, which no service of project bot is called."
    )
    mode = next(one for one in outcome.findings["findings"] if one["subject"] == ".env:BOT_MODE")
    assert mode["impact"] == (
        "Read by service telegram-bot (compose bot), on which service front (compose bot) depends."
    )
    token = next(
        one for one in outcome.findings["findings"] if (one["host"], one["check"]) == ("prod-1", "must_differ")
    )
    assert token["observed"]["environments"] == ["local", "prod"]
    assert "## Configuration of the environments" in outcome.report
    assert url["breaks"][1][3:] in outcome.report.replace("\\", "")
    holds_none(operator, outcome, TOKEN, OWN_TOKEN)
    first = outcome.findings
    again = operator.play(JUDGE, "-i", "localhost,", "-e", json.dumps({"drift_run": str(outcome.run)}))
    assert outcome.findings == first, again.text


def test_environments_that_are_as_their_contracts_say_give_no_finding(operator: Operator) -> None:
    keys = {**KEYS, "BOT_MODE": "may_differ", "MARKET_DATA_URL": "may_differ"}
    values = {**VALUES, "prod": {**VALUES["prod"], "token": "3479097202:" + "aZ7-w2Lx" * 4}}
    outcome = audit(operator, *three(operator, values, keys))
    assert faults(outcome) == set(), outcome.text
    assert pair(outcome, "local", "prod")["counts"]["differs"] == 4


def test_an_identical_env_on_laptop_and_production_is_a_finding(operator: Operator) -> None:
    folders = []
    for name in ("local", "prod"):
        root = written(operator.home / f"at-{name}", VALUES["local"])
        folders.append(inventory(operator, name, root, {"configs": [{"path": ".env", "reference": False}]}))
    outcome = audit(operator, *folders)
    assert faults(outcome) == {(host, "identical", ".env", "reused_secret") for host in ("local-1", "prod-1")}, (
        outcome.text
    )
    assert outcome.code == 2
    holds_none(operator, outcome, TOKEN)


def test_one_secret_under_two_names_is_found_in_and_across_environments(operator: Operator) -> None:
    lines = {"local": f"BOT_TOKEN={TOKEN}\n", "prod": f"API_KEY={TOKEN}\nDB_PASSWORD={OWN_TOKEN}\nPGPASS={OWN_TOKEN}\n"}
    folders = []
    for name, text in lines.items():
        root = operator.home / f"at-{name}"
        root.mkdir(parents=True)
        (root / ".env").write_text(text)
        configs = [{"path": ".env", "reference": False, "default": "must_be_present"}]
        folders.append(inventory(operator, name, root, {"configs": configs}))
    outcome = audit(operator, *folders)
    assert faults(outcome) == {
        ("local-1", "reused", ".env:BOT_TOKEN", "reused_secret"),
        ("prod-1", "reused", ".env:API_KEY", "reused_secret"),
        ("prod-1", "reused", ".env:DB_PASSWORD", "reused_secret"),
    }, outcome.text
    holds_none(operator, outcome, TOKEN, OWN_TOKEN)


ALERTS = """\
cpu: {{webhook: {hook}, enabled: true, cooldown_s: {cooldown}, threshold: 80}}
disk: {{webhook: {hook}, enabled: true, threshold: 85}}
"""


def channels(operator: Operator, name: str, cooldown: int, hook: str) -> Path:
    """An environment with two kinds of alerts, and the channel that they go to."""
    root = operator.home / f"at-{name}"
    root.mkdir(parents=True)
    (root / ".env").write_text(f"ALERTS={hook}\n")
    (root / "alerts.yml").write_text(ALERTS.format(hook="ALERTS", cooldown=cooldown))
    rules = {
        "*.cooldown_s": {"rule": "must_be_present", "min": 60},
        "*.threshold": {"min": 1, "max": 95},
        "*.enabled": True,
        "*.repeat_s": "must_be_present",
        "*": "may_differ",
    }
    contract = {
        "configs": [{"path": "alerts.yml", "reference": False, "keys": rules}],
        "endpoints": [{"name": "alerts", "webhook": {"file": ".env", "key": "ALERTS"}, "kind": "discord"}],
    }
    return inventory(operator, name, root, contract)


def test_alert_channels_have_their_settings_and_are_of_one_environment(operator: Operator) -> None:
    folders = [channels(operator, "prod", 0, WEBHOOK), channels(operator, "staging", 300, WEBHOOK)]
    outcome = audit(operator, *folders)
    assert faults(outcome) == {
        ("prod-1", "value", "alerts.yml:cpu.cooldown_s", "out_of_range"),
        ("prod-1", "present", "alerts.yml:*.repeat_s", "missing_key"),
        ("staging-1", "present", "alerts.yml:*.repeat_s", "missing_key"),
    }, outcome.text
    assert faults(outcome, "endpoints") == {
        (host, "distinct", "alerts:environments", "not_distinct") for host in ("prod-1", "staging-1")
    }
    holds_none(operator, outcome, WEBHOOK)


def test_what_was_not_seen_in_one_environment_is_not_known_of_another(operator: Operator) -> None:
    folders = three(operator, VALUES, KEYS)
    (operator.home / "at-local" / ".env").write_bytes(b"BOT_TOKEN='never closed\n")
    (operator.home / "at-prod" / ".env").unlink()
    outcome = audit(operator, *folders)
    mine = {
        (one["host"], one["check"], one["subject"], one["outcome"])
        for one in outcome.findings["findings"]
        if one["section"] == "configs" and one["check"] in ("must_differ", "file")
    }
    assert mine == {
        ("local-1", "file", ".env", "unknown"),
        ("prod-1", "file", ".env", "fail"),
        ("staging-1", "must_differ", ".env", "unknown"),
    }, outcome.text
    found = pair(outcome, "local", "staging")
    assert {one["state"] for one in found["keys"]} == {"unknown"} and found["counts"]["unknown"] == 4
    assert [one["host"] for one in found["unseen"]] == ["local-1"]
    lost = pair(outcome, "prod", "staging")
    assert (lost["counts"]["only_b"], lost["missing"]) == (4, ["prod-1"])
    assert outcome.state() == (2, "drift")
