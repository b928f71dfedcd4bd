# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables, ``.env`` files, and the small values of Compose files, as Docker Compose reads them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.compose import dotenv, ports, values
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.interpolate import interpolate
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.names import hosts_in
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Assumed, Unsupported, assumed_in

VARIABLES = {"A": "alpha", "EMPTY": "", "PORT": "80"}


@pytest.mark.parametrize(
    ("said", "made", "assumed"),
    [
        ("$A-$A.${A}", "alpha-alpha.alpha", []),
        ("$$A", "$A", []),
        ("$5 $ a$-b", "$5 $ a$-b", []),
        ("${NONE}", "", ["NONE"]),
        ("$NONE$OTHER", "", ["NONE", "OTHER"]),
        ("${NONE:-x}", "x", []),
        ("${NONE-}", "", []),
        ("${EMPTY:-x}", "x", []),
        ("${EMPTY-x}", "", []),
        ("${NONE:-${A}}", "alpha", []),
        ("${NONE:-${OTHER:-$A}}", "alpha", []),
        ("${NONE:-$OTHER}", "", ["OTHER"]),
        ("${A:+set}", "set", []),
        ("${EMPTY:+set}", "", []),
        ("${EMPTY+set}", "set", []),
        ("${NONE+set}", "", []),
        ("${A:?needed}", "alpha", []),
        ("${NONE:?needed}", "", ["NONE"]),
        ("${NONE:-a}b}", "ab}", []),
    ],
)
def test_variables_are_replaced(said: str, made: str, assumed: list[str]) -> None:
    found = interpolate(said, VARIABLES)
    assert (found, assumed_in(found)) == (made, assumed)


@pytest.mark.parametrize("said", ["${A", "${}", "${A b}", "${A:x}", "${A:-x", "${1}", "${A:-${B}"])
def test_what_is_no_template_is_refused(said: str) -> None:
    with pytest.raises(Unsupported):
        interpolate(said, VARIABLES)


def test_what_a_variable_depended_on_is_not_forgotten() -> None:
    found = dict(dotenv.parse(b"X=$NONE/x\nY=$X\n", {}))
    assert isinstance(found["Y"], Assumed)
    assert assumed_in(interpolate("${Y:-z}", t.cast("t.Dict[str, str]", found))) == ["NONE"]


@pytest.mark.parametrize(
    "text", ["A=1\nno value here\n", "=1", 'A="x', "A='x", 'A="x" y', "-----BEGIN PRIVATE KEY-----", "A\0=1", "A=${"]
)
def test_what_is_no_env_file_is_refused_without_a_quote(text: str) -> None:
    with pytest.raises(Unsupported) as error:
        dotenv.parse(text.encode(), {})
    assert "PRIVATE" not in error.value.reason
    assert "value here" not in error.value.reason


@pytest.mark.parametrize(
    ("read", "said", "value"),
    [
        (values.size, "50M", 50 << 20),
        (values.size, "1.5g", 3 << 29),
        (values.size, "512 KiB", 512 << 10),
        (values.size, 1024, 1024),
        (values.duration, "1m30s", 90 * 10**9),
        (values.duration, "500ms", 5 * 10**8),
        (values.duration, "1h", 3600 * 10**9),
        (values.truth, "true", True),
        (values.words, "sh -c 'a b'", ["sh", "-c", "a b"]),
        (values.words, ["a", 1, True], ["a", "1", "true"]),
        (values.mapped, ["a=b=c", "d"], {"a": "b=c", "d": None}),
        (ports.published, "127.0.0.1:80-81:90-91/udp", ["127.0.0.1:80->90/udp", "127.0.0.1:81->91/udp"]),
        (ports.published, 3000, ["*->3000/tcp"]),
        (ports.published, "0.0.0.0:1:2", ["1->2/tcp"]),
        (ports.published, "127.0.0.1::80", ["127.0.0.1:*->80/tcp"]),
        (ports.published, "[::1]:81:80", ["[::1]:81->80/tcp"]),
    ],
)
def test_a_value_has_one_form(read: t.Callable[[t.Any], t.Any], said: t.Any, value: t.Any) -> None:
    assert read(said) == value


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (values.size, "lots"),
        (values.duration, "5"),
        (values.duration, "1m x"),
        (values.truth, "maybe"),
        (values.words, "a; b"),
        (values.words, "a > b"),
        (values.words, "a 'b"),
        (values.number, "1.5"),
        (ports.published, "80:a"),
        (ports.published, "1-9:80"),
        (ports.published, "0-99999:0-99999"),
        (ports.published, {"published": 1}),
        (ports.published, None),
    ],
)
def test_another_value_is_refused(read: t.Callable[[t.Any], t.Any], said: t.Any) -> None:
    with pytest.raises(Unsupported):
        read(said)


@pytest.mark.parametrize(
    ("name", "value", "hosts"),
    [
        ("MARKET_DATA_URL", "http://crypto-market-data:8001", ["crypto-market-data"]),
        ("CACHE", "redis://user:secret@cache:6379/0", ["cache"]),
        ("DB", "postgresql+asyncpg://db/app", ["db"]),
        ("BROKERS", "kafka1:9092,kafka2:9092", ["kafka1", "kafka2"]),
        ("REDIS_HOST", "redis", ["redis"]),
        ("UPSTREAM", "api:8080", ["api"]),
        ("URL", "http://localhost:1/ http://127.0.0.1:2/ https://example.org/x", []),
        ("PATH_URL", "file://host/x", []),
        ("DB_URL", "sqlite:///x.db", []),
        ("IMAGE", "python:3110", []),
        ("NODE", "node:18", []),
        ("HOSTNAME", "web", []),
        ("VIRTUAL_HOST", "app", []),
        ("MODE", "live", []),
        ("TIME", "22:22", []),
        ("LISTEN", ":8080", []),
    ],
)
def test_host_names_are_found_in_values(name: str, value: str, hosts: list[str]) -> None:
    assert hosts_in(name, value) == hosts
