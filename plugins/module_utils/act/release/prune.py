# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing releases that are no longer kept: never the one in use, the one before it, one that a process runs from or a
container has mounted, which need not run, or one in which something is mounted. Private to the collection.
"""

from __future__ import annotations

import itertools
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs, mounts
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import PREFIX
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import remove_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.site import RELEASES, Site, find, names
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_root
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc

_GOING = f"{PREFIX}removed-"
_HELD = ("cwd", "exe", "root")

Mounted = t.Callable[[], t.Iterable[bytes]]
"""What tells which paths containers have mounted, also those that do not run, as ``release/containers.py`` does."""


def prune(root: str, keep: int, before: str, proc: Proc, mounted: Mounted = tuple) -> list[str]:
    """Remove the releases that are older than the ``keep`` newest, and return their names. ``before`` is the release
    that was in use before this one.

    A release loses its name before its first file goes: what is killed leaves no half of one. Raises Refused, Unseen
    when it cannot be told which are in use, OSError.
    """
    site = find(root)
    fd = open_root(os.path.join(site.above, RELEASES))
    try:
        for name in sorted(os.listdir(fd)):
            if name.startswith(_GOING):
                remove_tree(fd, os.fsencode(name))
        old = [name for name in names(site)[:-keep] if name not in (site.name, before)]
        if not old:
            return []
        used = in_use(site, proc, mounted)
        gone = [name for name in old if name not in used]
        for name in gone:
            fs.rename(fd, name, fd, f"{_GOING}{name}")
            fs.sync_directory(fd)
            remove_tree(fd, os.fsencode(f"{_GOING}{name}"))
        return gone
    finally:
        os.close(fd)


def in_use(site: Site, proc: Proc, mounted: Mounted = tuple) -> set[str]:
    """Return the releases that a process works in or was started from, of which something is mounted elsewhere, as in a
    container, or in which something is mounted: what is removed there would be removed from what is mounted.

    Raises Unseen when a process cannot be looked at that belongs to whom the releases belong to. Processes of others
    that may not be looked at are passed over: whoever runs as another user would else never remove anything.
    """
    folder = os.fsencode(os.path.join(site.above, RELEASES))
    owners = {os.geteuid(), os.stat(folder).st_uid}
    own = mounts.own()
    source = mounts.source_of(folder, own)
    if source is None:
        raise Unseen(f"{mounts.OWN} does not name the file system of the releases, so that none is removed")
    here = frozenset(mounts.views(source, own))
    of_processes = (_places(proc, pid, owners, folder, source, here) for pid in proc.pids())
    on_host = (one.point for one in own), mounts.elsewhere(folder, source, own)
    places = itertools.chain(*on_host, mounted(), itertools.chain.from_iterable(of_processes))
    prefix = folder + b"/"
    return {os.fsdecode(place[len(prefix) :].split(b"/")[0]) for place in places if place.startswith(prefix)}


def _places(
    proc: Proc, pid: int, owners: t.Container[int], folder: bytes, source: tuple[bytes, bytes], here: t.Iterable[bytes]
) -> t.Iterator[bytes]:
    """Yield the paths that a process holds. ``here`` are the places at which the folder is to be seen on this host; a
    process of a container tells paths by the places that it has for it.
    """
    try:
        if proc.stat(pid).kernel or proc.stat(pid).ended:
            return
        held = {proc.link(pid, name) for name in _HELD} | _mapped(proc.read(pid, "maps"))
        mounted = mounts.parse(proc.read(pid, "mountinfo"))
        for place, view in itertools.product(held, {folder, *here, *mounts.views(source, mounted)}):
            if place.startswith(view + b"/"):
                yield folder + place[len(view) :]
        yield from mounts.elsewhere(folder, source, mounted)
    except Gone:
        return
    except Unseen as unseen:
        try:
            if proc.uid(pid) not in owners:
                return
        except Gone:
            return
        raise Unseen(f"whether a release is in use cannot be told, so that none is removed: {unseen.reason}") from None


def _mapped(maps: bytes) -> set[bytes]:
    """Return the files that a process has mapped."""
    lines = (line.split(maxsplit=5) for line in maps.splitlines())
    return {fields[5] for fields in lines if len(fields) == 6}
