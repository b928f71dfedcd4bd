# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of two trees: what was not seen is never missing."""

from __future__ import annotations

import hashlib
import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import Compared
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import Comparison, compare
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories, Directory

GIT = Compared(True, False, False)
HOST = Compared(False, True, True)


def tree(own: str = "", **directories: dict[str, list[t.Any]]) -> Directories:
    """Return a tree of entries by directory (``root`` is the top) and name."""
    made = []
    for name, entries in directories.items():
        path = "" if name == "root" else name.replace("__", "/") + "/"
        wire = [[entry, *fields] for entry, fields in sorted(entries.items())]
        text = json.dumps(wire).encode("ascii")
        made.append(Directory(path, hashlib.sha256(text + own.encode()).hexdigest()[:32], "", own, len(wire), text))
    return Directories({}, made)


def file(content: str = "1", mode: str = "644", mtime: int = 5, owner: str = "root") -> list[t.Any]:
    return ["f", mode, content, 1, mtime, owner, "root"]


def run(
    host: Directories,
    reference: Directories,
    unseen: dict[str, str] | None = None,
    incomplete: str = "",
    compared: Compared = GIT,
    unlisted: int = 0,
) -> Comparison:
    return compare(host, reference, unseen or {}, incomplete, compared, unlisted)


def found(result: Comparison) -> list[tuple[str, list[str]]]:
    return [(difference["path"], difference["aspects"]) for difference in result.differences]


REFERENCE = tree(root={"a": file(), "b": file()}, sub={"c": file(), "d": file()}, sub__deep={"e": file()})


def test_equal_trees_are_counted_and_never_opened() -> None:
    closed = Directories({}, [directory._replace(entries=None) for directory in REFERENCE])
    result = run(closed, REFERENCE)
    assert (result.equal, result.differences, result.groups, result.unknown) == (5, [], [], [])


def test_no_more_files_of_a_directory_are_listed_than_there_is_room_for() -> None:
    sizes = {"a": 2_001, "b": 2_000, "c": 201, "d": 2_000, "e": 800, "f": 1}
    own = {name: {f"f{number:04}": file() for number in range(count)} for name, count in sizes.items()}
    result = run(tree(root={"x": file()}, **own), tree(root={"x": file()}))
    # Too large by itself, and too large for what is left of all that a tree may list.
    listed = {group["path"]: len(group.get("entries") or ()) for group in result.groups}
    assert listed == {"a/": 0, "b/": 2_000, "c/": 201, "d/": 2_000, "e/": 0 if sizes["e"] > 799 else 800}
    assert [group["files"] for group in result.groups] == [2_001, 2_000, 201, 2_000, 800]
    assert found(result) == [("f/f0000", ["presence"])]


@pytest.mark.parametrize("unseen", ["", "sub/", "sub"])
def test_what_lies_in_something_unseen_is_unknown(unseen: str) -> None:
    host = tree() if unseen == "" else tree(root={"a": file(), "b": file()})
    result = run(host, REFERENCE, {unseen: "permission denied"})
    assert (result.groups, found(result)) == ([], [])
    assert result.unknown == [{"path": unseen, "reason": "permission denied"}]
    assert result.unknown_files + result.equal == 5


def test_an_unseen_file_is_unknown_and_its_neighbours_are_not() -> None:
    host = tree(root={"b": file("2")}, sub={"c": file(), "d": file()}, sub__deep={"e": file()})
    result = run(host, REFERENCE, {"a": "vanished"})
    assert found(result) == [("b", ["content"])]
    assert result.unknown_files == 1


def test_of_an_incomplete_tree_no_directory_is_missing_but_a_file_can_be() -> None:
    result = run(tree(root={"a": file(), "new": file()}), REFERENCE, incomplete="out of time")
    assert found(result) == [("b", ["presence"]), ("new", ["presence"])]
    assert (result.groups, result.unknown_files) == ([], 3)


def test_with_more_unseen_than_is_listed_nothing_is_known_to_be_missing() -> None:
    result = run(tree(root={"a": file("2"), "new": file()}), REFERENCE, unlisted=1)
    assert found(result) == [("a", ["content"]), ("new", ["presence"])]
    assert (result.groups, result.unknown_files) == ([], 4)


def test_whole_directories_are_one_group_and_a_single_file_is_itself() -> None:
    host = tree(root={"a": file(), "b": file()}, new={"x": file()}, many={"x": file(), "y": file()})
    result = run(host, REFERENCE)
    assert found(result) == [("new/x", ["presence"])]
    assert [(group["path"], group["side"], group["files"], group["directories"]) for group in result.groups] == [
        ("many/", "host", 2, 1),
        ("sub/", "reference", 3, 2),
    ]
    assert result.groups[1]["sample"] == ["sub/c", "sub/d", "sub/deep/e"]


def test_an_empty_directory_counts_between_hosts_and_not_against_git() -> None:
    host = tree(root={"a": file()}, empty={})
    reference = tree(root={"a": file()})
    assert run(host, reference).groups == []
    assert [group["path"] for group in run(host, reference, compared=HOST).groups] == ["empty/"]


@pytest.mark.parametrize(
    ("ours", "theirs", "compared", "aspects"),
    [
        (file("2"), file(), GIT, ["content"]),
        (file(mode="755"), file(), GIT, ["mode"]),
        (file(mode="600"), file(), GIT, None),
        (file(mode="600"), file(), HOST, ["mode"]),
        (file(owner="app", mtime=6), file(), GIT, None),
        (file(owner="app", mtime=6), file(), HOST, ["owner", "mtime"]),
        (["p", "600", "", 0, 5, "root", "root"], ["p", "644", "", 0, 5, "root", "root"], HOST, ["mode"]),
        (["l", "", "x", 1, 6, "root", "root"], ["l", "", "y", 1, 5, "root", "root"], HOST, ["target"]),
        (["l", "", "x", 1, 5, "root", "root"], file(), GIT, ["type"]),
        (["m", "", "1" * 40, 0, 0, "", ""], ["m", "", "2" * 40, 0, 0, "", ""], GIT, ["commit"]),
        (file(digest.KEYED), file(digest.KEYED, mode="755"), GIT, ["mode"]),
    ],
)
def test_aspects(ours: list[t.Any], theirs: list[t.Any], compared: Compared, aspects: list[str] | None) -> None:
    result = run(tree(root={"a": ours}), tree(root={"a": theirs}), compared=compared)
    assert found(result) == ([("a", aspects)] if aspects else [])
    assert result.equal == (0 if aspects else 1)


def test_a_secret_file_shows_neither_digest_nor_size_nor_time() -> None:
    secret = file(digest.KEYED)
    [difference] = run(tree(root={"k": secret}), tree(root={"k": file(digest.KEYED, mode="755")})).differences
    assert difference["secret"] is True
    assert set(difference["host"]) == {"type", "mode", "owner", "group", "secret"}


def test_content_behind_a_filter_is_unknown_and_a_link_of_that_name_is_a_link() -> None:
    result = run(tree(root={"a": file("2")}), tree(root={"a": file("filtered:git-crypt")}))
    assert found(result) == []
    assert "'git-crypt'" in result.unknown[0]["reason"]
    link = ["l", "", "filtered:x", 1, 5, "root", "root"]
    assert found(run(tree(root={"a": ["l", "", "y", 1, 5, "root", "root"]}), tree(root={"a": link}))) == [
        ("a", ["target"])
    ]


def test_a_directory_s_own_mode_and_owner_are_differences_of_the_directory() -> None:
    result = run(tree("755 root:root", root={}), tree("750 app:root", root={}), compared=HOST)
    assert found(result) == [("./", ["mode", "owner"])]
