# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: each fault of a Compose project is found with its cause; one that runs as its files say gives none."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_project import git
from fake_compose import FILE, SECRET, container, healthy, project, serve, write
from fake_engine import FakeEngine

Json = dict[str, t.Any]


@pytest.fixture(name="engine")
def fixture_engine() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


def audit(operator: Operator, root: Path, engine: FakeEngine, **more: t.Any) -> Outcome:
    contract = {"compose": [{"project": "shop", "socket": engine.socket}]}
    return operator.audit_one(root, drift_contract=contract, **more)


def committed(folder: Path) -> None:
    """Commit what is in a folder."""
    for argv in (["init", "-q"], ["add", "compose.yml"], ["commit", "-qm", "files"]):
        git(folder, *argv)


def test_a_project_that_runs_as_its_files_say_is_in_sync(
    operator: Operator, engine: FakeEngine, tmp_path: Path
) -> None:
    root, repo = tmp_path / "root", tmp_path / "repo"
    for folder in (root, repo):
        folder.mkdir()
        healthy(engine, folder)
    committed(repo)
    healthy(engine, root)
    outcome = audit(operator, root, engine, drift_reference={"git": {"repo": str(repo)}})
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert "| shop | `market-data` |" in outcome.report
    assert engine.methods == {"GET"}
    assert SECRET not in str(outcome.evidence("web1", "compose"))
    assert SECRET not in outcome.report


def test_each_fault_is_found_with_its_cause(operator: Operator, engine: FakeEngine, tmp_path: Path) -> None:
    root, repo = tmp_path / "root", tmp_path / "repo"
    root.mkdir()
    repo.mkdir()
    project(repo)
    committed(repo)
    project(root)
    write(root, FILE.replace("http://market-data:", "http://crypto-market-data:"))
    changed = container("market-data", root, Config={"Cmd": ["serve", "--by", "hand"]})
    serve(engine, changed, container("bot", root, State={"Status": "exited"}))
    outcome = audit(operator, root, engine, drift_reference={"git": {"repo": str(repo)}})
    assert outcome.brief("compose") == {
        ("setting", "shop-market-data-1.command", "lost_on_restart"),
        ("setting", "shop-bot-1.environment.MARKET_DATA_URL", "lost_on_restart"),
        ("service", "bot", "missing_service"),
        ("names", "bot.environment.MARKET_DATA_URL", "unresolved_name"),
        ("reference", "bot.environment.MARKET_DATA_URL", "setting_differs"),
    }


def test_files_that_cannot_be_read_are_unknown(operator: Operator, engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    write(tmp_path, "services: {web: {image: a}")
    outcome = audit(operator, tmp_path, engine)
    assert outcome.state() == (2, "unknown"), outcome.text
    assert outcome.brief("compose") == {("files", "shop", "unseen")}
