# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of a window: read from its first second on by the host's own collector, or unknown with a reason."""

from __future__ import annotations

import time
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.logs import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch import logs
from watch_world import context, contract

Json = dict[str, t.Any]

ENTRY: Json = {
    "name": "main",
    "path": "main.log",
    "since": "1h",
    "interval": {"name": "cycle", "pattern": "cycle", "max_s": 30},
    "forbid": ["TypeError"],
}


def read(root: Path, since_s: float, answer: t.Callable[[Json], Json] | None = None) -> Json:
    declared = contract(logs=[ENTRY])

    def send(request: Json) -> Json:
        data = collect(request["sections"]["logs"], Host(str(root), 20.0))
        return {"sections": {"logs": {"outcome": "ok", "reason": "", "data": data}}}

    return logs.read(declared["logs"], context(declared), {"root": str(root)}, since_s, answer or send)


def line(at_s: float, text: str) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at_s))}Z {text}\n"


def test_what_came_in_the_first_second_counts_and_what_came_before_does_not(tmp_path: Path) -> None:
    begun = float(int(time.time()) - 100)
    came = [(begun - 40, "cycle"), (begun - 1, "TypeError"), (begun, "cycle"), (begun + 60, "cycle ERROR")]
    (tmp_path / "main.log").write_text("".join(line(at_s, text) for at_s, text in came))
    found = read(tmp_path, begun + 0.7)
    assert found["outcome"] == "ok"
    assert found["window_s"] == pytest.approx(time.time() - begun - 0.7, abs=30)
    (log,) = found["logs"]
    assert log["cycles"][0]["count"] == 2
    assert log["cycles"][0]["over"] == 1
    # The first line has no parts of a second, and may have come after the window began.
    assert log["cycles"][0]["until_first_s"] == 0
    assert log["cycles"][0]["since_last_s"] == pytest.approx(found["window_s"] + 0.7 - 61, abs=0.2)
    assert log["forbid"] == [{"name": "TypeError", "count": 0, "max": 0, "last": None}]
    assert log["levels"]["ERROR"] == 1


def test_a_last_line_with_parts_of_a_second_came_when_it_says(tmp_path: Path) -> None:
    begun = float(int(time.time()) - 100)
    (tmp_path / "main.log").write_text(line(begun + 60, "cycle").replace("Z", ".500Z"))
    found = read(tmp_path, begun)
    assert found["logs"][0]["cycles"][0]["since_last_s"] == pytest.approx(found["window_s"] - 60.5, abs=0.2)


def test_what_never_came_has_no_time_before_it_and_none_after(tmp_path: Path) -> None:
    (tmp_path / "main.log").write_text(line(time.time() - 5, "started"))
    (log,) = read(tmp_path, float(int(time.time()) - 100))["logs"]
    assert log["cycles"][0]["until_first_s"] is log["cycles"][0]["since_last_s"] is None


@pytest.mark.parametrize("text", ["cycle", "other"])
def test_a_time_that_nobody_can_have_written_yet_is_told_with_how_far_it_is_ahead(tmp_path: Path, text: str) -> None:
    now_s = time.time()
    came = [(now_s - 20, "cycle"), (now_s + 3600, text)]
    (tmp_path / "main.log").write_text("".join(line(at_s, said) for at_s, said in came))
    (log,) = read(tmp_path, now_s - 100)["logs"]
    assert log["ahead_s"] == pytest.approx(3600, abs=30)


def test_a_cycle_of_the_future_counts_though_the_last_line_is_of_now(tmp_path: Path) -> None:
    now_s = time.time()
    (tmp_path / "main.log").write_text(line(now_s + 3600, "cycle") + line(now_s, "other"))
    assert read(tmp_path, now_s - 100)["logs"][0]["ahead_s"] == pytest.approx(3600, abs=30)


@pytest.mark.parametrize(("reading_s", "ahead_s"), [(60.0, 0), (0.0, 50)])
def test_a_line_that_is_written_while_logs_are_read_is_not_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading_s: float, ahead_s: float
) -> None:
    begun = time.time()
    (tmp_path / "main.log").write_text(line(begun, "cycle"))
    monkeypatch.setattr(logs, "time", types.SimpleNamespace(monotonic=iter([0.0, reading_s]).__next__))

    def send(request: Json) -> Json:
        data = collect(request["sections"]["logs"], Host(str(tmp_path), 20.0))
        # The host looked at its clock long before this log was read.
        data["now_s"] = float(int(begun)) - 50
        return {"sections": {"logs": {"outcome": "ok", "reason": "", "data": data}}}

    assert read(tmp_path, begun - 100, send)["logs"][0]["ahead_s"] == ahead_s


def test_a_log_that_is_not_there_says_so(tmp_path: Path) -> None:
    (log,) = read(tmp_path, time.time())["logs"]
    assert log["outcome"] == "missing"


def _gone(_request: Json) -> Json:
    raise HostUnseen("unreachable", "no route")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_gone, "no route"),
        (lambda _request: {}, "garbled"),
        (lambda _request: {"sections": []}, "garbled"),
        (lambda _request: {"sections": {"logs": {"outcome": "ok", "reason": "", "data": {}}}}, "garbled"),
        (lambda _request: {"sections": {"logs": {"outcome": "unknown", "reason": "no time", "data": {}}}}, "no time"),
    ],
)
def test_what_was_not_read_is_unknown_with_its_reason(
    tmp_path: Path, answer: t.Callable[[Json], Json], said: str
) -> None:
    found = read(tmp_path, 0.0, answer)
    assert found["outcome"] == "unknown"
    assert said in found["reason"]
