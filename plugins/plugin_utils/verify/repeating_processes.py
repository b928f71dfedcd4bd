# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show what a process is, and what it is older than. Private to the collection. Pure."""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import searching

# Without the arguments, which can hold secrets.
_SHOWN = "-o pid,ppid,lstart,user:16,time,rss,comm"
_ALL = f"ps -e{_SHOWN[1:]}"
# All that runs. In the locale of a host without one ps spells no letter beyond ASCII.
_ARGUMENTS = "LC_ALL=C.UTF-8 ps -eww -o pid=,vsz=,pidns=,args="
_AGES = ("code", "configuration", "unit_file", "environment")
_PID = re.compile(r"\[([0-9]+)\](?::|$)")
_LINKS = ("cwd", "replaced", "venv", "one_environment")
_SUPERVISORS = ("unit", "supervised")
_MOST = 20
# When it started to a hundredth of a second, as the kernel's clocks have it: ps has whole seconds.
_START = (
    'date -d "@$(awk -v now="$(date +%s.%N)" -v up="$(cut -d " " -f 1 /proc/uptime)" -v hz="$(getconf CLK_TCK)" '
    '\'{{sub(/.*\\) /, ""); printf "%.2f", now - up + $20 / hz}}\' /proc/{pid}/stat)" \'+%F %T.%N %z started {pid}\''
)

Json = t.Mapping[str, t.Any]


def command(check: Json, known: Json) -> str:
    """Return what shows what a check of a process is about; ``known`` has the ``trees`` of its host by name, and the
    ``match`` of the contract.
    """
    kind = check["check"]
    pids = _pids(check)
    if kind in _AGES and pids:
        file = _changed(check, known)
        return f"{file}; {_START.format(pid=pids[0])}" if file else ""
    if kind in _LINKS and pids:
        return "; ".join(f"readlink /proc/{pid}/cwd /proc/{pid}/exe; {_started_as(pid)}" for pid in pids)
    if kind in _SUPERVISORS and pids:
        return f"cat /proc/{pids[0]}/cgroup"
    if kind == "user" and pids:
        return f"ps {_SHOWN} -p {pids[0]}"
    match = str(known.get("match") or "")
    return _matching(match) if match and MARK not in match else _ALL


def _matching(pattern: str) -> str:
    """Return what lists the processes in whose arguments an expression is found, as ``proc/match.py`` does.

    What runs to tell it names it as well, and is left out. Threads of the kernel, and what has ended, have no memory.
    """
    script = (
        "import os,re,sys;"
        "F=[w[0] for w in (l.decode('utf-8','surrogateescape').rstrip('\\n').split(None,3) for l in sys.stdin.buffer) "
        "if len(w)==4 and w[1]!='0' and w[2] in ('-',str(os.stat('/proc/self/ns/pid').st_ino)) "
        f"and 'pidns=' not in w[3] and re.search({pattern!r},w[3])];print(','.join(F))"
    )
    found = searching.program(script)
    return f"{_ARGUMENTS} | {found} | xargs -r ps {_SHOWN} -p"


def _started_as(pid: int) -> str:
    """Return what shows the name by which a program was started, and none of its arguments."""
    return f"head -z -n 1 /proc/{pid}/cmdline | tr '\\0' '\\n' | cut -d ' ' -f 1"


def _pids(check: Json) -> list[int]:
    found = _PID.search(str(check["subject"]))
    if found:
        return [int(found.group(1))]
    observed = check["observed"] or {}
    homes = observed.get("environments") or {}
    return sorted(pid for listed in homes.values() for pid in listed)[:_MOST]


def _changed(check: Json, known: Json) -> str:
    """Return what shows when that was changed which a process is to be younger than."""
    kind, subject = check["check"], str(check["subject"])
    path = plain(str((check["expected"] or {}).get("path") or ""))
    name = subject.partition("]:")[2]
    tree = known.get("trees", {}).get(name) if kind == "code" else None
    if kind == "configuration":
        path = plain(name)
    if tree is not None and (not path or path.startswith(f"the tree {name}")):
        # The host's own record tells of it, or none of its files could be named.
        folder = plain(str(tree))
        return f"find {_below(folder)} -type f -printf '%T+ %p\\n' | sort | tail -n 10" if folder else ""
    return f"stat -c '%y %n' -- {shlex.quote(path)}" if path else ""


def _below(path: str) -> str:
    return shlex.quote(f"./{path}" if path.startswith("-") else path)
