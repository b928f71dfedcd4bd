# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries and trees in the form that people read. Private to the collection."""

from __future__ import annotations

import hashlib
import json
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import unpack

_KINDS = {
    digest.FILE: "file",
    digest.LINK: "link",
    digest.FIFO: "fifo",
    digest.SOCKET: "socket",
    digest.DEVICE: "device",
    digest.SUBMODULE: "submodule",
}


def shown_entry(fields: t.Sequence[t.Any]) -> dict[str, t.Any]:
    """Return an entry as evidence shows it (``Entry`` in docs/design.md).

    ``fields`` is its wire form, ``[name, letter, mode, value, size, mtime_ns, owner, group]``, in a manifest followed
    by the number of lines. A secret-class file has neither digest, size nor time, what git records neither owner nor
    time.
    """
    _name, kind, mode, value, size, mtime_ns, owner, group, *lines = fields
    entry: dict[str, t.Any] = {"type": _KINDS[kind]}
    if kind == digest.LINK:
        return {**entry, "target": value, "owner": owner or None, "group": group or None}
    if kind == digest.SUBMODULE:
        return {**entry, "commit": value}
    entry.update(mode=f"{int(mode, 8):04o}", owner=owner or None, group=group or None)
    if kind != digest.FILE:
        return entry
    if value == digest.KEYED:
        return {**entry, "secret": True}
    known = lines[0] if lines else None
    return {
        **entry,
        "sha256": value,
        "size": size,
        "mtime": _utc(mtime_ns) if mtime_ns else None,
        "lines": known,
        "lfs": False,
    }


def _utc(mtime_ns: int) -> str | None:
    """Return a file's time, None for one that lies beyond the calendar: anyone can give a file any time."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(mtime_ns // 10**9))
    except (OverflowError, ValueError, OSError):
        return None


def see(options: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return one tree in full, as ``tree_info`` documents it. Raises Unseen when its root cannot be
    opened, or an option cannot be used.
    """
    for regex in options["exclude"]:
        try:
            # As one part among others, which is how they are used.
            re.compile(f"(?:{regex})")
        except re.error as error:
            raise Unseen(f"exclude: {regex!r} cannot be used as a regular expression: {error}") from None
    spec = {
        "name": "tree",
        "exclude": [[regex, True] for regex in options["exclude"]],
        "modes": "all",
        "cross_filesystems": options["cross_filesystems"],
        "entries": "all" if options["files"] else "none",
    }
    answer = trees.collect({"trees": [spec]}, host)["trees"][0]
    if answer["outcome"] != "ok":
        raise Unseen(answer["reason"])
    total = hashlib.sha256()
    directories: list[dict[str, t.Any]] = []
    records = [json.loads(line) for line in unpack(answer["directories"]).split(b"\n") if line]
    for path, content, _stat, _own, _files, entries in sorted(records):
        total.update(bytes.fromhex(content))
        shown = {"path": path or "./", "digest": content}
        if entries is not None:
            shown["entries"] = {fields[0]: shown_entry(fields) for fields in entries}
        directories.append(shown)
    return {
        "digest": total.hexdigest() if answer["complete"] and not answer["unseen"] else None,
        "complete": answer["complete"],
        "reason": answer["reason"],
        "directories": directories,
        "unknown": [{"path": path, "reason": reason} for path, reason in answer["unseen"]],
        "files": answer["totals"]["files"],
    }
