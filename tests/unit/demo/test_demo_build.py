# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration is the same on every machine, and its builder deletes nothing that it did not make."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BUILDER = Path(__file__).parents[2] / "demo" / "build_demo.py"


def build(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BUILDER), str(folder)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def git(repository: Path, *arguments: str) -> list[str]:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments], cwd=repository, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


@pytest.fixture(scope="module", name="demo")
def fixture_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    assert build(folder).returncode == 0
    return folder


def test_prod_is_behind_by_four_commits_and_has_every_kind_of_drift(demo: Path) -> None:
    assert git(demo / "prod", "rev-list", "--count", "HEAD..origin/main") == ["4"]
    assert len(git(demo / "prod", "stash", "list")) == 1
    assert sorted(git(demo / "prod", "status", "--porcelain")) == [
        " D src/data_processing/batch_writer.py",
        " M scripts/restart.sh",
        " M src/data_processing/error_handler.py",
        " M src/monitoring/monitor.py",
        "?? src/web/enhanced_real_data_server.py",
    ]
    assert (demo / "prod/scripts/restart.sh").stat().st_mode & 0o777 == 0o644
    assert len(list((demo / "prod").rglob("__pycache__"))) == 2


def test_the_users_own_git_settings_do_not_change_the_commits(demo: Path, tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[core]\nautocrlf = true\n[commit]\ngpgsign = true\n[user]\nname = Somebody\n", encoding="utf-8"
    )
    other = tmp_path / "other"
    built = build(other, GIT_CONFIG_GLOBAL=str(settings), GIT_AUTHOR_NAME="Somebody", TZ="Asia/Tokyo")
    assert built.returncode == 0, built.stderr
    assert git(other / "reference", "rev-parse", "main") == git(demo / "reference", "rev-parse", "main")


def test_a_second_build_starts_afresh(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    build(folder)
    (folder / "prod/leftover").touch()
    assert build(folder).returncode == 0
    assert not (folder / "prod/leftover").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    built = build(tmp_path)
    assert built.returncode != 0
    assert "left alone" in built.stderr
    assert (tmp_path / "thesis.tex").read_text(encoding="utf-8") == "years of work"
