# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which trees a restore point saves, and what the reference says about them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.chosen import choose
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings, resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points.trees import trees_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache

FILES = ("src/main.py", "src/main.pyc", ".env", "venv/lib.py", "logs/app.log", "logs/kept.log", "data/huge.bin")


@pytest.fixture(name="root")
def fixture_root(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")
    return root


@pytest.fixture(name="repo")
def fixture_repo(tmp_path: Path) -> Path:
    repo = tmp_path / "repo"
    (repo / "logs").mkdir(parents=True)
    (repo / ".gitignore").write_text("*.pyc\n.env\nvenv/\nlogs/*.log\n")
    (repo / "logs/kept.log").write_text("tracked although ignored\n")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "-f", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first"],
    ):
        subprocess.run(["git", "-C", str(repo), *arguments], check=True, env=environment)
    return repo


def settings(root: Path, **more: object) -> Settings:
    contract = {"trees": [{"name": "source", "path": ".", "exclude": ["data/"]}]}
    return resolve({"drift_root": str(root), "drift_contract": contract, **more}, cwd="/")


def chosen(root: Path, given: Settings, cache: Path) -> set[str]:
    return choose(str(root), trees_of(given, Cache(str(cache))), Host(str(root), 60)).paths


def test_what_the_reference_ignores_is_left_out_but_for_secrets(root: Path, repo: Path, tmp_path: Path) -> None:
    given = settings(root, drift_repo=str(repo))
    assert chosen(root, given, tmp_path / "cache") == {"src", "src/main.py", ".env", "logs", "logs/kept.log"}


def test_without_a_reference_nothing_is_ignored(root: Path, tmp_path: Path) -> None:
    found = chosen(root, settings(root), tmp_path / "cache")
    assert found == {"src", "venv", "logs", *FILES} - {"data/huge.bin"}


def test_a_reference_that_cannot_be_read_is_an_error(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ReferenceUnavailable):
        trees_of(settings(root, drift_repo=str(tmp_path / "nowhere")), Cache(str(tmp_path / "cache")))


def test_a_contract_without_a_tree_has_nothing_to_save(root: Path, tmp_path: Path) -> None:
    given = resolve({"drift_root": str(root), "drift_contract": {"ports": [{"port": 80}]}}, cwd="/")
    with pytest.raises(ContractError, match=r"drift_contract\.trees: has no tree"):
        trees_of(given, Cache(str(tmp_path / "cache")))
