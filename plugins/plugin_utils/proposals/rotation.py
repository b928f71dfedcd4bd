# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation of log files that grow without end. Private to the collection. Pure."""

from __future__ import annotations

import posixpath
import re

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import ROTATION, Json, Proposal, Seen, Step
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.shell import filename, quoted

LARGE = 64 << 20
A_DAY = 16 << 20
"""From which size on, or from how many bytes a day, a log is to be rotated."""

_LEAST_S = 60
_DAY_S = 86_400
_FOLDER = "/etc/logrotate.d"
# What a line of logrotate's takes between quotes as it is: no quote, no pattern, no brace, no escape.
_FIT = re.compile(r"[A-Za-z0-9_./@:+, =~%#-]+")
_PATTERN = re.compile(r"[*?\[]")


def rotation(seen: Seen) -> list[Proposal]:
    """Return a rotation for the log files of the contract that are large, or grow fast."""
    data = seen.section("logs")
    found = [(one, _rate(one)) for one in (data or {"logs": []})["logs"] if one["kind"] == "path" and one.get("path")]
    grown = [
        (one, rate)
        for one, rate in found
        if not _PATTERN.search(one["source"]) and ((one["size"] or 0) >= LARGE or (rate or 0) >= A_DAY)
    ]
    if not grown:
        return []
    fit = [(one, rate) for one, rate in grown if _FIT.fullmatch(_whole(one, seen))]
    unfit = [one["path"] for one, _rate in grown if not _FIT.fullmatch(_whole(one, seen))]
    if not fit:
        return []
    name = filename(seen.application)
    target, folders = f"{_FOLDER}/{name}", sorted({posixpath.dirname(_whole(one, seen)) for one, _rate in fit})
    return [
        Proposal(
            kind=ROTATION,
            subject="log-rotation",
            host=seen.host,
            title="Rotate " + ", ".join(one["path"] for one, _rate in fit),
            what=f"On {seen.host}, {'; '.join(_told(one, rate) for one, rate in fit)}. So they fill the disk.",
            files={name: _text([_whole(one, seen) for one, _rate in fit])},
            notes=(
                *(f"no file of logrotate can hold this name as it is: {path}" for path in unfit),
                "whether something rotates them already, an audit does not see: look for older parts beside them",
                "copytruncate needs nothing of the program, and loses what it writes while a copy is made. A program "
                "that opens its log anew when it is told to is better told, by postrotate",
                "logrotate refuses a directory that others than root may write to, unless su says as whom: fill it in",
            ),
            review=(Step("On the host:", tuple(f"ls -la {quoted(folder)}" for folder in folders)),),
            apply=(
                Step(
                    "Fill in su, then bring the file to the host, from this folder:",
                    (
                        f"ansible -i INVENTORY {quoted(seen.host)} --become -m ansible.builtin.copy "
                        f"-a 'src={name} dest={target} owner=root group=root mode=0644'",
                    ),
                ),
                Step("Let logrotate say what it would do:", (f"logrotate --debug {target}",)),
                Step("Rotate once, and look at the result:", (f"logrotate --verbose {target}",)),
            ),
            undo=(Step("On the host; what was rotated stays:", (f"rm {target}",)),),
        )
    ]


def _whole(log: Json, seen: Seen) -> str:
    return posixpath.normpath(posixpath.join(seen.root, log["path"]))


def _rate(log: Json) -> float | None:
    """Return how many bytes a day are written, None where the part that was read does not tell."""
    read = log.get("read")
    if not read or not read["dated"] or read["first_s"] is None or read["last_s"] is None:
        return None
    seconds: float = read["last_s"] - read["first_s"]
    return None if seconds < _LEAST_S else float(read["bytes"]) * _DAY_S / seconds


def _told(log: Json, rate: float | None) -> str:
    growing = "" if rate is None else f", about {size(rate)} more each day"
    return f"{log['path']} has {size(log['size'] or 0)}{growing}"


def _text(paths: list[str]) -> str:
    lines = [
        "# Proposed by evenkeel.drift.",
        *(f'"{path}"' for path in sorted(paths)),
        "{",
        "    # su USER GROUP",
        "    daily",
        "    maxsize 100M",
        "    rotate 14",
        "    dateext",
        "    dateformat -%Y%m%d-%s",
        "    compress",
        "    delaycompress",
        "    missingok",
        "    notifempty",
        "    copytruncate",
        "}",
    ]
    return "\n".join(lines) + "\n"
