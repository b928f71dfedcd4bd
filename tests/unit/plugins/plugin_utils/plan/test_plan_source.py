# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan asks of the operator's repository: which content is saved in it, and the contents that it writes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import sync
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import declared
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.contents import write_contents
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.source import Source
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from plan_repository import PlanRepository
from waiting import lives, wait_until

Json = dict[str, t.Any]


@pytest.fixture(name="repository")
def fixture_repository(tmp_path: Path) -> PlanRepository:
    return PlanRepository(tmp_path / "repository")


def about(repository: PlanRepository, ref: str = "main") -> Json:
    return {"id": "git-1", **git.resolve(str(repository.path), ref)}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def saved(repository: PlanRepository, tmp_path: Path, **contents: str) -> set[str]:
    source = Source(about(repository), Cache(os.fspath(tmp_path / "cache")))
    return source.saved({path: sha256(text) for path, text in contents.items()})


def test_a_version_of_any_branch_is_saved(repository: PlanRepository, tmp_path: Path) -> None:
    repository.commit("One", {"a": "1", "b": "1"})
    repository.commit("Two", {"a": "2"})
    repository.branch("rescued")
    repository.commit("A fix", {"a": "fixed", "b": "fixed as well"})
    repository.switch("main")
    repository.commit("Three", {"a": "3"})
    assert saved(repository, tmp_path, a="fixed", b="fixed as well") == {"a", "b"}
    assert saved(repository, tmp_path, a="1", b="never there") == {"a"}
    assert saved(repository, tmp_path, b="never there", c="nor here") == set()
    assert saved(repository, tmp_path, c="1") == set()


def test_a_version_that_was_merged_away_is_saved_all_the_same(repository: PlanRepository, tmp_path: Path) -> None:
    repository.commit("One", {"a": "1"})
    repository.branch("side")
    repository.commit("Side", {"a": "side"})
    repository.switch("main")
    repository.commit("Main", {"a": "main"})
    repository.git("merge", "-q", "-s", "ours", "-m", "Keep main", "side")
    repository.git("branch", "-D", "side")
    assert saved(repository, tmp_path, a="side") == {"a"}


def test_a_path_that_was_a_directory_once_is_no_obstacle(repository: PlanRepository, tmp_path: Path) -> None:
    repository.commit("One", {"a/b": "1"})
    (repository.path / "a/b").unlink()
    (repository.path / "a").rmdir()
    repository.commit("Two", {"a": "2"})
    assert saved(repository, tmp_path, a="2") == {"a"}


def test_contents_are_those_of_a_checkout(repository: PlanRepository, tmp_path: Path) -> None:
    repository.commit(
        "One", {".gitattributes": "*.bat text eol=crlf\n", "x.bat": "one\n", "odd \\ name": "2", "same": "2"}
    )
    wanted = {"x.bat": sha256("one\r\n"), "odd \\\\ name": sha256("2"), "same": sha256("2")}
    folder = tmp_path / "contents"
    folder.mkdir()
    write_contents(about(repository), wanted, os.fspath(folder))
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert found == {sha256("one\r\n"): b"one\r\n", sha256("2"): b"2"}


@pytest.mark.parametrize("path", ["a", "link", "folder", "missing", "../secret"])
def test_another_content_than_planned_is_refused(repository: PlanRepository, tmp_path: Path, path: str) -> None:
    (repository.path / "link").symlink_to("a")
    repository.commit("One", {"a": "1", "folder/b": "2"})
    (tmp_path / "secret").write_text("planned")
    folder = tmp_path / "contents"
    folder.mkdir()
    with pytest.raises(ReferenceUnavailable):
        write_contents(about(repository), {path: sha256("planned")}, os.fspath(folder))


def settings(**values: t.Any) -> sync.SyncSettings:
    return sync.resolve({f"sync_{name}": value for name, value in values.items()})


def test_a_reference_with_uncommitted_changes_is_not_clean(repository: PlanRepository, tmp_path: Path) -> None:
    repository.commit("One", {"a": "1", ".gitignore": "*.log\n"})
    asked, references, cache = settings(clean_reference=True), [about(repository)], Cache(os.fspath(tmp_path / "cache"))
    (repository.path / "x.log").write_text("ignored")
    assert declared.clean_reference(asked, references, cache)["state"] == "pass"
    (repository.path / "a").write_text("not committed")
    (repository.path / "new").write_text("not tracked")
    gate = declared.clean_reference(asked, references, cache)
    assert gate["state"] == "refuse"
    assert "holds 2 uncommitted changes" in gate["sentence"]


def test_a_reference_that_cannot_be_looked_at_is_not_clean(repository: PlanRepository, tmp_path: Path) -> None:
    nowhere = {"id": "git-1", "repo": str(tmp_path / "nowhere"), "commit": "0" * 40}
    gate = declared.clean_reference(settings(clean_reference=True), [nowhere], Cache(os.fspath(tmp_path / "cache")))
    assert gate["state"] == "refuse"


@pytest.mark.parametrize(
    ("argv", "state", "words"),
    [
        (["grep", "-q", "1", "a"], "pass", "grep -q 1 a succeeded"),
        (["grep", "-q", "not committed", "a"], "refuse", "ended with 1 in a checkout of"),
        (["cat", "nowhere"], "refuse", "ended with 1"),
        (["no-such-program"], "refuse", "could not be run"),
        (["sleep", "30"], "refuse", "took longer than 1 s"),
    ],
)
def test_a_command_runs_in_a_checkout_of_the_commit(
    repository: PlanRepository, argv: list[str], state: str, words: str
) -> None:
    repository.commit("One", {"a": "1"})
    (repository.path / "a").write_text("not committed")
    limit = "1s" if argv[0] == "sleep" else "60s"
    gate = declared.tests(settings(tests=argv, tests_timeout=limit), [about(repository)])
    assert gate["state"] == state
    assert words in gate["sentence"]


@pytest.mark.parametrize("holds", ["", " >/dev/null 2>&1"])
def test_what_the_tests_leave_in_the_background_ends_with_them(
    repository: PlanRepository, tmp_path: Path, holds: str
) -> None:
    repository.commit("One", {"a": "1"})
    script = f"sleep 600{holds} & echo $! > {tmp_path}/pid"
    gate = declared.tests(settings(tests=["sh", "-c", script], tests_timeout="60s"), [about(repository)])
    assert gate["state"] == "pass", gate
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not lives(pid), "the child has ended with the tests", 20)


def test_what_leaves_the_group_of_the_tests_is_not_waited_for(repository: PlanRepository, tmp_path: Path) -> None:
    repository.commit("One", {"a": "1"})
    script = f"setsid sleep 600 & echo $! > {tmp_path}/pid; until [ -e /proc/$! ]; do :; done; sleep 0.2"
    try:
        gate = declared.tests(settings(tests=["sh", "-c", script], tests_timeout="60s"), [about(repository)])
        assert gate["state"] == "pass", gate
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_the_end_of_what_failed_tests_said_is_told(repository: PlanRepository) -> None:
    repository.commit("One", {"a": "1"})
    script = "for n in $(seq 1 40); do echo line $n; done; echo oops >&2; echo password=correct-horse-battery; exit 3"
    gate = declared.tests(settings(tests=["sh", "-c", script], tests_timeout="60s"), [about(repository)])
    assert gate["state"] == "refuse"
    # As it can be run again, with its quotes.
    assert gate["sentence"].startswith("sh -c 'for n in $(seq 1 40); do")
    assert "ended with 3 in a checkout of" in gate["sentence"]
    assert gate["sentence"].endswith("line 39 | line 40 | oops | password=<masked>")
    assert "line 30 |" not in gate["sentence"]
    silent = declared.tests(settings(tests=["false"], tests_timeout="60s"), [about(repository)])
    assert silent["sentence"].endswith("repair that first. It said: nothing")
