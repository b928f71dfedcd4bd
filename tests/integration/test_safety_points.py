# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Races of restore points: nothing outside of the root is saved, and nothing outside is changed by a rollback."""

from __future__ import annotations

import hashlib
import os
import time
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service
from e2e_arena import CANARY, INSIDE, LEVELS, Arena
from waiting import LIMIT_S

BUDGET_S, LEAST = 2.0, 6
PATH = "one/two/file"


def ask(root: Path, state_dir: Path, state: str = "present", **options: t.Any) -> dict[str, t.Any]:
    asked = {name: about.get("default") for name, about in service.ARGUMENTS.items()}
    place = {"root": str(root), "application": "app", "state_dir": str(state_dir), "state": state}
    return service.answer({**asked, **place, "who": "ops", "git": False, **options}, service.act, False)


@LEVELS
def test_nothing_outside_of_the_root_is_saved(tmp_path: Path, level: str) -> None:
    arena = Arena(tmp_path, level)
    state = tmp_path / "state"
    canary, inside = (hashlib.sha256(text.encode()).hexdigest() for text in (CANARY, INSIDE))
    asked: list[dict[str, t.Any]] = [{"paths": [PATH]}, {"trees": [{"name": "source", "path": "."}]}]
    tries, was_saved = 0, False
    with arena.flipping():
        end = time.monotonic() + BUDGET_S
        # On a busy machine, they take longer than the budget.
        while time.monotonic() < end + (0 if tries >= LEAST and was_saved else LIMIT_S):
            ask(arena.root, state, keep=3, **asked[tries % 2])
            assert not list(state.rglob(canary))
            was_saved = was_saved or bool(list(state.rglob(inside)))
            tries += 1
    assert tries >= LEAST
    assert was_saved, "the file itself was saved as well"


@LEVELS
def test_a_rollback_changes_nothing_outside(tmp_path: Path, level: str) -> None:
    arena = Arena(tmp_path, level)
    state, outside = tmp_path / "state", tmp_path / "outside" / PATH
    point = ask(arena.root, state, paths=[PATH])["point"]
    seen = outside.stat()
    tries = 0
    with arena.flipping(changing=True):
        end = time.monotonic() + BUDGET_S
        while time.monotonic() < end + (0 if tries >= LEAST else LIMIT_S):
            ask(arena.root, state, "restored", point=point, save=False)
            assert outside.read_text() == CANARY
            assert os.listdir(outside.parent) == ["file"]
            tries += 1
    assert tries >= LEAST
    assert (outside.stat().st_ctime_ns, outside.stat().st_ino) == (seen.st_ctime_ns, seen.st_ino)
