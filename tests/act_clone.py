# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository that moves with its files: a reference of two commits, and hosts at the first of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.service import answer

Json = t.Dict[str, t.Any]

ABOUT = {"id": "plan-1", "kind": "sync", "who": "ops@control", "why": "deploy of plan-1", "run": "run-1"}


def git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    identity.update({name.replace("AUTHOR", "COMMITTER"): value for name, value in identity.items()})
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", **identity}
    argv = ["git", "-c", "safe.directory=*", "-C", str(root), *arguments]
    return subprocess.run(argv, env=environment, check=True, capture_output=True, input=stdin).stdout


class Clone:
    """A reference of two commits, and a clone at the first whose files are to become those of the second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reference, self.contents = folder / "reference", folder / "contents"
        self.contents.mkdir(parents=True)
        git(folder, "init", "-q", "-b", "main", str(self.reference))
        self.first = self.commit({"a.txt": "one\n", "gone.txt": "gone\n", "same.txt": "same\n"})
        git(folder, "clone", "-q", "--no-hardlinks", str(self.reference), str(folder / "template"))
        (self.reference / "gone.txt").unlink()
        self.second = self.commit({"a.txt": "two\n", "new/b.txt": "new\n"})
        self.tree = git(self.reference, "rev-parse", f"{self.second}^{{tree}}").decode().strip()
        wanted = f"{self.second}\n^{self.first}\n".encode()
        self.pack = self.keep(git(self.reference, "pack-objects", "--revs", "--thin", "--stdout", "-q", stdin=wanted))
        self.made = 0

    def commit(self, files: dict[str, str]) -> str:
        for name, content in files.items():
            (self.reference / name).parent.mkdir(exist_ok=True)
            (self.reference / name).write_text(content)
        git(self.reference, "add", "-A")
        git(self.reference, "commit", "-q", "-m", "A commit")
        return git(self.reference, "rev-parse", "HEAD").decode().strip()

    def keep(self, content: bytes) -> Json:
        digest = hashlib.sha256(content).hexdigest()
        (self.contents / digest).write_bytes(content)
        return {"sha256": digest, "size": len(content)}

    def host(self) -> Path:
        self.made += 1
        return Path(shutil.copytree(self.folder / "template", self.folder / f"host{self.made}", symlinks=True))

    def operations(self) -> list[Json]:
        def before(text: bytes) -> Json:
            return {"type": "file", "sha256": hashlib.sha256(text).hexdigest()}

        return [
            {"do": "write", "path": "a.txt", **self.keep(b"two\n"), "before": before(b"one\n")},
            {"do": "remove", "path": "gone.txt", "before": before(b"gone\n")},
            {"do": "directory", "path": "new", "before": {"type": "absent"}},
            {"do": "write", "path": "new/b.txt", **self.keep(b"new\n"), "before": {"type": "absent"}},
        ]

    def request(self, host: Path, **more: t.Any) -> Json:
        head = {"commit": self.first, "branch": "main"}
        move = {"commit": self.second, "tree": self.tree, "head": head, "branch": "main", "was": self.first}
        move.update({"have": [self.first], "pack": self.pack, **more})
        asked = {"what": "apply", "check": False, "timeout_s": 120, "application": "shop", "about": ABOUT, "git": move}
        place = {"root": str(host), "state_dir": str(host) + "-state", "folder": str(self.contents)}
        return {**asked, **place, "operations": self.operations(), "direction": "auto"}

    def recover(self, host: Path) -> Json:
        return answer({**self.request(host), "what": "recover"})

    def which(self, host: Path) -> str:
        """Return which of the two commits a host is at, with all its files; nothing else is left there."""
        # Only to look: by itself it would write the index anew.
        said = git(host, "--no-optional-locks", "status", "--porcelain=v2", "--branch").decode().splitlines()
        lines = {line for line in said if not line.startswith(("# branch.upstream", "# branch.ab"))}
        assert not [path for path in host.rglob("*") if path.name.startswith(".evenkeel-")]
        assert not list((host / ".git").glob("*.lock"))
        incoming_refs = host / ".git/refs/evenkeel/incoming"
        assert not incoming_refs.exists() or not list(incoming_refs.iterdir())
        for name, commit in (("old", self.first), ("new", self.second)):
            if lines == {f"# branch.oid {commit}", "# branch.head main"}:
                return name
        raise AssertionError(lines)
