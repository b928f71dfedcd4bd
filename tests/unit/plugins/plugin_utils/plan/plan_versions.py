# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three versions of a tree, compared as an audit compares them, and 30 lines that apply operations to one of them."""

from __future__ import annotations

import hashlib
import os
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.trees.shown import shown_entry
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import Compared
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import tree_base
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import by_name, compare, join
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.decide import Knowledge
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.files import Tree
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.manifest import WHOLE, view_folder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Base

Json = dict[str, t.Any]
Content = tuple[str, str, bool]
"""``("file", text, executable)`` or ``("link", target, False)``."""
Version = dict[str, Content]

_SPEC = {**WHOLE, "modes": "exec", "owner": False}


def version(**files: str) -> Version:
    """Return a version from texts by path, in which ``__`` stands for a slash."""
    return {path.replace("__", "/"): ("file", text, False) for path, text in files.items()}


def lay_down(folder: Path, files: Version) -> Path:
    folder.mkdir(parents=True)
    for path, (kind, text, runs) in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if kind == "link":
            place.symlink_to(text)
        else:
            place.write_text(text)
            place.chmod(0o755 if runs else 0o644)
    return folder


def tree(folder: Path, host: Version, reference: Version, base: Version | None = None, **known: t.Any) -> Tree:
    """Return what a plan is made of, with the evidence that an audit of these three would leave."""
    seen = {
        name: view_folder(os.fspath(lay_down(folder / name, files)), _SPEC).directories
        for name, files in (("host", host), ("reference", reference), ("base", base or {}))
    }
    compared = compare(seen["host"], seen["reference"], {}, "", Compared.of(_SPEC))
    evidence: Json = {
        "name": "source",
        "path": ".",
        "base": None,
        "differences": compared.differences,
        "groups": compared.groups,
        "forbidden": [],
    }
    if base is not None:
        about = {"commit": "b" * 40, "source": "head"}
        tree_base.class_against(Base(about, seen["base"]), seen["host"], seen["reference"], evidence)
    wanted = _entries(seen["reference"])
    return Tree(evidence, Knowledge(wanted=wanted, **known), {}, _entries(seen["base"]))


def _entries(directories: t.Any) -> dict[str, Json]:
    return {
        join(directory.path, name): shown_entry(fields)
        for directory in directories
        for name, fields in by_name(directory).items()
    }


def apply(files: Version, operations: t.Sequence[Json], contents: t.Mapping[str, str]) -> Version:
    """Return a version after the operations; each must find what it expects."""
    now = dict(files)
    folders = {parent for path in now for parent in above(path)}
    for one in operations:
        path, before = one["path"], one["before"]
        found = now.get(path)
        assert set(above(path)) <= folders, f"{path} is made before its directory"
        if one["do"] == "directory":
            assert found is None
            folders.add(path)
            continue
        if one["do"] == "remove_directory":
            if not any(other.startswith(f"{path}/") for other in now):
                folders.discard(path)
            continue
        assert before["type"] == ("absent" if found is None else found[0]), path
        if before["type"] == "file":
            assert found is not None
            assert before["sha256"] == hashlib.sha256(found[1].encode()).hexdigest()
        if one["do"] == "remove":
            del now[path]
        elif one["do"] == "link":
            now[path] = ("link", one["target"], False)
        else:
            text = contents[one["sha256"]] if one["do"] == "write" else t.cast(Content, found)[1]
            old = found is not None and found[0] == "file" and found[2]
            now[path] = ("file", text, old if one["mode"] is None else one["mode"] == "0755")
    return now


def above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]
