# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collector of streams: it looks twice where it is asked to, and waits no longer than it must."""

from __future__ import annotations

import copy
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.streams import collect
from fake_redis import Answer, fake, friendly, recorded, replay

Json = t.Dict[str, t.Any]


def spec(path: str, **more: t.Any) -> Json:
    stream = {"stream": "orders", "group": None, "sample": 20, "required": [], "stuck": [], "progress_s": 0, **more}
    return {
        "servers": [
            {
                "kind": "redis",
                "address": f"unix:{path}",
                "user": None,
                "password_from": None,
                "tls": None,
                "database": 0,
                "discover": False,
                "streams": [stream],
            }
        ]
    }


def moving(after: int) -> Answer:
    """Answer as recorded, and from this look at the groups on as if each had read one entry more."""
    still = recorded("8.0.2")
    later = copy.deepcopy(still)
    for group in later["XINFO GROUPS orders"]:
        group[group.index("last-delivered-id") + 1] = "1795262009000-0"
    looks: list[int] = []

    def answer(words: list[bytes]) -> t.Any:
        if words[:2] == [b"XINFO", b"GROUPS"]:
            looks.append(1)
        return replay(later if len(looks) > after else still)(words)

    return answer


def test_the_second_look_comes_as_soon_as_something_moved() -> None:
    with fake(moving(3)) as (_server, place):
        seen = collect(spec(place.path, progress_s=60), Host("/", 300, workers=1))
    (stream,) = seen["servers"][0]["streams"]
    assert stream["second"]["groups"][0]["last_delivered"] == "1795262009000-0"
    assert stream["second_reason"] == ""
    assert seen["waited_s"] < 30


def test_what_does_not_move_is_waited_for_to_the_end() -> None:
    with fake(moving(10**9)) as (_server, place):
        seen = collect(spec(place.path, progress_s=1), Host("/", 300, workers=1))
    (stream,) = seen["servers"][0]["streams"]
    assert stream["second"]["at_s"] - stream["first"]["at_s"] >= 1
    assert stream["second_reason"] == ""


def test_the_time_limit_of_the_host_is_kept_and_said() -> None:
    begun = time.monotonic()
    with fake(moving(10**9)) as (_server, place):
        seen = collect(spec(place.path, progress_s=100), Host("/", 6, workers=1))
    assert time.monotonic() - begun < 60
    (stream,) = seen["servers"][0]["streams"]
    assert "the time limit of 6 s left" in stream["second_reason"]


@pytest.mark.parametrize("more", [{"group": "nobody"}, {"stream": "none"}])
def test_what_is_not_there_is_not_waited_for(more: Json) -> None:
    answers = {**recorded("8.0.2"), "TYPE none": "none"}
    with fake(replay(answers)) as (_server, place):
        seen = collect(spec(place.path, progress_s=60, **more), Host("/", 300, workers=1))
    assert seen["waited_s"] < 1
    assert seen["servers"][0]["streams"][0]["second"] is None


def test_groups_whose_names_are_masked_stay_apart() -> None:
    answers = copy.deepcopy(recorded("8.0.2"))
    for number, group in enumerate(answers["XINFO GROUPS orders"]):
        group[1] = f"password=korrekt-Pferd-{number}"
    with fake(replay(answers)) as (_server, place):
        seen = collect(spec(place.path), Host("/", 60, workers=1))
    names = [group["name"] for group in seen["servers"][0]["streams"][0]["first"]["groups"]]
    assert names == ["password=<masked>", "password=<masked> (2)", "password=<masked> (3)"]


def test_a_server_that_goes_away_leaves_what_was_seen() -> None:
    def answer(words: list[bytes]) -> t.Any:
        return None if words[0] == b"XREVRANGE" else replay(recorded("8.0.2"))(words)

    with fake(answer) as (_server, place):
        seen = collect(spec(place.path, progress_s=1), Host("/", 60, workers=1))
    (stream,) = seen["servers"][0]["streams"]
    assert stream["first"]["length"] == 6
    assert "closed the connection" in stream["sample_reason"]
    assert "closed the connection" in stream["second_reason"]


def test_what_is_no_redis_is_unknown() -> None:
    with fake(lambda words: friendly(words) if words[0] != b"INFO" else b"$3\r\nabc\r\n") as (_server, place):
        (server,) = collect(spec(place.path), Host("/", 60, workers=1))["servers"]
    assert (server["outcome"], server["about"]) == ("unknown", None)
    assert "it is not Redis" in server["reason"]
