# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clean-up of forbidden files: which are removed how, and what becomes part of a plan beside what is there."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import checked
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.cleanup import clean_up
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.joining import join
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Proposal, Seen
from hypothesis import given
from hypothesis import strategies as st
from proposals_seen import finding, seen

Json = dict[str, t.Any]

KNOWN = {"type": "file", "secret": True, "size": 7, "mode": "0640", "mtime_ns": 5}


def polluted(*hits: tuple[str, str, list[str]], more: int = 0, **known: t.Any) -> Seen:
    """Return a host with forbidden files: (pattern, directory, paths), and ``more`` that are not listed in each."""
    patterns = sorted({pattern for pattern, _path, _files in hits})
    tree: Json = {
        "name": "source",
        "outcome": "ok",
        "forbidden": [
            {"pattern": pattern, "path": path, "count": len(files) + more, "sample": sorted(files)[:5]}
            for pattern, path, files in hits
        ],
        "forbidden_files": [
            {"path": path, "mode": "0640", "size": 7, "mtime_ns": 5}
            for path in sorted({one for _pattern, _path, files in hits for one in files})
        ],
    }
    wrong = [
        finding("trees", "forbidden", "source", f"{path.strip('/') or '.'}:{pattern}") for pattern, path, _files in hits
    ]
    made = seen({"trees": [{"name": "source", "forbid": patterns}]}, wrong, trees={"trees": [tree]})
    return made.__class__(**{**vars(made), **known})


def operations(proposal: Proposal) -> list[tuple[str, str]]:
    return [(one["do"], one["path"]) for action in proposal.actions for one in action["operations"]]


def cleaning(host: Seen) -> Proposal:
    return next(one for one in clean_up(host) if one.kind == "clean_up")


def test_a_forbidden_directory_goes_as_a_whole() -> None:
    made = cleaning(polluted(("**/__pycache__/", "a/__pycache__/", ["a/__pycache__/x.pyc", "a/__pycache__/b/y.pyc"])))
    assert operations(made) == [
        ("remove", "a/__pycache__/b/y.pyc"),
        ("remove", "a/__pycache__/x.pyc"),
        ("remove_directory", "a/__pycache__/b"),
        ("remove_directory", "a/__pycache__"),
    ]
    assert made.actions[0]["operations"][0]["before"] == KNOWN
    assert made.title == "Move 2 forbidden files out of /srv/app"
    assert (
        made.files["files.txt"]
        == "           7  0640  a/__pycache__/b/y.pyc\n           7  0640  a/__pycache__/x.pyc\n"
    )
    assert "never" not in made.what and made.covers == ("a/__pycache__/",)


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        (polluted(("*.bak", "./", ["x.bak"])), [("remove", "x.bak")]),
        (polluted(("*.bak", "src/", ["src/x.bak"])), [("remove", "src/x.bak")]),
        (
            polluted(("*.bak", "src/", ["src/x.bak", "src/y.bak"]), has={"src/x.bak"}.__contains__),
            [("remove", "src/y.bak")],
        ),
        (polluted(("*.bak", "src/", [f"src/{MARK}.bak", "src/y.bak"])), [("remove", "src/y.bak")]),
        (polluted(("*.bak", "src/", ["src/x.bak"]), ("x.*", "src/", ["src/x.bak"])), [("remove", "src/x.bak")]),
    ],
)
def test_files_are_removed_once_and_only_where_nobody_wants_them(host: Seen, wanted: list[t.Any]) -> None:
    assert operations(cleaning(host)) == wanted


def test_what_stays_is_said() -> None:
    made = cleaning(polluted(("*.bak", "src/", ["src/x.bak"]), more=3))
    assert any("3 files that *.bak forbids stay" in note for note in made.notes)
    assert made.covers == ()
    assert clean_up(polluted(("*.bak", "src/", []), more=2)) == []


def test_what_is_waived_or_unseen_is_left_alone() -> None:
    host = polluted(("*.bak", "src/", ["src/x.bak"]))
    waived = [{**one, "waiver": {"reason": "x"}} for one in host.findings]
    assert clean_up(host.__class__(**{**vars(host), "findings": waived})) == []
    assert clean_up(host.__class__(**{**vars(host), "section": lambda _name: None})) == []


def test_lines_for_gitignore_are_for_the_repository() -> None:
    hits = (("*.bak", "src/", ["src/x.bak"]), ("it's $x/", "it's $x/", ["it's $x/a"]))
    ignoring = next(one for one in clean_up(polluted(*hits)) if one.kind == "gitignore")
    assert ignoring.files == {"gitignore": "*.bak\nit's $x/\n"}
    assert not ignoring.actions
    assert ignoring.apply[0].commands[0] == "printf '%s\\n' '*.bak' 'it'\"'\"'s $x/' >>.gitignore"
    assert [one.kind for one in clean_up(polluted(*hits, ignores=lambda path: True))] == ["clean_up"]


LEFT = [{"path": "a/__pycache__/", "kind": "forbidden"}, {"path": "src/", "kind": "forbidden"}]


def action(do: str, path: str) -> Json:
    return {"n": 1, "operations": [{"do": do, "path": path, "before": {"type": "absent"}}]}


def test_a_plan_gets_the_actions_behind_its_own() -> None:
    made = cleaning(polluted(("**/__pycache__/", "a/__pycache__/", ["a/__pycache__/x.pyc"])))
    actions, left = join([action("write", "a/__pycache__/keep")], LEFT, [made])
    assert [one["n"] for one in actions] == [1, 2]
    # The plan puts something into the directory: it stays.
    assert [one["path"] for one in actions[1]["operations"]] == ["a/__pycache__/x.pyc"]
    assert left == LEFT[1:]
    actions, _left = join([action("remove", "a/__pycache__/x.pyc")], [], [made])
    assert [one["do"] for one in actions[1]["operations"]] == ["remove_directory"]
    named = [{"path": "a/__pycache__/x.pyc", "kind": "secret"}]
    assert join([], named, [made])[1] == [] and join([], named, []) == ([], named)


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)
HITS = st.sampled_from(["a/", "b/", "**/c/", "*.x", "c"])


@given(st.sets(PATHS, max_size=12), st.lists(HITS, min_size=1, max_size=4, unique=True))
def test_the_operations_always_make_sense_together(paths: set[str], patterns: list[str]) -> None:
    # What is a directory is no file.
    files = {one for one in paths if not any(other.startswith(f"{one}/") for other in paths)}
    found: dict[tuple[str, str], list[str]] = {}
    for pattern in patterns:
        told = Patterns(compile_selection([pattern]))
        for path in files:
            if told.verdict(path, False) is True:
                folders = [path[: at + 1] for at, char in enumerate(path) if char == "/"]
                whole = next((one for one in folders if told.verdict(one.rstrip("/"), True) is True), None)
                found.setdefault((pattern, whole or (folders[-1] if folders else "./")), []).append(path)
    hits = [(pattern, where, held) for (pattern, where), held in sorted(found.items())]
    made = [one for one in clean_up(polluted(*hits)) if one.kind == "clean_up"] if hits else []
    done = [one for proposal in made for action in proposal.actions for one in action["operations"]]
    assert checked(done) == done
    assert {one["path"] for one in done if one["do"] == "remove"} == {one for held in found.values() for one in held}
