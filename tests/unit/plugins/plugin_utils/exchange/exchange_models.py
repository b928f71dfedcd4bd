# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees as plain dictionaries: made on disk, edited at random, and compared by the simplest means there are."""

from __future__ import annotations

import os
import shutil
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from hypothesis import strategies as st

# What is at a path: (type letter, content or target, mode). Directories are "d".
Node = tuple[str, bytes, int]
Model = dict[bytes, Node]
Found = set[tuple[str, tuple[str, ...]]]

NAMES = [b"a", b"b.pyc", b"c", b".env", b"\xff", b"x\\y", b"new\nline", b"*", b"{{ x }}", b"-r", "é".encode()]
_CONTENTS = [b"", b"1", b"2", b"one\ntwo\n", b"\0\xff" * 40]
_FILE = st.tuples(st.just("f"), st.sampled_from(_CONTENTS), st.sampled_from([0o644, 0o755, 0o600, 0o4755]))
_LINK = st.tuples(st.just("l"), st.sampled_from([b"a", b"../a", b"/nowhere", b"\xfe"]), st.just(0))
_FIFO = st.tuples(st.just("p"), st.just(b""), st.sampled_from([0o600, 0o644]))
_DIRECTORY = st.tuples(st.just("d"), st.just(b""), st.sampled_from([0o755, 0o750]))
_NODE = st.one_of(_FILE, _FILE, _FILE, _DIRECTORY, _LINK, _FIFO)
_PATH = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(b"/".join)
PLANTS = st.lists(st.tuples(_PATH, _NODE), max_size=14)
EDITS = st.lists(st.tuples(st.integers(0, 99), _NODE), max_size=6)


def plant(model: Model, plants: t.Iterable[tuple[bytes, Node]]) -> Model:
    """Return a tree with more in it: what stands in the way of a path, or at it, is replaced."""
    grown = dict(model)
    for path, node in plants:
        parts = path.split(b"/")
        for depth in range(1, len(parts)):
            parent = b"/".join(parts[:depth])
            if grown.get(parent, ("",))[0] != "d":
                grown[parent] = ("d", b"", 0o755)
        for other in list(grown):
            if other.startswith(path + b"/") and node[0] != "d":
                del grown[other]
        grown[path] = node
    return grown


def edited(model: Model, edits: t.Iterable[tuple[int, Node]]) -> Model:
    """Return a tree with the edits made to paths that it has, picked by number; one in two keeps its type."""
    for number, node in edits:
        if not model:
            break
        path = sorted(model)[number % len(model)]
        kind, content, mode = model[path]
        if number % 2 and kind != node[0]:
            # The same type with another content, where it has one, and another mode, where it has one.
            node = (kind, b"edited" if kind in "fl" else content, 0 if kind == "l" else node[2] or mode)
        model = plant(model, [(path, node)])
    return model


def without(model: Model, chosen: t.Sequence[int]) -> Model:
    """Return a tree without some of its paths, picked by number."""
    gone = {sorted(model)[number % len(model)] for number in chosen} if model else set()
    return {
        path: node
        for path, node in model.items()
        if not any(path == one or path.startswith(one + b"/") for one in gone)
    }


def sync(root: str, before: Model, after: Model) -> None:
    """Turn the tree on disk from one model into another, touching only what differs."""
    top = os.fsencode(root)
    for path in sorted(before, reverse=True):
        if path not in after or before[path][0] != after[path][0] or before[path][0] == "l":
            _remove(os.path.join(top, path))
    for path in sorted(after):
        where, (kind, content, mode) = os.path.join(top, path), after[path]
        if kind == "d" and not os.path.isdir(where):
            os.mkdir(where)
        elif kind == "l":
            os.symlink(content, where)
        elif kind == "p" and not os.path.lexists(where):
            os.mkfifo(where)
        elif kind == "f" and before.get(path) != after[path]:
            with open(where, "wb") as file:
                file.write(content)
        if kind != "l" and before.get(path) != after[path]:
            os.chmod(where, mode)


def _remove(path: bytes) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def paths_to(path: bytes) -> list[bytes]:
    """Return every directory on the way to a path, and the path."""
    parts = path.split(b"/")
    return [b"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def matched(patterns: Patterns, model: Model, path: bytes) -> bool:
    """Return whether patterns match a path, or a directory on the way to it."""
    steps = paths_to(path)
    return any(patterns.ignored(os.fsdecode(step), step != path or model[path][0] == "d") for step in steps)


def differences(host: Model, reference: Model, modes: str) -> Found:
    """Return what differs, path by path: the simplest comparison that can be."""
    found: Found = set()
    for path in host.keys() | reference.keys():
        ours, theirs = host.get(path), reference.get(path)
        kinds = {node[0] for node in (ours, theirs) if node is not None}
        if kinds == {"d"}:
            if modes == "all" and ours and theirs and ours[2] != theirs[2]:
                found.add((show(path) + "/", ("mode",)))
            continue
        if "d" in kinds or ours is None or theirs is None:
            found.add((show(path), ("presence",)))
            continue
        if ours[0] != theirs[0]:
            found.add((show(path), ("type",)))
            continue
        aspects = []
        if ours[1] != theirs[1]:
            aspects.append("target" if ours[0] == "l" else "content")
        if ours[2] != theirs[2] if modes == "all" else ours[0] == "f" and (ours[2] ^ theirs[2]) & 0o100:
            aspects.append("mode")
        if aspects:
            found.add((show(path), tuple(aspects)))
    return found


def is_secret(path: bytes, node: Node) -> bool:
    return node[0] == "f" and is_secret_file(os.fsdecode(path))
