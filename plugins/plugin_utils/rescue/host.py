# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's rescue: what of its work a run has seen, its content, and the folder that it ends up in. Private to the
collection.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import ByName, OneOf, require
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import LISTED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import size as size_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document, left_out
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.commit import NOTHING, Undone, Work, commit, refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.kept import ABOUT, FOLDER
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, safe_name

MAX_BYTES = 64 << 20
"""The most that one file may have."""
MAX_TOTAL = 256 << 20
_PAGE_BYTES = 16 << 20
_PAGE_FILES = 500
_ANSWER = {"files": ByName({"content": OneOf([None, str]), "reason": str})}

Json = dict[str, t.Any]


def wanted(trees: t.Sequence[Json], part: Json) -> tuple[dict[str, Json], list[Json]]:
    """Return the entries of a host's own work by path, as the evidence has them, and what of it cannot be rescued.

    ``part`` is the host's part of a plan: what it leaves out as host work is what there is to rescue.
    """
    left = {one["path"]: one for one in part["left_out"] if one["kind"] == left_out.HOST_WORK}
    entries: dict[str, Json] = {}
    lost: list[Json] = []
    for tree in trees:
        for one in tree["differences"]:
            if one["path"] in left and one["host"]:
                entries[one["path"]] = one["host"]
        for group in tree["groups"]:
            listed = {one["path"]: one["entry"] for one in group.get("entries") or ()}
            if group["path"] in left and not listed:
                count = number(group["files"], "file")
                reason = f"holds {count}, more than are listed ({LISTED} of a directory): archive it by hand"
                lost.append({"path": group["path"], "reason": reason})
            chosen = listed if group["path"] in left else listed.keys() & left.keys()
            entries.update({path: listed[path] for path in chosen})
    for path, entry in list(entries.items()):
        if entry.get("secret") or entry["type"] not in ("file", "link"):
            reason = "a file of a secret class" if entry.get("secret") else f"a {entry['type']}"
            lost.append({"path": path, "reason": reason})
            del entries[path]
    return entries, lost


def undone(part: Json, based: t.Mapping[str, Json]) -> Undone:
    """Return what the host changed without content of its own, of what its part of a plan would change back.

    ``based`` are the entries of the commit that it was deployed from: what that does not have, the host cannot have
    deleted.
    """
    modes: dict[str, str] = {}
    deleted = []
    for one in document.operations(part):
        path, before = one["path"], one["before"]
        known = based.get(path)
        if known is None or refused(path):
            continue
        if one["do"] in ("write", "link") and before["type"] == "absent":
            deleted.append(path)
        elif one["do"] in ("write", "attributes") and known["type"] == before["type"] == "file" and before.get("mode"):
            runs = int(before["mode"], 8) & 0o100
            if runs != int(known["mode"], 8) & 0o100:
                modes[path] = "100755" if runs else "100644"
    return Undone(modes, sorted(deleted))


def pages(entries: t.Mapping[str, Json]) -> tuple[list[list[str]], list[Json]]:
    """Return the files to ask the host for, as many at once as one answer may hold, and those that are too many."""
    found: list[list[str]] = []
    lost: list[Json] = []
    total = size = 0
    for path, entry in sorted(entries.items()):
        if entry["type"] != "file":
            continue
        total += entry["size"]
        if total > MAX_TOTAL:
            reason = f"there is more than the {size_of(MAX_TOTAL)} that one rescue takes: rescue again for the rest"
            lost.append({"path": path, "reason": reason})
            total -= entry["size"]
            continue
        if not found or len(found[-1]) == _PAGE_FILES or size + entry["size"] > _PAGE_BYTES:
            found.append([])
            size = 0
        found[-1].append(path)
        size += entry["size"]
    return found, lost


def works(entries: t.Mapping[str, Json], answer: t.Any) -> tuple[list[Work], list[Json]]:
    """Return what is to be committed, from the host's answer (``observe/contents.py``), and what it did not give.

    Raises GarbledAnswer.
    """
    require(answer, _ANSWER, "the host's answer about contents")
    found, lost = [], []
    for path, entry in sorted(entries.items()):
        if refused(path):
            lost.append({"path": path, "reason": refused(path)})
            continue
        if entry["type"] == "link":
            found.append(Work(path, "120000", raw(entry["target"])))
            continue
        given = answer["files"].get(path) or {"content": None, "reason": "the host gave no content"}
        content = unpacked(given["content"])
        if content is None:
            lost.append({"path": path, "reason": given["reason"] or "its content came back damaged"})
        elif hashlib.sha256(content).hexdigest() != entry["sha256"]:
            lost.append({"path": path, "reason": "it changed after the audit: audit and rescue again"})
        else:
            runs = int(entry["mode"], 8) & 0o100
            found.append(Work(path, "100755" if runs else "100644", content))
    return found, lost


def unpacked(content: str | None) -> bytes | None:
    """Return what the host packed, None for anything else. No more is unpacked than was asked for."""
    if content is None:
        return None
    try:
        return zlib.decompressobj().decompress(base64.b64decode(content, validate=True), MAX_BYTES)
    except (ValueError, zlib.error):
        return None


def keep(
    output_dir: str,
    part: Json,
    reference: Json,
    base: str,
    made: t.Sequence[Work],
    lost: t.Sequence[Json],
    containers: t.Sequence[Json] = (),
    undone: Undone = NOTHING,
) -> RunFolder:
    """Write a rescue into a folder of its own and seal it. Raises StoreError, ReferenceUnavailable.

    ``undone`` is what the host changed without content of its own; ``containers`` is what of containers is in it,
    ``[{id, files: [{path, size, mtime}], settings: [key]}]``.
    """
    now, host = utc_now(), part["host"]
    folder = RunFolder.create(os.path.join(output_dir, FOLDER), now, re.sub("[^A-Za-z0-9_.-]", "-", safe_name(host)))
    about: Json = {
        "host": host,
        "environment": part["environment"],
        "application": part["application"],
        "root": part["root"],
        "repo": reference["repo"],
        "at": now,
        "files": {work.path: hashlib.sha256(work.content).hexdigest() for work in made},
        "containers": sorted(containers, key=lambda one: str(one["id"])),
        "modes": dict(undone.modes),
        "deleted_paths": list(undone.deleted),
        "not_rescued": sorted(lost, key=lambda one: str(one["path"])),
    }
    if made or undone.modes or undone.deleted:
        branch = f"rescue/{re.sub('[^A-Za-z0-9_-]', '-', host)}-{now.replace(':', '').replace('-', '')}"
        message = f"Work of {host} that nobody committed\n\nAs seen in {part['root']} on {host} at {now}.\n"
        about.update(commit(reference["repo"], base, made, branch, message, folder.path, undone))
    folder.write(ABOUT, about)
    folder.seal()
    return folder
