# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a commit, another host and a baseline have of a configuration."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.keys import describe
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import MAX_BYTES, read_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import baseline, git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.config_side import (
    Asked,
    exact,
    from_keys,
    frozen,
    thawed,
    translated,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git_side import GitSide
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.host import BaselineSide, HostSide
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from hypothesis import given
from hypothesis import strategies as st
from reference_repos import Repo

Json = dict[str, t.Any]
KEY = b"k" * 32
SECRET = "hunter2-blue-anvil"
YAML = f"url: http://market-data:8001/\nport: 8001\npassword: {SECRET}\n"


def asked(source: str = "app.yaml", **more: t.Any) -> Asked:
    made: Json = {"kind": "path", "source": source, "inside": source, "explicit": False, "format": "yaml"}
    return Asked(**{**made, "secret": False, "translate": {}, **more})


def values(found: Json) -> dict[str, t.Any]:
    return {one["key"]: one["value"] for one in found["keys"]}


def host_keys(text: str, form: str = "yaml") -> Json:
    """Return what a host tells of a text."""
    keys = describe(read_keys(text.encode(), form), False, KEY)
    about = {"kind": "path", "source": "app.yaml", "format": "yaml", "outcome": "ok", "reason": ""}
    return {**about, "keys": keys, "cut": 0, "partial": "", "digest": keyed(KEY, text)}


@pytest.fixture(name="repo")
def fixture_repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo")
    made.write("deploy/app.yaml", YAML)
    (made.path / "link.yaml").symlink_to("deploy/app.yaml")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 5\n"
    made.write("[x]*.yaml", "a: 2\n")
    made.commit("First", app__yaml=YAML, bad__yaml="a: [1\n", lfs__yaml=pointer, big__json=" " * (MAX_BYTES + 1))
    return made


def side(repo: Repo, tmp_path: Path) -> GitSide:
    return GitSide("git-1", git.resolve(str(repo.path), "main"), Cache(str(tmp_path / "cache")))


def test_a_commit_is_read_as_a_host_reads_its_files(repo: Repo, tmp_path: Path) -> None:
    (found,) = side(repo, tmp_path).configs([asked()], KEY)
    assert found["keys"] == host_keys(YAML)["keys"]
    assert (found["outcome"], found["digest"], found["translated"]) == ("ok", keyed(KEY, YAML), [])
    assert SECRET not in json.dumps(found)


@pytest.mark.parametrize(
    ("one", "outcome", "reason"),
    [
        (asked("gone.yaml"), "missing", "has no file gone.yaml"),
        (asked("deploy"), "unknown", "deploy is no regular file"),
        (asked("link.yaml"), "unknown", "link.yaml is no regular file"),
        (asked("lfs.yaml"), "unknown", "lfs.yaml is a pointer to a file in Git LFS"),
        (asked("big.json", format="json"), "unknown", "big.json is larger than 4 MiB"),
        (asked("bad.yaml"), "unknown", "bad.yaml cannot be read: "),
        (asked("app.yaml", format="auto"), "unknown", "app.yaml cannot be read: its format is not known"),
        (asked("/etc/app.yaml", inside=None), "missing", "lies elsewhere"),
        (asked("main", kind="process", inside=None), "missing", "this is the environment of a process"),
        (asked("[x]?.yaml"), "missing", "has no file"),
        (asked(":(top)app.yaml"), "missing", "has no file"),
    ],
)
def test_what_a_commit_does_not_have_or_show(repo: Repo, tmp_path: Path, one: Asked, outcome: str, reason: str) -> None:
    found, also = side(repo, tmp_path).configs([one, asked("[x]*.yaml")], KEY)
    assert (found["outcome"], found["keys"]) == (outcome, [])
    assert reason in found["reason"]
    assert values(also) == {"a": "2"}


def test_the_values_of_a_commit_are_translated(repo: Repo, tmp_path: Path) -> None:
    (found,) = side(repo, tmp_path).configs([asked(translate={"market-data:8001": "md:81", "8001": "81"})], KEY)
    ours = host_keys(YAML.replace("market-data:8001", "md:81").replace("8001", "81"))
    assert found["translated"] == ["port", "url"]
    assert [one["digest"] for one in found["keys"]] == [one["digest"] for one in ours["keys"]]
    assert found["digest"] is None


@pytest.mark.parametrize(
    ("text", "spellings", "expected"),
    [
        ("a b", {}, "a b"),
        ("a b", {"a": "b", "b": "a"}, "b a"),
        ("ab a", {"a": "1", "ab": "2"}, "2 1"),
        ("a.c abc", {"a.c": "x"}, "x abc"),
        ("a", {"a": r"\g<0>"}, r"\g<0>"),
    ],
)
def test_spellings_are_replaced_at_once_the_longest_first(text: str, spellings: dict[str, str], expected: str) -> None:
    assert translated(text, spellings) == expected


def test_another_host_s_values_are_translated_only_where_they_are_shown() -> None:
    seen = host_keys(YAML)
    found = from_keys(asked(translate={"market-data:8001": "md:81"}), seen, KEY)
    ours = {one["key"]: one["digest"] for one in host_keys(YAML.replace("market-data:8001", "md:81"))["keys"]}
    theirs = {one["key"]: one["digest"] for one in found["keys"]}
    assert theirs == {**ours, "password": None}
    assert found["translated"] == ["url"]
    untouched = from_keys(asked(), seen, KEY)
    assert (untouched["keys"], untouched["digest"]) == (seen["keys"], seen["digest"])


def test_a_host_is_asked_by_the_path_of_its_own_contract(tmp_path: Path) -> None:
    folder = RunFolder.create(str(tmp_path), "2026-11-21T10:00:00Z", "x")
    reference = HostSide("host-1", folder, "web2")
    with pytest.raises(ReferenceUnavailable, match="web2 are not known: it has no evidence of its own"):
        reference.configs([asked()], KEY)
    entries = [{"path": "app.yaml", "process": None}, {"path": None, "process": "main"}]
    evidence.keep(folder, "web2", evidence.SETTINGS, {"contract": {"configs": entries}})
    told = [host_keys(YAML), {**host_keys("A: 1\n"), "kind": "process", "source": "main"}]
    evidence.keep(folder, "web2", "configs", {"outcome": "ok", "reason": "", "data": {"configs": told}})
    found = reference.configs([asked(), asked("main", kind="process", inside=None), asked("other.yaml")], KEY)
    assert [one["outcome"] for one in found] == ["ok", "ok", "unknown"]
    assert values(found[1]) == {"A": "1"}
    assert found[2]["reason"] == "the contract of the reference host web2 has no entry for it in the section configs"
    evidence.keep(folder, "web2", "configs", {"outcome": "unknown", "reason": "no time", "data": {}})
    with pytest.raises(ReferenceUnavailable, match="web2 are not known: no time"):
        reference.configs([asked()], KEY)


def content(**more: t.Any) -> Json:
    about = {"application": "app", "environment": "prod", "host": "web1", "created": "x", "collector": "y"}
    return {**about, "trees": [], "git": {}, **more}


def test_a_baseline_holds_no_secret(tmp_path: Path) -> None:
    kept = {**frozen(host_keys(YAML), KEY), "declared": "app.yaml"}
    path = str(tmp_path / "baseline.json")
    baseline.save(path, content(configs=[kept]))
    text = Path(path).read_text()
    assert SECRET not in text
    assert not any(one["digest"] in text for one in host_keys(YAML)["keys"])
    other = b"o" * 32
    (found, none) = BaselineSide("b", baseline.load(path)).configs([asked(), asked("other.yaml")], other)
    digests = {one["key"]: one["digest"] for one in found["keys"]}
    assert digests == {"password": None, "port": keyed(other, "8001"), "url": keyed(other, "http://market-data:8001/")}
    assert (none["outcome"], none["reason"]) == ("unknown", "the baseline has no entry for it in the section configs")
    leaking = {**kept, "keys": [{**one, "value": SECRET} for one in kept["keys"]]}
    with pytest.raises(ValueError, match=r"may not hold the secrets of the configuration app\.yaml"):
        baseline.save(path, content(configs=[leaking]))


def test_a_baseline_of_an_earlier_release_has_no_configurations(tmp_path: Path) -> None:
    path = str(tmp_path / "baseline.json")
    baseline.save(path, content())
    with pytest.raises(ReferenceUnavailable, match="it was saved without the section configs"):
        BaselineSide("b", baseline.load(path)).configs([asked()], KEY)


@pytest.mark.parametrize(
    "wrong",
    [
        [None],
        [{}],
        [{**frozen(host_keys(YAML), KEY), "declared": 3}],
        [{**frozen(host_keys(YAML), KEY), "declared": "a", "keys": [{}]}],
        [
            {
                **frozen(host_keys(YAML), KEY),
                "declared": "a",
                "keys": [{**frozen(host_keys("a: 1"), KEY)["keys"][0], "value": 1}],
            }
        ],
    ],
)
def test_what_is_no_baseline_of_configurations_is_refused(tmp_path: Path, wrong: t.Any) -> None:
    with pytest.raises(ValueError, match="not a baseline"):
        baseline.save(str(tmp_path / "b"), content(configs=wrong))


@given(
    st.dictionaries(st.sampled_from("abc"), st.one_of(st.text(max_size=400), st.integers(), st.booleans(), st.none()))
)
def test_a_thawed_value_equals_the_one_that_was_frozen_or_is_not_known(document: Json) -> None:
    seen = host_keys(json.dumps(document), "json")
    then = {one["key"]: one for one in seen["keys"]}
    again = thawed({**frozen(seen, KEY), "declared": "a"}, KEY)
    for one in again["keys"]:
        assert one["digest"] in (None, then[one["key"]]["digest"])
        assert (one["digest"] is None) == (one["secret"] or not exact(then[one["key"]], KEY))
