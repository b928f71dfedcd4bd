# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content of files that exist only in the layers of containers, for a rescue: a second question to a host. Private to
the collection.

It is read over the engine's socket, one file at a time, into memory. What is of a secret class is never asked for.
"""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.containers.archive import BadArchive, Member, only_member
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.record import secrets
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Engine, NotFound, open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK, mask
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.contents import Contents
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]

_ASK_S = 30.0
# What an archive has besides the file.
_ROOM = 128 << 10
_PATH = 1000


def collect(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return ``{"containers": [{id, files: {path: {type, mode, size, mtime, target, content, reason}}}]}``.

    ``spec`` has ``socket``, ``containers`` ``[{id, paths}]``, and what ``contents`` takes besides: ``secret``,
    ``max_bytes`` for all files together, ``allow_secrets``, here ``<container id>:<path>``. ``content`` is compressed,
    in base64, None where there is none or ``reason`` says why it is not given. Raises Unseen.
    """
    engine = open_engine(spec["socket"], host)
    for one in spec["containers"]:
        host.learn(_secrets(engine, one["id"]))
    contents = Contents(spec, host)
    found = []
    for one in spec["containers"]:
        names = _names(engine, one["id"])
        files = {path: _file(engine, one["id"], path, names.get(path), contents, host) for path in one["paths"]}
        found.append({"id": one["id"], "files": files})
    return {"containers": found}


def _secrets(engine: Engine, identity: str) -> list[str]:
    try:
        return list(secrets(engine.get(f"/containers/{identity}/json", limit_s=_ASK_S)))
    except NotFound:
        return []


def _names(engine: Engine, identity: str) -> dict[str, str]:
    """Return the changed paths of a container as the engine has them, by the text that evidence has for each."""
    try:
        listed = engine.get(f"/containers/{identity}/changes", limit_s=_ASK_S)
    except NotFound:
        return {}
    if not isinstance(listed, list):
        return {}
    paths = [Fields(one, "a changed file").raw("Path") for one in listed]
    return {text(path, _PATH): path for path in paths}


def _file(engine: Engine, identity: str, shown: str, path: str | None, contents: Contents, host: Host) -> Json:
    host.check_time()
    made: Json = dict.fromkeys(("type", "mode", "size", "mtime", "target", "content"))
    if path is None:
        return {**made, "reason": "it is not there any more, or as in the image"}
    reason = contents.barred(path.lstrip("/")) or ("its name looks like a secret" if MARK in shown else "")
    if reason:
        return {**made, "reason": reason}
    try:
        member = _member(engine, identity, path, contents.left)
    except (Unseen, BadArchive) as error:
        return {**made, "reason": mask(str(error))}
    made.update(type=member.type, mode=f"{member.mode:04o}", mtime=iso(member.mtime_s), size=len(member.content))
    if member.type == "link":
        target = show(member.target)
        # The target of a link is a text like another.
        return {**made, "target": None if mask(target) != target else target, "reason": ""}
    content, reason = contents.given(f"{identity}:{shown}", member.content)
    return {**made, "content": content, "reason": reason}


def _member(engine: Engine, identity: str, path: str, left: int) -> Member:
    """Return what stands at a path of a container. Raises Unseen, BadArchive."""
    where = f"/containers/{identity}/archive"
    return only_member(engine.whole(where, {"path": posixpath.normpath(path)}, left + _ROOM, _ASK_S))
