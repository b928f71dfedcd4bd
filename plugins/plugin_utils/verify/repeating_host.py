# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show a port, a package, or how much of something a host has left. Private to the collection.

Pure.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import live_commands
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain

_PORT = re.compile(r"(tcp|udp)/.*/([0-9]+)(?:-([0-9]+))?")
_RESOURCES = {
    "memory": "grep -E '^(MemTotal|MemAvailable):' /proc/meminfo",
    "swap": "grep -E '^Swap(Total|Free):' /proc/meminfo",
    "load": "cat /proc/loadavg; nproc",
    "clock": "date -u '+%F %T.%N'",
}
_DISKS = {"disk": "df -P", "inodes": "df -Pi"}

Json = t.Mapping[str, t.Any]


def port(check: Json, _known: Json) -> str:
    """Return what shows who listens on a port, or on those of a range."""
    found = _PORT.fullmatch(str(check["subject"])) or _PORT.fullmatch(f"tcp/*/{check['subject']}")
    if not found:
        return "ss -ltnup"
    proto, first, last = found.groups()
    chosen = f"sport = :{first}" if last is None else f"sport >= :{first} and sport <= :{last}"
    return f"ss -l{proto[0]}npe {shlex.quote(chosen)}"


def resource(check: Json, _known: Json) -> str:
    """Return what shows how much of something there is."""
    kind, subject = check["check"], str(check["subject"])
    path = plain(subject.removeprefix(f"{kind} ")) if kind in _DISKS else None
    if path:
        return f"{_DISKS[kind]} -- {shlex.quote(path)}"
    return _RESOURCES.get(kind, "; ".join([*_RESOURCES.values(), *_DISKS.values()]))


def package(check: Json, _known: Json) -> str:
    """Return what shows which version of a package is installed, or which packages are."""
    component, name = plain(str(check["component"])), plain(str(check["subject"]))
    if component is None:
        return ""
    if not name or check["check"] not in ("version", "installed"):
        return live_commands.installed(component)
    if component == "dpkg":
        return f"dpkg-query -W -f '${{Package}} ${{Version}} ${{Status}}\\n' -- {shlex.quote(name)}"
    if component == "rpm":
        return f"rpm -q -- {shlex.quote(name)}"
    spelled = "[-_.]".join(re.escape(part) for part in re.split("[-_.]+", name))
    return f"{live_commands.installed(component)} -iname {shlex.quote(f'{spelled}-*-info')}"
