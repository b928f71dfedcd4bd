# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of forbidden files: enough to know them again, and no more of them than fit."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import forbidden

PYC = ["*.pyc", [[r"(?:.*/)?[^/]*\.pyc$", True]]]
CACHE = ["**/__pycache__/", [[r"(?:.*/)?__pycache__(?:/.*)?", True]]]


def told(root: Path, workers: int = 2) -> dict[str, t.Any]:
    spec = {"name": "app", "path": ".", "exclude": [], "ignore": [[r"(?:.*/)?__pycache__", True]], "keep": []}
    spec.update(modes="exec", owner=False, mtime=False, secret=[], forbid=[PYC, CACHE], rules=[], entries="none")
    answer = trees.collect({"trees": [{**spec, "cross_filesystems": False}]}, Host(str(root), 60, workers))["trees"][0]
    assert answer["complete"]
    return t.cast("dict[str, t.Any]", answer)


def test_a_forbidden_file_is_known_by_mode_size_and_time(tmp_path: Path) -> None:
    for name in ("a/__pycache__/x.pyc", "a/__pycache__/y", "b.pyc", "kept.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
        path.chmod(0o640)
        os.utime(path, ns=(5, 1_700_000_000_123_456_789))
    (tmp_path / "link.pyc").symlink_to("b.pyc")
    os.mkfifo(tmp_path / "pipe.pyc")
    secret = tmp_path / "id_rsa.pyc"
    secret.write_bytes(b"key")
    answer = told(tmp_path)
    (hidden,) = [row for row in answer["forbidden_files"] if row[0] == "id_rsa.pyc"]
    assert hidden[2] is None
    answer["forbidden_files"].remove(hidden)
    assert answer["forbidden_files"] == [
        [path, "0640", 5, 1_700_000_000_123_456_789] for path in ("a/__pycache__/x.pyc", "a/__pycache__/y", "b.pyc")
    ]
    assert sum(hit[2] for hit in answer["forbidden"]) == 7


def test_no_more_are_listed_than_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forbidden, "MOST_FILES", 3)
    monkeypatch.setattr(trees, "MOST_FILES", 3)
    for number in range(8):
        (tmp_path / f"d{number}").mkdir()
        (tmp_path / f"d{number}" / "x.pyc").touch()
    answer = told(tmp_path, workers=3)
    assert len(answer["forbidden_files"]) == 3
    assert sum(hit[2] for hit in answer["forbidden"]) == 8
