# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback that writes into a repository keeps git out of it meanwhile, and waits for one that is at work."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act import transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove import keeping_out
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    looking,
    pending,
    place,
    rollback,
    session,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.shelf import Keep
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

PATHS = (".git/HEAD", ".git/index", "a")


def git(root: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    about = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    argv = ["git", *identity, *words]
    done = subprocess.run(argv, cwd=root, env=about, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


class Site:
    """A work tree that is at a point, and then moves on: files, index and HEAD."""

    def __init__(self, top: Path) -> None:
        self.root = top / "app"
        self.root.mkdir()
        git(self.root, "init", "-q", "-b", "main")
        self.commit("one\n")
        self.asked = Asked(str(self.root), "app", str(top / "state"), "ops", "a test", "")
        self.host = Host(str(self.root), 60, workers=1)
        session.present(self.asked, What((), PATHS, (), False), Keep(10), self.host, False)
        git(self.root, "checkout", "-q", "-b", "next")
        self.commit("two\n")

    def commit(self, content: str) -> None:
        (self.root / "a").write_text(content)
        git(self.root, "add", "a")
        git(self.root, "commit", "-q", "-m", content)

    def back(self) -> t.Any:
        return rollback.restored(self.asked, looking.Wanted(None, "config"), self.host, False)


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(keeping_out, "_WAIT_S", 0.0)
    return Site(tmp_path)


def test_git_is_kept_out_while_its_files_change(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    original = transaction.apply_locked
    said = []

    def apply(*given: t.Any) -> t.Any:
        said.append(git(site.root, "commit", "--allow-empty", "-m", "in between"))
        return original(*given)

    monkeypatch.setattr(transaction, "apply_locked", apply)
    assert site.back()["at_point"] is True
    assert "index.lock': File exists" in said[0]
    assert git(site.root, "status", "--porcelain=v1", "--branch") == "## main\n"
    assert not list((site.root / ".git").glob("*.lock"))


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock"])
def test_a_lock_of_git_is_named_and_nothing_changes(site: Site, name: str) -> None:
    lock = site.root / ".git" / name
    lock.touch()
    with pytest.raises(Refused, match=rf"\.git/{name}"):
        site.back()
    assert (site.root / "a").read_text() == "two\n"
    assert [one.name for one in (site.root / ".git").glob("*.lock")] == [name]
    with place.existing(site.asked) as (state, _points_fd):
        assert pending.find(state) is None
    lock.unlink()
    assert site.back()["at_point"] is True


def test_what_git_is_just_doing_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = site.root / ".git" / "HEAD.lock"
    lock.touch()
    monkeypatch.setattr(keeping_out, "_WAIT_S", 60.0)
    monkeypatch.setattr(keeping_out.time, "sleep", lambda _seconds: lock.unlink(missing_ok=True))
    assert site.back()["at_point"] is True
    assert not list((site.root / ".git").glob("*.lock"))


def test_a_repository_that_is_not_changed_is_not_locked(site: Site) -> None:
    site.back()
    (site.root / "a").write_text("three\n")
    lock = site.root / ".git" / "index.lock"
    lock.touch()
    assert site.back()["at_point"] is True
    assert lock.exists()
