# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a commit and where a repository is to the operations that move it: its index, HEAD, branch and reflogs. Private
to the collection.

They are operations like those of the files, and part of the same change: the repository moves with the work tree, or
not at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove import incoming
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.asked import Asked, Now, look, read
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.sweep import sweep
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import Operation, folders_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.gitrun import Git, private_git
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import utc_now
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import Place, find
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_REFLOG_LIMIT = 64 << 20

Json = t.Dict[str, t.Any]


class Moving(t.NamedTuple):
    """What is added to a change: operations, what they write by SHA-256, and the paths that would change."""

    operations: list[Operation]
    contents: dict[str, bytes]
    paths: list[str]


@contextlib.contextmanager
def prepared(
    values: t.Any, root: str, sources: t.Sequence[int] | None, about: t.Mapping[str, t.Any], host: Host, check: bool
) -> t.Iterator[Moving]:
    """Give what moves the repository of ``root`` to a commit; it is locked against git while the block lasts.

    ``values`` are the request (``asked.py``), ``sources`` the folders of contents, the pack among them. With ``check``
    nothing is written, and the operations have no contents. Raises BadOperations, Refused, Unseen, OSError.
    """
    asked = read(values)
    if not check:
        sweep(root)
    root_fd = paths.open_root(root)
    try:
        with find(root_fd) as place:
            # Before anything is read of it: what moves from here on is found by the change, which compares all of it.
            befores = {path: entry.look_at(root_fd, path) for path in _paths(asked)}
            now = look(root_fd, place, asked, host)
            if (now.ref, now.commit, now.tree) == (asked.ref, asked.commit, asked.tree):
                yield Moving([], {}, [])
            elif check:
                made = _operations(root_fd, befores, _contents(place, now, asked, None, about))
                yield Moving([], {}, [one["path"] for one in made if one["do"] == "write" and not _as_it_is(one)])
            else:
                with contextlib.ExitStack() as held:
                    held.enter_context(incoming.locked(place))
                    git = held.enter_context(private_git(place, root_fd, utc_now(), host))
                    held.enter_context(incoming.received(place, git, asked, sources or ()))
                    contents = _contents(place, now, asked, git, about)
                    yield Moving(_operations(root_fd, befores, contents), _named(contents.values()), [])
    finally:
        os.close(root_fd)


def _as_it_is(operation: Operation) -> bool:
    return bool(operation["before"].get("sha256") == operation["sha256"])


def _named(contents: t.Iterable[bytes]) -> dict[str, bytes]:
    return {hashlib.sha256(content).hexdigest(): content for content in contents}


def _paths(asked: Asked) -> list[str]:
    """Return all paths that may change."""
    branch = [] if asked.ref is None else [f".git/{show(asked.ref)}", f".git/logs/{show(asked.ref)}"]
    return [*(f".git/{name}" for name in ("index", "HEAD", "ORIG_HEAD", "logs/HEAD")), *branch]


def _operations(root_fd: int, befores: t.Mapping[str, entry.Entry], contents: t.Mapping[str, bytes]) -> list[Operation]:
    made: list[Operation] = []
    for path in sorted(contents):
        made += _folders(root_fd, path, {one["path"] for one in made})
        made.append(_write(path, contents[path], befores[path]))
    return made


def _contents(place: Place, now: Now, asked: Asked, git: Git | None, about: t.Mapping[str, t.Any]) -> dict[str, bytes]:
    """Return what is to stand at each path that changes; without git, nothing for the index."""
    found = _heads(place, now, asked, about)
    if now.tree != asked.tree:
        found[".git/index"] = b"" if git is None else _index(git, asked.commit)
    return found


def _index(git: Git, commit: str) -> bytes:
    """Return the index of a commit. Where a path's entry stays the same, git takes what it knows of its file from the
    index that was there, so that it need not read all files again.
    """
    git.run("-c", "core.splitIndex=false", "read-tree", "-m", "-i", commit)
    return git.index()


def _heads(place: Place, now: Now, asked: Asked, about: t.Mapping[str, t.Any]) -> dict[str, bytes]:
    """Return what is to stand in HEAD, the branch, ORIG_HEAD and the reflogs, by path."""
    found: dict[str, bytes] = {}
    moves = (now.ref, now.commit) != (asked.ref, asked.commit)
    if asked.ref is not None and now.there != asked.commit:
        found[f".git/{show(asked.ref)}"] = f"{asked.commit}\n".encode("ascii")
        found.update(_logged(place, asked.ref, now.there, asked, now.logs, about))
    # Also where it stays: so that the change finds out when somebody else has moved it.
    found[".git/HEAD"] = f"{asked.commit}\n".encode("ascii") if asked.ref is None else b"ref: " + asked.ref + b"\n"
    if moves:
        found.update(_logged(place, b"HEAD", now.commit, asked, now.logs, about))
        if now.commit is not None and now.commit != asked.commit:
            found[".git/ORIG_HEAD"] = f"{now.commit}\n".encode("ascii")
    return found


def _logged(
    place: Place, ref: bytes, old: str | None, asked: Asked, wanted: bool, about: t.Mapping[str, t.Any]
) -> dict[str, bytes]:
    """Return the reflog of a ref with one line more; none where the repository keeps none."""
    before = files.read(place.git_fd, b"logs/" + ref, _REFLOG_LIMIT)
    if before is None and not wanted:
        return {}
    words = " ".join(f"{about.get('why') or 'deploy'} by {about.get('who')}".split())
    who = f"evenkeel.drift <evenkeel@localhost> {int(time.time())} +0000"
    line = f"{old or '0' * len(asked.commit)} {asked.commit} {who}\tdeploy: {words}\n"
    torn = b"" if not before or before.endswith(b"\n") else b"\n"
    return {f".git/logs/{show(ref)}": (before or b"") + torn + line.encode("utf-8", "backslashreplace")}


def _folders(root_fd: int, path: str, made: t.Container[str]) -> list[Operation]:
    """Return the operations for the folders that lead to a path and are not there."""
    missing = [one for one in folders_of(path) if one not in made and entry.look_at(root_fd, one)["type"] == "absent"]
    return [{"do": "directory", "path": one, "mode": None, "before": {"type": "absent"}} for one in missing]


def _write(path: str, content: bytes, before: entry.Entry) -> Operation:
    kind = before["type"]
    if kind not in ("absent", "file", "directory"):
        raise Refused(f"{path} is a {kind} and no file: git makes files there, so that this is somebody's own doing")
    known = {key: before[key] for key in ("sha256", "size", "mode", "uid", "gid")} if kind == "file" else {}
    digest = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return {"do": "write", "path": path, **digest, "before": {"type": kind, **known}}
