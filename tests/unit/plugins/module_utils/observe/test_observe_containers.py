# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the section containers tells of an engine: all of it, or what could not be told and why, in bounded time."""

from __future__ import annotations

import copy
import json
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import containers, watch_look
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from fake_containers import hexed, image, inspected, serve
from fake_engine import HANG, FakeEngine, Raw, body, error, frame

Json = t.Dict[str, t.Any]


@pytest.fixture(name="fake")
def fixture_fake() -> t.Iterator[FakeEngine]:
    with FakeEngine() as fake:
        yield fake


def look(fake: FakeEngine, seconds: float = 20, **spec: t.Any) -> Json:
    return containers.collect({"socket": fake.socket, **spec}, Host("/", seconds, key=b"key"))


def names(data: Json) -> list[str]:
    return [one["name"] for one in data["containers"]]


def unread(data: Json) -> list[tuple[str, str]]:
    return [(one["container"], one["what"]) for one in data["unread"]]


def test_all_of_a_container_is_told(fake: FakeEngine) -> None:
    serve(fake, inspected("web"))
    data = look(fake)
    (web,) = data["containers"]
    assert web["usage"] == {
        "memory": 10 << 20,
        "limit": 64 << 20,
        "cpu_s": 2.5,
        "cpu_percent": None,
        "pids": 3,
    }
    assert web["image"]["revision"].startswith("0123456789ab")
    assert web["image"]["now"] == web["image"]["id"]
    assert web["layer"] == {"changed": [], "total": 0, "ignored": 0}
    assert web["log"] is None
    assert (data["total"], data["ignored"], data["unread"], data["gone"]) == (1, 0, [], [])
    assert data["about"]["storage_driver"] == "overlay2"
    assert fake.methods == {"GET"}


def test_patterns_choose(fake: FakeEngine) -> None:
    serve(fake, *(inspected(name) for name in ("bot-web", "bot-debug", "cache")))
    data = look(fake, names=["bot-*"], ignore=["*-debug"])
    assert names(data) == ["bot-web"]
    assert (data["total"], data["ignored"]) == (3, 2)
    assert names(look(fake)) == ["bot-debug", "bot-web", "cache"]


def test_layers_are_only_looked_for_when_asked(fake: FakeEngine) -> None:
    serve(fake, inspected("web"))
    assert look(fake, layers=False)["containers"][0]["layer"] is None
    assert not [target for target in fake.asked if "changes" in target]


def test_a_container_that_vanishes_is_said(fake: FakeEngine) -> None:
    web, bot = inspected("web"), inspected("bot")
    serve(fake, web, bot)
    del fake.answers[f"/containers/{web['Id']}/json"]
    data = look(fake)
    assert (names(data), data["gone"], data["unread"]) == (["bot"], ["web"], [])


@pytest.mark.parametrize(
    ("question", "what"),
    [("json", "container"), ("stats", "usage"), ("changes", "layer"), ("logs", "log")],
)
@pytest.mark.parametrize(
    "answer",
    [error(500, "boom"), body(b"{"), body(b'"x"'), Raw(b""), HANG],
    ids=["error", "cut", "odd", "hung up", "hangs"],
)
def test_what_one_container_does_not_tell_is_said(
    fake: FakeEngine, question: str, what: str, answer: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The limit holds for the one that is well, too: it is short only where it has to be reached.
    for limit in ("_INSPECT_S", "_USAGE_S", "_LAYER_S", "_LOG_S") if answer is HANG else ():
        monkeypatch.setattr(containers, limit, 1.0)
    sick = inspected("sick", State={"Health": {"Status": "unhealthy"}})
    serve(fake, sick, inspected("web"))
    fake.answers[f"/containers/{sick['Id']}/{question}"] = answer
    data = look(fake)
    assert unread(data) == [("sick", what)]
    assert "web" in names(data)


@pytest.mark.parametrize(("at_once", "limit_s"), [(9, 1.5), (1, 0.2)])
def test_a_container_that_hangs_does_not_hide_the_others(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch, at_once: int, limit_s: float
) -> None:
    monkeypatch.setattr(containers, "_USAGE_S", limit_s)
    monkeypatch.setattr(containers, "_USAGE_ALL_S", limit_s + 0.1)
    monkeypatch.setattr(containers, "_AT_ONCE", at_once)
    many = [inspected(f"web{number}") for number in range(9)]
    serve(fake, *many)
    hanging = {one["Name"].lstrip("/"): one["Id"] for one in many[:5]}
    for identity in hanging.values():
        fake.answers[f"/containers/{identity}/stats"] = HANG
    begun = time.monotonic()
    data = look(fake, seconds=60)
    assert time.monotonic() - begun < 30
    assert len(data["containers"]) == 9
    assert all(one["layer"] is not None for one in data["containers"])
    missing = {one["name"] for one in data["containers"] if one["usage"] is None}
    assert missing == {one["container"] for one in data["unread"]}
    if at_once == 9:
        assert missing == set(hanging)
    else:
        assert missing >= set(hanging)
        assert any("not asked any more" in one["reason"] for one in data["unread"])


@pytest.mark.parametrize("answer", [error(500, "boom"), body(b"["), {}, [{}], [{"Id": 1}], [{"Id": "../x"}], HANG])
def test_a_list_that_is_none_is_no_empty_one(fake: FakeEngine, answer: t.Any) -> None:
    fake.answers["/containers/json"] = answer
    with pytest.raises(Unseen):
        look(fake, seconds=1)


def test_the_end_of_the_log_is_told_of_those_that_are_not_well(fake: FakeEngine) -> None:
    ended = inspected("ended", State={"Status": "exited", "ExitCode": 3, "Health": None})
    done = inspected("done", State={"Status": "exited", "ExitCode": 0, "Health": None})
    serve(fake, ended, done, log=b"".join(b"line %d\n" % number for number in range(50)) + b"PASSWORD=hunter2hunter2\n")
    seen = {one["name"]: one["log"] for one in look(fake)["containers"]}
    assert seen["done"] is None
    assert seen["ended"][-2:] == ["line 49", "PASSWORD=<masked>"]
    assert len(seen["ended"]) == 10


def test_a_secret_of_many_lines_is_masked(fake: FakeEngine) -> None:
    key = b"-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8\n-----END PRIVATE KEY-----\n"
    serve(fake, inspected("loop", State={"Status": "restarting"}), log=key)
    assert "MIIB" not in json.dumps(look(fake))


def test_log_of_bytes(fake: FakeEngine) -> None:
    loop = inspected("loop", State={"Status": "restarting"})
    serve(fake, loop)
    fake.answers[f"/containers/{loop['Id']}/logs"] = body(frame(2, b"\xff\x00\x1b[31m" + b"x" * 100_000 + b"\nend\n"))
    (seen,) = look(fake)["containers"]
    assert seen["log"][-1] == "end"
    assert len(seen["log"][0]) <= 500
    json.dumps(seen).encode("ascii")


def test_what_a_name_leads_to_now(fake: FakeEngine) -> None:
    fixed = f"shop/web@sha256:{hexed('digest')}"
    serve(
        fake,
        inspected("current"),
        inspected("moved", Config={"Image": "shop/moved:1"}),
        inspected("untagged", Config={"Image": "shop/gone:1"}),
        inspected("pinned", Config={"Image": fixed}),
        inspected("by-id", Config={"Image": hexed("image")[:12]}),
        inspected("failing", Config={"Image": "shop/failing:1"}),
    )
    fake.answers["/images/shop/moved:1/json"] = image("newer")
    fake.answers["/images/shop/failing:1/json"] = error(500, "boom")
    data = look(fake)
    now = {one["name"]: (one["image"]["now"], one["image"]["now_reason"]) for one in data["containers"]}
    assert now == {
        "current": (hexed("image"), ""),
        "moved": (hexed("newer"), ""),
        "untagged": (None, "no image has this name any more"),
        "pinned": (None, "it is named by its content"),
        "by-id": (None, "it is named by its content"),
        "failing": (None, "not asked"),
    }
    assert unread(data) == [("failing", "image")]


def test_ten_thousand_containers_are_bounded(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_MOST", 20)
    one = inspected("web")
    serve(fake, one)
    fake.answers["/containers/json"] = [
        {"Id": f"{number:064x}", "Names": [f"/web{number}"]} for number in range(10_000)
    ]
    for number in range(10_000):
        fake.answers[f"/containers/{number:064x}/json"] = {**one, "Id": f"{number:064x}"}
    data = look(fake, seconds=60)
    assert data["total"] == 10_000
    assert len(data["containers"]) == 20
    assert len(data["unread"]) == 10_000 - 20 + 20 * 2


def test_two_names_of_one_container_and_one_name_of_two(fake: FakeEngine) -> None:
    one, two = inspected("web"), inspected("bot")
    serve(fake, one, two)
    fake.answers["/containers/json"] = [
        {"Id": one["Id"], "Names": ["/other/link", "/web"]},
        {"Id": two["Id"], "Names": ["/web"]},
    ]
    assert names(look(fake)) == ["web", f"web ({two['Id'][:12]})"]


def places(value: t.Any, at: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*at, key))


BAD: list[t.Any] = ["\ud800\0/../{{ 1 }}", [None], {"a": [1]}, -(10**25), "2026-99-99T00:00:00Z", True, None]


@pytest.mark.parametrize("bad", BAD)
def test_whatever_an_engine_answers_is_told_or_said(fake: FakeEngine, bad: t.Any) -> None:
    web = inspected("web", State={"Health": {"Status": "unhealthy"}}, HostConfig={"Tmpfs": {"/scratch": ""}})
    serve(fake, web, changes=[{"Path": "/app/hot.py", "Kind": 1}])
    good = {path: answer for path, answer in fake.answers.items() if not isinstance(answer, Raw)}
    for path in good:
        for at in places(good[path]):
            changed = copy.deepcopy(good)
            inner: t.Any = changed
            for key in (path, *at)[:-1]:
                inner = inner[key]
            inner[(path, *at)[-1]] = bad
            fake.answers.update(changed)
            try:
                told = json.dumps(look(fake), ensure_ascii=False).encode("utf-8")
            except Unseen as unseen:
                told = unseen.reason.encode("utf-8")
            assert told
            assert b"hunter2" not in told


def test_a_brief_look_asks_how_each_container_is_and_nothing_else(fake: FakeEngine) -> None:
    serve(fake, inspected("web"))
    data = look(fake, brief=True)
    (web,) = data["containers"]
    assert (web["state"], web["usage"]["memory"]) == ("running", 10 << 20)
    assert (web["layer"], web["log"], data["about"], data["outside"]) == (None, None, None, [])
    asked = {path.partition("?")[0].rpartition("/")[2] for path in fake.asked}
    assert asked <= {"_ping", "version", "json", "stats"}


def test_a_watch_takes_what_it_needs_of_a_container(fake: FakeEngine) -> None:
    serve(fake, inspected("web"))
    part = watch_look.look({"containers": {"socket": fake.socket}}, Host("/", 20))["containers"]
    (web,) = part["items"]
    assert (part["outcome"], web["name"], web["state"], web["memory_kb"]) == ("ok", "web", "running", 10 << 10)
