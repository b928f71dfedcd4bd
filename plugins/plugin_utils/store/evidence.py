# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the evidence of a run lies, and how it is written: masked once more, whatever the host masked. Private to the
collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_texts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, safe_name

SCHEMA = "evenkeel.drift/evidence/1"
SETTINGS = "settings"
HOST = "host"

Json = dict[str, t.Any]


def path_of(host: str, name: str) -> str:
    """Return the name of an evidence file in the run folder."""
    return f"evidence/{safe_name(host)}/{name}.json"


def keep(folder: RunFolder, host: str, name: str, content: Json) -> None:
    """Write one evidence file of a host."""
    folder.write(path_of(host, name), mask_texts({"schema": SCHEMA, "host": host, **content}))


def load(folder: RunFolder, host: str, name: str) -> Json | None:
    """Return one evidence file of a host, or None when the run has none."""
    try:
        content: Json = folder.read(path_of(host, name))
    except FileNotFoundError:
        return None
    return content


def failure(settings: Json | None, outcome: Json | None) -> Json | None:
    """Return why a host was not observed, ``{kind, reason}``, by its files SETTINGS and HOST; None where it was."""
    if settings is None:
        return {"kind": "failed", "reason": "its observation did not begin; the messages of the play say why"}
    if outcome is None:
        reason = "its observation began and did not end: the time limit passed, or the play shows an error"
        return {"kind": "timeout", "reason": reason}
    told: Json | None = outcome["failure"]
    return told


def index(folder: RunFolder) -> list[Json]:
    """Return what every evidence file is, who read it where and when, its size in bytes and its SHA-256; sorted by
    path.
    """
    listed = []
    for name in folder.files():
        if not name.startswith("evidence/"):
            continue
        content = folder.read(name)
        listed.append(
            {
                "path": name,
                "host": content["host"],
                "section": content.get("section", os.path.basename(name).removesuffix(".json")),
                "reader": content.get("reader", "evenkeel.drift.snapshot_info"),
                "user": content.get("user", ""),
                "started": content.get("started", ""),
                "finished": content.get("finished", ""),
                "outcome": content.get("outcome", "ok"),
                "bytes": os.path.getsize(folder.join(name)),
                "sha256": folder.checksum(name),
            }
        )
    return listed
