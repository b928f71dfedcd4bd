# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real repositories for the tests, and the means to see what was done to them."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from pathlib import Path


class Repo:
    """A repository made by plain git, with fixed names and times."""

    def __init__(self, path: Path, *init: str, make: bool = True) -> None:
        self.path = path
        self._clock = 1_700_000_000
        if make:
            path.mkdir(parents=True, exist_ok=True)
            self.git("init", "-q", "-b", "main", *init, ".")

    def git(self, *args: str, stdin: str = "", check: bool = True) -> str:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_ALLOW_PROTOCOL": "file",
            **{f"GIT_{who}_{what}": "dev@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
            "GIT_AUTHOR_DATE": f"{self._clock} +0000",
            "GIT_COMMITTER_DATE": f"{self._clock} +0000",
        }
        done = subprocess.run(
            ["git", *args], cwd=self.path, env=env, input=stdin, capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"git {args}: {done.stderr}")
        return done.stdout.strip()

    def write(self, name: str, content: str | bytes, executable: bool = False) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o755 if executable else 0o644)

    def commit(self, subject: str, **files: str | bytes | None) -> str:
        """Write (or with None remove) files, commit everything, and return the commit. ``__`` stands for a dot."""
        for name, content in files.items():
            if content is None:
                (self.path / name.replace("__", ".")).unlink()
            else:
                self.write(name.replace("__", "."), content)
        self._clock += 60
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")


def sha256(content: str | bytes) -> str:
    return hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()


def files_below(folder: Path) -> dict[str, str]:
    """Return what lies below a folder: ``x`` or ``-`` and content, ``-> target``, or ``dir`` for an empty directory."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file():
            found[name] = ("x " if path.stat().st_mode & stat.S_IXUSR else "- ") + sha256(path.read_bytes())
        elif not any(path.iterdir()):
            found[name] = "dir"
    return found


def fingerprint(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return, for everything below a folder, what would change if it were written to; access times aside."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [folder, *folder.rglob("*")]:
        seen = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(seen.st_mode) else b""
        found[str(path)] = (seen.st_mode, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, content)
    return found
