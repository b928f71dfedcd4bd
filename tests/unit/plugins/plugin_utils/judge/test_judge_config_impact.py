# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reads a key, and what another host name in it would break."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_impact import Impact, with_impact
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope
from config_environments import ROOT, Json, compose, config, entry, key, service

URL = "MARKET_DATA_URL"
BOT = service("bot", URL)
MARKET = service("market-data")


def reader(kind: str, name: str, **more: t.Any) -> Json:
    return {"kind": kind, "name": name, "outcome": "ok", "complete": False, "keys": [], **more}


def impact(*configs: Json, contract: t.Any = None, **sections: Json) -> Impact:
    entries = contract or [entry()]
    return Impact(ROOT, {"configs": entries}, {"configs": {"configs": list(configs)}, **sections})


@pytest.mark.parametrize(
    ("of", "services", "said"),
    [
        pytest.param(config(), [], [], id="nobody is known"),
        pytest.param(config(readers=[reader("process", "main")]), [], ["process main"], id="declared"),
        pytest.param(config(), [BOT], ["service bot (compose bot)"], id="the project puts it into a variable"),
        pytest.param(
            config(path="deploy/app.env"),
            [service("bot", env_files=["./deploy/app.env"]), MARKET],
            ["service bot (compose bot)"],
            id="an env_file",
        ),
        pytest.param(
            config(path=f"{ROOT}/deploy/app.env"),
            [service("bot", env_files=["deploy/../deploy/app.env"])],
            ["service bot (compose bot)"],
            id="another spelling of the path",
        ),
        pytest.param(config(name="other", path="other.env"), [BOT], [], id="another file"),
        pytest.param(config(), [service("bot", URL, enabled=False)], [], id="a profile that is not in use"),
        pytest.param(config(), [service("bot", "OTHER")], [], id="another variable"),
        pytest.param(
            config(readers=[reader("container", "bot-bot-1"), reader("container", "other")]),
            [service("bot")],
            ["container other", "service bot (compose bot)"],
            id="a container of a service",
        ),
        pytest.param(
            config(readers=[reader("container", "a", complete=True, keys=[{"key": URL, "state": "absent"}])]),
            [],
            [],
            id="a container that was not passed it",
        ),
        pytest.param(
            config(readers=[reader("process", "a", keys=[{"key": URL, "state": "absent"}])]),
            [],
            ["process a"],
            id="a process may read the file itself",
        ),
    ],
)
def test_readers(of: Json, services: list[Json], said: list[str]) -> None:
    assert [str(one) for one in impact(of, compose=compose(*services)).file(of).readers(URL)] == said


def test_without_a_key_everyone_who_reads_the_file_is_named() -> None:
    of = config(readers=[reader("process", "main")])
    seen = impact(of, compose=compose(BOT, service("web", "PORT")))
    assert [one.name for one in seen.file(of).readers()] == ["main", "bot", "web"]


@pytest.mark.parametrize("path", ["/etc/systemd/system/app.service", "/etc/systemd/system/app.service.d/env.conf"])
def test_a_unit_reads_its_environment_file(path: str) -> None:
    unit = config(
        key("Service.EnvironmentFile[0]", f"-{ROOT}/.env"),
        key("Service.EnvironmentFile[1]", "/etc/default/app"),
        key("Service.ExecStart", f"{ROOT}/run"),
        name="app",
        format="systemd",
        path=path,
    )
    seen = impact(config(), unit, contract=[entry(), entry(name="app", path=path), entry(name="other", path="x")])
    assert [str(one) for one in seen.file(config()).readers("A")] == ["unit app.service"]
    assert [str(one) for one in seen.file(config(name="other", path="/etc/default/app")).readers("A")] == [
        "unit app.service"
    ]
    assert seen.file(unit).readers("Service.ExecStart") == ()


def test_the_environment_of_a_unit_is_read_by_it() -> None:
    contract = [entry(name="unit app.service", path=None, unit="app.service")]
    of = config(name="unit app.service", kind="unit", path=None)
    assert [str(one) for one in impact(of, contract=contract).file(of).readers("A")] == ["unit app.service"]


def test_a_link_is_read_under_both_of_its_paths() -> None:
    of = config(path="/etc/app/secret.env")
    assert [one.name for one in impact(of, compose=compose(service("bot", env_files=[".env"]))).file(of).readers()] == [
        "bot"
    ]


def test_the_environment_of_a_process_is_read_by_it() -> None:
    of = config(name="process main", kind="process", path=None)
    seen = impact(of, contract=[entry(name="process main", path=None, process="main")])
    assert [str(one) for one in seen.file(of).readers("A")] == ["process main"]


def test_what_depends_on_a_reader_is_told_through_others_too() -> None:
    def named(name: str, *hosts: str) -> Json:
        return service(name, hosts=[{"variable": "OTHER", "host": one} for one in hosts])

    services = [
        service("market-data", env_files=[".env"]),
        named("bot", "Market-Data", "db.example.org", "bot"),
        named("front", "bot-bot-1"),
        named("apart", "front-end"),
    ]
    of = config()
    affected = impact(of, compose=compose(*services)).file(of).affected("A")
    assert str(affected) == (
        "Read by service market-data (compose bot), on which service bot (compose bot), service front (compose bot) "
        "depend."
    )


def test_a_host_name_in_a_file_is_a_dependency_of_its_readers() -> None:
    url = config(key(URL, "http://market-data:1", hosts=["market-data"]), readers=[reader("container", "lone")])
    other = config(name="other", path="market.env")
    contract = [entry(), entry(name="other", path="market.env")]
    market = service("market-data", env_files=["market.env"])
    seen = impact(url, other, contract=contract, compose=compose(service("bot", env_files=[".env"]), market))
    assert str(seen.file(other).affected()) == (
        "Read by service market-data (compose bot), on which service bot (compose bot) depends."
    )


TAKEN = "taking over the reference's value would point MARKET_DATA_URL at "


@pytest.mark.parametrize(
    ("services", "own", "other", "said"),
    [
        pytest.param(
            [BOT, MARKET],
            "market-data",
            "crypto",
            f"{TAKEN}crypto, which no service of project bot is called",
            id="lost",
        ),
        pytest.param([BOT, MARKET], "crypto", "market-data", "", id="found"),
        pytest.param([BOT, MARKET], "market-data", "market-data", "", id="the same"),
        pytest.param([BOT, service("Market")], "market-data", "market", "", id="in capital letters"),
        pytest.param([BOT, MARKET], "market-data", "api.example.org", "", id="a name of the world"),
        pytest.param([BOT, MARKET], "market-data", "localhost", "", id="itself"),
        pytest.param([BOT, MARKET], "market-data", "192.0.2.7", "", id="an address"),
        pytest.param([service("bot", URL, networks=[]), MARKET], "market-data", "crypto", "", id="the host's network"),
        pytest.param(
            [BOT, service("market-data", networks=["other"])],
            "crypto",
            "market-data",
            f"{TAKEN}market-data, which no service of project bot is called",
            id="in another network",
        ),
        pytest.param([], "market-data", "crypto", "", id="no project"),
        pytest.param([service("bot"), MARKET], "elsewhere", "crypto", "", id="no reader, and resolved by other means"),
        pytest.param(
            [service("bot"), MARKET],
            "market-data",
            "crypto",
            f"{TAKEN}crypto, which no service of project bot is called",
            id="no reader is known, and the project resolves it now",
        ),
    ],
)
def test_what_another_host_name_breaks(services: list[Json], own: str, other: str, said: str) -> None:
    of = config(key(URL, own, hosts=[own]))
    reach = impact(of, compose=compose(*services)).file(of).reach(URL)
    assert (reach.breaks(URL, [own], [other], "the reference's value") if reach else "") == said


def test_what_is_not_known_of_the_project_is_said() -> None:
    of = config()
    reach = impact(of, compose=compose(BOT, partial="include is not supported")).file(of).reach(URL)
    assert reach is not None
    assert reach.breaks(URL, [], ["crypto"], "it").endswith(
        "and whether a service of project bot is called that is not known: include is not supported"
    )


def test_a_finding_says_who_is_affected_and_what_the_reference_would_break() -> None:
    reference = {"outcome": "ok", "keys": [key(URL, "", hosts=["crypto"])]}
    of = config(key(URL, "", hosts=["market-data"]), reference=reference)
    scope = Scope(Context("prod", "web1"), "configs", ".env", {"impact": "No prices."}, "operational")
    checks = [
        scope.failed(
            "value", f".env:{URL}", "high", "x", state="differs", cause=None, remedy={"kind": "a", "text": "b"}
        ),
        scope.failed("file", ".env", "high", "x", state="missing", cause=None, remedy={"kind": "a", "text": "b"}),
        scope.passed("value", f".env:{URL}", "high", "x"),
        scope.unknown("value", f".env:{URL}", "high", "x"),
    ]
    made = with_impact(checks, {"configs": [of]}, impact(of, compose=compose(BOT, MARKET)))
    assert made[0].impact == (
        "No prices. Read by service bot (compose bot). Taking over the reference's value would point MARKET_DATA_URL "
        "at crypto, which no service of project bot is called."
    )
    assert made[0].observed == {"read_by": ["service bot (compose bot)"]}
    assert made[1].impact == "No prices. Read by service bot (compose bot)."
    assert made[2:] == checks[2:]
