# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore points that were fetched: listed, told where they help, and told where they stay."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.action.restore_point import ActionModule
from ansible_collections.evenkeel.drift.plugins.action.restore_point_info import ActionModule as InfoModule
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points import copies

OLD, NEW = "20261120T154500Z-3f9a1c", "20261121T154500Z-0aa1c2"

Json = dict[str, t.Any]


@pytest.fixture(name="kept")
def fixture_kept(tmp_path: Path) -> Path:
    folder = tmp_path / "kept/web1/app"
    for point in (OLD, NEW):
        (folder / point).mkdir(parents=True)
        (folder / point / "00000.cms").write_bytes(b"x" * 90)
        (folder / point / "SHA256SUMS").write_bytes(b"x" * 10)
    (folder / ".incoming-abc").mkdir()
    return folder


def asked(module: type[t.Any], kept: Path, **options: t.Any) -> tuple[t.Any, Json, Json]:
    """Return an action whose host keeps copies, what it was asked, and the variables."""
    action: t.Any = object.__new__(module)
    action._given = {"fetch": {"to": str(kept.parents[1]), "recipient": "/backup.pem"}}
    action._show = lambda *_told: None
    return action, {"options": {"application": "app", **options}, "check": False}, {"inventory_hostname": "web1"}


def test_all_are_listed_the_newest_first(kept: Path) -> None:
    told = copies.listed(str(kept), {NEW})
    assert (told["outcome"], told["folder"]) == ("ok", str(kept))
    assert told["points"] == [
        {"id": NEW, "created": "2026-11-21T15:45:00Z", "bytes": 100, "path": f"{kept}/{NEW}", "on_host": True},
        {"id": OLD, "created": "2026-11-20T15:45:00Z", "bytes": 100, "path": f"{kept}/{OLD}", "on_host": False},
    ]
    action, request, variables = asked(InfoModule, kept)
    assert action.shown(request, {"points": [{"id": NEW}]}, variables)["fetched"] == told


def test_what_was_never_fetched_and_what_cannot_be_seen_are_not_the_same(kept: Path) -> None:
    assert copies.listed(None, ()) == {"outcome": "not_asked", "reason": "", "folder": None, "points": []}
    assert copies.listed(str(kept / "none"), ())["outcome"] == "ok"
    told = copies.listed(str(kept / OLD / "SHA256SUMS"), ())
    assert (told["outcome"], told["points"]) == ("unknown", [])
    assert told["reason"].endswith("SHA256SUMS: Not a directory")


@pytest.mark.parametrize(
    ("point", "told"),
    [
        (OLD, "there is none; it was fetched, and lies encrypted in {kept}/" + OLD + " on the control node: bring it"),
        (None, "there is none; 2 of them were fetched, the newest lies encrypted in {kept}/" + NEW + " on the control"),
        ("20250101T000000Z-3f9a1c", "there is none"),
    ],
)
def test_a_rollback_to_a_point_that_is_not_on_the_host_says_where_it_is(
    kept: Path, point: str | None, told: str
) -> None:
    action, request, variables = asked(ActionModule, kept, state="restored", point=point)
    answer = action.shown(request, {"failed": True, "msg": "there is none", "no_point": True}, variables)
    said = told.format(kept=kept)
    assert answer["msg"].startswith(said) and "no_point" not in answer
    assert ("docs/backup.md" in answer["msg"]) is ("fetched" in told)
    # What failed for another reason is not helped by a copy.
    assert action.shown(request, {"failed": True, "msg": "the disk is full"}, variables)["msg"] == "the disk is full"


def test_a_mistake_in_where_points_are_fetched_to_hides_no_reason(kept: Path) -> None:
    action, request, variables = asked(ActionModule, kept, state="restored", point=OLD)
    action._given = {"fetch": {"two": "/kept"}}
    answer = action.shown(request, {"failed": True, "msg": "there is none", "no_point": True}, variables)
    assert answer["msg"].startswith("there is none; where points are fetched to cannot be told: fetch.two: ")


def test_a_removal_names_the_copy_that_stays(kept: Path) -> None:
    action, request, variables = asked(ActionModule, kept, state="absent", point=OLD)
    removed = {"changed": True, "point": OLD, "notes": ["its copy in the repository stays"]}
    assert action.shown(request, removed, variables)["notes"] == [
        "its copy in the repository stays",
        f"its copy on the control node stays, encrypted; to remove it as well: rm -r {kept}/{OLD}",
    ]
    request["options"]["point"] = "20250101T000000Z-3f9a1c"
    assert action.shown(request, {**removed, "notes": []}, variables)["notes"] == []
