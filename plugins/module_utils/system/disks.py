# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full file systems are. Private to the collection."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked

_LIMIT_S = 10.0
_ANSWER = b"A"


def disks(paths: t.Sequence[str], root: str, host: Host) -> list[dict[str, t.Any]]:
    """Return the file system below each path; without paths those of ``root`` and ``/``, once where they are one.

    Each is asked by a process of its own: one whose server is gone does not answer, ever, and is unknown.
    """
    asked = sorted(set(paths or ("/", root)))
    answers: dict[str, dict[str, t.Any]] = {}
    limited = Host(root, max(min(_LIMIT_S, host.time_left()), 0.0), 1)

    def ask(path: str) -> t.Callable[[Channel], None]:
        return lambda channel: channel.send(_ANSWER, json.dumps([path, _disk(path), _device(path)]).encode("ascii"))

    def take(_kind: bytes, payload: bytes) -> None:
        path, made, device = json.loads(payload)
        answers[path], devices[path] = made, device

    devices: dict[str, int | None] = {}
    run_forked([ask(path) for path in asked], limited, take)
    if not paths and root != "/" and devices.get(root) is not None and devices.get(root) == devices.get("/"):
        asked.remove(root)
    silent = f"it did not answer within {limited.timeout_s:g} s"
    return [answers.get(path) or {"path": show(path), "outcome": "unknown", "reason": silent} for path in asked]


def _device(path: str) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        # Its own entry says why.
        return None


def _disk(path: str) -> dict[str, t.Any]:
    """Return one file system, its numbers as df computes them: rounded up, of what users other than root can have."""
    made: dict[str, t.Any] = {"path": show(path), "outcome": "ok", "reason": ""}
    try:
        seen = os.statvfs(path)
    except OSError as error:
        return {**made, "outcome": "unknown", "reason": f"{show(path)} cannot be asked: {explain(error)}"}
    used = seen.f_blocks - seen.f_bfree
    return {
        **made,
        "total_kb": seen.f_blocks * seen.f_frsize // 1024,
        "used_kb": used * seen.f_frsize // 1024,
        "available_kb": seen.f_bavail * seen.f_frsize // 1024,
        "used_percent": _percent(used, used + seen.f_bavail),
        "inodes": seen.f_files,
        "inodes_used_percent": _percent(seen.f_files - seen.f_ffree, seen.f_files),
        "read_only": bool(seen.f_flag & os.ST_RDONLY),
    }


def _percent(used: int, total: int) -> int | None:
    """Return the share in percent; None where there is nothing to fill, such as the inodes of btrfs."""
    return -(-used * 100 // total) if total > 0 else None
