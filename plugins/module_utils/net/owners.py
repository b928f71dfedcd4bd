# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes hold sockets. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask, mask_argv
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.match import Seen, text_of
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.supervisor import container_of, unit_of
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show


class Owner(t.NamedTuple):
    """A process as the ports need it, masked; ``arguments`` is the unmasked text that patterns are searched in."""

    pid: int
    name: str | None
    command: str | None
    unit: str | None
    container: str | None
    arguments: str


class Owners(t.NamedTuple):
    """The pid of the holder of each inode that has one; ``reason`` says why others may have one as well."""

    pids: dict[int, int]
    reason: str


def find_owners(proc: Proc, inodes: t.Collection[int], host: Host) -> Owners:
    """Return who holds the sockets with these inodes. Raises Unseen when the processes cannot be listed.

    Of several holders the one with the lowest pid counts, which started the others; process 1 counts last: systemd
    keeps the sockets that it hands to services.
    """
    wanted = set(inodes)
    pids: dict[int, int] = {}
    unread = 0
    example = ""
    for pid in sorted(proc.pids(), key=lambda pid: (pid == 1, pid)) if wanted else ():
        host.check_time()
        try:
            held = proc.sockets(pid) & wanted
        except Gone:
            continue
        except Unseen as unseen:
            unread += 1
            example = example or unseen.reason
            continue
        pids.update(dict.fromkeys(held, pid))
        wanted -= held
        if not wanted:
            break
    reason = ""
    if unread:
        reason = f"{unread} processes could not be looked into: {example}"
    elif wanted:
        reason = proc.hidden() or "no process holds it: the kernel's own, or closed while it was looked at"
    return Owners(pids, reason)


def describe(proc: Proc, pid: int) -> Owner | None:
    """Return the process, None when it is gone. What cannot be read of it is None."""
    try:
        stat = _try(lambda: proc.stat(pid))
        argv = _try(lambda: proc.argv(pid))
        cgroup = _try(lambda: proc.cgroup(pid))
    except Gone:
        return None
    words = [show(word) for word in argv or []]
    return Owner(
        pid,
        None if stat is None else mask(show(stat.comm)),
        None if argv is None else " ".join(mask_argv(words)),
        None if cgroup is None else unit_of(cgroup),
        None if cgroup is None else container_of(cgroup),
        "" if stat is None else text_of(Seen(stat, argv or [])),
    )


Read = t.TypeVar("Read")


def _try(read: t.Callable[[], Read]) -> Read | None:
    try:
        return read()
    except Unseen:
        return None
