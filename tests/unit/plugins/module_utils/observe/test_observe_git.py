# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collector against git itself, over many kinds of repository."""

from __future__ import annotations

import hashlib
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.git import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata import git_kinds, git_oracle
from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata.git_kinds import Make
from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata.git_oracle import (
    commit,
    create,
    git,
    observe,
    refs,
    seen,
    status,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("make", git_kinds.KINDS, ids=lambda make: make.__name__)
def test_it_says_what_git_says(tmp_path: Path, make: Make) -> None:
    where = make(tmp_path)
    data = observe(where)
    assert (data["repository"], data["reason"], data["unknown"]) == ("present", "", [])
    assert seen(data) == status(where)
    assert data["branches"] == refs(where, "refs/heads")
    assert data["layout"] == git_kinds.LAYOUTS.get(make, "worktree")
    assert data["operation"] == git_kinds.OPERATIONS.get(make)
    assert data["object_format"] == ("sha256" if make is git_kinds.sha256 else "sha1")
    assert data["shallow"] == (make is git_kinds.shallow)
    assert data["stashes"] == (2 if make is git_kinds.stashed else 0)
    assert data["index"]["outcome"] == "ok"
    if data["changes"]["conflicted"]:
        assert data["index"]["tree"] is None
    else:
        assert data["index"]["tree"] == git_oracle.write_tree(where, tmp_path / "scratch")
    _check_head(where, data["head"])


def _check_head(where: Path, head: dict[str, t.Any]) -> None:
    branch = git(where, "branch", "--show-current").decode().strip()
    assert head["branch"] == (branch or None)
    assert head["detached"] == (not branch)
    if head["unborn"]:
        assert head["commit"] is None
        git(where, "rev-parse", "--verify", "-q", "HEAD", fails=True)
    else:
        assert head["commit"] == git(where, "rev-parse", "HEAD").decode().strip()


def test_tags_are_peeled_where_packed_refs_tell(tmp_path: Path) -> None:
    where = git_kinds.packed(tmp_path)
    commit_id = git(where, "rev-parse", "HEAD").decode().strip()
    assert observe(where)["tags"] == {"annotated": commit_id, "light": commit_id}


def test_remotes_have_branches_and_the_time_of_the_last_fetch(tmp_path: Path) -> None:
    where = git_kinds.cloned(tmp_path)
    git(where, "remote", "add", "a/b", "https://me:s3cret-value@example.org/x.git")
    git(where, "update-ref", "refs/remotes/a/b/main", "HEAD")
    os.utime(where / ".git" / "FETCH_HEAD", (1_700_000_000, 1_700_000_000))
    found = observe(where)["remotes"]
    origin = refs(where, "refs/remotes/origin")
    assert found["origin"] == {"url": str(tmp_path / "origin"), "branches": origin, "fetched": "2023-11-14T22:13:20Z"}
    assert list(found["a/b"]["branches"]) == ["main"]
    assert found["a/b"]["fetched"] is None
    assert "s3cret" not in str(found)
    assert found["a/b"]["url"].endswith("@example.org/x.git")


def test_a_bare_repository(tmp_path: Path) -> None:
    origin = create(tmp_path / "origin")
    git(tmp_path, "clone", "-q", "--bare", str(origin), "bare")
    data = observe(tmp_path / "bare")
    assert data["layout"] == "bare"
    assert data["head"]["commit"] == git(origin, "rev-parse", "HEAD").decode().strip()
    assert data["branches"] == refs(origin, "refs/heads")
    assert data["changes"]["reason"] == data["index"]["reason"] == "a bare repository has no work tree"


def test_linked_work_trees_are_listed(tmp_path: Path) -> None:
    git_kinds.linked(tmp_path)
    commit_id = git(tmp_path / "main", "rev-parse", "HEAD").decode().strip()
    found = observe(tmp_path / "main")["worktrees"]
    assert found == [{"path": str(tmp_path / "r"), "commit": commit_id, "branch": "side"}]


@pytest.mark.parametrize("content", ["src", "refs", "objects"])
def test_no_repository_is_absent(tmp_path: Path, content: str) -> None:
    (tmp_path / content).mkdir()
    data = observe(tmp_path)
    assert data == {"repository": "absent", "reason": "there is no .git here, and this is no bare repository"}


def test_a_missing_root_is_unseen(tmp_path: Path) -> None:
    with pytest.raises(Unseen, match="does not exist on this host"):
        observe(tmp_path / "nowhere")


def test_the_reference_decides_what_is_ignored_not_the_host(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    (where / ".gitignore").write_text("*\n")
    (where / "logs").mkdir()
    (where / "logs" / "a").write_text("")
    (where / "new").write_text("")
    found = observe(where, ignore=[[r"(?s:.*/)?logs/\Z", True], [r"(?s:.*/)?\.gitignore/?\Z", True]])
    assert found["changes"]["untracked"] == [{"path": "new", "files": 1}]


def test_untracked_directories_count_their_files(tmp_path: Path) -> None:
    where = git_kinds.nested(tmp_path)
    (where / "lot" / "a").mkdir(parents=True)
    for name in ("lot/1", "lot/a/2", "lot/a/3.pyc"):
        (where / name).write_text("")
    os.mkfifo(where / "lot" / "fifo")
    found = observe(where, ignore=[[r"(?s:.*)\.pyc/?\Z", True]])["changes"]["untracked"]
    assert found == [
        {"path": "lot/", "files": 2},
        {"path": "nested/", "files": None},
        {"path": "vendor/", "files": None},
    ]


def test_a_directory_in_the_place_of_a_file_is_looked_into(tmp_path: Path) -> None:
    where = git_kinds.replaced(tmp_path)
    (where / "readme" / "inside").write_text("")
    changes = observe(where)["changes"]
    assert "readme" in changes["deleted"]
    assert {"path": "readme/", "files": 1} in changes["untracked"]


def test_lists_are_cut_and_say_so(tmp_path: Path) -> None:
    where = git_kinds.edited(tmp_path)
    changes = observe(where, max_paths=1)["changes"]
    assert [len(changes[kind]) for kind in ("modified", "deleted", "untracked")] == [1, 1, 1]
    assert changes["truncated"]


@pytest.mark.parametrize(("flag", "name"), [("--assume-unchanged", "assume-unchanged"), ("--skip-worktree",) * 2])
def test_an_edit_that_git_was_told_not_to_see_is_named(tmp_path: Path, flag: str, name: str) -> None:
    where = create(tmp_path / "r")
    git(where, "update-index", flag, "readme", "src-old")
    (where / "readme").write_text("hidden\n")
    assert status(where)["modified"] == []
    changes = observe(where)["changes"]
    assert changes["modified"] == []
    reason = f"modified, but git does not look at it: {name.strip('-')} is set"
    assert changes["unverified"] == [{"path": "readme", "reason": reason}]


def test_no_setting_hides_an_edit(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    git(where, "config", "core.trustctime", "false")
    git(where, "config", "core.checkStat", "minimal")
    os.utime(where / "readme", (1, 1))
    git(where, "add", "-A")
    (where / "readme").write_text("HELLO\n")
    os.utime(where / "readme", (1, 1))
    assert status(where)["modified"] == []
    assert observe(where)["changes"]["modified"] == ["readme"]


def test_filtered_files_are_not_verified_and_lfs_is(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    git(where, "config", "filter.up.clean", "tr a-z A-Z")
    (where / ".gitattributes").write_text("*.up filter=up\n*.id ident\n*.lfs filter=lfs\n")
    digest = hashlib.sha256(b"large\n").hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 6\n"
    for name in ("a.lfs", "b.lfs"):
        (where / name).write_text(pointer)
    (where / "x.up").write_text("abc\n")
    (where / "x.id").write_text("$Id$\n")
    commit(where)
    (where / "a.lfs").write_text("large\n")
    (where / "b.lfs").write_text("other\n")
    (where / "x.up").write_text("abcd\n")
    (where / "x.id").write_text("$Id: x $\n")
    changes = observe(where)["changes"]
    assert changes["modified"] == ["b.lfs"]
    assert changes["unverified"] == [
        {"path": "x.id", "reason": "converted by the attribute ident, not verified"},
        {"path": "x.up", "reason": "filtered by up, not verified"},
    ]


def test_the_time_limit_is_kept(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    with pytest.raises(Unseen, match="time limit"):
        collect({"path": "."}, Host(str(where), -1))


NAMES = ("readme", "src-old", "run.sh", "link", "src/app.py", "src/deep/er/x", "src/new", "other/new", "other/a/b", "z")
EDITS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(("write", "touch", "remove", "chmod", "link", "add", "reset"))),
    max_size=8,
)


@given(EDITS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_edits_are_found_exactly(tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, str]]) -> None:
    where = create(tmp_path_factory.mktemp("random") / "r")
    for number, (name, edit) in enumerate(edits):
        _edit(where, where / name, name, edit, 5 + number)
    assert seen(observe(where)) == status(where)


def _edit(where: Path, path: Path, name: str, edit: str, moment: int) -> None:
    exists = os.path.lexists(path)
    if edit in ("write", "link"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if exists and (path.is_symlink() or edit == "link"):
            path.unlink()
        if edit == "link":
            path.symlink_to("target")
        else:
            path.write_text("hellO\n")
    elif not exists:
        return
    elif edit == "touch":
        # Each time another one: what has the times and the size that git has noted it does not read.
        os.utime(path, (moment, moment), follow_symlinks=False)
    elif edit == "remove":
        path.unlink()
    elif edit == "chmod" and not path.is_symlink():
        path.chmod(path.stat().st_mode ^ 0o111)
    elif edit == "add":
        git(where, "add", "--", name)
    elif edit == "reset":
        git(where, "reset", "-q", "--", name)
