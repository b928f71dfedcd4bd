# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One path of a tree in words: lines, digest, mode, size, time, owner. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, short
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import Markup, code, join, phrase
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json

DIGITS = 12
"""How much of a digest a table shows; the whole is in findings.json and in the verification commands."""


def brief(entry: Json | None) -> Markup:
    """Return what identifies an entry: lines, sha256, mode. Nothing for an entry that is not there."""
    return join(", ", _identity(entry)) if entry else Markup("-")


def full(entry: Json | None) -> Markup:
    """Return all that was seen of an entry: `brief`, and size, time of change, owner."""
    if not entry:
        return Markup("-")
    parts = _identity(entry)
    if entry.get("size") is not None:
        parts.append(number(entry["size"], "byte"))
    if entry.get("mtime") is not None:
        parts.append(phrase("changed {}", entry["mtime"]))
    if entry.get("owner") is not None:
        parts.append(phrase("{}:{}", entry["owner"], entry.get("group")))
    return join(", ", parts)


def _identity(entry: Json) -> list[object]:
    parts: list[object]
    if entry.get("secret"):
        parts = ["secret class: content is never shown"]
    elif entry.get("type") == "link":
        parts = [phrase("link to {}", code(entry.get("target")))]
    elif entry.get("type") == "submodule":
        parts = [phrase("submodule at {}", code(short(entry.get("commit"))))]
    elif entry.get("type", "file") != "file":
        parts = [entry["type"]]
    else:
        parts = [] if entry.get("lines") is None else [number(entry["lines"], "line")]
        if entry.get("sha256") is not None:
            parts.append(code(entry["sha256"][:DIGITS]))
        parts = parts or ["file"]
    if entry.get("lfs"):
        parts.append("LFS pointer")
    if entry.get("mode") is not None:
        parts.append(phrase("mode {}", entry["mode"]))
    return parts
