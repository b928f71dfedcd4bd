# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random trees and random edits: what an audit finds is what differs, no more and no less."""

from __future__ import annotations

import os
import tempfile
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import record
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import Compared
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import compare
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import TreeRequest, TreeView
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.manifest import WHOLE, narrow, view_folder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories
from exchange_models import (
    EDITS,
    PLANTS,
    Found,
    Model,
    differences,
    edited,
    is_secret,
    matched,
    paths_to,
    plant,
    sync,
    without,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_KEY = b"k" * 32
_CHOSEN = st.lists(st.integers(0, 99), max_size=3)
_LINES = st.lists(st.sampled_from(["a", "*.pyc", "c/", "/b.pyc", "!a", "**/c/a", ".env"]), max_size=3)
_MODES = st.sampled_from(["exec", "all"])
_FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def observe(root: str, request: TreeRequest, workers: int = 2) -> TreeView:
    answer = trees.collect({"trees": [request.spec]}, Host(root, 60, workers, _KEY))["trees"][0]
    return request.read(answer)


def spec_of(modes: str, **more: t.Any) -> dict[str, t.Any]:
    return {**WHOLE, "name": "app", "modes": modes, "owner": False, "entries": "changed", **more}


def found(view: TreeView, reference: TreeView | None, wanted: Directories, spec: dict[str, t.Any]) -> Found:
    """Return what the comparison found, with groups spelled out file by file by what the disk holds."""
    assert view.unseen == [] and view.complete
    result = compare(view.directories, wanted, {}, "", Compared.of(spec))
    assert result.unknown == [] and result.unknown_files == 0
    seen: Found = set()
    by_path = {difference["path"]: list(difference["aspects"]) for difference in result.differences}
    assert len(by_path) == len(result.differences)
    for path in view.secrets.keys() & reference.secrets.keys() if reference else ():
        if view.secrets[path] != reference.secrets[path]:
            by_path.setdefault(path, []).insert(0, "content")
    seen |= {(path, tuple(aspects)) for path, aspects in by_path.items()}
    for group in result.groups:
        seen.add((group["path"], (group["side"], str(group["files"]))))
    return seen


def expected(host: Model, reference: Model, modes: str) -> Found:
    """Return the naive comparison, with whole directories of one side gathered as a report names them."""
    single = differences(host, reference, modes)
    gathered: Found = set()
    groups: dict[tuple[str, str], list[int]] = {}
    for side, model, other in (("host", host, reference), ("reference", reference, host)):
        present = {step for path, node in other.items() for step in _directories(path, node, modes)}
        for path, node in model.items():
            for step in _directories(path, node, modes):
                if step not in present and not any(up not in present for up in paths_to(step)[:-1]):
                    groups.setdefault((show(step) + "/", side), [0, 0])
        for path, node in model.items():
            top = next((key for key in groups if key[1] == side and raw(key[0]) == _top(path, node, key)), None)
            if top:
                groups[top][0 if node[0] != "d" else 1] += 1
    for (path, side), (files, directories) in groups.items():
        inside = {item for item in single if item[0].startswith(path)}
        records = 1 if modes == "exec" else directories
        if files == 1 and (records == 1 or modes == "exec"):
            continue
        single -= {item for item in inside if item[1] == ("presence",)}
        gathered.add((path, (side, str(files))))
    return single | gathered


def _directories(path: bytes, node: t.Any, modes: str) -> list[bytes]:
    """Return the directories that a path makes known: against git, those that lead to a file."""
    if node[0] == "d":
        return paths_to(path) if modes == "all" else []
    return paths_to(path)[:-1]


def _top(path: bytes, node: t.Any, key: tuple[str, str]) -> bytes:
    top = raw(key[0])
    return top if path.startswith(top) or path + b"/" == top else b""


def keep_only(model: Model, patterns: Patterns) -> Model:
    return {path: node for path, node in model.items() if not matched(patterns, model, path)}


@_FEW
@given(PLANTS, _CHOSEN, EDITS, PLANTS, _LINES, _MODES)
def test_what_is_found_is_what_differs(
    plants: t.Any, gone: list[int], edits: t.Any, more: t.Any, lines: list[str], modes: str
) -> None:
    reference = plant({}, plants)
    host = plant(edited(without(reference, gone), edits), more[:3])
    spec = spec_of(modes, exclude=compile_lines(lines))
    excluded = Patterns(spec["exclude"])
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        sync(one, {}, reference)
        sync(other, {}, host)
        whole = view_folder(one, {}, _KEY)
        wanted = narrow(whole.directories, spec)
        # A manifest that is narrowed says what the collector says.
        asked = {**spec, "entries": "all"}
        assert wanted.digests() == observe(one, TreeRequest(asked)).directories.digests()
        view = observe(other, TreeRequest(spec, wanted))
        secrets = observe(one, TreeRequest(asked))
        differing = expected(keep_only(host, excluded), keep_only(reference, excluded), modes)
        assert found(view, secrets, wanted, spec) == differing
        alone = observe(other, TreeRequest(spec, wanted), workers=1)
        assert alone == view or _same(alone, view)


def _same(one: TreeView, other: TreeView) -> bool:
    """Return whether two views say the same; how long ago a file was written may have changed in between."""
    strip = [[d._replace(stat="") for d in view.directories] for view in (one, other)]
    return strip[0] == strip[1] and one.totals == other.totals and one.secrets == other.secrets


@_FEW
@given(PLANTS, PLANTS, _CHOSEN, EDITS, _MODES)
def test_a_second_look_that_reads_only_what_changed_finds_the_same(
    monkeypatch: pytest.MonkeyPatch, plants: t.Any, more: t.Any, gone: list[int], edits: t.Any, modes: str
) -> None:
    monkeypatch.setattr(record, "_RACY_NS", 0)
    reference = plant({}, plants)
    before = plant(reference, more[:4])
    after = edited(without(before, gone), edits)
    spec = spec_of(modes)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        sync(one, {}, reference)
        sync(other, {}, before)
        wanted = narrow(view_folder(one, {}).directories, spec)
        secrets = observe(one, TreeRequest({**spec, "entries": "all"}))
        earlier = observe(other, TreeRequest(spec, wanted)).directories
        unchanged = observe(other, TreeRequest(spec, wanted, earlier))
        assert unchanged.totals["bytes"] == 0
        assert found(unchanged, secrets, wanted, spec) == expected(before, reference, modes)
        sync(other, before, after)
        view = observe(other, TreeRequest(spec, wanted, earlier))
        assert found(view, secrets, wanted, spec) == expected(after, reference, modes)
        assert view.directories.digests() == observe(other, TreeRequest(spec, wanted)).directories.digests()


@_FEW
@given(PLANTS, PLANTS, _LINES)
def test_ignored_files_are_no_drift_unless_the_reference_tracks_them(
    plants: t.Any, more: t.Any, lines: list[str]
) -> None:
    reference, host = plant({}, plants), plant(plant({}, plants), more[:5])
    ignored = Patterns(compile_lines(lines))
    tracked = {step for path, node in reference.items() if node[0] != "d" for step in paths_to(path)}
    kept = {path for path in tracked if matched(ignored, {**host, **reference}, path)}
    spec = spec_of("exec", ignore=compile_lines(lines), keep=sorted(os.fsdecode(path) for path in kept))
    counted = {path: node for path, node in host.items() if path in kept or not matched(ignored, host, path)}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        sync(one, {}, reference)
        sync(other, {}, host)
        wanted = narrow(view_folder(one, {}).directories, spec)
        view = observe(other, TreeRequest(spec, wanted))
        result = found(view, None, wanted, spec)
        secret = {show(path) for path, node in reference.items() if is_secret(path, node)}
        listed = {(path, aspects) for path, aspects in expected(counted, reference, "exec") if path not in secret}
        assert {(path, aspects) for path, aspects in result if path not in secret} == listed
