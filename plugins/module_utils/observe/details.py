# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of files that differ: the second round trip, only to hosts that have drifted. Private to the collection."""

from __future__ import annotations

import hashlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.rules import beneath
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import TreeSpec


def collect(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return ``{"trees": [{"name", "files": {path: {sha256, lines, text, reason}}}]}`` for the trees of
    ``spec["trees"]``.

    Each tree names its ``path``, the ``paths`` of files in it, and the ``max_text`` bytes that a text may have.
    ``lines`` counts line ends and an unfinished last line, None for binary files. ``text`` is masked; it is None when
    the file is binary, too large, or not wanted (``text: false``). ``reason`` says what could not be read. The caller
    never asks for files of a secret class.
    """
    return {"trees": [{"name": tree["name"], "files": _files(tree, host)} for tree in spec["trees"]]}


def _files(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    tree = TreeSpec(spec)
    try:
        root_fd = paths.open_root(os.path.normpath(os.path.join(host.root, tree.path)))
    except Unseen as unseen:
        return {path: {"reason": unseen.reason} for path in spec["paths"]}
    try:
        return {path: _detail(root_fd, show(tree.prefix), path, spec, host) for path in spec["paths"]}
    finally:
        os.close(root_fd)


def _detail(root_fd: int, prefix: str, path: str, spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    try:
        host.check_time()
        fd = paths.open_beneath(root_fd, beneath(path, prefix))
        try:
            return _read(fd, int(spec["max_text"]), bool(spec["text"]), host)
        finally:
            os.close(fd)
    except OSError as error:
        return {"reason": explain(error)}
    except Unseen as unseen:
        return {"reason": unseen.reason}


def _read(fd: int, max_text: int, wanted: bool, host: Host) -> dict[str, t.Any]:
    digest = hashlib.sha256()
    head: list[bytes] = []
    size = lines = 0
    last = b"\n"
    binary = False
    part = os.read(fd, 1 << 20)
    while part:
        host.check_time()
        digest.update(part)
        size += len(part)
        lines += part.count(b"\n")
        binary = binary or b"\0" in part
        last = part[-1:]
        if size <= max_text:
            head.append(part)
        part = os.read(fd, 1 << 20)
    text = None
    if wanted and not binary and size <= max_text:
        text = mask(b"".join(head).decode("utf-8", "backslashreplace"))
    return {
        "sha256": digest.hexdigest(),
        "lines": None if binary else lines + (last != b"\n"),
        "text": text,
        "reason": "",
    }
