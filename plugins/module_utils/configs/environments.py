# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments that processes, units and containers of a host run with, as keys. Private to the collection."""

from __future__ import annotations

import glob
import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.content import Missing, read_content
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.keys import secrets_in
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Item, Parsed, Unreadable, gathered
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import read_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound, open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.match import audit_itself, elsewhere, matching, scan
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc, Stat
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.environment import (
    UnitEnvironment,
    unit_environment,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_LISTED = 10
_MAX_PROCESSES = 100


class Instance(t.NamedTuple):
    """One process: since when it runs (seconds since 1970, ``clock.Boot`` says how exactly), and why that is doubtful;
    its environment, or why that was not read.
    """

    pid: int
    started_s: float
    boot: clock.Boot
    environment: Parsed | None
    reason: str


class Container(t.NamedTuple):
    """A container: when it was made, which is when its environment was fixed, and whether it runs."""

    created_s: float | None
    running: bool
    environment: Parsed


def parsed_environ(pairs: t.Iterable[str], host: Host) -> Parsed:
    """Return the keys of ``NAME=value`` texts; ``host`` learns the secrets among them."""
    items = []
    odd = False
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if sign and name:
            items.append(Item((name,), value, None))
        odd = odd or (bool(pair) and not (sign and name))
    made = gathered(items, "a part of it is no environment: the process has written over it" if odd else "")
    host.learn(secrets_in(made, whole=False))
    return made._replace(doubles=[])


def environ_of(proc: Proc, pid: int, host: Host) -> Parsed:
    """Return the environment that a process was started with. Raises Gone, Unseen."""
    data = proc.read(pid, "environ")
    return parsed_environ(data.decode("utf-8", "surrogateescape").rstrip("\0").split("\0"), host)


def processes(patterns: t.Sequence[str], host: Host, containers: bool = False) -> tuple[list[Instance], str]:
    """Return the processes whose command one of the patterns matches, the oldest first, and why there may be more;
    those in containers are only among them with ``containers``. Raises Missing, and Unseen when it cannot be told that
    there are none.
    """
    proc = Proc()
    unread: list[dict[str, t.Any]] = []
    seen = scan(proc, host, unread)
    apart = audit_itself(seen, {os.getpid(), os.getppid()})
    matched = matching(seen, apart, [{"name": str(at), "match": one} for at, one in enumerate(patterns)], host)
    boot = clock.boot(proc)
    namespace = _namespace(proc)
    found = []
    chosen = sorted({pid for pids in matched.values() for pid in pids})
    for pid in chosen[:_MAX_PROCESSES]:
        try:
            if containers or _outside(proc, pid, namespace):
                found.append(_instance(proc, seen[pid].stat, boot, host))
        except Gone:
            continue
    hidden = proc.hidden() or (unread[0]["reason"] if unread else "")
    doubt = f"not all processes are seen: {hidden}" if hidden else ""
    if len(chosen) > _MAX_PROCESSES:
        doubt = doubt or f"{len(chosen)} processes match, and {_MAX_PROCESSES} of them are looked at"
    if not found and doubt:
        raise Unseen(doubt)
    if not found:
        raise Missing("no process runs that matches")
    return sorted(found, key=lambda one: (one.started_s, one.pid)), doubt


def _namespace(proc: Proc) -> bytes | None:
    """Return the namespace of processes that we are in; None where this ``/proc`` is that of another."""
    try:
        return proc.link(os.getpid(), "ns/pid")
    except (Gone, Unseen):
        return None


def _outside(proc: Proc, pid: int, namespace: bytes | None) -> bool:
    """Return whether a process is the host's own; it counts as one where that cannot be told. Raises Gone."""
    try:
        return not elsewhere(proc, pid, namespace)
    except Unseen:
        return True


def _instance(proc: Proc, stat: Stat, boot: clock.Boot, host: Host) -> Instance:
    found = Instance(stat.pid, clock.start_time(stat, boot.time_s), boot, None, "")
    try:
        return found._replace(environment=environ_of(proc, stat.pid, host))
    except Unseen as unseen:
        return found._replace(reason=unseen.reason)


def process_environment(patterns: t.Sequence[str], host: Host, containers: bool = False) -> Parsed:
    """Return the environment of the process that matches, of the oldest where there are several; what differs in the
    others is told as ``partial``. Raises Missing, Unseen.
    """
    instances, hidden = processes(patterns, host, containers)
    oldest = instances[0]
    if oldest.environment is None:
        raise Unseen(oldest.reason)
    own = _values(oldest.environment)
    doubts = [one for one in (oldest.environment.partial, hidden) if one]
    for one in instances[1:]:
        if one.environment is None:
            doubts.append(one.reason)
            continue
        other = _values(one.environment)
        names = sorted(name for name in own.keys() | other.keys() if own.get(name) != other.get(name))
        if names:
            more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
            listed = ", ".join(show(name)[:100] for name in names[:_LISTED])
            doubts.append(f"process {one.pid} differs from process {oldest.pid}, which is told here, in {listed}{more}")
    return oldest.environment._replace(partial="; ".join(doubts[:_LISTED]))


def _values(parsed: Parsed) -> dict[str, t.Any]:
    return {str(item.path[0]): item.value for item in parsed.keys}


def unit_variables(unit: str, host: Host) -> Parsed:
    """Return the variables that systemd sets for a unit: those assigned, and over them those of its files.

    What it passes on of its own (``PATH``, ``LANG``) is not among them. Raises Missing, Unseen.
    """
    about = unit_environment(unit, host)
    if not about.loaded:
        raise Missing("systemd has no such unit, or cannot load it")
    doubts: list[str] = []
    values = dict(pair.partition("=")[::2] for pair in about.assigned)
    for path, optional in files_of(about):
        try:
            parsed = read_keys(read_content(show(path), host).head, "environment_file")
            values.update((str(item.path[0]), str(item.value)) for item in parsed.keys)
            doubts += [f"{show(path)}: {parsed.partial}"] if parsed.partial else []
        except Missing as missing:
            doubts += [] if optional else [f"{show(path)}: {missing}"]
        except (Unseen, Unreadable) as error:
            doubts.append(f"{show(path)}: {error.reason}")
    for one in about.unset:
        name, sign, value = one.partition("=")
        if not sign or values.get(name) == value:
            values.pop(name, None)
    items = [Item((name,), value, None) for name, value in values.items()]
    return gathered(items, "; ".join(doubts[:_LISTED]))


def files_of(about: UnitEnvironment) -> t.Iterator[tuple[str, bool]]:
    """Yield the files that a unit's environment is read from; patterns are resolved as systemd does."""
    for path, optional in about.files:
        found = sorted(glob.glob(path)) if glob.has_magic(path) else [path]
        yield from ((one, optional) for one in found)


def container(name: str, socket: str | None, host: Host) -> Container:
    """Return the environment of a container. Raises Missing, Unseen."""
    if not _CONTAINER.fullmatch(name):
        raise Unseen("this is no name of a container")
    try:
        about = Fields(open_engine(socket, host).container(name))
    except NotFound:
        raise Missing("there is no such container") from None
    state, config = about.map("State"), about.map("Config")
    if not len(state) or not len(config):
        raise Unseen("the answer has no state or configuration")
    return Container(about.moment("Created"), state.flag("Running"), parsed_environ(config.texts("Env"), host))
