# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container uses now, from the engine's statistics. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

# What `docker stats` leaves out: pages of files that nobody needs any more. The names of both versions of cgroups.
_CACHE = ("total_inactive_file", "inactive_file")


def usage(stats: t.Any) -> dict[str, t.Any]:
    """Return ``{memory, limit, cpu_s, cpu_percent, pids}`` from the answer to ``/containers/<id>/stats``.

    ``memory`` and ``limit`` are bytes as ``docker stats`` counts them, null when the engine does not say; ``cpu_s`` is
    the processor time since the start; ``cpu_percent`` (100 is one processor) is null unless the answer holds two
    samples. Raises Unseen when the engine could not measure, or the answer has another form than it should.
    """
    fields = Fields(stats, "the statistics")
    if fields.moment("read") is None:
        # Docker writes a whole answer of zeros when it cannot read the container's control group.
        raise Unseen("the engine has no statistics of it")
    memory = fields.map("memory_stats")
    cpu = fields.map("cpu_stats").map("cpu_usage")
    return {
        "memory": _memory(memory),
        "limit": memory.number("limit") or None,
        "cpu_s": round(cpu.number("total_usage") / 1e9, 3) if "total_usage" in cpu else None,
        "cpu_percent": _percent(fields.map("cpu_stats"), fields.map("precpu_stats")),
        "pids": fields.map("pids_stats").number("current") or None,
    }


def _memory(memory: Fields) -> int | None:
    if "usage" not in memory:
        return None
    used, stats = memory.number("usage"), memory.map("stats")
    for name in _CACHE:
        if name in stats and stats.number(name) < used:
            return used - stats.number(name)
    return used


def _percent(now: Fields, before: Fields) -> float | None:
    if "system_cpu_usage" not in now or "system_cpu_usage" not in before:
        return None
    system = now.number("system_cpu_usage") - before.number("system_cpu_usage")
    mine = now.map("cpu_usage").number("total_usage") - before.map("cpu_usage").number("total_usage")
    cores = now.number("online_cpus")
    return round(100.0 * cores * mine / system, 1) if system > 0 and mine >= 0 and cores else None
