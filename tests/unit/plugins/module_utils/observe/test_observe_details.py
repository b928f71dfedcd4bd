# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of files, and the rules about it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import details, trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.shown import see


def text_of(root: Path, *paths: str, text: bool = True, **more: object) -> dict[str, dict[str, object]]:
    tree = {"name": "app", "path": ".", "paths": list(paths), "max_text": 20, "text": text, **more}
    answer = details.collect({"trees": [tree]}, Host(str(root), 60))
    found: dict[str, dict[str, object]] = answer["trees"][0]["files"]
    return found


@pytest.mark.parametrize(
    ("content", "lines", "text"),
    [
        (b"", 0, ""),
        (b"one", 1, "one"),
        (b"one\n\n", 2, "one\n\n"),
        (b"a\0b\n", None, None),
        (b"\xff\n", 1, "\\xff\n"),
        (b"0123456789\n" * 2, 2, None),
    ],
)
def test_lines_and_text(tmp_path: Path, content: bytes, lines: int | None, text: str | None) -> None:
    (tmp_path / "a").write_bytes(content)
    seen = text_of(tmp_path, "a")["a"]
    assert (seen["lines"], seen["text"]) == (lines, text)
    assert text_of(tmp_path, "a", text=False)["a"]["text"] is None


def test_what_cannot_be_read_says_why_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "fifo")
    seen = text_of(tmp_path, "a", "absent", "link", "fifo", "../a")
    assert seen["a"]["text"] == "a"
    assert all(seen[path].keys() == {"reason"} for path in ("absent", "link", "fifo", "../a"))


def test_a_tree_that_has_gone_costs_no_other_its_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    asked = [
        {"name": name, "path": path, "paths": [f"{prefix}a"], "max_text": 9, "text": True}
        for name, path, prefix in (("gone", "gone", "gone/"), ("app", ".", ""))
    ]
    gone, app = details.collect({"trees": asked}, Host(str(tmp_path), 60))["trees"]
    assert "does not exist" in gone["files"]["gone/a"]["reason"]
    assert app["files"]["a"]["text"] == "a"


def test_paths_below_a_tree_with_a_backslash_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "x\\y").mkdir()
    (tmp_path / "x\\y" / "a").write_text("a")
    assert text_of(tmp_path, "x\\\\y/a", path="x\\y")["x\\\\y/a"]["text"] == "a"


def rule(root: Path, path: str, pattern: str) -> dict[str, object]:
    spec = {"name": "app", "rules": [{"path": path, "pattern": pattern}]}
    answer: dict[str, object] = trees.collect({"trees": [spec]}, Host(str(root), 60, 1))["trees"][0]["rules"][0]
    return answer


@pytest.mark.parametrize(
    ("path", "pattern", "outcome", "matches", "lines"),
    [
        ("a", "^o", "ok", 2, [1, 3]),
        ("a", "o", "ok", 3, [1, 2, 3]),
        ("a", r"one\ntwo", "ok", 1, [1]),
        ("a", "absent", "ok", 0, []),
        ("absent", "o", "ok", 0, []),
        ("link", "o", "unknown", 0, []),
        ("../a", "o", "unknown", 0, []),
        ("a", "(", "unknown", 0, []),
    ],
)
def test_rules(tmp_path: Path, path: str, pattern: str, outcome: str, matches: int, lines: list[int]) -> None:
    (tmp_path / "a").write_text("one\ntwo\none")
    (tmp_path / "link").symlink_to("a")
    seen = rule(tmp_path, path, pattern)
    assert (seen["outcome"], seen["matches"], seen["lines"]) == (outcome, matches, lines)
    assert bool(seen["reason"]) == (outcome == "unknown" or path == "absent")


def test_the_git_file_of_a_linked_work_tree_is_not_a_file_of_the_tree(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /elsewhere\n")
    (tmp_path / "a").write_text("a")
    options = {"exclude": [], "files": True, "cross_filesystems": False}
    assert list(see(options, Host(str(tmp_path), 60, 1))["directories"][0]["entries"]) == ["a"]


def test_a_secret_file_is_told_by_its_mode_alone_and_compared_by_the_run_s_key(tmp_path: Path) -> None:
    for name, content in (("one.key", "same"), ("two.key", "same"), ("three.key", "other")):
        (tmp_path / name).write_text(content)
    answer = trees.collect({"trees": [{"name": "app", "entries": "all"}]}, Host(str(tmp_path), 60, 1, b"k"))["trees"][0]
    keyed = dict(answer["secrets"])
    assert keyed["one.key"] == keyed["two.key"] != keyed["three.key"]
    other = trees.collect({"trees": [{"name": "app"}]}, Host(str(tmp_path), 60, 1, b"other"))["trees"][0]
    assert dict(other["secrets"])["one.key"] != keyed["one.key"]
    view = json.dumps(see({"exclude": [], "files": True, "cross_filesystems": False}, Host(str(tmp_path), 60, 1)))
    assert "sha256" not in view and "mtime" not in view and "size" not in view
