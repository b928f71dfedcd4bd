# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations that bring a root from what it is now to a restore point. Private to the collection.

Nothing is changed here: the operations go to the engine, which checks again that everything still is as it was seen.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.attributes import same_xattrs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.look import BLOCKED, look
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]

_KEPT = ("mode", "uid", "gid", "mtime_ns", "xattrs")
_LINK_KEPT = ("uid", "gid")
_DIRECTORY_KEPT = ("mode", "uid", "gid", "xattrs")


class Way(t.NamedTuple):
    """How a root gets to a point: the operations in their order; what is not brought back, and what stands in the way
    and has to go first, ``{path, reason}`` each.
    """

    operations: list[Json]
    left: list[Json]
    blocked: list[Json]


def way_to(manifest: t.Mapping[str, t.Any], root_fd: int, host: Host) -> Way:
    """Return the operations that bring the root to a point, none when it is there already. ``folders`` of the manifest,
    if there are any, are entries of folders that only get their times back, where something in them changes.

    Raises Unseen when the time is up.
    """
    saved = {entry["path"]: entry for entry in manifest["entries"]}
    found = dict(look(root_fd, sorted(saved), host))
    blocked = _blocked(saved, found)
    left = {
        path: "it was a device, a socket or a FIFO: these are not made again"
        for path, entry in saved.items()
        if path not in blocked and entry["type"] == "other" and found[path]["type"] != "other"
    }
    made: list[Json] = []
    gone: list[Json] = []
    for path in sorted(saved.keys() - blocked.keys() - left.keys()):
        entry, now = saved[path], found[path]
        if entry["type"] == "absent":
            gone += _removal(path, now)
        else:
            made += _restoral(path, entry, now)
    made += _times(made + gone, saved, found)
    made += _times_alone(made + gone, manifest.get("folders", ()), root_fd, host)
    # What goes, goes first and from the leaves to the root; what comes, from the root to the leaves.
    operations = gone[::-1] + sorted(made, key=lambda operation: str(operation["path"]))
    return Way(operations, _listed(left), _listed(blocked))


def _times(operations: t.Sequence[Json], saved: t.Mapping[str, Json], found: t.Mapping[str, Json]) -> list[Json]:
    """Return the operations that give the folders in which something changes their times back."""
    folders = {operation["path"].rpartition("/")[0] for operation in operations}
    folders -= {operation["path"] for operation in operations}
    return [
        _directory(path, saved[path], found[path])
        for path in sorted(folders & saved.keys())
        if saved[path]["type"] == found[path]["type"] == "directory"
    ]


def _times_alone(operations: t.Sequence[Json], folders: t.Sequence[Json], root_fd: int, host: Host) -> t.Iterator[Json]:
    """Yield the operations that give folders their times back in which something changes."""
    touched = {operation["path"].rpartition("/")[0] for operation in operations}
    saved = {one["path"]: one for one in folders if one["path"] in touched}
    for path, now in look(root_fd, sorted(saved), host):
        if now["type"] == "directory":
            yield {"do": "attributes", "path": path, "before": before(now), "mtime_ns": saved[path]["mtime_ns"]}


def _listed(reasons: t.Mapping[str, str]) -> list[Json]:
    return [{"path": path, "reason": reasons[path]} for path in sorted(reasons)]


def differences(manifest: t.Mapping[str, t.Any], root_fd: int, host: Host) -> list[str]:
    """Return the paths of a point that are not as they were saved, sorted: none means that the root is at the point."""
    saved = {entry["path"]: entry for entry in manifest["entries"]}
    return [path for path, now in look(root_fd, sorted(saved), host) if not is_same(saved[path], now)]


def is_same(entry: t.Mapping[str, t.Any], now: t.Mapping[str, t.Any]) -> bool:
    """Return whether a path is as it was saved. The times of links and directories do not count: no program sets the
    former, and any file that comes or goes moves the latter.
    """
    kind = entry["type"]
    if now["type"] != kind:
        return False
    if kind == "file":
        return _content(entry) == _content(now) and _equal(entry, now, _KEPT)
    if kind == "link":
        return bool(entry["target"] == now["target"]) and _equal(entry, now, _LINK_KEPT)
    return _equal(entry, now, _DIRECTORY_KEPT) if kind == "directory" else True


def _content(entry: t.Mapping[str, t.Any]) -> tuple[t.Any, t.Any]:
    return entry["sha256"], entry["size"]


def _equal(entry: t.Mapping[str, t.Any], now: t.Mapping[str, t.Any], names: t.Sequence[str]) -> bool:
    alike = all(entry[name] == now[name] for name in names if name != "xattrs")
    return alike and ("xattrs" not in names or same_xattrs(entry["xattrs"], now["xattrs"]))


def _blocked(saved: t.Mapping[str, Json], found: t.Mapping[str, Json]) -> dict[str, str]:
    """Return what cannot be restored, with the reason: itself, and what lies below it."""
    blocked: dict[str, str] = {}
    for path in sorted(saved):
        parent = path.rpartition("/")[0]
        entry, now = saved[path], found[path]
        if now["type"] == BLOCKED:
            blocked[path] = now["reason"]
        elif parent in blocked:
            blocked[path] = f"{parent} is not restored"
        elif now["type"] == "other" and entry["type"] != "other":
            blocked[path] = "a device, a socket or a FIFO is in its place now"
    return blocked


def _removal(path: str, now: Json) -> list[Json]:
    if now["type"] == "absent":
        return []
    do = "remove_directory" if now["type"] == "directory" else "remove"
    return [{"do": do, "path": path, "before": before(now)}]


def _restoral(path: str, entry: Json, now: Json) -> list[Json]:
    kind = entry["type"]
    if kind == "other" or is_same(entry, now):
        return []
    common = {"path": path, "before": before(now)}
    if kind == "directory":
        return [_directory(path, entry, now)]
    if kind == "link":
        return [{"do": "link", **common, "target": entry["target"], **{name: entry[name] for name in _LINK_KEPT}}]
    kept = {name: entry[name] for name in _KEPT}
    if now["type"] == "file" and _content(entry) == _content(now):
        return [{"do": "attributes", **common, **kept}]
    return [{"do": "write", **common, "sha256": entry["sha256"], "size": entry["size"], **kept}]


def _directory(path: str, entry: Json, now: Json) -> Json:
    return {"do": "directory", "path": path, "before": before(now), **{name: entry[name] for name in _KEPT}}


def before(now: t.Mapping[str, t.Any]) -> Json:
    """Return what an operation demands to find: what is there now."""
    kind = now["type"]
    names = {"file": ("sha256", "size", "mode"), "link": ("target",)}.get(kind, ())
    return {"type": kind, **{name: now[name] for name in names}}
