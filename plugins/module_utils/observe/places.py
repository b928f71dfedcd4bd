# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What marks a directory as the root of an application: asked about the directories that processes come from. Private
to the collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

MARKERS = (".git", "pyvenv.cfg", "requirements.txt", "requirements.lock")
"""Names whose presence is told."""

_VENVS = ("venv", ".venv", "env")


def collect(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return ``{"places": {path: {"markers": [name], "venvs": [name], "reason": ""}}}`` for the absolute directories of
    ``spec["paths"]``.

    ``venvs`` are directories in it that are virtual environments by one of the usual names; ``reason`` says why a
    directory could not be looked into. Nothing is opened.
    """
    found = {}
    for path in spec["paths"]:
        host.check_time()
        found[path] = _place(path)
    return {"places": found}


def _place(path: str) -> dict[str, t.Any]:
    place: dict[str, t.Any] = {"markers": [], "venvs": [], "reason": ""}
    try:
        folder = raw(path)
        place["markers"] = [name for name in MARKERS if _there(folder, name)]
        place["venvs"] = [name for name in _VENVS if _there(folder, f"{name}/pyvenv.cfg")]
    except ValueError:
        place["reason"] = "its name came back changed"
    except OSError as error:
        place["reason"] = explain(error)
    return place


def _there(folder: bytes, name: str) -> bool:
    try:
        os.lstat(os.path.join(folder, os.fsencode(name)))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
