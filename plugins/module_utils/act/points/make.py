# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a restore point. Private to the collection.

The order is what makes it safe: the objects, then the manifest, then everything is read back, and ``COMPLETE`` is
written last. A process that dies on the way leaves a folder without it, which is no point, and touches none that was
there before.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry, fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    by_hand,
    copying,
    manifest,
    room,
    services,
    verify,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.chosen import unreadable, with_parents
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import make_folder, put, remove_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.look import BLOCKED, look
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.objects import Objects, Shared
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.outside import open_top
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

_TRIES = 4

Json = t.Dict[str, t.Any]
# Saves the state of a repository, given what makes files of the point and what turns them into objects.
SaveGit = t.Callable[[t.Callable[[], t.ContextManager[int]], t.Callable[[int], Json]], Json]


class Request(t.NamedTuple):
    """What a point is made of: ``paths`` as ``text.show`` spells them, relative to ``root``, whose descriptor is
    ``root_fd``; ``about`` is who made it and why; ``notes`` are sentences about what is not in it.
    """

    point: str
    created: str
    root: str
    root_fd: int
    paths: t.Sequence[str]
    about: Json
    notes: t.Sequence[str] = ()


def no_repository(_scratch: t.Callable[[], t.ContextManager[int]], _keep: t.Callable[[int], Json]) -> Json:
    """Stand for a repository that nobody asked for."""
    return {"outcome": "not_asked", "reason": ""}


def make(
    points_fd: int,
    asked: Request,
    host: Host,
    earlier: str | None,
    git: SaveGit = no_repository,
    running: services.Found | None = None,
    state: State | None = None,
) -> Json:
    """Make a restore point, and return its manifest; what was read back is what was written.

    ``earlier`` is the point whose objects are shared where they are the same, ``running`` what runs that is to be in
    it, ``state`` where is noted what is stopped for it. Raises ActError: NoRoom with the figures, or what cannot be
    read; Unseen when the time is up; OSError when the disk fails. Nothing is left behind.
    """
    name = asked.point.encode("ascii")
    with contextlib.ExitStack() as stack:
        shared = Shared(points_fd, earlier, stack)
        more = room.More(running.size, running.size_of_volumes) if running is not None else room.More()
        room.check_size(points_fd, survey(asked.root_fd, asked.paths, host, content=False), shared, more)
        entries = survey(asked.root_fd, asked.paths, host)
        room.check_room(points_fd, entries, shared, more)
        make_folder(points_fd, name)
        try:
            document = _fill(points_fd, asked, entries, host, shared, (git, running, state))
        except (OSError, ActError, Unseen):
            remove_tree(points_fd, name)
            raise
    return document


def survey(root_fd: int, wanted: t.Sequence[str], host: Host, content: bool = True) -> list[Json]:
    """Return the entries of paths and of the directories that lead to them, as a manifest has them; without ``content``
    files have no digest, and are not read.

    Raises PointError when something cannot be read, Unseen when the time is up.
    """
    found, unseen = surveyed(root_fd, with_parents(wanted), host, content)
    if unseen:
        raise PointError(unreadable(unseen))
    return found


def surveyed(
    root_fd: int, listed: t.Sequence[str], host: Host, content: bool = True
) -> tuple[list[Json], list[tuple[str, str]]]:
    """Return the entries of paths, and those that cannot be looked at, ``(path, reason)`` each.

    Raises PointError for what is no path, Unseen when the time is up.
    """
    if len(listed) > manifest.MAX_ENTRIES:
        raise PointError(f"there are {len(listed)} paths to save, more than {manifest.MAX_ENTRIES}")
    for path in listed:
        if not manifest.is_path(path):
            raise PointError(f"{path!r} is no path below the root")
    found = []
    unseen = []
    for path, state in look(root_fd, listed, host, content):
        if state["type"] == BLOCKED:
            unseen.append((path, state["reason"]))
        else:
            found.append(manifest.entry_of(path, state))
    return found, unseen


def _fill(
    points_fd: int,
    asked: Request,
    entries: list[Json],
    host: Host,
    shared: Shared,
    more: tuple[SaveGit, services.Found | None, State | None],
) -> Json:
    git, running, state = more
    with verify.opened(points_fd, asked.point) as point_fd:
        make_folder(point_fd, verify.OBJECTS)
        with verify.objects_of(point_fd) as objects_fd:
            store = Objects(objects_fd, shared)
            # First: what is stopped for it does not wait for anything else.
            volumes = [] if running is None else _save_volumes(running, state, store, host)
            _save_all(asked.root_fd, entries, store, host)
            told = git(store.scratch, store.keep)
            part = services.nothing() if running is None else _save_running(running, volumes, store, host)
            store.sync(host)
        told_of: Json = {
            "schema": manifest.SCHEMA,
            "id": asked.point,
            "created": asked.created,
            "about": asked.about,
            "root": asked.root,
            "entries": entries,
            "git": told,
            "services": part,
            "notes": [*asked.notes, *(running.notes if running else []), *_linked(entries), *_linked_in(volumes)],
        }
        script = by_hand.script(told_of)
        put(point_fd, verify.BY_HAND, script)
        document = manifest.sealed({**told_of, "by_hand": manifest.object_of(script)})
        content = manifest.canonical(document)
        manifest.parse(content)
        put(point_fd, verify.MANIFEST, content)
        verify.verify_content(point_fd, document, host)
        put(point_fd, verify.COMPLETE, verify.completion(document, content))
    fs.sync_directory(points_fd)
    return document


def _save_all(root_fd: int, entries: list[Json], store: Objects, host: Host) -> None:
    for number, one in enumerate(entries):
        host.check_time()
        if one["type"] == "file":
            entries[number] = _save(root_fd, one, store)


def _save_volumes(running: services.Found, state: State | None, store: Objects, host: Host) -> list[Json]:
    def keep(folder_fd: int, listed: list[str]) -> list[Json]:
        # Without their contents, which are read just when they are copied: a file that changes is tried again.
        entries, unseen = surveyed(folder_fd, listed, host, content=False)
        if unseen:
            raise PointError(unreadable(unseen))
        _save_all(folder_fd, entries, store, host)
        return entries

    try:
        return copying.copy(running, state, keep, host)
    except PointError as error:
        names = ", ".join(one.volume.name for one in running.volumes)
        raise PointError(f"the volumes {names} are not saved: {error.reason}") from None


def _save_running(running: services.Found, volumes: list[Json], store: Objects, host: Host) -> Json:
    """Save what runs, and the files outside of the root that belong to it."""
    top_fd = open_top(running.asked.top)
    try:
        entries, unseen = surveyed(top_fd, sorted(running.outside), host)
        for path, reason in unseen:
            running.lack(f"/{path}", reason)
        _save_all(top_fd, entries, store, host)
    finally:
        os.close(top_fd)
    return running.save(entries, volumes, store)


def _linked(entries: t.Sequence[Json]) -> list[str]:
    several = [one["path"] for one in entries if one["type"] == "file" and one["links"] > 1]
    if not several:
        return []
    more = f" and {len(several) - 1} more" if len(several) > 1 else ""
    return [f"{several[0]}{more} have several names (hard links): each name comes back as a file of its own"]


def _linked_in(volumes: t.Sequence[Json]) -> list[str]:
    told = [(one["name"], note) for one in volumes for note in _linked(one["entries"])]
    return [f"in the volume {name}: {note}" for name, note in told]


def _save(root_fd: int, one: Json, store: Objects) -> Json:
    """Make an object of a file, and return its entry: where the file has changed since it was looked at, a new one."""
    path = one["path"]
    reason = "it keeps changing while it is saved"
    for _try in range(_TRIES):
        try:
            with entry.parent_of(root_fd, path) as (folder_fd, name):
                if one["sha256"] is not None and store.take(folder_fd, name, one):
                    return one
                seen = entry.look(folder_fd, name)
        except OSError as error:
            reason = explain(error)
            break
        except Unseen as unseen:
            reason = unseen.reason
            continue
        if seen["type"] != "file":
            reason = "it is no file any more"
            break
        one = manifest.entry_of(path, seen)
    raise PointError(unreadable([(path, reason)]))
