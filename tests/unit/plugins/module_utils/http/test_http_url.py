# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of endpoints: what they mean, and which are refused."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import BadUrl, follow, parse
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "authority", "path"),
    [
        ("http://example.org", "example.org", "/"),
        ("http://example.org:80/a", "example.org", "/a"),
        ("https://example.org:443/a?b=c&d=%20#e", "example.org", "/a?b=c&d=%20"),
        ("https://example.org:80/", "example.org:80", "/"),
        ("http://[::1]:8080/a", "[::1]:8080", "/a"),
        ("HTTP://Example.org/ä", "example.org", "/%C3%A4"),
        ("http://bücher.example/", "xn--bcher-kva.example", "/"),
    ],
)
def test_the_parts_of_a_url(text: str, authority: str, path: str) -> None:
    target = parse(text)
    assert (target.authority, target.path) == (authority, path)
    assert parse(target.url) == target


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("example.org", "expected http"),
        ("ftp://example.org/", "expected http"),
        ("http:///a", "names no host"),
        ("http://me:secret@example.org/", "a login does not belong"),
        ("http://@example.org/", "a login does not belong"),
        ("http://example.org:0/", "0 is no port"),
        ("http://example.org:x/", "port"),
        ("http://example.org:99999/", "port"),
        ("http://[::1/", "ipv6"),
        ("http://example.org/a b", "no blanks"),
        ("http://example.org/\r\nX: y", "no blanks"),
        (f"http://{'a' * 70}.example/", "no name that can be resolved"),
    ],
)
def test_what_is_no_url_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadUrl) as caught:
        parse(text)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=40))
def test_nothing_gets_into_the_head_of_a_request(text: str) -> None:
    try:
        target = follow(parse("http://example.org/a/b"), text)
    except BadUrl:
        return
    assert not {"\r", "\n", " "} & set(target.path + target.authority)
    (target.path + target.authority).encode("ascii")
