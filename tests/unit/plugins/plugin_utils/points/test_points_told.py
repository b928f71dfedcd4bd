# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator reads about restore points."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points.told import sentences

POINT = "20261121T154500Z-3f9a1c"
COMMIT = "0123456789abcdef" * 2 + "01234567"
HEAD = "fedcba9876543210" * 2 + "fedcba98"
GIT = {
    "outcome": "saved",
    "reason": "",
    "branch": "main",
    "head": HEAD,
    "commit": COMMIT,
    "ref": f"refs/evenkeel/{POINT}",
    "left_out": [],
    "notes": [],
}
MADE = {
    "point": POINT,
    "created": "2026-11-21T15:45:00Z",
    "changed": True,
    "files": 1834,
    "bytes": 20971520,
    "seconds": 2.04,
    "git": GIT,
    "running": {"units": 0, "containers": 0, "images": 0, "outside": 0},
    "notes": [],
    "pruned": [],
}
BACK = {
    **MADE,
    "recovered": None,
    "changes": [{"path": "src/main.py", "do": "write", "found": "file"}],
    "total": 1,
    "left": [],
    "saved": None,
    "at_point": True,
    "apart": [],
    "level": "config",
    "budget_s": 120,
    "not_back": [],
    "proven": [],
    "leaves": ["the content of volumes"],
}
NOT_IN_IT = "  it has no databases outside these files, no volumes, no containers and no units"
NOT_TOUCHED = "  not touched: files that the point does not have; the content of volumes"


def test_a_point_that_was_made() -> None:
    assert sentences("present", False, MADE) == [
        f"restore point {POINT}: 1834 files, 20.0 MiB, written and read back in 2.0 s",
        "  the repository: branch main at fedcba987654",
        f"  uncommitted work is kept as commit 0123456789ab, refs/evenkeel/{POINT}",
        NOT_IN_IT,
    ]


@pytest.mark.parametrize(
    ("git", "lines"),
    [
        ({"outcome": "absent", "reason": "there is none"}, ["  there is no repository here"]),
        ({"outcome": "not_asked", "reason": ""}, ["  the repository was not asked for"]),
        (
            {"outcome": "unknown", "reason": "this host has no git"},
            ["  the state of the repository is NOT in it: this host has no git"],
        ),
        ({**GIT, "commit": HEAD}, ["  the repository: branch main at fedcba987654"]),
        (
            {**GIT, "branch": None, "commit": HEAD, "notes": ["a note"]},
            ["  the repository: a detached HEAD at fedcba987654", "  a note"],
        ),
        (
            {**GIT, "head": None, "commit": None},
            ["  the repository: branch main, without a commit yet"],
        ),
        (
            {**GIT, "commit": HEAD, "left_out": [{"path": ".env", "reason": "it is of a secret class"}]},
            [
                "  the repository: branch main at fedcba987654",
                "  not in that commit, but in the files of this point where it saved them: .env",
            ],
        ),
    ],
)
def test_what_a_point_has_of_the_repository(git: dict[str, t.Any], lines: list[str]) -> None:
    assert sentences("present", False, {**MADE, "git": git})[1:] == [*lines, NOT_IN_IT]


def test_a_point_that_would_be_made() -> None:
    told = {"files": 2, "bytes": 900, "point": None, "seconds": 0.1, "running": {}, "images": 0, "notes": []}
    assert sentences("present", True, told) == ["a restore point would have 2 files, 900 bytes; nothing was written"]
    told.update(running={"units": 1, "containers": 2, "images": 1, "outside": 3}, images=3 << 20, notes=["a note"])
    assert sentences("present", True, told) == [
        "a restore point would have 2 files, 900 bytes, 1 unit, 2 containers, 1 image, 3 paths outside the root, and "
        "archives of images of about 3.0 MiB; nothing was written",
        "  a note",
    ]


def test_a_point_with_what_runs_says_what_each_level_brings_back() -> None:
    levels = {
        "config": {"restores": ["4 paths below the root"], "leaves": []},
        "containers": {"restores": ["1 container with its image"], "leaves": []},
        "full": {"restores": [], "leaves": []},
    }
    made = {**MADE, "running": {"units": 0, "containers": 1, "images": 1, "outside": 0}, "levels": levels}
    assert sentences("present", False, made)[1:] == [
        "  1 container, 1 image",
        "  the repository: branch main at fedcba987654",
        f"  uncommitted work is kept as commit 0123456789ab, refs/evenkeel/{POINT}",
        "  a rollback config brings back 4 paths below the root",
        "  a rollback containers brings back 1 container with its image",
        "  a rollback full brings back nothing",
        "  it has no databases outside these files, no volumes",
    ]


def test_a_rollback_of_what_runs() -> None:
    changes = [
        {"path": "web", "do": "replace", "found": "container"},
        {"path": "app.service", "do": "restart", "found": "unit"},
    ]
    failed = [{"path": "web", "kind": "container", "reason": "it does not keep running"}]
    told = {**BACK, "level": "full", "budget_s": 600, "changes": changes, "total": 2, "not_back": failed}
    assert sentences("restored", False, {**told, "at_point": False, "apart": ["the container web"]}) == [
        "  web: replaced by what it was",
        "  app.service: started anew",
        "  NOT brought back: container web: it does not keep running",
        f"NOT as restore point {POINT} of 2026-11-21T15:45:00Z has it: the container web; took 2.0 s of 600 s",
        NOT_TOUCHED,
    ]
    assert sentences("restored", False, {**told, "not_back": []})[2].startswith("everything of the level full is as")


def test_a_rollback_tells_what_its_point_says_of_itself() -> None:
    notes = [f"note {number}" for number in range(12)]
    lines = sentences("restored", False, {**BACK, "notes": notes})
    assert lines[1:11] == [f"  note {number}" for number in range(10)]
    assert lines[11] == "  and 2 more notes"


def test_one_file_is_one() -> None:
    assert "X: 1 file, 20.0 MiB," in sentences("present", False, {**MADE, "point": "X", "files": 1})[0]


def test_a_removal_tells_which_copies_stay() -> None:
    removed = {"changed": True, "point": POINT, "notes": ["its copy stays"]}
    assert sentences("absent", False, removed) == [f"restore point {POINT} is removed", "  its copy stays"]
    assert sentences("absent", True, {**removed, "notes": []}) == [f"restore point {POINT} would be removed"]
    assert sentences("absent", False, {**removed, "changed": False}) == ["  its copy stays"]


def test_a_point_that_was_verified() -> None:
    assert sentences("verified", False, MADE) == [
        f"restore point {POINT} of 2026-11-21T15:45:00Z is whole: 1834 files, 20.0 MiB, read back in 2.0 s"
    ]


def test_a_rollback() -> None:
    replaced = "20261121T160002Z-07be55"
    told = {**BACK, "saved": replaced, "left": [{"path": "new", "reason": "it is not empty"}]}
    assert sentences("restored", False, told) == [
        "  src/main.py: written",
        "  not brought back: new: it is not empty",
        f"what was replaced is kept as restore point {replaced}, which no rollback picks by itself",
        f"every path is as restore point {POINT} of 2026-11-21T15:45:00Z has it, compared one by one; 1 changes; "
        "took 2.0 s of 120 s",
        NOT_TOUCHED,
    ]


def test_a_rollback_with_nothing_to_do() -> None:
    told = sentences("restored", False, {**BACK, "changes": [], "total": 0})
    assert "nothing had to be changed" in told[0]
    assert told[1:] == [NOT_TOUCHED]


def test_a_rollback_that_did_not_get_there_is_loud() -> None:
    told = sentences("restored", False, {**BACK, "at_point": False, "apart": [f"f{number}" for number in range(12)]})
    assert told[-2].startswith(f"NOT as restore point {POINT}")
    assert "f9 and 2 more" in told[-2]


def test_a_rehearsal() -> None:
    told = sentences("restored", True, {**BACK, "at_point": False})
    assert told == [
        "  src/main.py: would be written",
        f"restore point {POINT} of 2026-11-21T15:45:00Z is whole; 1 changes lead to its level config; "
        "nothing was changed; rehearsed in 2.0 s of 120 s",
    ]


def test_many_changes_are_counted() -> None:
    changes = [{"path": f"f{number}", "do": "remove", "found": "file"} for number in range(1000)]
    told = sentences("restored", False, {**BACK, "changes": changes, "total": 4321})
    assert told[9:11] == ["  f9: removed", "  and 4311 more"]


@pytest.mark.parametrize(
    ("state", "check", "line"),
    [
        ("bad", False, f"restore point {POINT} is marked bad"),
        ("bad", True, f"restore point {POINT} would be marked bad"),
        ("absent", False, f"restore point {POINT} is removed"),
    ],
)
def test_a_point_that_was_marked_or_removed(state: str, check: bool, line: str) -> None:
    assert sentences(state, check, {"changed": True, "point": POINT}) == [line]
    assert sentences(state, check, {"changed": False, "point": POINT}) == []


def test_a_point_in_a_second_place() -> None:
    kept = {"repository": "/r", "snapshot": "1b1a1832", "forgotten": ["one"], "notes": ["a note"], "seconds": 2.14}
    assert sentences("present", False, {**MADE, "restic": kept})[-3:] == [
        "  kept in the restic repository /r as well, snapshot 1b1a1832: encrypted here, brought there and read back "
        "in 2.1 s",
        "  forgotten there, since newer ones are kept: one",
        "  a note",
    ]
    back = sentences("verified", False, {**MADE, "returned": True})
    assert back[0] == f"restore point {POINT} was brought back from the restic repository"
    assert back[1:] == sentences("verified", False, {**MADE, "returned": False})
