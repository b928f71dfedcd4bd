# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts of differing files a host is asked for: not those that the operator's repository has already."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import snapshot
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import tree_details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import Limits, Observer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git_side import GitSide
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from reference_repos import Repo

_PASSWORD = "xk7-Qm2vB9-tz41"
_OLD = {"a.py": "one\ntwo\n", "b.py": "three\n", "c.py": "four\n"}
_NEW = {"a.py": "one\nTWO\n", "b.py": "THREE\n", "c.py": "FOUR\n"}


class Site:
    """A copy of the older of two commits, without a repository of its own, and what it was asked."""

    def __init__(self, folder: Path, old: t.Mapping[str, str], new: t.Mapping[str, str]) -> None:
        repo = Repo(folder / "reference")
        self.older = repo.commit("old", **old)
        repo.commit("new", **new)
        self.app = folder / "app"
        self.app.mkdir()
        for name, text in old.items():
            (self.app / name).write_text(text)
        self.side = GitSide("git-1", git.resolve(str(repo.path), "main"), Cache(str(folder / "cache")))
        self.asked: list[list[str]] = []
        self.cache = Cache(str(folder / "hosts"))

    def _send(self, request: Json) -> Json:
        trees = request["sections"].get("details", {"trees": []})["trees"]
        self.asked += [tree["paths"] for tree in trees]
        return t.cast(Json, json.loads(json.dumps(snapshot.answer(request))))

    def observe(self, **sections: t.Any) -> dict[str, Json]:
        """Observe the host, and return its differences by path."""
        declared = {"git": {}, "trees": [{"name": "source"}], **sections}
        contract = resolve({"drift_root": str(self.app), "drift_contract": declared}, cwd="/").contract
        context = Context("web1", str(self.app), self.cache, self.side, b"k", contract=contract, declared=contract)
        observer = Observer({name: contract[name] for name in ("git", "trees")}, context, Limits(60, 1, 0), self._send)
        seen = observer.observe().sections["trees"]
        assert (seen["outcome"], seen["reason"]) == ("ok", "")
        return {one["path"]: one for one in seen["data"]["trees"][0]["differences"]}


@pytest.fixture
def behind(tmp_path: Path) -> Site:
    return Site(tmp_path, _OLD, _NEW)


def test_a_host_that_is_behind_is_asked_for_no_text(behind: Site) -> None:
    found = behind.observe()
    assert behind.asked == []
    assert {path: one["host"]["lines"] for path, one in found.items()} == {"a.py": 2, "b.py": 1, "c.py": 1}
    assert found["a.py"]["diff"]["text"].splitlines()[-2:] == ["-TWO", "+two"]


def test_what_the_repository_has_is_what_the_host_would_have_said(
    behind: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = behind.observe()
    monkeypatch.setattr(tree_details, "in_base", lambda _evidence: {})
    assert behind.observe() == here
    assert behind.asked == [sorted(_OLD)]


def test_a_file_that_no_commit_has_is_asked_for(behind: Site) -> None:
    (behind.app / "b.py").write_text("edited by hand\n")
    found = behind.observe()
    assert behind.asked == [["b.py"]]
    assert "+edited by hand" in found["b.py"]["diff"]["text"]
    assert "+two" in found["a.py"]["diff"]["text"]


def test_what_git_does_not_give_is_asked_for(behind: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = GitSide.details

    def partly(side: GitSide, request: Json, commit: str | None = None) -> Json:
        """Return one text too few, and one of another content: as of a file that passes a filter."""
        found = whole(side, request, commit)
        if commit is not None:
            del found["a.py"]
            found["b.py"]["sha256"] = "0" * 64
        return found

    monkeypatch.setattr(GitSide, "details", partly)
    assert set(behind.observe()) == set(_OLD)
    assert behind.asked == [["a.py", "b.py"]]


def test_an_older_commit_that_cannot_be_read_costs_no_text(behind: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = GitSide.details

    def gone(side: GitSide, request: Json, commit: str | None = None) -> Json:
        if commit is not None:
            raise ReferenceUnavailable("the object is missing")
        return whole(side, request, commit)

    monkeypatch.setattr(GitSide, "details", gone)
    found = behind.observe()
    assert behind.asked == [sorted(_OLD)]
    assert "+three" in found["b.py"]["diff"]["text"]


@pytest.mark.parametrize("around", ["connect('{}')", "user:{}@db", "x{}y", "the words are {} and more"])
def test_a_text_with_a_secret_that_the_host_uses_is_masked_by_the_host(tmp_path: Path, around: str) -> None:
    """The newer commit takes a password out of the code that the host still uses. Only a host masks by value."""
    old = {"a.py": f"{around.format(_PASSWORD)}\n", "b.py": "three\n"}
    site = Site(tmp_path, old, {"a.py": "connect(read())\n", "b.py": "THREE\n"})
    (site.app / ".env").write_text(f"DB_PASSWORD={_PASSWORD}\n")
    found = site.observe(configs=[{"path": ".env"}])
    assert site.asked == [["a.py", "b.py"]]
    assert _PASSWORD not in json.dumps(found)
    assert "+three" in found["b.py"]["diff"]["text"]
