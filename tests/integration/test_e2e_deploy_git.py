# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys of hosts that are git clones: the repository moves with its files, and a rollback brings both back."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import jsonschema
import pytest
from e2e_operator import Operator, Outcome
from e2e_project import Repository, git, write

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
DEPLOY = "evenkeel.drift.deploy"

Json = dict[str, t.Any]


class Site:
    """A repository of two commits, and a host that is a clone of it at the first."""

    def __init__(self, folder: Path, operator: Operator) -> None:
        self.folder = folder
        self.operator = operator
        self.reference = Repository(folder / "reference")
        files = {".gitignore": "*.log\n", "app/main.py": "one\n", "app/gone.py": "no longer needed\n", "README": "r\n"}
        self.first = self.reference.commit("First", files)
        git(self.reference.path, "tag", "v1")
        self.host = self.reference.deploy(folder / "web1", self.first)
        # The host has no access to where it was cloned from.
        git(self.host, "remote", "set-url", "origin", "https://192.0.2.1/never.git")
        (self.reference.path / "app/gone.py").unlink()
        self.second = self.reference.commit("Second", {"app/main.py": "two\n", "new/deep/module.py": "new\n"})

    def play(self, book: str, *arguments: str, **variables: t.Any) -> Outcome:
        given = {"drift_repo": str(self.reference.path), "drift_state_dir": str(self.folder / "state")}
        given["drift_sections"] = ["trees", "git"]
        inventory = self.operator.inventory({"web1": {"drift_root": str(self.host)}}, **given)
        extra = {"drift_output_dir": str(self.operator.runs), **variables}
        return self.operator.play(book, "-i", str(inventory), "-e", json.dumps(extra), *arguments)

    def deploy(self, *arguments: str, **variables: t.Any) -> Outcome:
        return self.play(DEPLOY, *arguments, sync_strategy="git", **variables)

    def plan(self) -> Json:
        folders = [path for path in (self.operator.runs / "deploys").iterdir() if path.is_dir()]
        return t.cast(Json, json.loads((max(folders, key=lambda path: path.name) / "plan.json").read_text()))

    def at(self) -> tuple[str, str, str]:
        """Return the host's commit, its branch ("HEAD" when it is detached), and what is not as in the commit."""
        words = (("rev-parse", "HEAD"), ("rev-parse", "--abbrev-ref", "HEAD"), ("status", "--porcelain"))
        head, branch, status = (git(self.host, *one) for one in words)
        return head, branch, status


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, operator: Operator) -> Site:
    return Site(tmp_path / "site", operator)


def test_the_repository_moves_with_its_files_and_comes_back_with_them(site: Site) -> None:
    write(site.host, {"app.log": "a line\n"})
    checked = site.deploy("--check", sync_prune=True)
    assert checked.code == 0, checked.text
    assert site.at() == (site.first, "main", "")
    shown = site.plan()
    jsonschema.validate(shown, SCHEMA)
    outcome = site.deploy(sync_prune=True)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert site.plan()["id"] == shown["id"]
    assert site.at() == (site.second, "main", "")
    assert git(site.host, "fsck", "--strict", "--no-dangling") == ""
    assert git(site.host, "rev-parse", "HEAD@{1}", "ORIG_HEAD") == f"{site.first}\n{site.first}"
    assert git(site.host, "for-each-ref", "refs/evenkeel/incoming") == ""
    assert not list(site.host.rglob(".evenkeel-*")) + list(site.host.glob(".git/*.lock"))
    # Once more: nothing is touched.
    outcome = site.deploy(sync_prune=True)
    assert "NOTHING TO DO" in outcome.text
    outcome = site.play("evenkeel.drift.rollback")
    assert outcome.code == 0, outcome.text
    assert site.at() == (site.first, "main", "")
    assert (site.host / "app/gone.py").exists()
    # What the deploy brought is still reachable.
    assert site.second in git(site.host, "reflog", "--format=%H")


@pytest.mark.parametrize(
    ("before", "variables", "branch"),
    [
        (("checkout", "-q", "--detach"), {}, "HEAD"),
        (("checkout", "-q", "--detach"), {"sync_branch": "release/one"}, "release/one"),
        (("checkout", "-q", "-b", "other"), {"sync_branch": "main"}, "main"),
        (("status",), {"sync_detached": True}, "HEAD"),
        (("pack-refs", "--all", "--prune"), {}, "main"),
    ],
)
def test_it_is_on_the_branch_that_was_declared(
    site: Site, before: tuple[str, ...], variables: Json, branch: str
) -> None:
    git(site.host, *before)
    old = git(site.host, "rev-parse", "--abbrev-ref", "HEAD")
    outcome = site.deploy(sync_prune=True, **variables)
    assert outcome.code == 0, outcome.text
    assert site.at() == (site.second, branch, "")
    git(site.host, "pack-refs", "--all", "--prune")
    outcome = site.play("evenkeel.drift.rollback")
    assert outcome.code == 0, outcome.text
    assert site.at() == (site.first, old, "")


def test_work_of_the_host_stays_and_is_all_that_git_shows(site: Site) -> None:
    write(site.host, {"README": "edited at night\n", "own.py": "only here\n", "app/main.py": "staged\n"})
    git(site.host, "add", "app/main.py")
    outcome = site.deploy(sync_prune=True)
    assert site.at() == (site.second, "main", "M README\n M app/main.py\n?? own.py"), outcome.text
    assert (site.host / "app/main.py").read_text() == "staged\n"
    assert site.deploy("--check", sync_prune=True).code == 0
    site.play("evenkeel.drift.rollback")
    assert git(site.host, "status", "--porcelain") == "M README\nM  app/main.py\n?? own.py"


def test_commits_that_only_the_host_has_are_not_left_behind(site: Site) -> None:
    write(site.host, {"README": "committed at night\n"})
    git(site.host, "commit", "-qam", "A fix at night")
    night = git(site.host, "rev-parse", "HEAD")
    outcome = site.deploy(sync_prune=True)
    assert outcome.code == 2
    assert f"{night[:7]} is on no branch and in no tag" in " ".join(outcome.text.split())
    assert site.at() == (night, "main", "")
    git(site.reference.path, "fetch", "-q", str(site.host), "main:night")
    outcome = site.deploy(sync_prune=True)
    assert outcome.code == 0, outcome.text
    assert site.at() == (site.second, "main", "")


def test_a_repository_that_moved_after_the_plan_is_left_alone(site: Site) -> None:
    assert site.deploy("--check").code == 0
    plan = max((path for path in (site.operator.runs / "deploys").iterdir() if path.is_dir()), key=lambda one: one.name)
    git(site.host, "checkout", "-q", "-b", "elsewhere")
    outcome = site.deploy(drift_plan=str(plan))
    assert outcome.code == 2
    assert "make a new plan" in " ".join(outcome.text.split())
    assert site.at() == (site.first, "elsewhere", "")


def test_files_that_the_contract_does_not_cover_are_named(site: Site) -> None:
    contract = {"git": {}, "trees": [{"name": "app", "path": "app"}]}
    assert site.deploy("--check", drift_contract=contract).code == 0
    left = {one["path"]: one["reason"] for one in site.plan()["hosts"][0]["left_out"]}
    assert "no tree of the contract covers it" in left["new/deep/module.py"]
    assert "README" not in left and "app/main.py" not in left


def test_what_cannot_be_moved_is_refused_with_a_sentence(site: Site) -> None:
    for path, words in ((".git/MERGE_HEAD", "a merge is in progress"), (".git/index.lock", "git is at work")):
        (site.host / path).write_text(f"{site.first}\n")
        outcome = site.deploy()
        assert outcome.code == 2
        assert words in " ".join(outcome.text.split())
        (site.host / path).unlink()
        assert site.at() == (site.first, "main", "")
