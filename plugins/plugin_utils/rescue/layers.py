# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rescue takes from the layers of containers: files that were copied or edited there. Private to the collection.
Pure.
"""

from __future__ import annotations

import calendar
import posixpath
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns, named
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import PATH, ByName, OneOf, require
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.commit import Work, refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.host import unpacked

FOLDER = "rescued-containers"
"""Where the files of containers lie in a rescue's commit, in a folder for each container."""

_TEXT = OneOf([None, str])
_FILE = {
    "type": OneOf([None, re.compile("file|link")]),
    "mode": OneOf([None, re.compile("[0-7]{4}")]),
    "size": OneOf([None, int]),
    "mtime": _TEXT,
    "target": OneOf([None, PATH]),
    "content": _TEXT,
    "reason": str,
}
_ANSWER = {"containers": [{"id": str, "files": ByName(_FILE)}]}
_CHANGED = "it changed after the audit: audit and rescue again"

Json = dict[str, t.Any]


class Layers(t.NamedTuple):
    """``works`` are committed, ``lost`` is what is not rescued, ``files`` what is saved of each container by its id,
    ``[{path, size, mtime}]``.
    """

    works: list[Work]
    lost: list[Json]
    files: dict[str, list[Json]]


def wanted(data: Json | None, rule: t.Any) -> tuple[list[Json], list[Json]]:
    """Return the containers with files that exist only there, ``[{id, name, changed}]``, and what cannot be rescued.

    ``data`` is the evidence of the section containers, ``rule`` is ``no_layer_changes`` of the contract: what it does
    not want to know of is no work.
    """
    found: list[Json] = []
    lost: list[Json] = []
    patterns = Patterns(compile_lines(rule)) if isinstance(rule, list) else None
    for one in (data or {}).get("containers", ()) if rule is not False else ():
        layer = one["layer"] or {"changed": [], "total": 0}
        changed = [
            item
            for item in layer["changed"]
            if item["kind"] != "deleted" and (patterns is None or named(patterns, item["path"]))
        ]
        more = layer["total"] - len(layer["changed"])
        if more > 0:
            reason = f"{number(more, 'more file')} changed in it than are named: save its image (docker commit)"
            lost.append({"path": place(one["name"], ""), "reason": reason})
        if changed:
            found.append({"id": one["id"], "name": one["name"], "changed": changed})
    return found, lost


def place(name: str, path: str) -> str:
    """Return where something of a container lies in a rescue's commit, spelled as file names are (``text.show``)."""
    folder = re.sub("[^A-Za-z0-9_.-]", "-", name).strip(".") or "container"
    return f"{FOLDER}/{folder}{show(posixpath.normpath('/' + path.lstrip('/'))) if path else ''}"


def works(containers: t.Sequence[Json], answer: t.Any) -> Layers:
    """Return what is to be committed, from the host's answer (``observe/layers.py``). Raises GarbledAnswer."""
    require(answer, _ANSWER, "the host's answer about files in containers")
    given = {one["id"]: one["files"] for one in answer["containers"]}
    made = Layers([], [], {})
    for one in containers:
        for change in one["changed"]:
            path = place(one["name"], change["path"])
            said = given.get(one["id"], {}).get(change["path"]) or {"reason": "the host gave no content"}
            work, reason = _work(path, change, said)
            if work is None:
                made.lost.append({"path": path, "reason": reason})
                continue
            made.works.append(work)
            saved = {key: change[key] for key in ("path", "size", "mtime")}
            made.files.setdefault(one["id"], []).append(saved)
    return made


def _work(path: str, change: Json, said: Json) -> tuple[Work | None, str]:
    """Return what is to be committed of one file, or None and why nothing is."""
    if MARK in path:
        return None, "its name looks like a secret"
    if refused(path):
        return None, refused(path)
    if said["reason"]:
        return None, said["reason"]
    if not _same_moment(change["mtime"], said["mtime"]):
        return None, _CHANGED
    if said["type"] == "link":
        if said["target"] is None:
            return None, "its target looks like a secret"
        return Work(path, "120000", raw(said["target"])), ""
    content = unpacked(said["content"])
    if content is None:
        return None, "its content came back damaged"
    if change["size"] is not None and len(content) != change["size"]:
        return None, _CHANGED
    return Work(path, "100755" if int(said["mode"] or "0", 8) & 0o100 else "100644", content), ""


def _same_moment(audited: str | None, found: str | None) -> bool:
    """Return whether two times are the same; an archive may have rounded one. What is not known counts as the same."""
    if audited is None or found is None:
        return True
    try:
        seconds = [calendar.timegm(time.strptime(one, "%Y-%m-%dT%H:%M:%SZ")) for one in (audited, found)]
    except ValueError:
        return False
    return abs(seconds[0] - seconds[1]) <= 1
