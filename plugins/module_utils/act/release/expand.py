# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new release as operations: what the last one holds, changed as a plan says, and the switch of the link. Private to
the collection.

Every file of the new release is a file of its own, copied from the last one where it stays the same. Were it another
name of the same file (a hard link), a program that writes into it in place would change all releases at once, and there
were nothing to go back to.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import checks, mounts, steps
from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import ABSENT, Entry, look, look_at
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import PREFIX, Operation, folders_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.site import RELEASES, SHARED, Asked, Site
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir, open_root
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show

_ABSENT: t.Mapping[str, t.Any] = {"type": "absent"}
_GIVEN = ("mode", "uid", "gid", "xattrs", "mtime_ns")


class Release(t.NamedTuple):
    """A new release: its operations below the folder that holds the link, and the paths of the plan that it changes.

    ``parts`` says that it shares what the last release had for itself: what is written there from now on, that one
    would not have.
    """

    operations: list[Operation]
    changed: list[str]
    parts: bool


def expand(
    site: Site, planned: t.Sequence[Operation], asked: Asked, name: str, state: State | None, host: Host
) -> Release:
    """Return what makes a release ``name`` of the last one. Without a change there are no operations. The state
    directory, which holds restore points, may not lie in a release.

    Raises Moved when the last release is not what the plan was made for, Refused, Unseen, OSError.
    """
    above_fd = open_root(site.above)
    try:
        _refuse_shared(asked.shared, planned)
        held = look_through(site, asked.shared, host)
        _refuse_state(held, state)
        made = _steps(held, planned)
        changing = [step for step in made if not steps.is_idle(step)]
        if not changing:
            return Release([], [], False)
        wanted = _wanted(held, made, f"{RELEASES}/{site.name}")
        operations = [*_shared(above_fd, site, asked.shared, name, wanted, host), *_made(held[""], name, wanted)]
        operations.append(_switch(site, name))
        return Release(operations, [step["path"] for step in changing], _parts(above_fd, site, asked.shared))
    finally:
        os.close(above_fd)


def look_through(site: Site, apart: t.Collection[str], host: Host) -> dict[str, Entry]:
    """Return the entries of a release by path, that of its folder as ``""``; those ``apart`` are not looked at.

    Raises Refused, which names a path that no release can hold, Unseen, OSError.
    """
    fd = open_root(site.path(site.name))
    try:
        found: dict[str, Entry] = {"": {**look(fd, b"."), "dev": os.fstat(fd).st_dev}}
        _walk(fd, "", found, apart, mounts.points_below(fd), host)
        return found
    finally:
        os.close(fd)


def _walk(
    fd: int, folder: str, found: dict[str, Entry], apart: t.Collection[str], mounted: t.Collection[bytes], host: Host
) -> None:
    for name in sorted(os.listdir(fd)):
        path = folder + show(os.fsencode(name))
        if path in apart or name.startswith(PREFIX):
            continue
        host.check_time()
        try:
            seen = look(fd, os.fsencode(name))
        except (OSError, Unseen) as error:
            raise Refused(f"{path} cannot be read: {checks.said(error)}") from error
        if seen["type"] == "other":
            raise Refused(f"{path} is a socket, a FIFO or a device: name it, or its folder, in sync_shared")
        # What is mounted of the same file system (mount --bind) has the same number.
        if seen["dev"] != found[""]["dev"] or raw(path) in mounted:
            raise Refused(f"{path} is a mount point, which a release cannot hold: {_remount(path, True)}")
        found[path] = seen
        if seen["type"] == "directory":
            below = open_dir(fd, name)
            try:
                _walk(below, f"{path}/", found, apart, mounted, host)
            finally:
                os.close(below)


def _remount(path: str, name: bool) -> str:
    return f"unmount it, {f'name {path} in sync_shared, ' if name else ''}deploy, and mount it at {SHARED}/{path} then"


def _steps(held: t.Mapping[str, Entry], planned: t.Sequence[Operation]) -> list[steps.Step]:
    """Return the steps that the plan would take in the last release. Raises Moved."""
    entries = {one["path"]: held.get(one["path"], dict(ABSENT)) for one in planned}

    def owner_of(folder: str) -> steps.Owner:
        entry = held.get(folder, held[""])
        return entry["uid"], entry["gid"]

    made = steps.make(planned, entries, owner_of)
    checks.check_moved(planned, made, entries)
    return made


def _refuse_state(held: t.Mapping[str, Entry], state: State | None) -> None:
    seen = os.fstat(state.fd) if state is not None else None
    for path, entry in held.items():
        if seen is not None and (entry["dev"], entry["inode"]) == (seen.st_dev, seen.st_ino):
            raise Refused(f"the state directory lies in the release, as {path}: name another one with drift_state_dir")


def _refuse_shared(shared: t.Sequence[str], planned: t.Sequence[Operation]) -> None:
    for operation in planned:
        for path in shared:
            if f"{operation['path']}/".startswith(f"{path}/"):
                raise Refused(
                    f"sync_shared names {path}, and the plan changes {operation['path']}: what releases share belongs "
                    "to none of them. Take it out of sync_shared, or out of the contract's trees"
                )


def _wanted(held: t.Mapping[str, Entry], made: t.Sequence[steps.Step], last: str) -> dict[str, Entry]:
    """Return what the new release holds, by path."""
    wanted = {path: {**entry, "from": f"{last}/{path}"} for path, entry in held.items() if path}
    gone = []
    for step in made:
        path, new = step["path"], step["new"]
        if steps.is_idle(step):
            continue
        if new["type"] == "absent":
            gone.append(path)
        elif steps.same_thing(new, step["old"]):
            wanted[path] = {**wanted[path], **{key: value for key, value in new.items() if value is not None}}
        else:
            wanted[path] = dict(new)
    for path in sorted(gone, reverse=True):
        # As in a change of the files themselves: a directory that holds something else stays.
        if not any(other.startswith(f"{path}/") for other in wanted):
            del wanted[path]
    return wanted


def _made(folder: Entry, name: str, wanted: t.Mapping[str, Entry]) -> list[Operation]:
    """Return the operations that make a release, each folder before what it holds."""
    top = f"{RELEASES}/{name}"
    return [_operation(top, folder), *(_operation(f"{top}/{path}", wanted[path]) for path in sorted(wanted, key=_key))]


def _key(path: str) -> list[str]:
    return path.split("/")


def _operation(path: str, entry: t.Mapping[str, t.Any]) -> Operation:
    if entry["type"] == "link":
        owner = {key: entry.get(key) for key in ("uid", "gid")}
        return {"do": "link", "path": path, "target": entry["target"], **owner, "before": dict(_ABSENT)}
    given = {key: entry.get(key) for key in _GIVEN}
    if entry["type"] == "directory":
        return {"do": "directory", "path": path, **given, "before": dict(_ABSENT)}
    content = {key: entry[key] for key in ("sha256", "size", "from") if key in entry}
    return {"do": "write", "path": path, **content, **given, "before": dict(_ABSENT)}


def _shared(
    above_fd: int, site: Site, shared: t.Sequence[str], name: str, wanted: dict[str, Entry], host: Host
) -> list[Operation]:
    """Put the links to what releases share into ``wanted``, and return the operations that make it of what the last
    release has, where it is not there yet.
    """
    made: list[Operation] = []
    for path in shared:
        place = f"{SHARED}/{path}"
        own = look_at(above_fd, f"{RELEASES}/{site.name}/{path}", content=False)
        if look_at(above_fd, place, content=False)["type"] != "absent":
            _refuse_both(site, path, own)
        elif own["type"] == "link":
            # It leads to what somebody else shares, and goes on to.
            wanted[path] = own
            continue
        else:
            moved = _carried(above_fd, site, path, host)
            if not moved:
                continue
            missing = [one for one in folders_of(place) if look_at(above_fd, one, content=False)["type"] == "absent"]
            known = {one["path"] for one in made}
            made += [_operation(one, {"type": "directory"}) for one in missing if one not in known]
            made += moved
        ups = "../" * (2 + path.count("/"))
        wanted[path] = {"type": "link", "target": f"{ups}{place}"}
        for folder in folders_of(path):
            wanted.setdefault(folder, {"type": "directory"})
    return made


def _refuse_both(site: Site, path: str, own: Entry) -> None:
    """Refuse what the release in use has for itself beside what is shared: a new release would be without it."""
    place = os.path.join(site.path(site.name), os.fsdecode(raw(path)))
    if own["type"] == "file" or (own["type"] == "directory" and os.listdir(place)):
        raise Refused(
            f"{path} is in the release in use, and {SHARED}/{path} is there as well: which of them counts cannot be "
            "told. Move one of them away, and deploy again"
        )


def _parts(above_fd: int, site: Site, shared: t.Sequence[str]) -> bool:
    own = [look_at(above_fd, f"{RELEASES}/{site.name}/{path}", content=False)["type"] for path in shared]
    return any(kind not in ("absent", "link") for kind in own)


def _carried(above_fd: int, site: Site, path: str, host: Host) -> list[Operation]:
    """Return the operations that copy what the last release has at a shared path."""
    last = f"{RELEASES}/{site.name}/{path}"
    entry = look_at(above_fd, last)
    if entry["type"] not in ("file", "directory"):
        return []
    top = raw(f"{RELEASES}/{site.name}/")
    for point in sorted(mounts.points_below(above_fd)):
        if (point + b"/").startswith(raw(last) + b"/"):
            mounted = show(point[len(top) :])
            raise Refused(f"{mounted} is a mount point, which is not copied: {_remount(mounted, False)}")
    found = {"": entry}
    if entry["type"] == "directory":
        fd = open_root(os.path.join(site.path(site.name), path))
        try:
            _walk(fd, "", found, (), (), host)
        except OSError as error:
            raise Refused(f"{path} cannot be read: {explain(error)}") from error
        finally:
            os.close(fd)
    places = {f"/{below}" if below else "": one for below, one in found.items()}
    return [
        _operation(f"{SHARED}/{path}{below}", {**places[below], "from": f"{last}{below}"})
        for below in sorted(places, key=_key)
    ]


def _switch(site: Site, name: str) -> Operation:
    before = {"type": "link", "target": site.target}
    return {"do": "link", "path": site.link, "target": f"{RELEASES}/{name}", "before": before}
