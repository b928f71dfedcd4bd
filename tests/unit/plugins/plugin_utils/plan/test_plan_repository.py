# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says of a host's repository, and that a host lacks nothing of any history that it is brought to."""

from __future__ import annotations

import os
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.service import answer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates, packing, render, repository
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Json = dict[str, t.Any]
A, B, C, TREE = "a" * 40, "b" * 40, "c" * 40, "d" * 40
ABOUT = {"id": "plan-1", "kind": "sync", "who": "ops@control", "why": "deploy of plan-1", "run": "run-1"}


def evidence(**more: t.Any) -> Json:
    head = {"commit": A, "branch": "main", "detached": False, "unborn": False}
    changes = {"outcome": "ok", "conflicted": []}
    found = {"repository": "present", "reason": "", "layout": "worktree", "shallow": False, "head": head, "tags": {}}
    found |= {"branches": {"main": A, "old": B}, "remotes": {"origin": {"branches": {"main": C}}}, "operation": None}
    return {**found, "index": {"outcome": "ok", "reason": "", "tree": TREE}, "changes": changes, **more}


@pytest.mark.parametrize(
    ("found", "contract", "words"),
    [
        (evidence(), None, "the section git was not audited"),
        (None, {"path": "."}, "could not be seen"),
        ({"repository": "absent", "reason": "no .git"}, {"path": "."}, "there is no repository (no .git)"),
        (evidence(), {"path": "src"}, "not at drift_root but at src"),
        (evidence(layout="linked"), {"path": "."}, "is a linked work tree"),
        (evidence(operation="rebase"), {"path": "."}, "a rebase is in progress"),
        (evidence(index={"outcome": "unknown", "reason": "damaged"}), {"path": "."}, "could not be read (damaged)"),
        (evidence(changes={"conflicted": ["a.txt"]}), {"path": "."}, "a.txt is in conflict"),
    ],
)
def test_what_cannot_be_moved_says_why(found: Json | None, contract: Json | None, words: str) -> None:
    gate = repository.gate(found, contract, B, repository.Wish(), ())
    assert gate["state"] == "refuse"
    assert words in gate["sentence"]


def test_commits_that_are_left_behind_refuse_unless_it_is_asked_for() -> None:
    refused = repository.gate(evidence(), {"path": "."}, B, repository.Wish(), [A])
    assert "aaaaaaa is on no branch and in no tag" in gates.refusals([refused])[0]
    asked = repository.Wish(overwrite_host_work=True)
    assert repository.gate(evidence(), {"path": "."}, B, asked, [A])["state"] == "pass"


DETACHED = {"commit": A, "branch": None, "detached": True, "unborn": False}
UNBORN = {"commit": None, "branch": "main", "detached": False, "unborn": True}


@pytest.mark.parametrize(
    ("found", "wish", "branch", "was", "behind"),
    [
        (evidence(), {}, "main", A, [A]),
        (evidence(), {"branch": "old"}, "old", B, [B]),
        (evidence(), {"branch": "new"}, "new", None, []),
        (evidence(), {"detached": True}, None, A, []),
        (evidence(head=DETACHED), {}, None, A, [A]),
        (evidence(head=DETACHED), {"branch": "old"}, "old", B, [A, B]),
        (evidence(head=UNBORN, branches={}), {}, "main", None, []),
    ],
)
def test_the_branch_to_be_on(found: Json, wish: Json, branch: str | None, was: str | None, behind: list[str]) -> None:
    asked = repository.Wish(**wish)
    action = repository.action(found, {"commit": C}, TREE, [A], asked)
    assert action is not None
    assert (action["git"]["branch"], action["git"]["was"]) == (branch, was)
    assert repository.left_behind(found, C, asked) == behind


def test_what_is_there_already_has_no_action() -> None:
    assert repository.action(evidence(), {"commit": A}, TREE, [A], repository.Wish()) is None
    staged = repository.action(evidence(), {"commit": A}, B, [A], repository.Wish())
    assert staged is not None and "what was staged is no longer" in staged["summary"]


def test_a_shallow_repository_tells_nothing_of_what_it_has() -> None:
    assert repository.having(evidence()) == [A, B, C]
    assert repository.having(evidence(shallow=True)) == []


def git(root: Path, *arguments: str, stdin: str = "") -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    argv = ["git", "-c", "safe.directory=*", "-C", str(root), *arguments]
    return subprocess.run(argv, env=environment, check=True, capture_output=True, input=stdin, text=True).stdout.strip()


def import_stream(parents: t.Sequence[t.Sequence[int]]) -> str:
    """Return a history for git fast-import, in which each commit has some of those before it as parents. A content of
    an early commit comes back in later ones.
    """
    lines = []
    for number, own in enumerate(parents):
        lines += [f"commit refs/heads/c{number}", f"mark :{number + 1}", f"committer a <a@example.org> {number} +0000"]
        lines += ["data 1", "x"]
        lines += [f"{'from' if place == 0 else 'merge'} :{parent + 1}" for place, parent in enumerate(own)]
        content = f"content {number % 3}\n" * 20
        lines += ["M 100644 inline file", f"data {len(content)}", content]
        lines += [f"M 100644 inline dir/f{number}", "data 2", "y\n"]
    return "\n".join(lines) + "\n"


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[int]], int, int, bool]:
    count = draw(st.integers(2, 7))
    parents = [sorted(draw(st.sets(st.integers(0, max(0, n - 1)), max_size=min(n, 2)))) for n in range(count)]
    commits = st.integers(0, count - 1)
    return parents, draw(commits), draw(commits), draw(st.booleans())


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(histories())
def test_a_host_ahead_behind_or_apart_is_brought_to_the_commit(case: tuple[list[list[int]], int, int, bool]) -> None:
    parents, at, to, shallow = case
    with tempfile.TemporaryDirectory(prefix="evenkeel-") as made:
        folder = Path(made)
        reference, host, contents = folder / "reference", folder / "host", folder / "contents"
        contents.mkdir()
        git(folder, "init", "-q", str(reference))
        git(reference, "fast-import", "--quiet", stdin=import_stream(parents))
        depth = ["--depth=1"] if shallow else []
        git(folder, "clone", "-q", *depth, "--single-branch", "--branch", f"c{at}", f"file://{reference}", str(host))
        head, tree, commit = git(reference, "rev-parse", f"c{at}", f"c{to}^{{tree}}", f"c{to}").split()
        have = [] if shallow else [head]
        pack = packing.write_pack({"repo": str(reference), "commit": commit}, have, str(contents))
        asked = {"commit": commit, "tree": tree, "head": {"commit": head, "branch": f"c{at}"}, "branch": f"c{at}"}
        request = {"what": "apply", "check": False, "timeout_s": 120, "application": "shop", "about": ABOUT}
        request |= {"root": str(host), "state_dir": str(folder / "state"), "folder": str(contents), "operations": []}
        told = answer({**request, "git": {**asked, "was": head, "have": have, "pack": pack}})
        assert not told.get("failed"), told
        assert git(host, "rev-parse", "HEAD", "HEAD^{tree}").split() == [commit, tree]
        assert git(host, "diff-index", "--cached", "HEAD") == ""
        assert git(host, "fsck", "--no-dangling") == ""


def test_a_plan_shows_where_head_goes() -> None:
    action = repository.action(evidence(), {"commit": C}, TREE, [A], repository.Wish(branch="old"))
    plan = {"id": "plan-0123456789ab", "created": "", "run": "", "references": [], "gates": [], "policy": {"hooks": {}}}
    host = {"host": "web1", "environment": "prod", "root": "/srv/shop", "gates": [], "left_out": []}
    host |= {"estimate": {"bytes": 0, "seconds": 3}, "blast": {"files": 0, "services": [], "by_hand": []}}
    shown = render.document({**plan, "hosts": [{**host, "actions": [action]}]})
    assert f"| HEAD | {A}, on main | {C}, on old |" in shown
    assert f"| branch old | {B} | {C} |" in shown
