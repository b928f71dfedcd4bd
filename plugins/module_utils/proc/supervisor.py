# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What supervises a process: its systemd unit or its container, from its control groups. Private to the collection."""

from __future__ import annotations

import re

_UNIT = re.compile(rb"_?([A-Za-z0-9:_.\\@-]+\.(?:service|scope|mount|swap|socket))")
_ID = re.compile(rb"(?:.*[-:])?([0-9a-f]{64})(?:\.scope)?")
_LXC = re.compile(rb"/lxc(?:\.payload[./]|/)([^/\n]+)")
_NSPAWN = re.compile(rb"/systemd-nspawn@([^/\n]+)\.service/payload(?:/|$)", re.MULTILINE)
_DELETED = b" (deleted)"
_INIT = b"/init.scope"


def unit_of(cgroup: bytes) -> str | None:
    r"""Return the systemd unit that a process belongs to, from the content of its ``cgroup`` file.

    The innermost one: a user's own unit rather than ``user@1000.service``. Its name is the one that systemctl takes:
    ``\x2d`` in it stays, the ``_`` by which systemd keeps clear of the kernel's own files does not.
    """
    for part in reversed(_path(cgroup).split(b"/")):
        found = _UNIT.fullmatch(part)
        if found:
            return found.group(1).decode("ascii")
    return None


def container_of(cgroup: bytes) -> str | None:
    """Return the container that a process runs in: the first 12 digits of its id (docker, podman, containerd, cri-o),
    or its name (lxc, systemd-nspawn).

    The monitors of a container (conmon, lxc) run beside it, not in it.
    """
    for line in cgroup.splitlines():
        for part in line.split(b":", 2)[-1].split(b"/"):
            found = _ID.fullmatch(part)
            if found and b"conmon" not in part:
                return found.group(1)[:12].decode("ascii")
    named = _LXC.search(cgroup) or _NSPAWN.search(cgroup)
    return named.group(1).decode("utf-8", "backslashreplace") if named else None


def machine_of(cgroup: bytes) -> bytes:
    """Return the control group that a whole machine lives in, from what process 1 says: empty unless systemd is that
    process, and the machine a container (LXC, a host of a test laboratory).

    Such a container is the machine itself; it supervises none of the processes in it.
    """
    path = _path(cgroup)
    return path[: -len(_INIT)] if path.endswith(_INIT) else b""


def within(cgroup: bytes, machine: bytes) -> bytes:
    """Return a ``cgroup`` file as it would read if the machine's own control group were the first of all."""
    if not machine:
        return cgroup
    lines = []
    for line in cgroup.splitlines():
        parts = line.split(b":", 2)
        if len(parts) == 3 and (parts[2] == machine or parts[2].startswith(machine + b"/")):
            parts[2] = parts[2][len(machine) :] or b"/"
        lines.append(b":".join(parts) + b"\n")
    return b"".join(lines)


def _path(cgroup: bytes) -> bytes:
    """Return the path in systemd's own hierarchy, which is the unified one unless there is an older one for it."""
    paths = {}
    for line in cgroup.splitlines():
        parts = line.split(b":", 2)
        if len(parts) == 3:
            path = parts[2][: -len(_DELETED)] if parts[2].endswith(_DELETED) else parts[2]
            paths[b"" if parts[0] == b"0" else parts[1]] = path
    # A hybrid host has both; what systemd says is then in its own.
    return paths.get(b"name=systemd") or paths.get(b"", b"")
