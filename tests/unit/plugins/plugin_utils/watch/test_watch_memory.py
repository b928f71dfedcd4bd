# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose memory ran out: the host's, or that of a control group which reached a limit of its own."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched import checks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.memory import Blame, blame
from watch_world import document, look, regular, state

Json = dict[str, t.Any]
Groups = t.Mapping[str, tuple[int, int, int]]

WEB = "/system.slice/docker-" + "a" * 64 + ".scope"
OTHER = "/system.slice/docker-" + "c" * 64 + ".scope"
SYSTEM, USER, API = "/system.slice", "/user.slice", "/system.slice/api.service"
OLD = {"groups": None, "reason": "no control groups of version 2"}


def item(kills: int | None, groups: Groups) -> Json:
    """Return what a look sees; of each group how often a limit in it was reached, its own one, and the kills in it."""
    told = [
        {"path": path, "oom": oom, "own_oom": own, "oom_kill": oom_kill}
        for path, (oom, own, oom_kill) in sorted(groups.items())
    ]
    return {"used_percent": 40.0, "oom_kills": kills, "groups": told, "reason": ""}


QUIET: Groups = {SYSTEM: (0, 0, 0), USER: (0, 0, 0)}


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        # A whole machine, where the kernel counts for the host.
        ((0, QUIET), (0, QUIET), Blame()),
        ((0, QUIET), (1, {**QUIET, SYSTEM: (1, 0, 1), API: (1, 1, 1)}), Blame(limited={API: 1})),
        ((0, QUIET), (1, {**QUIET, SYSTEM: (0, 0, 1), API: (0, 0, 1)}), Blame(host=1)),
        ((0, QUIET), (1, QUIET), Blame(host=1)),
        # The group that reached its limit is gone: what lies above it has counted it.
        ((0, QUIET), (2, {**QUIET, SYSTEM: (2, 0, 2)}), Blame(limited={SYSTEM: 2})),
        # The limit of a slice, over all that is in it.
        ((0, QUIET), (1, {**QUIET, SYSTEM: (1, 1, 1), API: (0, 0, 1)}), Blame(limited={SYSTEM: 1})),
        # One within its limit, which is gone, and one for want of memory of the host.
        ((0, QUIET), (2, {**QUIET, SYSTEM: (1, 0, 2), API: (0, 0, 1)}), Blame(host=1, limited={SYSTEM: 1})),
        ((0, QUIET), (2, {**QUIET, SYSTEM: (1, 0, 1), API: (1, 1, 1)}), Blame(host=1, limited={API: 1})),
        # A limit kills several at once where memory.oom.group is set.
        ((0, QUIET), (4, {**QUIET, SYSTEM: (1, 0, 4), API: (1, 1, 4)}), Blame(limited={API: 4})),
        # Only what is new counts, also of a service that was started anew and counts from none.
        (
            (5, {**QUIET, SYSTEM: (5, 0, 5), API: (4, 4, 4)}),
            (6, {**QUIET, SYSTEM: (6, 0, 6), API: (1, 1, 1)}),
            Blame(limited={API: 1}),
        ),
        # Not all levels were read at the first look.
        (
            (5, {**QUIET, SYSTEM: (5, 0, 5)}),
            (6, {**QUIET, SYSTEM: (6, 0, 6), API: (4, 4, 4)}),
            Blame(limited={SYSTEM: 1}),
        ),
        # A group of the first level is gone with all that it had counted.
        ((0, QUIET), (1, {SYSTEM: (0, 0, 0)}), Blame(untold=1, reason="a control group that counted it is gone")),
        # A container that is a host: its own group counts for it, and the limit of that is its memory.
        ((3, {"/": (0, 0, 3)}), (4, {"/": (0, 0, 4)}), Blame(host=1)),
        ((0, {"/": (0, 0, 0)}), (1, {"/": (1, 1, 1), SYSTEM: (0, 0, 1)}), Blame(host=1)),
        ((0, {"/": (0, 0, 0), SYSTEM: (0, 0, 0)}), (1, {"/": (1, 0, 1)}), Blame(limited={"/": 1})),
        ((0, {"/": (0, 0, 0)}), (1, {"/": (1, 0, 1), SYSTEM: (1, 0, 1), API: (1, 1, 1)}), Blame(limited={API: 1})),
        (
            (0, {"/": (0, 0, 0)}),
            (2, {"/": (2, 1, 2), SYSTEM: (1, 0, 1), API: (1, 1, 1)}),
            Blame(host=1, limited={API: 1}),
        ),
        # A host whose kernel counts nothing.
        ((None, {}), (None, {}), Blame()),
    ],
)
def test_what_no_limit_explains_was_for_want_of_memory_of_the_host(
    before: tuple[int | None, Groups], now: tuple[int | None, Groups], said: Blame
) -> None:
    assert blame(item(*before), item(*now)) == said


@pytest.mark.parametrize("blind", ["before", "now"])
def test_where_the_kernel_does_not_count_by_group_nobody_knows_whose_it_was(blind: str) -> None:
    sides = {"before": item(0, QUIET), "now": item(2, QUIET)}
    sides[blind].update(OLD)
    assert blame(**sides) == Blame(untold=2, reason=OLD["reason"])


def judged(change: t.Callable[[float], Json]) -> dict[tuple[str, str], Json]:
    """Return the checks of a window in which the kernel killed in its midst."""
    made = checks(document(regular(change)))
    return {(one["component"], one["check"]): one for one in made if one["check"] in ("stable", "memory")}


def from_300(before: Json, now: Json) -> t.Callable[[float], Json]:
    return lambda at_s: {"memory": now if at_s >= 300 else before}


@pytest.mark.parametrize(
    ("now", "outcome", "said"),
    [
        (item(0, QUIET), "pass", "The host used 40 to 40 % of its memory, and killed nothing for want of it"),
        (
            item(1, {**QUIET, SYSTEM: (0, 0, 1)}),
            "fail",
            "The host ran out of memory: the kernel killed 1 process, for which no limit accounts",
        ),
        (
            item(2, {**QUIET, SYSTEM: (2, 0, 2), "/system.slice/other.service": (2, 2, 2)}),
            "observation",
            "had reached a limit of its own, which is no want of memory of the host: unit other.service (2)",
        ),
        (item(2, {**QUIET, SYSTEM: (2, 0, 2), OTHER: (2, 2, 2)}), "observation", "container cccccccccccc (2)"),
        (item(2, {**QUIET, SYSTEM: (2, 0, 2)}), "observation", "something in /system.slice (2)"),
        (
            item(3, {**QUIET, SYSTEM: (2, 0, 2), OTHER: (2, 2, 2)}),
            "fail",
            "; 2 processes within a limit of their own: container cccccccccccc (2)",
        ),
        (
            {**item(2, {}), **OLD},
            "fail",
            "Whose ran out cannot be told: no control groups of version 2; counted is the whole kernel, with other "
            "applications and other containers on it; 2023-11-14T22:18:20Z: the kernel killed 2",
        ),
        ({**item(None, {}), **OLD}, "unknown", "this kernel does not count what it kills"),
    ],
)
def test_only_what_the_host_lacked_or_what_cannot_be_told_fails_the_host(now: Json, outcome: str, said: str) -> None:
    before = {**now, "oom_kills": now["oom_kills"] and 0}
    if now["groups"]:
        before["groups"] = item(0, QUIET)["groups"]
    made = judged(from_300(before, now))
    found = made["memory", "memory"]
    assert found["outcome"] == outcome, found["summary"]
    assert said in found["summary"]
    # What is watched is as it was.
    assert {one["outcome"] for (_of, name), one in made.items() if name == "stable"} == {"pass"}


def test_a_watched_container_that_reached_its_limit_fails_by_name_though_its_engine_missed_it() -> None:
    made = judged(from_300(item(0, QUIET), item(1, {**QUIET, SYSTEM: (1, 0, 1), WEB: (1, 1, 1)})))
    assert made["containers", "stable"]["outcome"] == "fail"
    assert "The container web was killed for want of memory" in made["containers", "stable"]["summary"]
    assert made["memory", "memory"]["outcome"] == "observation"
    assert made["memory", "memory"]["observed"]["limited"] == {"container web": 1}


def test_a_watched_unit_of_which_a_worker_was_killed_fails_by_name() -> None:
    killed = item(1, {**QUIET, SYSTEM: (1, 0, 1), API: (1, 1, 1)})
    quiet = item(0, QUIET)
    made = judged(lambda at: {"units": {"oom_kills": 1}, "memory": killed} if at >= 300 else {"memory": quiet})
    assert made["units", "stable"]["outcome"] == "fail"
    assert "2023-11-14T22:18:20Z: the kernel killed 1 of its processes" in made["units", "stable"]["summary"]
    assert made["memory", "memory"]["outcome"] == "observation"
    assert made["memory", "memory"]["observed"]["limited"] == {"unit api.service": 1}


@pytest.mark.parametrize(("counts", "kills"), [((4, 4), 0), ((4, 6), 2), ((4, 1), 1), ((4, None), 0), ((None, 4), 0)])
def test_a_unit_counts_anew_when_it_is_started(counts: tuple[int | None, int | None], kills: int) -> None:
    made = document(regular(lambda at_s: {"units": {"oom_kills": counts[at_s >= 300]}}))
    assert made["units"][0]["oom_kills"] == kills


def test_what_nobody_counted_of_a_unit_is_not_none() -> None:
    made = document(regular(lambda _at_s: {"units": {"oom_kills": None}}))
    (found,) = [one for one in checks(made) if (one["component"], one["check"]) == ("units", "stable")]
    assert (found["outcome"], found["observed"]["oom_kills"]) == ("pass", None)


def test_what_was_counted_before_a_boot_is_no_kill_after_it() -> None:
    made = state([look(0.0, memory=item(3, QUIET))])
    made.add(look(30.0, memory=item(7, QUIET)), "b2", 30.0)
    assert made.told()["memory"]["oom_kills"] == 0


REACHED: Groups = {**QUIET, SYSTEM: (1, 0, 0), API: (1, 1, 0)}
"""A limit was reached, and the kernel still writes its report."""


@pytest.mark.parametrize(
    ("limit_s", "after", "outcome"),
    [
        (300, {**QUIET, SYSTEM: (1, 0, 1), API: (1, 1, 1)}, "observation"),
        # The service ended with it.
        (300, {**QUIET, SYSTEM: (1, 0, 1)}, "observation"),
        # What was killed is in another group.
        (300, {**REACHED, USER: (0, 0, 1)}, "fail"),
        # That limit was reached long before.
        (270, {**QUIET, SYSTEM: (1, 0, 1), API: (1, 1, 1)}, "fail"),
    ],
)
def test_a_limit_explains_what_is_killed_until_the_next_look(limit_s: int, after: Groups, outcome: str) -> None:
    def change(at_s: float) -> Json:
        if at_s >= 330:
            return {"memory": item(1, after)}
        return {"memory": item(0, REACHED if at_s >= limit_s else QUIET)}

    found = judged(change)["memory", "memory"]
    assert found["outcome"] == outcome, found["summary"]
    assert found["observed"]["oom_kills"] == 1


def test_a_window_that_was_kept_before_limits_were_told_apart_fails_with_that_said() -> None:
    made = document(regular(from_300(item(0, QUIET), item(2, QUIET))))
    for key in ("of_host", "limited", "untold"):
        del made["memory"][key]
    del made["units"][0]["oom_kills"]
    (found,) = [one for one in checks(made) if one["component"] == "memory"]
    assert found["outcome"] == "fail"
    assert "watched by a version that did not ask whose memory ran out" in found["summary"]
