# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes a contract means, as a watch looks at them again and again: who they are and what they use. Private
to the collection.
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.clock import TICKS
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.match import audit_itself, elsewhere, matching, scan
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc, Stat
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked

MOST = 1000
"""How many processes of one entry are told; all are counted."""

Json = t.Dict[str, t.Any]

_ANSWER = b"A"
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


def collect(spec: t.Mapping[str, t.Any], host: Host) -> list[Json]:
    """Return ``[{name, count, instances: [{pid, start (ticks since the boot), cpu_s, rss_kb}]}]``, in the order of
    ``spec["processes"]``, a list of ``{name, match, containers}``. Raises Unseen.

    A pattern can take for ever: it is done by a process of its own, which ends with the time limit.
    """
    answers: list[bytes] = []
    parent = os.getpid()

    def work(channel: Channel) -> None:
        found = _look(spec["processes"], Proc(spec.get("proc", "/proc")), {parent, os.getpid()}, host)
        channel.send(_ANSWER, json.dumps(found).encode("ascii"))

    failures = run_forked([work], host, lambda _kind, payload: answers.append(payload))
    if failures or not answers:
        raise Unseen(f"the processes were not read: {'; '.join(failures)}")
    found: list[Json] = json.loads(answers[0])
    return found


def _look(wanted: t.Sequence[t.Mapping[str, t.Any]], proc: Proc, own: set[int], host: Host) -> list[Json]:
    unread: list[Json] = []
    seen = scan(proc, host, unread)
    hidden = proc.hidden() or next((one["reason"] for one in unread), "")
    if hidden:
        # One that is not seen may be one of those that are meant, or its successor.
        raise Unseen(f"not all processes can be seen: {hidden}")
    matched = matching(seen, audit_itself(seen, own), wanted, host)
    namespace = _namespace(proc, min(own))
    found = []
    for entry in wanted:
        pids = [pid for pid in matched[entry["name"]] if entry.get("containers") or _here(proc, pid, namespace)]
        instances = [_instance(seen[pid].stat) for pid in pids[:MOST]]
        found.append({"name": entry["name"], "count": len(pids), "instances": instances})
    return found


def _namespace(proc: Proc, own: int) -> bytes | None:
    try:
        return proc.link(own, "ns/pid")
    except (Gone, Unseen):
        return None


def _here(proc: Proc, pid: int, namespace: bytes | None) -> bool:
    """Whether a process is one of the host's own; where that cannot be told it is, as for an audit."""
    try:
        return not elsewhere(proc, pid, namespace)
    except Unseen:
        return True
    except Gone:
        return False


def _instance(stat: Stat) -> Json:
    return {
        "pid": stat.pid,
        "start": stat.starttime,
        "cpu_s": round((stat.utime + stat.stime) / TICKS, 3),
        "rss_kb": stat.rss_pages * _PAGE_KB,
    }
