# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch watched counts in the end where the host is as it was left, and where the evidence is what it was."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import carrying
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder

Json = dict[str, t.Any]

SEEN = {"host": "web1", "complete": True}


def carried(
    tmp_path: Path, verification: Json | None, damage: t.Callable[[RunFolder], object] = id, outcome: str = "changed"
) -> Json:
    """Return run.json of the verification in the end, of one host with that in its result."""
    batch = folder.open_verification(str(tmp_path), "prod", {"hosts": ["web1"]})
    batch.write("watch/web1.json", SEEN)
    batch.seal()
    damage(batch)
    deploy = RunFolder.create(str(tmp_path / "deploys"), "2026-11-22T06:00:00Z", "prod")
    told = {} if verification is None else {"verification": {"id": batch.id, "back": None, **verification}}
    deploys.keep_result(deploy, "web1", {"outcome": outcome, **told})
    opened = folder.open_verification(str(tmp_path), "prod", {"hosts": ["web1"]})
    carrying.carry(deploy, opened, ["web1"], "10m")
    about: Json = opened.read(folder.ABOUT)
    assert Path(opened.join("watch/web1.json")).exists() == bool(about["carried"])
    assert about["carried"] in ({}, {"web1": batch.id})
    return about


def test_what_was_watched_of_a_host_that_stayed_as_it_was_left_is_taken_over(tmp_path: Path) -> None:
    about = carried(tmp_path, {})
    assert (list(about["carried"]), about["unwatched"], about["watch"]) == (["web1"], {}, "10m")


def removed(batch: RunFolder) -> None:
    Path(batch.join("MANIFEST.sha256")).unlink()


@pytest.mark.parametrize(
    ("verification", "damage", "said"),
    [
        (None, id, "did not come to an end"),
        ({"id": None}, id, "did not come to an end"),
        ({"back": "done"}, id, "it was brought back"),
        ({"back": "due"}, id, "it was brought back"),
        ({"id": "20261122T000000Z-verify-gone"}, id, "cannot be used any more"),
        ({}, lambda batch: batch.write("watch/web1.json", {**SEEN, "complete": False}), "cannot be used any more"),
        ({}, removed, "cannot be used any more"),
    ],
)
def test_what_says_nothing_of_the_end_is_left_with_a_reason(
    tmp_path: Path, verification: Json | None, damage: t.Callable[[RunFolder], object], said: str
) -> None:
    about = carried(tmp_path, verification, damage)
    assert about["carried"] == {}
    assert said in about["unwatched"]["web1"]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("unchanged", "nothing was changed on it"),
        ("not_begun", "nothing was changed on it"),
        ("rolled_back", "it was brought back"),
        ("failed", "its change failed"),
    ],
)
def test_a_host_that_was_not_verified_says_why_by_what_became_of_it(tmp_path: Path, outcome: str, said: str) -> None:
    assert said in carried(tmp_path, None, outcome=outcome)["unwatched"]["web1"]
