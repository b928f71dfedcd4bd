# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The streams part of a report: the servers, the groups of each stream, and nothing unseen that looks well."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import streams
from report_findings import Audit

Json = dict[str, t.Any]


def server(**more: t.Any) -> Json:
    made = {
        "name": "redis 127.0.0.1:6379",
        "kind": "redis",
        "address": "127.0.0.1:6379",
        "outcome": "ok",
        "reason": "",
        "version": "7.0.15",
        "uptime_s": 7500,
        "role": "master",
        "memory_used": 32 << 20,
        "memory_peak": 33 << 20,
        "memory_max": 64 << 20,
        "memory_percent": 50.0,
        "policy": "noeviction",
        "clients": 3,
        "blocked": 0,
        "bind": ["127.0.0.1"],
        "bind_reason": "",
        "auth_required": True,
        "saved": None,
        "append_only": False,
        "evicted": 0,
        "slow": 0,
    }
    return {**made, **more}


def group(**more: t.Any) -> Json:
    made = {
        "name": "billing",
        "consumers": 2,
        "pending": 4,
        "waiting": {"low": 3, "high": 3},
        "read": 7,
        "last_delivered_time": None,
        "state": "progressing",
    }
    return {**made, **more}


def stream(*groups: Json, **more: t.Any) -> Json:
    made = {
        "server": "redis 127.0.0.1:6379",
        "stream": "orders",
        "entry": "orders",
        "seen": True,
        "length": 10,
        "last_time": "2026-11-21T11:53:29Z",
        "producer": "moving",
        "groups": list(groups),
    }
    return {**made, **more}


def rendered(servers: list[Json], seen: list[Json], **more: t.Any) -> str:
    audit = Audit({"prod": ["web1"]})
    facts = {"servers": servers, "streams": seen, "streams_total": len(seen), "waited_s": 0.0, **more}
    audit.facts("web1", "streams", facts)
    return "\n".join(streams.render(Report(audit.done())))


def rows(text: str, name: str) -> list[list[str]]:
    found = [line for line in text.splitlines() if f"| `{name}` |" in line]
    return [[cell.strip().replace("\\", "") for cell in line.strip("|").split("|")][3:] for line in found]


def test_a_server_is_told_in_one_row() -> None:
    (row,) = rows(rendered([server()], []), "redis 127.0.0.1:6379")
    assert row[:6] == ["7.0.15", "2 h 5 min", "32 MiB of 64 MiB (50.0 %)", "3", "`127.0.0.1`", "asked for"]


@pytest.mark.parametrize(
    ("more", "place", "said"),
    [
        ({"outcome": "silent"}, 0, "does not answer"),
        ({"outcome": "unknown"}, 0, "not seen"),
        ({"memory_max": 0}, 2, "32 MiB, no limit"),
        ({"memory_used": None}, 2, "-"),
        ({"bind": [], "bind_reason": "it is on another machine"}, 4, "it is on another machine"),
        ({"auth_required": False}, 5, "none"),
        ({"auth_required": None}, 5, "-"),
    ],
)
def test_what_is_not_known_is_not_made_up(more: Json, place: int, said: str) -> None:
    (row,) = rows(rendered([server(**more)], []), "redis 127.0.0.1:6379")
    assert row[place] == said


def test_each_group_has_a_row() -> None:
    text = rendered(
        [server()],
        [stream(group(), group(name="audit", state="stalled", waiting={"low": 1, "high": 9})), stream(stream="bare")],
        streams_total=4,
        waited_s=30.0,
    )
    billing, audit = rows(text, "orders")
    assert billing == [
        *("declared", "10", "2026-11-21T11:53:29Z", "adds entries", "`billing`", "2", "3", "4", "progressing")
    ]
    assert audit[4:] == ["`audit`", "2", "1 to 9", "4", "STALLED"]
    assert rows(text, "bare")[0][4] == "none"
    assert "2 more streams" in text
    assert "up to 30 s apart" in text


def test_a_stream_that_was_not_seen_has_no_numbers() -> None:
    (row,) = rows(rendered([server()], [{**stream(), "seen": False}]), "orders")
    assert row[1] == "not there, or not seen"
    assert set(row[2:]) == {"-"}


def test_a_host_that_was_not_seen_says_so() -> None:
    audit = Audit({"prod": ["web1"]})
    audit.unknown("web1", "streams", "section", "streams", "high", "not reached")
    assert "not seen" in "\n".join(streams.render(Report(audit.done())))


def test_names_that_are_markup_are_text() -> None:
    text = rendered([server()], [stream(group(name="a|b](http://example.org)"), stream="<img>|x")])
    assert "<img>|x" not in text.replace("`", "")
