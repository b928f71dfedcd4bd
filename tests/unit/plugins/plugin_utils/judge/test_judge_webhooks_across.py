# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert channels of several environments."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.webhooks_across import Channels

ONE, TWO = "1" * 64, "2" * 64


def host(name: str, environment: str, digest: str | None, channel: str = "alerts", **more: t.Any) -> HostInputs:
    """A host with one alert channel; ``more`` is added to its contract entry."""
    entry = {"name": channel, "webhook": {"file": ".env", "key": "HOOK"}, "distinct": True, "severity": {}, **more}
    data = {"webhooks": [{"name": channel, "outcome": "ok" if digest else "unknown", "digest": digest}]}
    evidence = {"endpoints": {"outcome": "ok", "reason": "", "data": data}}
    contract = {"endpoints": [{"name": "health", "url": "http://127.0.0.1/"}, entry]}
    return HostInputs(name, environment, None, {"contract": contract}, None, evidence)


def found(*hosts: HostInputs) -> list[Check]:
    channels = Channels()
    for one in hosts:
        channels.add(one, {})
    return channels.checks()


def test_an_address_that_another_environment_has_too_is_told_on_both() -> None:
    hosts = [host("p", "prod", ONE), host("s", "staging", ONE, "system"), host("l", "local", TWO)]
    checks = found(*hosts)
    assert [(one.host, one.subject, one.check, one.severity, one.cause) for one in checks] == [
        ("p", "alerts:environments", "distinct", "medium", "not_distinct"),
        ("s", "system:environments", "distinct", "medium", "not_distinct"),
    ]
    assert checks[0].summary == (
        "alerts on p (prod) has the address of system in staging: their alerts arrive in one place"
    )
    assert checks[0].observed == {"same_as": ["staging/s: system"]}
    assert list(checks[0].evidence) == [
        "evidence/p/endpoints.json#alerts/alerts:environments",
        "evidence/s/endpoints.json#system/system:environments",
    ]
    assert found(*hosts[::-1]) == checks
    assert ONE not in str(checks)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(host("p2", "prod", ONE), id="the same environment"),
        pytest.param(host("s", "staging", TWO), id="another address"),
        pytest.param(host("s", "staging", None), id="not seen"),
        pytest.param(host("s", "staging", ONE, distinct=False), id="allowed"),
    ],
)
def test_nothing_else_is_a_finding(other: HostInputs) -> None:
    assert found(host("p", "prod", ONE), other) == []


def test_the_contract_gives_the_severity() -> None:
    hosts = [host(name, name, ONE, severity={"distinct": "high"}) for name in ("prod", "staging")]
    assert {one.severity for one in found(*hosts)} == {"high"}
