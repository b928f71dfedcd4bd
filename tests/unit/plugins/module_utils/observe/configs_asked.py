# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of the section configs, as the control node asks them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import configs
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

KEY = b"k" * 32

Json = t.Dict[str, t.Any]


def asked(kind: str, source: str, **more: t.Any) -> Json:
    """Return what is asked about one configuration."""
    return {
        "name": source,
        "kind": kind,
        kind: source,
        "format": "auto",
        "secret": None,
        "patterns": [source] if kind == "process" else [],
        "containers": False,
        "tests": [],
        "read_by": [],
        **more,
    }


def reads(pattern: str) -> Json:
    """Return a process that reads a file."""
    return {"kind": "process", "name": "main", "match": pattern, "containers": False}


def look(root: Path, *some: Json, socket: str | None = None, seconds: float = 30) -> list[Json]:
    """Return what is told of some, by a host that has a minute at most."""
    host = Host(str(root), seconds, 2, KEY)
    found = configs.collect({"configs": list(some), "socket": socket}, host)
    json.dumps(found).encode("ascii")
    return t.cast("t.List[Json]", found["configs"])
