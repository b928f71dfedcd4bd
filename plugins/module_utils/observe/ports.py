# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section ports: who listens where, from the kernel's socket tables and ``/proc``. Private to the collection."""

from __future__ import annotations

import json
import pwd
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.net.owners import Owner, describe, find_owners
from ansible_collections.evenkeel.drift.plugins.module_utils.net.read import read_table
from ansible_collections.evenkeel.drift.plugins.module_utils.net.table import PROTOCOLS, Socket
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked

ARGUMENTS: dict[str, dict[str, t.Any]] = {"timeout": {"type": "int", "default": 60}}

_ANSWER = b"A"


def collect(spec: t.Mapping[str, t.Any], host: Host, proc: Proc | None = None) -> dict[str, t.Any]:
    """Return the listeners of this process's network namespace (``docs/design.md``).

    ``spec`` may have ``processes``, name to pattern: which of the owners each pattern is found in, the arguments joined
    by one blank.
    """
    proc = proc or Proc()
    found: list[Socket] = []
    outcomes = {}
    for table in PROTOCOLS:
        try:
            sockets, reason = read_table(proc, table)
            found += sockets
            outcomes[table] = {"outcome": "ok", "reason": reason}
        except Unseen as unseen:
            outcomes[table] = {"outcome": "unknown", "reason": unseen.reason}
    owners = find_owners(proc, {one.inode for one in found if one.inode}, host)
    known: dict[int, Owner | None] = {pid: describe(proc, pid) for pid in sorted(set(owners.pids.values()))}
    users: dict[int, str] = {}
    listeners = [_listener(one, known.get(owners.pids.get(one.inode, -1)), owners.reason, users) for one in found]
    return {
        "listeners": sorted(listeners, key=lambda one: (one["proto"], one["port"], one["address"], one["inode"])),
        "outcomes": outcomes,
        "declared_processes": _declared(spec.get("processes") or {}, known.values(), host),
    }


def _listener(one: Socket, owner: Owner | None, reason: str, users: dict[int, str]) -> dict[str, t.Any]:
    if one.uid not in users:
        users[one.uid] = _user(one.uid)
    return {
        "proto": one.proto,
        "family": one.family,
        "address": one.address,
        "port": one.port,
        "wildcard": one.wildcard,
        "inode": one.inode,
        "uid": one.uid,
        "user": users[one.uid],
        "pid": owner.pid if owner else None,
        "name": owner.name if owner else None,
        "command": owner.command if owner else None,
        "unit": owner.unit if owner else None,
        "container": owner.container if owner else None,
        "reason": "" if owner else reason or "its process ended while it was looked at",
    }


def _user(uid: int) -> str:
    try:
        return mask(show(pwd.getpwuid(uid).pw_name))
    except KeyError:
        return str(uid)


def _declared(patterns: t.Mapping[str, str], owners: t.Iterable[Owner | None], host: Host) -> dict[str, list[int]]:
    """Return in which owners each pattern is found. Raises Unseen.

    A pattern can take for ever: it is searched by a process of its own, which ends with the time limit.
    """
    listening = [owner for owner in owners if owner is not None]
    answers: list[bytes] = []

    def work(channel: Channel) -> None:
        found = {}
        for name, pattern in sorted(patterns.items()):
            try:
                wanted = re.compile(pattern)
            except re.error as error:
                raise Unseen(f"this host's Python does not understand the pattern of {name}: {error}") from None
            found[name] = [owner.pid for owner in listening if wanted.search(owner.arguments)]
        channel.send(_ANSWER, json.dumps(found).encode("ascii"))

    if not patterns:
        return {}
    failures = run_forked([work], host, lambda _kind, payload: answers.append(payload))
    if failures or not answers:
        raise Unseen(f"the processes of the ports were not told apart: {'; '.join(failures)}")
    made: dict[str, list[int]] = json.loads(answers[0])
    return made
