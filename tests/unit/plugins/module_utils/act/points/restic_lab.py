# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose restore points are kept in a repository of the real restic as well."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service

PASSWORD = "correct-horse-9d41c7"
CANARY = "canary-71ac09be"
PROGRAM = shutil.which("restic") or ""
needs_restic = pytest.mark.skipif(not PROGRAM, reason="no restic on this machine")

Json = t.Dict[str, t.Any]


class Kept:
    """An application, the state directory of its host, and a repository."""

    def __init__(self, top: Path) -> None:
        self.top, self.root, self.state = top, top / "app", top / "state"
        self.repository, self.password = top / "repository", top / "password"
        self.password.write_text(f"{PASSWORD}\n")
        self.password.chmod(0o600)
        (self.root / "src").mkdir(parents=True)
        (self.root / "src/main.py").write_text("one\n")
        (self.root / ".env").write_text(f"TOKEN={CANARY}\n")
        (self.root / "empty").write_text("")
        (self.root / "large.bin").write_bytes(os.urandom(1 << 20))

    def init(self) -> None:
        self.restic("init")

    def restic(self, *words: str) -> str:
        """Run restic as an operator does, and return what it says."""
        environment = {
            "PATH": os.environ["PATH"],
            "RESTIC_PASSWORD_FILE": str(self.password),
            "RESTIC_REPOSITORY": str(self.repository),
        }
        argv = [PROGRAM, "--no-cache", *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True, env=environment, cwd=self.top).stdout

    def snapshots(self) -> list[Json]:
        return t.cast(t.List[Json], json.loads(self.restic("snapshots", "--json")) or [])

    def place(self, **given: t.Any) -> Json:
        asked = {"repository": str(self.repository), "password_file": str(self.password), "env_file": None}
        return {**asked, "host": "web1", "keep": 30, "keep_days": None, "timeout": 120, **given}

    def ask(self, state: str = "present", check: bool = False, **options: t.Any) -> Json:
        asked: Json = {name: about.get("default") for name, about in service.ARGUMENTS.items()}
        asked.update(state=state, root=str(self.root), application="app", state_dir=str(self.state))
        asked.update(who="ops", why="a test", git=False, restic=self.place())
        if state == "present":
            asked["paths"] = ["src/main.py", ".env", "empty", "large.bin", "gone"]
        return service.answer({**asked, **options}, service.act, check)

    def info(self, **place: t.Any) -> Json:
        options = {"root": str(self.root), "application": "app", "state_dir": str(self.state)}
        return service.answer({**options, "restic": self.place(**place)}, service.list_points, False)

    def folder(self, point: str) -> Path:
        return self.state / "app/points" / point

    def lose(self, point: str) -> None:
        shutil.rmtree(self.folder(point))

    def in_between(self, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
        """Let hosts find a shell script in the place of restic; ``$RESTIC`` is the real one."""
        other = self.top / "bin/restic"
        other.parent.mkdir(exist_ok=True)
        other.write_text(f"#!/bin/sh\nRESTIC={PROGRAM}\n{script}\n")
        other.chmod(0o755)
        monkeypatch.setattr(
            "ansible_collections.evenkeel.drift.plugins.module_utils.act.program.find", lambda _name: str(other)
        )


def content(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}
