# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers the run before a watch saw run."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch import before

WEB = {"name": "web", "id": "a" * 64, "state": "running", "started": "2026-11-21T00:00:00Z", "restarts": 2}

Json = dict[str, t.Any]


def seen(folder: Path, outcome: str, *containers: Json) -> list[Json]:
    run = RunFolder(str(folder))
    run.write("run.json", {})
    evidence.keep(run, "web1", evidence.HOST, {"failure": None})
    data = {"containers": list(containers)} if outcome == "ok" else None
    evidence.keep(run, "web1", "containers", {"outcome": outcome, "data": data})
    return before.containers(run, "web1")


@pytest.mark.parametrize("health", [None, {"status": "healthy", "failing": 0}])
def test_what_ran_is_told_as_a_look_has_it(health: Json | None, tmp_path: Path) -> None:
    (told,) = seen(tmp_path, "ok", {**WEB, "health": health, "image": {"name": "app"}})
    assert told == {**WEB, "health": health["status"] if health else None}


@pytest.mark.parametrize("state", ["running", "restarting", "exited", "created", "paused", "dead"])
def test_only_what_ran_is_to_go_on(state: str, tmp_path: Path) -> None:
    told = seen(tmp_path, "ok", {**WEB, "state": state, "health": None})
    assert [one["name"] for one in told] == (["web"] if state in ("running", "restarting") else [])


def test_an_id_that_is_none_is_compared_with_nothing(tmp_path: Path) -> None:
    assert seen(tmp_path, "ok", {**WEB, "id": "********", "health": None}) == []


def test_a_run_that_did_not_see_the_containers_names_none(tmp_path: Path) -> None:
    assert seen(tmp_path, "unknown") == []
    evidence.keep(RunFolder(str(tmp_path)), "web2", evidence.HOST, {"failure": {"kind": "unreachable", "reason": "x"}})
    assert before.containers(RunFolder(str(tmp_path)), "web2") == []


def test_a_folder_that_is_no_run_of_the_host_is_an_error_and_not_one_in_which_nothing_ran(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"^run: /\S+/no-such is not the folder of a run: it has no run.json$"):
        before.containers(RunFolder(str(tmp_path / "no-such")), "web1")
    seen(tmp_path, "ok")
    with pytest.raises(StoreError, match=r"^run: the run /\S+ did not observe web2: name the one that did, or none$"):
        before.containers(RunFolder(str(tmp_path)), "web2")
