# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests: every directory of a reference with all its entries, and the view of it that one request compares with.

Private to the collection. A manifest is made once, of everything; what a contract leaves out, and how it compares, is
applied afterwards by :func:`narrow`, so that a changed contract costs no second checkout.
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import Compared, TreeSpec
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import is_filtered
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import TreeRequest, TreeView
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import (
    Directories,
    Directory,
    WireEntry,
)

# Everything, with all that can be compared: the form of a manifest before a contract narrows it.
WHOLE: dict[str, t.Any] = {
    "path": ".",
    "exclude": [],
    "ignore": [],
    "keep": [],
    "modes": "all",
    "owner": True,
    "mtime": False,
    "secret": [],
    "forbid": [],
    "rules": [],
    "cross_filesystems": True,
    "entries": "all",
}
_TIMEOUT_S = 3600
_CHUNK = 1 << 20


def view_folder(folder: str, spec: t.Mapping[str, t.Any], key: bytes | None = None) -> TreeView:
    """Return what the trees collector sees in a folder of this machine. ``spec`` overrides ``WHOLE``."""
    request = TreeRequest({**WHOLE, "name": "reference", **spec})
    answer = trees.collect({"trees": [request.spec]}, Host(folder, _TIMEOUT_S, key=key))["trees"][0]
    return request.read(answer)


def observe_folder(folder: str) -> Directories:
    """Return the manifest of a folder of this machine, made by the collector that hosts run.

    File entries get a ninth field, their number of lines. Raises ReferenceUnavailable when anything of it cannot be
    read.
    """
    view = view_folder(folder, {})
    if view.outcome != "ok" or not view.complete or view.unseen:
        reason = view.reason or "; ".join(f"{path}: {reason}" for path, reason in view.unseen[:3])
        raise ReferenceUnavailable(f"the checked-out reference cannot be read: {reason}")
    return Directories({}, (_with_lines(folder, directory) for directory in view.directories))


def _with_lines(folder: str, directory: Directory) -> Directory:
    entries = directory.parsed() or []
    for fields in entries:
        if fields[1] == digest.FILE and fields[3] != digest.KEYED:
            fields.append(_count_lines(os.path.join(os.fsencode(folder), raw(directory.path), raw(fields[0]))))
    return directory._replace(entries=_pack(entries))


def _count_lines(path: bytes) -> int | None:
    lines, last = 0, b"\n"
    with open(path, "rb") as file:
        while part := file.read(_CHUNK):
            if b"\0" in part:
                return None
            lines += part.count(b"\n")
            last = part[-1:]
    return lines + (last != b"\n")


def _pack(entries: t.Sequence[WireEntry]) -> bytes:
    return json.dumps(entries, separators=(",", ":")).encode("ascii")


def replace_entries(manifest: Directories, change: t.Callable[[str, WireEntry], WireEntry]) -> Directories:
    """Return a manifest with some entries replaced; ``change(path, entry)`` returns the entry to keep."""
    changed = []
    for directory in manifest:
        entries = [change(directory.path + fields[0], fields) for fields in directory.parsed() or []]
        changed.append(directory._replace(entries=_pack(entries)))
    return Directories(manifest.meta, changed)


def add_submodules(manifest: Directories, submodules: t.Mapping[str, str]) -> Directories:
    """Return a manifest in which each submodule's directory holds the commit that it should be at."""
    added = [
        Directory(path + "/", "", "", "", 1, _pack([["", digest.SUBMODULE, "", commit, 0, 0, "", ""]]))
        for path, commit in submodules.items()
    ]
    kept = [directory for directory in manifest if directory.path.rstrip("/") not in submodules]
    return Directories(manifest.meta, kept + added)


def narrow(manifest: Directories, request: t.Mapping[str, t.Any]) -> Directories:
    """Return what a request compares of a manifest: its path, without what it excludes, with the digests that a host
    would send.
    """
    spec = TreeSpec({"name": "reference", **request})
    prefix = show(spec.prefix)
    excluded: dict[str, bool] = {"": False, prefix: False}
    found = []
    for directory in manifest:
        if directory.path.startswith(prefix) and not _excluded(directory.path, spec, excluded):
            narrowed = _narrow_directory(directory, spec)
            if narrowed is not None:
                found.append(narrowed)
    return Directories(manifest.meta, found)


def compares(request: t.Mapping[str, t.Any]) -> t.Callable[[str], bool]:
    """Return a function that says whether a request compares a path at all."""
    spec = TreeSpec({"name": "reference", **request})
    prefix = show(spec.prefix)
    known: dict[str, bool] = {"": False, prefix: False}

    def compared(path: str) -> bool:
        if not path.startswith(prefix) or spec.exclude.ignored(_python_name(path), False):
            return False
        return not _excluded(path[: path.rfind("/") + 1], spec, known)

    return compared


def _excluded(path: str, spec: TreeSpec, known: dict[str, bool]) -> bool:
    if path not in known:
        parent = path[: path.rstrip("/").rfind("/") + 1]
        known[path] = _excluded(parent, spec, known) or spec.exclude.ignored(_python_name(path.rstrip("/")), True)
    return known[path]


def _narrow_directory(directory: Directory, spec: TreeSpec) -> Directory | None:
    entries = [
        _masked(directory.path, fields, spec)
        for fields in directory.parsed() or []
        if not fields[0] or not spec.exclude.ignored(_python_name(directory.path + fields[0]), False)
    ]
    if not entries and spec.exec_only:
        return None
    lines = [digest.wire_line(raw(fields[0]), fields, spec.compared) for fields in entries]
    own = _own(directory.own, spec.compared)
    content = digest.content_digest(raw(directory.path), own, lines)
    return Directory(directory.path, content.hex(), "", own, len(entries), _pack(entries))


def _python_name(shown: str) -> str:
    """Return a path as the collector matches it: in Python's own form of a file name."""
    return os.fsdecode(raw(shown)) if "\\" in shown else shown


def _own(own: str, compared: Compared) -> str:
    if compared.exec_only:
        return ""
    return own if compared.owner else own.partition(" ")[0]


def _masked(folder: str, fields: WireEntry, spec: TreeSpec) -> WireEntry:
    """Return an entry without what may not be known of a secret-class file."""
    if fields[1] != digest.FILE or fields[3] == digest.KEYED or is_filtered(fields):
        return fields
    if is_secret_file(_python_name(folder + fields[0]), spec.secret):
        return [fields[0], fields[1], fields[2], digest.KEYED, 0, 0, *fields[6:8]]
    return fields
