# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import commit_manifest, git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories, Directory
from reference_repos import Repo
from waiting import wait_until


def names(folder: str) -> Directories:
    return Directories({"names": sorted(os.listdir(folder))}, [Directory("", "00", "", "", 1, b"[]")])


def never(folder: str) -> Directories:
    raise AssertionError("made again")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "app")
    repo.commit("one", a="1\n", b="2\n")
    return repo


def made(repo: Repo, cache: Path, observe: object = names, extra: str = "") -> Directories:
    with Repository(str(repo.path)) as repository:
        commit = git.find_commit(repository, "HEAD")
        return commit_manifest.manifest(repository, commit, str(cache), observe, extra)  # type: ignore[arg-type]


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_a_manifest_is_made_once(repo: Repo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert made(repo, cache).meta == {"names": ["a", "b"]}
    assert made(repo, cache, never).meta == {"names": ["a", "b"]}
    (name,) = kept(cache)
    assert name.startswith(repo.git("rev-parse", "HEAD"))
    assert cache.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in cache.iterdir()} == {0o600}


def test_another_collector_or_commit_has_its_own(repo: Repo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    made(repo, cache, extra="1")
    made(repo, cache, extra="2")
    repo.commit("two", c="3\n")
    assert made(repo, cache, extra="2").meta == {"names": ["a", "b", "c"]}
    assert len(kept(cache)) == 3


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_corrupt_manifest_is_made_again(repo: Repo, tmp_path: Path, damage: bytes | None) -> None:
    cache = tmp_path / "cache"
    made(repo, cache)
    path = cache / kept(cache)[0]
    path.write_bytes(path.read_bytes().replace(b'"00"', b'"01"') if damage is None else damage)
    assert made(repo, cache).meta == {"names": ["a", "b"]}
    assert made(repo, cache, never).meta == {"names": ["a", "b"]}


def test_an_interruption_leaves_nothing(repo: Repo, tmp_path: Path) -> None:
    def interrupted(folder: str) -> Directories:
        raise KeyboardInterrupt

    cache = tmp_path / "cache"
    with pytest.raises(KeyboardInterrupt):
        made(repo, cache, interrupted)
    assert kept(cache) == []


def test_leftovers_of_a_killed_run_are_swept_but_not_those_of_a_living_one(repo: Repo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("dead", "living"):
        (cache / f"{name}.checkout").mkdir()
        (cache / f"{name}.checkout" / "file").write_text("x")
    with commit_manifest._locked(str(cache / "living.lock")):
        made(repo, cache)
    assert [name for name in kept(cache) if "checkout" in name] == ["living.checkout"]
    assert (cache / "living.checkout" / "file").exists()


def test_an_open_cache_folder_is_closed(repo: Repo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o755)
    made(repo, cache)
    assert cache.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_cache_folder_of_another_user_is_refused(repo: Repo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    os.chown(cache, 65534, 65534)
    with pytest.raises(ReferenceUnavailable, match="belongs to another user"):
        made(repo, cache)


def test_a_cache_that_cannot_be_made_is_said(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReferenceUnavailable, match="cannot be made"):
        made(repo, tmp_path / "file" / "cache")


def _audit(repo: Path, cache: Path, log: Path) -> None:
    def observe(folder: str) -> Directories:
        with open(log, "a") as file:
            file.write("made\n")
        return names(folder)

    assert made(Repo(repo, make=False), cache, observe).meta == {"names": ["a", "b"]}


def _waiting(path: Path) -> int:
    """Return how many processes wait for the lock on a file."""
    inode = str(path.stat().st_ino)
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return sum("->" in line and line[-3].split(":")[-1] == inode for line in lines)


def test_audits_at_once_share_one_making(repo: Repo, tmp_path: Path) -> None:
    cache, log = tmp_path / "cache", tmp_path / "log"
    made(repo, cache)
    (name,) = kept(cache)
    (cache / name).unlink()
    audits = [
        multiprocessing.get_context("fork").Process(target=_audit, args=(repo.path, cache, log)) for _n in range(4)
    ]
    with commit_manifest._locked(str(cache / f"{name}.lock")):
        for audit in audits:
            audit.start()
        wait_until(lambda: _waiting(cache / f"{name}.lock") == len(audits), "all of them wait for the lock")
    for audit in audits:
        audit.join()
    assert [audit.exitcode for audit in audits] == [0] * 4
    assert log.read_text() == "made\n"
