# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes of a host are those that a contract names. Private to the collection."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc, Stat
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.supervisor import container_of

_PROGRAMS = frozenset({b"ansible", b"ansible-playbook"})
_EVERY = 256

Items = t.List[t.Dict[str, t.Any]]


class Seen(t.NamedTuple):
    """One process of the host that is neither a thread of the kernel nor ended."""

    stat: Stat
    argv: list[bytes]


def scan(proc: Proc, host: Host, unread: Items) -> dict[int, Seen]:
    """Return every process that could be read, and add those that could not be to ``unread``."""
    found: dict[int, Seen] = {}
    for number, pid in enumerate(proc.pids()):
        if number % _EVERY == 0:
            host.check_time()
        try:
            stat = proc.stat(pid)
            if not stat.kernel and not stat.ended:
                found[pid] = Seen(stat, proc.argv(pid))
        except Gone:
            continue
        except Unseen as unseen:
            unread.append({"pid": pid, "what": "process", "reason": unseen.reason})
    return found


def text_of(seen: Seen) -> str:
    """Return what a pattern is searched in: the arguments joined by one blank, or the name when there are none."""
    words = b" ".join(seen.argv) if any(seen.argv) else b"[" + seen.stat.comm + b"]"
    return words.decode("utf-8", "surrogateescape")


def audit_itself(seen: t.Mapping[int, Seen], own: t.Iterable[int]) -> set[int]:
    """Return the processes that are this audit: our own, those that started it, and Ansible's other workers.

    What stands directly below process 1 is a service that let the audit in, such as sshd, and counts as one, unless
    it is Ansible. What has no parent here was put into this container from outside, to run the audit (``docker exec``).
    """
    found = set(own)
    for pid in list(found):
        at = seen.get(pid)
        while at is not None and at.stat.pid != 1:
            if at.stat.ppid != 1 or _is_ansible(at):
                found.add(at.stat.pid)
            at = seen.get(at.stat.ppid) if at.stat.ppid not in found else None
    ansible = {pid for pid in found if pid in seen and _is_ansible(seen[pid])}
    return found | {pid for pid, one in seen.items() if one.stat.ppid in ansible and _is_ansible(one)}


def _is_ansible(seen: Seen) -> bool:
    return any(os.path.basename(word) in _PROGRAMS for word in seen.argv[:2])


def matching(
    seen: t.Mapping[int, Seen], apart: t.Container[int], wanted: t.Sequence[t.Mapping[str, t.Any]], host: Host
) -> dict[str, list[int]]:
    """Return the process ids that each entry's ``match`` is found in, by its ``name``. Raises Unseen.

    A pattern can take for ever: the caller runs this in a process that ends with the time limit.
    """
    texts = [(pid, text_of(one)) for pid, one in sorted(seen.items()) if pid not in apart]
    found: dict[str, list[int]] = {}
    for entry in wanted:
        host.check_time()
        try:
            pattern = re.compile(entry["match"])
        except re.error as error:
            raise Unseen(f"this host's Python does not understand the pattern of {entry['name']}: {error}") from None
        found[entry["name"]] = [pid for pid, text in texts if pattern.search(text)]
    return found


def elsewhere(proc: Proc, pid: int, own_namespace: bytes | None) -> bool:
    """Whether a process runs in another PID namespace than we do, or in a container where that cannot be told.

    Raises Gone, and Unseen when neither can be told.
    """
    try:
        if own_namespace is not None:
            return proc.link(pid, "ns/pid") != own_namespace
    except Unseen:
        # Only who may trace a process reads its namespaces; everybody reads its control groups.
        pass
    return container_of(proc.cgroup(pid)) is not None
