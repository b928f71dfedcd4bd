# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines and the text of files that differ: what is asked of host and reference, and what of it becomes evidence.

Private to the collection.
"""

from __future__ import annotations

import difflib
import typing as t

_MAX_TEXT = 1 << 20
_MAX_FILES = 200
_MAX_LINES = 20_000
_LFS_POINTER = "version https://git-lfs.github.com/spec/"

Json = dict[str, t.Any]


def wanted(evidence: Json) -> list[str]:
    """Return the paths whose lines and text are worth a second look: those that differ, or are only on the host."""
    return [
        difference["path"]
        for difference in evidence["differences"]
        if not difference["secret"] and _is_file(difference["host"])
    ][:_MAX_FILES]


def in_base(evidence: Json) -> dict[str, str]:
    """Return the files on the host that are as the base commit has them, SHA-256 by path: its text is theirs."""
    found = {}
    for difference in evidence["differences"]:
        host, base = difference["host"], difference.get("base")
        if _is_file(host) and _is_file(base) and host["sha256"] is not None and host["sha256"] == base["sha256"]:
            found[difference["path"]] = host["sha256"]
    return found


def changed(evidence: Json) -> list[str]:
    """Return the paths that are files on both sides."""
    return [d["path"] for d in evidence["differences"] if _is_file(d["host"]) and _is_file(d["reference"])]


def asked(paths: list[str], text: bool) -> Json:
    """Return what the collector ``details`` is asked about files of a tree; ``text`` asks for more than their lines."""
    return {"paths": paths, "max_text": _MAX_TEXT, "text": text}


def add(evidence: Json, ours: Json, theirs: Json, max_diff_bytes: int) -> None:
    """Add lines and diffs to the differences of a tree, from the details of the host and of the reference, by path."""
    for difference in evidence["differences"]:
        mine = ours.get(difference["path"], {})
        if "sha256" not in mine or mine["sha256"] != (difference["host"] or {}).get("sha256"):
            # Not read, or no longer what was compared.
            continue
        difference["host"]["lines"] = mine["lines"]
        difference["host"]["lfs"] = str(mine["text"]).startswith(_LFS_POINTER)
        if "content" in difference["aspects"]:
            difference["diff"] = _diff(theirs.get(difference["path"], {}), mine, max_diff_bytes)


def _is_file(entry: Json | None) -> bool:
    return entry is not None and entry["type"] == "file" and not entry.get("secret")


def _diff(theirs: Json, ours: Json, limit: int) -> Json | None:
    """Return a unified diff from the reference to the host, of texts that are already masked; None when there is none
    to show.
    """
    if theirs.get("text") is None or ours.get("text") is None:
        return None
    before, after = theirs["text"].splitlines(), ours["text"].splitlines()
    if len(before) + len(after) > _MAX_LINES:
        return None
    text = "\n".join(difflib.unified_diff(before, after, "reference", "host", lineterm=""))
    return {"text": text[:limit], "truncated": len(text) > limit}
