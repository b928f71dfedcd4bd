# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What marks a directory, and that nothing is taken for absent that could not be looked at."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.places import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show


def test_markers_and_environments(tmp_path: Path) -> None:
    for name in ("app/venv", "app/.git", "app/env"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("app/venv/pyvenv.cfg", "app/requirements.txt"):
        (tmp_path / name).touch()
    (tmp_path / "app/requirements.lock").symlink_to("nowhere")
    paths = [str(tmp_path / name) for name in ("app", "app/venv", "missing")]
    places = collect({"paths": paths}, Host("/", 10))["places"]
    assert [places[path] for path in paths] == [
        {"markers": [".git", "requirements.txt", "requirements.lock"], "venvs": ["venv"], "reason": ""},
        {"markers": ["pyvenv.cfg"], "venvs": [], "reason": ""},
        {"markers": [], "venvs": [], "reason": ""},
    ]


def test_a_name_of_any_bytes_is_found_again(tmp_path: Path) -> None:
    folder = os.path.join(os.fsencode(tmp_path), b"caf\xe9 \\ \n")
    os.makedirs(os.path.join(folder, b".git"))
    shown = show(folder)
    assert collect({"paths": [shown]}, Host("/", 10))["places"][shown]["markers"] == [".git"]


def test_what_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    changed = "/srv/\\<masked>"
    places = collect({"paths": [str(tmp_path / "one"), changed]}, Host("/", 10))["places"]
    assert "too many levels" in places[str(tmp_path / "one")]["reason"]
    assert places[changed]["reason"] == "its name came back changed"
