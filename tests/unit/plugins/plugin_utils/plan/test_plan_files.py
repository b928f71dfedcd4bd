# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a plan: what becomes part of it, what is left out and why, and that its operations do what it says."""

from __future__ import annotations

import hashlib
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.decide import Policy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.files import plan_files
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.left_out import LeftOut
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_versions import Content, Json, Version, above, apply, tree, version

CAREFUL, PRUNING, ALL = Policy(), Policy(prune=True), Policy(prune=True, overwrite_host_work=True)


def plan(
    folder: Path, host: Version, reference: Version, base: Version | None, policy: Policy = CAREFUL, **known: t.Any
) -> tuple[list[Json], dict[str, LeftOut]]:
    actions, left = plan_files([tree(folder, host, reference, base, **known)], policy, lambda _tree, _path: [])
    return [one for action in actions for one in action["operations"]], {one.path: one for one in left}


def brief(operations: t.Sequence[Json]) -> list[tuple[str, str]]:
    return [(one["do"], one["path"]) for one in operations]


BASE = version(a="1", b="1")


@pytest.mark.parametrize(
    ("host", "reference", "policy", "operations", "left"),
    [
        (version(a="1", b="1"), version(a="2", b="1"), CAREFUL, [("write", "a")], {}),
        (version(a="1", b="1"), version(a="1", b="1", c="3"), CAREFUL, [("write", "c")], {}),
        (version(a="1"), version(a="1", b="1"), CAREFUL, [("write", "b")], {}),
        (version(a="1"), version(a="1", b="2"), CAREFUL, [("write", "b")], {}),
        (version(a="x", b="1"), version(a="1", b="1"), CAREFUL, [], {"a": "host_work"}),
        (version(a="x", b="1"), version(a="2", b="1"), CAREFUL, [], {"a": "host_work"}),
        (version(a="x", b="1"), version(a="2", b="1"), ALL, [("write", "a")], {}),
        (version(a="1", b="1", c="x"), version(a="1", b="1"), CAREFUL, [], {"c": "host_work"}),
        (version(a="1", b="1", c="x"), version(a="1", b="1"), PRUNING, [], {"c": "host_work"}),
        (version(a="1", b="1", c="x"), version(a="1", b="1"), ALL, [("remove", "c")], {}),
        (version(a="1", b="1"), version(a="1"), CAREFUL, [], {"b": "removed"}),
        (version(a="1", b="1"), version(a="1"), PRUNING, [("remove", "b")], {}),
        (version(a="1", b="x"), version(a="1"), PRUNING, [], {"b": "host_work"}),
        (version(a="1", b="x"), version(a="1"), ALL, [("remove", "b")], {}),
        (version(a="1", b__c="x"), version(a="1", b="1"), ALL, [], {"b": "in_the_way", "b/c": "host_work"}),
        (version(a="1", b="1"), version(a="1", b__c="1"), CAREFUL, [], {"b": "removed", "b/c": "in_the_way"}),
    ],
)
def test_each_kind_of_drift(
    host: Version, reference: Version, policy: Policy, operations: list[t.Any], left: dict[str, str], tmp_path: Path
) -> None:
    made, out = plan(tmp_path, host, reference, BASE, policy)
    if ("b/c" in out and policy == ALL) or (("remove", "b/c") in brief(made)):
        # The one file of a directory is a path of its own, and removed as such; the directory goes after it.
        assert brief(made) == [("remove", "b/c"), ("remove_directory", "b")]
        assert set(out) == {"b"}
        return
    assert brief(made) == operations
    assert {path: one.kind for path, one in out.items()} == left
    assert all(one.reason and one.cure for one in out.values())


def test_without_a_base_nothing_of_the_host_is_overwritten(tmp_path: Path) -> None:
    host, reference = version(a="x", c="x"), version(a="1", b="1")
    made, out = plan(tmp_path, host, reference, None, PRUNING)
    assert brief(made) == [("write", "b")]
    assert {path: one.kind for path, one in out.items()} == {"a": "host_work", "c": "host_work"}


def test_work_that_is_in_the_repository_is_no_work_of_the_host_alone(tmp_path: Path) -> None:
    host, reference = version(a="x", b="y"), version(a="1", b="1")
    made, out = plan(tmp_path, host, reference, BASE, saved={"a"})
    assert brief(made) == [("write", "a")]
    assert set(out) == {"b"}


def test_what_is_waived_stays_as_it_is(tmp_path: Path) -> None:
    waiver = {"reason": "until the next release", "owner": "ops", "expires": "2027-01-31"}
    host, reference = version(a="1", b="1"), version(a="2", b="1", c__d="1", c__e="2")
    made, out = plan(tmp_path, host, reference, BASE, ALL, waived={"a": waiver, "c": waiver})
    assert made == []
    assert {path: one.kind for path, one in out.items()} == {"a": "waived", "c/": "waived"}
    assert out["a"].reason == "waived by ops until 2027-01-31: until the next release"


def test_forbidden_files_are_left_to_people(tmp_path: Path) -> None:
    host = {**BASE, **version(junk="x")}
    made, out = plan(tmp_path, host, BASE, BASE, ALL, forbids=lambda path: path == "junk")
    assert made == []
    assert out["junk"].kind == "forbidden"


def test_what_a_checkout_cannot_make_is_left_out(tmp_path: Path) -> None:
    made, out = plan(tmp_path, BASE, {**BASE, **version(a="2")}, BASE, ALL, unmade={"a": "it lies in Git LFS"})
    assert made == []
    assert (out["a"].kind, out["a"].reason) == ("special", "it lies in Git LFS")


def test_secret_files_never_travel(tmp_path: Path) -> None:
    given = tree(tmp_path, version(a="1"), version(a="2", env="X=1"), version(a="1"))
    for one in given.evidence["differences"]:
        one["secret"] = True
    actions, left = plan_files([given], ALL, lambda _tree, _path: [])
    assert actions == []
    assert {one.path: one.kind for one in left} == {"a": "secret", "env": "secret"}


def test_what_an_interrupted_change_left_is_no_work_and_not_removed(tmp_path: Path) -> None:
    made, out = plan(tmp_path, {**BASE, ".evenkeel-0badc0de-3": ("file", "x", False)}, BASE, BASE, ALL)
    assert made == []
    assert out[".evenkeel-0badc0de-3"].kind == "special"


def test_a_masked_name_is_left_out(tmp_path: Path) -> None:
    made, out = plan(tmp_path, {**BASE, "key-<masked>": ("file", "x", False)}, BASE, BASE, ALL)
    assert made == []
    assert out["key-<masked>"].kind == "unnamed"


def test_the_exec_bit_follows_the_reference_and_the_other_bits_stay(tmp_path: Path) -> None:
    host: Version = {"a": ("file", "1", False), "b": ("file", "1", True), "c": ("file", "1", True)}
    reference: Version = {"a": ("file", "1", True), "b": ("file", "2", False), "c": ("file", "2", True)}
    given = tree(tmp_path, host, reference, host)
    for one in given.evidence["differences"]:
        one["host"]["mode"] = {"a": "0640", "b": "4755", "c": "0750"}[one["path"]]
    actions, _left = plan_files([given], CAREFUL, lambda _tree, _path: [])
    made = {one["path"]: (one["do"], one["mode"]) for action in actions for one in action["operations"]}
    assert made == {"a": ("attributes", "0750"), "b": ("write", "4644"), "c": ("write", None)}


def test_new_directories_are_made_once_and_from_the_top(tmp_path: Path) -> None:
    reference = version(a="1", b="1", x__y__one="1", x__y__two="2", x__three="3")
    made, _out = plan(tmp_path, BASE, reference, BASE)
    assert brief(made) == [
        ("directory", "x"),
        ("write", "x/three"),
        ("directory", "x/y"),
        ("write", "x/y/one"),
        ("write", "x/y/two"),
    ]


def test_a_removed_directory_is_taken_away_file_by_file(tmp_path: Path) -> None:
    base = version(a="1", d__one="1", d__e__two="2", d__e__three="3")
    made, out = plan(tmp_path, base, version(a="1"), base, PRUNING)
    removals = [("remove", "d/e/three"), ("remove", "d/e/two"), ("remove", "d/one")]
    assert brief(made) == [*removals, ("remove_directory", "d/e"), ("remove_directory", "d")]
    assert out == {}


def test_a_directory_of_the_hosts_own_is_removed_only_when_somebody_says_so(tmp_path: Path) -> None:
    host = version(a="1", b="1", d__one="1", d__two="2")
    made, out = plan(tmp_path / "prune", host, BASE, BASE, PRUNING)
    assert made == []
    assert out["d/"].kind == "host_work"
    made, out = plan(tmp_path / "all", host, BASE, BASE, ALL)
    assert brief(made) == [("remove", "d/one"), ("remove", "d/two"), ("remove_directory", "d")]
    assert out == {}


def test_what_an_earlier_commit_had_is_removed_even_when_the_base_is_no_longer_known(tmp_path: Path) -> None:
    host = version(a="1", b="1", c="1", d__one="1", d__two="2")
    made, out = plan(tmp_path, host, BASE, BASE, PRUNING, saved={"c", "d/one"})
    assert brief(made) == [("remove", "c"), ("remove", "d/one")]
    assert {path: one.kind for path, one in out.items()} == {"d/two": "host_work"}


def test_a_large_directory_of_the_hosts_own_is_left_to_people(tmp_path: Path) -> None:
    host = {**BASE, **{f"d/{number:04}": ("file", "x", False) for number in range(2001)}}
    made, out = plan(tmp_path, host, BASE, BASE, ALL)
    assert made == []
    assert out["d/"].kind == "host_work"


def test_only_a_restart_brings_in_some_changes(tmp_path: Path) -> None:
    given = tree(tmp_path, BASE, version(a="2", b="2"), BASE)
    actions, _left = plan_files([given], CAREFUL, lambda tree, path: ["web"] if path == "a" else [])
    assert [(action["path"], action["restart"]) for action in actions] == [("a", ["web"]), ("b", [])]


_NAMES = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=3).map("/".join)
_CONTENT: st.SearchStrategy[Content] = st.one_of(
    st.tuples(st.just("file"), st.sampled_from(["", "1", "2", "three\n"]), st.booleans()),
    st.tuples(st.just("link"), st.sampled_from(["a", "../b"]), st.just(False)),
)


def _possible(files: Version) -> Version:
    """Drop what lies below a file: a path is a file or a directory."""
    return {path: content for path, content in files.items() if not any(parent in files for parent in above(path))}


_VERSIONS = st.dictionaries(_NAMES, _CONTENT, max_size=8).map(_possible)


@settings(max_examples=100, deadline=None)
@given(
    host=_VERSIONS,
    reference=_VERSIONS,
    base=st.one_of(st.none(), _VERSIONS),
    like=st.sampled_from(["none", "host is base", "reference is base"]),
    prune=st.booleans(),
    overwrite=st.booleans(),
)
def test_the_operations_give_the_reference_but_for_what_is_left_out(
    host: Version, reference: Version, base: Version | None, like: str, prune: bool, overwrite: bool
) -> None:
    base = {"host is base": host, "reference is base": reference}.get(like, base)
    with tempfile.TemporaryDirectory() as folder:
        made, out = plan(Path(folder), host, reference, base, Policy(prune, overwrite))
    _check(host, reference, base, made, out, overwrite)


def _check(
    host: Version,
    reference: Version,
    base: Version | None,
    made: t.Sequence[Json],
    out: t.Mapping[str, LeftOut],
    overwrite: bool,
) -> None:
    """Fail unless the operations give the reference but for what is left out, and keep the host's own work."""
    contents = {hashlib.sha256(text.encode()).hexdigest(): text for _kind, text, _runs in reference.values()}
    after = apply(host, made, contents)

    def spared(path: str) -> bool:
        return path in out or any(f"{parent}/" in out for parent in above(path))

    for path in host.keys() | reference.keys():
        expected = host if spared(path) else reference
        assert after.get(path) == expected.get(path), path
    if base is None or overwrite:
        return
    # What only the host has is there afterwards, whatever else happened.
    for path, content in host.items():
        if content != base.get(path) and content != reference.get(path) and not _only_mode(content, path, base):
            assert after.get(path) is not None
            assert t.cast(Content, after[path])[:2] == content[:2], path


@pytest.mark.parametrize(
    ("host", "reference"),
    [
        (version(a="edited", b="1"), version(a="1", b="1")),
        (version(a="edited", b="1"), version(a="2", b="1")),
        (version(a="1", b="1", c="own"), version(a="1", b="1")),
        (version(a="1", b="1", d__one="own", d__two="own"), version(a="1", b="1")),
    ],
)
def test_a_plan_that_overwrites_the_hosts_work_would_be_noticed(
    host: Version, reference: Version, tmp_path: Path
) -> None:
    made, out = plan(tmp_path, host, reference, BASE, ALL)
    with pytest.raises(AssertionError):
        _check(host, reference, BASE, made, out, overwrite=False)


def _only_mode(content: Content, path: str, base: Version) -> bool:
    """Whether a path differs from the base in its mode alone, which is no work."""
    return path in base and base[path][:2] == content[:2]
