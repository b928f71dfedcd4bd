# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the git collector says of any kind of repository is an answer that the control node takes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.git import GitExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata import git_kinds, git_oracle


def taken(where: Path, cache: Path) -> dict[str, object]:
    exchange = GitExchange({"path": "."}, Context("host", str(where), Cache(str(cache))))
    return exchange.read(git_oracle.observe(where))


@pytest.mark.parametrize("make", git_kinds.KINDS, ids=lambda make: make.__name__)
def test_every_kind_of_repository(tmp_path: Path, make: git_kinds.Make) -> None:
    assert taken(make(tmp_path), tmp_path / "cache")["repository"] == "present"


def test_a_bare_repository_a_broken_one_and_none(tmp_path: Path) -> None:
    git_oracle.git(git_kinds.plain(tmp_path / "source"), "clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    bare = tmp_path / "bare"
    assert taken(bare, tmp_path / "cache")["layout"] == "bare"
    broken = git_kinds.plain(tmp_path)
    (broken / ".git/index").write_bytes(b"DIRC")
    assert taken(broken, tmp_path / "cache")["index"]["outcome"] == "unknown"  # type: ignore[index]
    (broken / ".git/HEAD").write_bytes(b"nonsense")
    assert taken(broken, tmp_path / "cache")["repository"] == "unreadable"
    shutil.rmtree(broken / ".git")
    assert taken(broken, tmp_path / "cache")["repository"] == "absent"
