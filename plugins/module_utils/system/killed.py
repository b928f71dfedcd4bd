# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the kernel has killed for want of memory, and where: the host as a whole, or one control group that
reached a limit of its own. Private to the collection.

``oom_kill`` of ``memory.events`` counts what was killed in a control group for whatever reason, ``oom`` how often it
reached its own limit; both with all below it, and in ``memory.events.local`` without that
(https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files). So where ``oom_kill`` has grown and ``oom``
has not, the memory ran out further up.
"""

from __future__ import annotations

import itertools
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import read_target
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain

Json = t.Dict[str, t.Any]

PROC, GROUPS = "/proc", "/sys/fs/cgroup"
MOST = 500
"""Of so many control groups a look reads the counters: a level that would be more is left out, with all below it."""

_EVENTS, _LOCAL = "memory.events", "memory.events.local"
_LIMIT = 4 << 20
# What is read one after the other is of one moment when the first has not changed meanwhile.
_TRIES = 3


def killed(proc: str = PROC, top: str = GROUPS) -> Json:
    """Return ``{oom_kills, groups, reason}`` (``docs/design.md``). Raises Unseen.

    ``groups`` is null, with a ``reason``, where the kernel does not count by control group.
    """
    try:
        _require_counted(proc, top)
        return _counted(proc, top)
    except Unseen as unseen:
        return {"oom_kills": _of_kernel(proc), "groups": None, "reason": unseen.reason}


def killed_in(group: str, top: str = GROUPS) -> int | None:
    """Return how many processes of a control group were killed for want of memory, in either version of control
    groups; None where there is no such group (any more), or its kernel does not count it.

    ``group`` is what systemd calls ``ControlGroup``; nothing for a unit that does not run.
    """
    if not group.startswith("/") or ".." in group.split("/"):
        return None
    for path in (f"{top}{group}/{_EVENTS}", f"{top}/memory{group}/memory.oom_control"):
        try:
            return _fields(read_target(path, _LIMIT)).get("oom_kill")
        except Unseen:
            continue
    return None


def _of_kernel(proc: str) -> int | None:
    """Return what the kernel has killed in all; None for one before 4.13, which does not count it. Raises Unseen."""
    return _fields(read_target(f"{proc}/vmstat", _LIMIT)).get("oom_kill")


def _require_counted(proc: str, top: str) -> None:
    """Raise Unseen unless the kernel counts by control group what was killed, each with all below it."""
    try:
        controllers = read_target(f"{top}/cgroup.controllers", _LIMIT).split()
    except Unseen:
        raise Unseen(f"{top} has no control groups of version 2") from None
    if b"memory" not in controllers:
        raise Unseen(f"the control groups of {top} do not count memory")
    for line in read_target(f"{proc}/self/mounts", _LIMIT).splitlines():
        _what, where, kind, options = (*line.split(b" "), b"", b"", b"", b"")[:4]
        if (where, kind) == (os.fsencode(top), b"cgroup2") and b"memory_localevents" in options.split(b","):
            raise Unseen(f"{top} is mounted with memory_localevents: no group counts what lies below it")


def _counted(proc: str, top: str) -> Json:
    """Return what is counted for the host and its control groups, all of one moment where that can be had."""
    whole = _host(proc, top)
    for _try in range(_TRIES):
        groups = _below(top)
        before, whole = whole, _host(proc, top)
        if whole == before:
            break
    own = [one for one in whole if "path" in one]
    return {"oom_kills": whole[0]["oom_kill"], "groups": own + groups, "reason": ""}


def _host(proc: str, top: str) -> list[Json]:
    """Return what is counted for the host as a whole: by its own control group where it is a container, which has one,
    and otherwise by the kernel. Raises Unseen.
    """
    own = [{"path": "/", **events} for events in _events(top)]
    return own or [{"oom_kill": _of_kernel(proc)}]


def _below(top: str) -> list[Json]:
    """Return all control groups below the first, and further down those in which something was counted."""
    found: list[Json] = []
    level = _children(top, "")
    if len(level) > MOST:
        raise Unseen(f"{top} has more than {MOST} control groups on its first level")
    left = MOST - len(level)
    first = True
    while level:
        counted = [{"path": path, **events} for path in level for events in _events(f"{top}{path}")]
        found += [one for one in counted if first or one["oom"] or one["oom_kill"]]
        inner = (path for one in counted if one["oom"] or one["oom_kill"] for path in _children(top, one["path"]))
        level = list(itertools.islice(inner, left + 1))
        if len(level) > left:
            break
        left -= len(level)
        first = False
    return sorted(found, key=lambda one: str(one["path"]))


def _children(top: str, path: str) -> list[str]:
    """Return the control groups in one, by name; none where it is gone. Raises Unseen."""
    try:
        with os.scandir(f"{top}{path}") as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unseen(f"{top}{path} cannot be read: {explain(error)}") from None
    # A name that is not UTF-8 is no unit and no container, and could not be told.
    return [f"{path}/{name}" for name in sorted(names) if not any("\ud800" <= sign <= "\udfff" for sign in name)]


def _events(path: str) -> list[Json]:
    """Return the counters of a control group; nothing where it is gone, or has no counters of memory. Raises Unseen."""
    if not os.path.exists(f"{path}/{_EVENTS}"):
        return []
    if not os.path.exists(f"{path}/{_LOCAL}"):
        # Both came with Linux 5.2: this file, and that the other counts what lies below.
        raise Unseen("this kernel does not count with a control group what was killed below it")
    try:
        fields = _fields(read_target(f"{path}/{_EVENTS}", _LIMIT))
        own = _fields(read_target(f"{path}/{_LOCAL}", _LIMIT)) if fields["oom"] else fields
        return [{"oom": fields["oom"], "own_oom": own["oom"], "oom_kill": fields["oom_kill"]}]
    except Unseen:
        if os.path.exists(f"{path}/{_EVENTS}"):
            raise
        return []
    except KeyError as missing:
        raise Unseen(f"{path}/{_EVENTS} does not tell {missing.args[0]}") from None


def _fields(text: bytes) -> dict[str, int]:
    """Return ``name number`` of each line."""
    rows = (line.split() for line in text.splitlines())
    return {row[0].decode("ascii", "replace"): int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
