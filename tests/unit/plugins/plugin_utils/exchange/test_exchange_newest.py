# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a tree that was changed last, as a process is compared with it."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import tree_newest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import TreeRequest, TreeView
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.manifest import WHOLE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories
from hypothesis import given, settings
from hypothesis import strategies as st

_BEGIN = 1_700_000_000
_CONTRACT = {"processes": [{"not_older_than": ["other"]}, {"not_older_than": ["app"]}]}


def _view(root: Path, workers: int = 2, earlier: Directories | None = None) -> TreeView:
    asked = tree_newest.asked(_CONTRACT, "app")
    assert asked is not None
    request = TreeRequest({**WHOLE, "name": "app", "entries": "changed", "newest": asked}, None, earlier)
    return request.read(trees.collect({"trees": [request.spec]}, Host(str(root), 60, workers, b"k"))["trees"][0])


def _write(root: Path, times: t.Mapping[str, int]) -> None:
    for name, seconds in times.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, (_BEGIN, _BEGIN + seconds))


def test_nothing_is_asked_unless_a_process_depends_on_the_tree() -> None:
    assert tree_newest.asked({}, "app") is None
    assert tree_newest.asked({"processes": [{"not_older_than": None}]}, "app") is None
    assert tree_newest.asked(_CONTRACT, "app") is not None


def test_logs_caches_and_secrets_say_nothing_about_the_code(tmp_path: Path) -> None:
    apart = ("logs/x", "a.log", "a.log.1", "p/__pycache__/m.cpython-311.pyc", "run.pid", ".env", "tmp/x", "src/cache/y")
    _write(tmp_path, {"src/main.py": 10, "src/old.py": 5, **dict.fromkeys(apart, 99)})
    found = tree_newest.newest(_view(tmp_path), None)
    assert found == {
        "outcome": "ok",
        "reason": "",
        "path": "src/main.py",
        "mtime": "2023-11-14T22:13:30Z",
        "mtime_s": float(_BEGIN + 10),
        "before": [{"path": "src/old.py", "mtime": "2023-11-14T22:13:25Z", "mtime_s": float(_BEGIN + 5)}],
        "cut": False,
    }


def test_those_changed_just_before_are_told_up_to_a_limit(tmp_path: Path) -> None:
    _write(tmp_path, {f"{number:02}.py": number for number in range(12)})
    found = tree_newest.newest(_view(tmp_path), None)
    assert (found["path"], [one["path"] for one in found["before"]][::9]) == ("11.py", ["10.py", "01.py"])
    assert found["cut"]


@pytest.mark.parametrize("path", ["src/cache/redis.py", "app/log/__init__.py", "lib/logs/index.js"])
def test_code_counts_whatever_its_package_is_called(tmp_path: Path, path: str) -> None:
    _write(tmp_path, {"src/main.py": 10, path: 20, "tmp/a.py": 99, ".cache/b.js": 99, "cache/c.bin": 99})
    assert tree_newest.newest(_view(tmp_path), None)["path"] == path


def test_a_time_beyond_the_calendar_stops_nothing(tmp_path: Path) -> None:
    _write(tmp_path, {"src/main.py": 10})
    view = _view(tmp_path)
    view.newest["files"] = [["src/main.py", 10**26]]
    assert tree_newest.newest(view, None)["mtime"] == "9999-12-31T23:59:59Z"


def test_only_files_of_the_reference_count(tmp_path: Path) -> None:
    _write(tmp_path / "reference", {"src/main.py": 1, "src/old.py": 2})
    _write(tmp_path / "host", {"src/main.py": 10, "src/old.py": 5, "src/mine.py": 50, "data/mine": 60})
    reference = _view(tmp_path / "reference").directories
    answered = _all_entries(tmp_path / "reference")
    assert tree_newest.newest(_view(tmp_path / "host"), answered)["path"] == "src/main.py"
    assert len(reference) == len(answered)


def _all_entries(root: Path) -> Directories:
    request = TreeRequest({**WHOLE, "name": "app", "entries": "all"})
    return request.read(trees.collect({"trees": [request.spec]}, Host(str(root), 60, 1, b"k"))["trees"][0]).directories


def test_a_tree_without_files_has_no_newest(tmp_path: Path) -> None:
    assert tree_newest.newest(_view(tmp_path), None) == {
        "outcome": "ok",
        "reason": "",
        "path": None,
        "mtime": None,
        "mtime_s": None,
        "before": [],
        "cut": False,
    }


def test_files_of_the_host_alone_that_crowd_the_others_out_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_newest, "_COUNT", 3)
    _write(tmp_path / "reference", {"main.py": 1})
    _write(tmp_path / "host", {"main.py": 1, "a": 5, "b": 6, "c": 7})
    found = tree_newest.newest(_view(tmp_path / "host"), _all_entries(tmp_path / "reference"))
    assert (found["outcome"], found["path"]) == ("unknown", None)
    assert "3 newest" in found["reason"]


def test_what_was_not_seen_makes_it_unknown_but_keeps_the_proof(tmp_path: Path) -> None:
    _write(tmp_path, {"main.py": 1})
    view = _view(tmp_path)
    found = tree_newest.newest(TreeView(**{**vars(view), "unseen_total": 1}), None)
    assert (found["outcome"], found["path"]) == ("unknown", "main.py")


def test_an_unchanged_directory_is_not_read_and_still_counts(tmp_path: Path) -> None:
    _write(tmp_path, {"src/main.py": 10})
    earlier = _view(tmp_path).directories
    assert tree_newest.newest(_view(tmp_path, earlier=earlier), None)["path"] == "src/main.py"


@settings(max_examples=30, deadline=None)
@given(
    times=st.dictionaries(
        st.sampled_from([f"{d}{n}" for d in ("", "a/", "a/b/", "c/") for n in "wxyz"]), st.integers(0, 9)
    ),
    workers=st.integers(1, 3),
)
def test_it_is_the_newest_whatever_the_number_of_workers(
    tmp_path_factory: pytest.TempPathFactory, times: dict[str, int], workers: int
) -> None:
    root = tmp_path_factory.mktemp("tree")
    _write(root, times)
    found = tree_newest.newest(_view(root, workers), None)
    wanted = min(times, key=lambda name: (-times[name], name), default=None)
    assert found["path"] == wanted
