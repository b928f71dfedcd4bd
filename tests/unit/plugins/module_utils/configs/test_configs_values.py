# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of values: that one is a placeholder, which hosts it names."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.hosts import hosts_of
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.placeholder import is_placeholder


@pytest.mark.parametrize(
    "value",
    [
        "changeme",
        "change-me!",
        "CHANGE_ME_NOW",
        "changeit",
        "replace_me",
        "please-change-me",
        "your_api_key_here",
        "YOUR-TOKEN",
        "your password here",
        "put your token here",
        "<your token>",
        "<TOKEN>",
        "xxx",
        "XXXXXXXX",
        "sk-xxxx",
        "****",
        "...",
        "TODO",
        "todo: ask Ann",
        "FIXME",
        "tbd",
        "dummy",
        "dummy_key",
        "example",
        "example-token",
        "placeholder",
        "{{ db_password }}",
        "__DB_HOST__",
        "@VERSION@",
        "%%HOST%%",
        "null",
        "undefined",
        "N/A",
        "[insert key]",
        "to-be-replaced",
    ],
)
def test_placeholders(value: str) -> None:
    assert is_placeholder(value, secret=False)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "live",
        "todo-app",
        "my-todo",
        "example.org",
        "examples",
        "xterm",
        "dummy-backend",
        "none",
        "password",
        "secret",
        "{{ $labels.instance }} is down",
        "<b>bold</b> text",
        "* * * * *",
        "*",
        "**",
        "your",
        "exchange",
        "changes",
        "unsettled",
        "django.core.cache.backends.dummy.DummyCache",
        "nullable",
        "nil-service",
        "__init__",
        "user@example.org",
        "0000",
        "set",
        "https://example.org/x",
        "interchange-me-not",
        pytest.param("changeme " * 40, id="long"),
        "we use it here and there",
        "10%",
        "not settled",
    ],
)
def test_words_that_are_no_placeholders(value: str) -> None:
    assert not is_placeholder(value, secret=False)


@pytest.mark.parametrize(
    ("value", "secret"), [("password", True), ("secret", True), ("none", True), ("s3cr3t-8f2k", False)]
)
def test_a_word_is_no_password(value: str, secret: bool) -> None:
    assert is_placeholder(value, secret=True) is secret


@pytest.mark.parametrize(
    ("name", "value", "secret", "hosts"),
    [
        ("URL", "postgres://u:p@db.internal:5432/x", True, ["db.internal"]),
        ("URL", "mongodb://u:p@one:27017,two:27017/x", False, ["one", "two"]),
        ("URL", "http://192.0.2.7:80/ https://[2001:db8::1]/", False, []),
        ("URL", "redis://:pa/ss@cache:6379", False, []),
        ("URL", "https://API.example.org", False, ["api.example.org"]),
        ("ADDR", "cache:6379", False, ["cache"]),
        ("ADDR", "one.example.org:22, two:80", False, ["one.example.org", "two"]),
        ("ADDR", "hunter:1234", True, []),
        ("IMAGE", "redis:6379", False, []),
        ("DB_HOST", "db", True, ["db"]),
        ("database.host", "db.internal:5432", True, ["db.internal"]),
        ("hosts[0].hostname", "one, two", False, ["one", "two"]),
        ("DB_HOST", "192.0.2.7", False, []),
        ("DB_HOST", "localhost", False, []),
        ("BIND_HOST", "web", False, []),
        ("VIRTUAL_HOST", "www.example.org", False, []),
        ("GHOST", "spooky", False, []),
        ("TIME", "10:30", False, []),
        ("FILE", "file://etc/passwd", False, []),
    ],
)
def test_hosts(name: str, value: str, secret: bool, hosts: list[str]) -> None:
    assert hosts_of(name, value, secret) == hosts
