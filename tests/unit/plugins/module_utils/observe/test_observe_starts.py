# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when on a log is of what a change brought: what the program before it wrote is not, what its start said is."""

from __future__ import annotations

import calendar
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import logs
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.change_starts import since, starts
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]
NOON = calendar.timegm((2026, 11, 20, 12, 0, 0))
NEW, OLD = {"run": "2", "id": "plan-2"}, {"run": "1", "id": "plan-1"}


def step(what: str, second: float, name: str = "web.service", at_s: t.Any = None, **more: t.Any) -> Json:
    about = {"kind": "unit", "do": "restart", "direction": "forward", **NEW, **more}
    told = {} if at_s is None else {"at_s": NOON + at_s}
    return {"what": f"step {what}", "time": f"2026-11-20T12:00:{int(second):02d}Z", "path": name, **about, **told}


def placed(second: int, **more: t.Any) -> Json:
    return {"what": "is in place", "time": f"2026-11-20T12:00:{second:02d}Z", "kind": "sync", **NEW, **more}


def changes(*lines: Json, last: int | None = 0) -> Json:
    """Return a record of changes with these lines of the log, and files that were in place at a second."""
    at = {"time": f"2026-11-20T12:00:{last:02d}Z", "time_s": NOON + last} if last is not None else None
    return {"last": at, "last_reason": "" if at else "none", "starts": starts([*reversed(lines)])}


def begin(log: Json, *lines: Json, last: int | None = 0) -> float | None:
    found = since(log, changes(*lines, last=last))
    return None if found is None else round(found["time_s"] - NOON, 3)


RESTART = (placed(0), step("begins", 5, at_s=5.25), step("is done", 9, at_s=5.75))
LONG = (
    placed(0),
    step("begins", 1, "after_change", kind="hook", do="run"),
    step("is done", 4, "after_change", do="run"),
)
TWO = (*RESTART, step("begins", 9, "worker.service"), step("is done", 13, "worker.service", at_s=10.5))


@pytest.mark.parametrize(
    ("log", "lines", "expected"),
    [
        # Nothing was started anew: what runs reads the new files, or nobody knows.
        ({}, [placed(0)], 0),
        ({"journal": "web.service"}, [placed(0)], 0),
        # From the start of the new process on, or from the begin of the step where that is not known.
        ({}, RESTART, 5.75),
        ({"journal": "web.service"}, RESTART, 5.75),
        ({"journal": "web"}, RESTART, 5.75),
        ({"written_by": "web.service"}, RESTART, 5.75),
        ({}, RESTART[:2], 5.25),
        ({}, [placed(0), step("begins", 5)], 5),
        # Two that are started one after the other: to each its own, and the first for a file of whoever it is.
        ({"journal": "worker.service"}, TWO, 10.5),
        ({}, TWO, 5.75),
        ({"written_by": "worker.service"}, TWO, 10.5),
        # What was not started anew may read the new files all the same.
        ({"journal": "db.service"}, TWO, 0),
        # A command of the operator may start anything, but not what has a step of its own.
        ({}, [*LONG, *RESTART[1:]], 1),
        ({"written_by": "web.service"}, [*LONG, *RESTART[1:]], 5.75),
        # What a step stops, ends or enables starts nothing.
        ({}, [placed(0), step("begins", 1, "cron.service", do="stop"), *RESTART[1:]], 5.75),
        # One that was interrupted and begun again may have started something the first time.
        ({}, [*RESTART[:2], step("begins", 8, at_s=8.5), step("is done", 9, at_s=8.75)], 5.25),
        # One that an earlier step started along with its own, and that its own step found new.
        ({"journal": "worker.service"}, [*TWO[:-1], step("is done", 13, "worker.service", at_s=5.9)], 5.9),
        ({}, [placed(0), step("begins", 5, at_s=5.25), step("is done", 9, at_s=0.5)], 0.5),
        # A container that was restarted, and a service of Compose.
        ({"container": "app"}, [placed(0), step("begins", 3, "app", kind="container")], 3),
        ({"written_by": "shop/app"}, [placed(0), step("begins", 3, "shop/app", kind="compose", do="up")], 3),
        # A deploy without files is the last change as well: of what it did not start, the one before counts.
        ({}, [placed(0, **OLD), *RESTART[1:]], 5.75),
        (
            {"journal": "worker.service"},
            [placed(0, **OLD), step("begins", 1, "worker.service", **OLD), *RESTART[1:]],
            1,
        ),
        # What came before the files of the newest change is of another.
        ({}, [step("begins", 1), placed(2), *RESTART[1:]], 5.75),
        ({"journal": "web.service"}, [step("begins", 1), placed(2)], 0),
        # Steps that lead back, and a rollback, bring the old.
        ({}, [*RESTART, step("begins", 11, direction="back")], 0),
        ({}, [*RESTART, {"what": "rolled back", "time": "2026-11-20T12:00:20Z"}], 0),
        # Lines that say nothing that can be believed.
        ({}, [placed(0), step("begins", 5, at_s=400)], 5),
        ({}, [placed(0), {**step("begins", 5), "at_s": "soon"}], 5),
        ({}, [placed(0), step("begins", 5, at_s=-(10**400))], 5),
        ({}, [placed(0), step("begins", 5, at_s=float("-inf"))], 5),
        ({}, [placed(4), step("begins", 5, at_s=5.25), step("is done", 9, at_s=3)], 5.25),
        ({}, [step("begins", 5, at_s=5.25), step("is done", 9, at_s=3)], 5.25),
        ({}, [placed(0), {**step("begins", 5), "time": "soon"}], 0),
    ],
)
def test_from_when_on_a_log_counts(log: Json, lines: t.Sequence[Json], expected: float) -> None:
    assert begin(log, *lines) == expected


def test_a_host_on_which_no_file_was_ever_changed() -> None:
    assert begin({}, *RESTART[1:], last=None) == 5.75
    assert begin({"journal": "db.service"}, *RESTART[1:], last=None) == 5.75
    assert begin({}, last=None) is None
    # A record of a host whose answer could not be read.
    assert since({}, {}) is None


def test_what_the_old_process_says_until_its_restart_does_not_count_and_what_the_new_one_says_first_does(
    tmp_path: Path,
) -> None:
    lines = [
        "2026-11-20T12:00:01.000Z ERROR of the old, the files are new",
        "2026-11-20T12:00:05.500Z ERROR of the old, while it is stopped",
        "2026-11-20T12:00:05.800Z ERROR at the start of the new",
        "2026-11-20T12:00:08.000Z ERROR of the new, the step is not done yet",
    ]
    (tmp_path / "app.log").write_text("".join(f"{line}\n" for line in lines))
    # Of a line with whole seconds nobody knows when in its second it was written.
    whole = [line.replace(".000", "").replace(".500", "").replace(".800", "") for line in lines]
    (tmp_path / "whole.log").write_text("".join(f"{line}\n" for line in whole))
    host = Host(str(tmp_path), 60)
    host.changes = changes(*RESTART)
    searched = {name: [] for name in ("forbid", "require", "intervals", "numbers", "classes")}
    asked = [{"name": name, "path": name, "deploy": True, **searched} for name in ("app.log", "whole.log")]
    found = logs.collect({"logs": asked}, host)["logs"]
    assert [one["levels"]["ERROR"] for one in found] == [2, 3]


@pytest.mark.parametrize(("ahead_s", "outcome"), [(-3600, "ok"), (50, "ok"), (100, "unknown")])
def test_a_log_is_not_read_since_a_time_that_is_still_to_come(tmp_path: Path, ahead_s: int, outcome: str) -> None:
    (tmp_path / "app.log").write_text("2026-11-20T12:00:01Z ERROR\n")
    searched = {name: [] for name in ("forbid", "require", "intervals", "numbers", "classes")}
    asked = {"name": "app", "path": "app.log", "since_s": time.time() + ahead_s, **searched}
    (found,) = logs.collect({"logs": [asked]}, Host(str(tmp_path), 60))["logs"]
    assert found["outcome"] == outcome
    assert outcome == "ok" or "that is still to come, this host's clock says " in found["reason"]
