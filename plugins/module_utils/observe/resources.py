# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section resources: memory, disks, load, clock, system, and the biggest consumers. Private to the collection."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import read_target
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.system import about, clock
from ansible_collections.evenkeel.drift.plugins.module_utils.system.consumers import consumers
from ansible_collections.evenkeel.drift.plugins.module_utils.system.disks import disks
from ansible_collections.evenkeel.drift.plugins.module_utils.system.memory import parse_meminfo
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "disks": {"type": "list", "elements": "path", "default": []},
    "timeout": {"type": "int", "default": 60},
}

_LIMIT = 64 << 20

Part = t.TypeVar("Part")


def collect(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return the resources (``docs/design.md``). ``spec`` is ``{disks: [absolute path]}``; none: root and ``/``.

    What cannot be read is None and has an item in ``unread``.
    """
    # First of all: the control node relates it to the time at which it asked.
    clocked = _clock(host)
    unread: list[dict[str, str]] = []

    def part(what: str, read: t.Callable[[], Part]) -> Part | None:
        try:
            return read()
        except Unseen as unseen:
            unread.append({"what": what, "reason": unseen.reason})
            return None

    memory = part("memory", lambda: parse_meminfo(read_target("/proc/meminfo", _LIMIT)))
    uptime = part("uptime", _uptime)
    system = os.uname()
    made: dict[str, t.Any] = {
        "clock": clocked,
        "memory": memory["memory"] if memory else None,
        "swap": memory["swap"] if memory else None,
        "disks": disks(spec.get("disks") or [], host.root, host),
        "load": part("load", _load),
        "cores": part("cores", _cores),
        "uptime_s": None if uptime is None else round(uptime),
        "booted": None if uptime is None else iso(clocked["now_s"] - uptime),
        "os": part("os", _release),
        "kernel": mask(show(system.release)),
        "hostname": mask(show(system.nodename)),
        "addresses": part("addresses", _addresses),
        "consumers": None if uptime is None else part("consumers", lambda: consumers(Proc(), uptime, host)),
    }
    return {**made, "unread": unread}


def _clock(host: Host) -> dict[str, t.Any]:
    """``elapsed_s`` is how long the answer has been in the making: the clock was read that much after the question."""
    return {
        "now_s": round(time.time(), 3),
        "elapsed_s": round(max(host.timeout_s - host.time_left(), 0.0), 3),
        "zone": mask(show(clock.zone())),
        "synchronized": clock.synchronized(),
        "skew_s": None,
        "uncertainty_s": None,
    }


def _uptime() -> float:
    words = read_target("/proc/uptime", _LIMIT).split()
    try:
        return float(words[0])
    except (IndexError, ValueError):
        raise Unseen("/proc/uptime has another form than Linux gives it") from None


def _load() -> list[float]:
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except OSError as error:
        raise Unseen(f"the load cannot be asked: {explain(error)}") from None


def _cores() -> int:
    number = os.cpu_count()
    if not number:
        raise Unseen("the system does not tell how many processors are online")
    return number


def _release() -> dict[str, str]:
    try:
        text = read_target("/etc/os-release", _LIMIT)
    except Unseen:
        text = read_target("/usr/lib/os-release", _LIMIT)
    return {key: mask(value) for key, value in about.parse_os_release(text.decode("utf-8", "backslashreplace")).items()}


def _addresses() -> list[str]:
    found = about.parse_fib_trie(read_target("/proc/net/fib_trie", _LIMIT).decode("ascii", "backslashreplace"))
    # A kernel without IPv6 has no such file, and no such address.
    if os.path.exists("/proc/net/if_inet6"):
        found |= about.parse_if_inet6(read_target("/proc/net/if_inet6", _LIMIT).decode("ascii", "backslashreplace"))
    return sorted(found)
