# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification that watches for a day finds its folder and its run there in the end, whatever else is pruned."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit import hosts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, prune
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder

EVENING, MORNING = "2026-03-01T20:00:00Z", "2026-03-02T08:00:00Z"
MADE: dict[str, t.Any] = {"run": "20260302T080000Z-prod-1", "overall": {"verdict": "PASS"}}


def audit(output: Path, started: str) -> RunFolder:
    made = RunFolder.create(str(output), started, "prod")
    made.write("run.json", {"id": made.id})
    made.seal()
    return made


@pytest.fixture(name="watching")
def _watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setattr(folder, "utc_now", lambda: EVENING)
    opened = folder.open_verification(str(tmp_path), "prod", {"keep": 1})
    folder.rests_on(opened, audit(tmp_path, EVENING))
    monkeypatch.setattr(folder, "utc_now", lambda: MORNING)
    return opened


def test_audits_meanwhile_leave_the_run_that_is_decided_in_the_end(tmp_path: Path, watching: RunFolder) -> None:
    run = tmp_path / str(watching.read("run.json")["run"])
    later = audit(tmp_path, MORNING)
    needed = folder.runs_under_way(str(tmp_path), MORNING)
    assert prune(str(tmp_path), 1, later, needed=needed) == []
    assert run.is_dir()
    # The twin: without it the run is gone.
    assert prune(str(tmp_path), 1, later) == [run.name]


def test_another_verification_that_ends_meanwhile_leaves_its_folder(tmp_path: Path, watching: RunFolder) -> None:
    other = folder.open_verification(str(tmp_path), "prod", {"keep": 1})
    folder.finish(other, MADE, "# Verification")
    assert os.path.isdir(watching.path)


def test_what_ended_or_was_interrupted_days_ago_needs_no_run(tmp_path: Path, watching: RunFolder) -> None:
    assert folder.runs_under_way(str(tmp_path), "2026-03-04T20:00:00Z") == []
    (Path(watching.path) / "run.json").write_text("", encoding="utf-8")
    assert folder.runs_under_way(str(tmp_path), MORNING) == []
    assert folder.runs_under_way(str(tmp_path / "nowhere"), hosts.utc_now()) == []


def test_a_watch_may_be_kept_in_any_folder(tmp_path: Path) -> None:
    folder.rests_on(RunFolder(str(tmp_path)), audit(tmp_path / "out", EVENING))
    assert sorted(os.listdir(tmp_path)) == ["out"]
