# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories and deployed copies for the integration tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_WHEN = "2026-01-02T03:04:05Z"
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A Developer",
    "GIT_AUTHOR_EMAIL": "developer@example.org",
    "GIT_AUTHOR_DATE": _WHEN,
    "GIT_COMMITTER_NAME": "A Developer",
    "GIT_COMMITTER_EMAIL": "developer@example.org",
    "GIT_COMMITTER_DATE": _WHEN,
}

Files = dict[str, "str | bytes | None"]


def git(folder: Path, *arguments: str | bytes) -> str:
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env={**os.environ, **_ENVIRONMENT},
        check=True,
        capture_output=True,
    )
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def write(folder: Path, files: Files) -> None:
    """Write files by relative path; None removes one."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


class Repository:
    """A git repository with a work tree."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        git(path, "init", "-q", "-b", "main")

    def commit(self, subject: str, files: Files | None = None) -> str:
        """Commit everything in the work tree, after writing ``files``; return the commit."""
        write(self.path, files or {})
        git(self.path, "add", "-A")
        git(self.path, "commit", "-q", "--allow-empty", "-m", subject)
        return git(self.path, "rev-parse", "HEAD")

    def deploy(self, to: Path, commit: str = "HEAD", with_git: bool = True) -> Path:
        """Make a clone at a commit, as a deployment would."""
        git(self.path, "clone", "-q", "--no-hardlinks", str(self.path), str(to))
        git(to, "checkout", "-q", "-B", "main", git(self.path, "rev-parse", commit))
        if not with_git:
            shutil.rmtree(to / ".git")
        return to


def application(path: Path) -> Repository:
    """Make a small application of two commits."""
    made = Repository(path)
    made.commit("First", {"src/app.py": "one\n", "src/core/engine.py": "engine\n", "README": "read\n"})
    made.commit("Second", {"src/app.py": "two\n"})
    return made
