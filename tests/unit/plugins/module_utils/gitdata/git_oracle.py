# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real repositories made by git, and what git says about them, in the terms of our data."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.git import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "c",
    "GIT_COMMITTER_EMAIL": "c@example.org",
    "GIT_EDITOR": "true",
}


def git(where: Path, *arguments: str | bytes, fails: bool = False) -> bytes:
    """Run git and return what it prints; ``fails``: a non-zero exit code is what the test wants."""
    argv = ["git", "-c", "protocol.file.allow=always", "-c", "core.excludesFile=/dev/null", *arguments]
    done = subprocess.run(argv, cwd=where, env=_ENVIRONMENT, capture_output=True, check=False)
    assert (done.returncode != 0) == fails, (arguments, done.stdout, done.stderr)
    return done.stdout


def create(where: Path, *options: str) -> Path:
    """Make a repository with two commits and some files."""
    where.mkdir(parents=True, exist_ok=True)
    git(where, "init", "-q", "-b", "main", *options)
    (where / "src").mkdir()
    (where / "src" / "app.py").write_text("print(1)\n")
    (where / "src-old").write_text("old\n")
    (where / "readme").write_text("hello\n")
    (where / "run.sh").write_text("#!/bin/sh\n")
    (where / "run.sh").chmod(0o755)
    (where / "link").symlink_to("readme")
    commit(where, "first")
    (where / "src" / "deep" / "er").mkdir(parents=True)
    (where / "src" / "deep" / "er" / "x").write_text("x\n")
    commit(where, "second")
    return where


def commit(where: Path, message: str = "more") -> None:
    """Commit everything."""
    git(where, "add", "-A")
    git(where, "commit", "-q", "--allow-empty", "-m", message)


def observe(where: Path, **spec: t.Any) -> dict[str, t.Any]:
    """Return what the collector sees."""
    data: dict[str, t.Any] = collect({"path": ".", **spec}, Host(str(where), 60))
    return data


def status(where: Path) -> dict[str, list[str]]:
    """Return what git says of the work tree; like ours, it tells nothing of what is staged."""
    found: dict[str, list[str]] = {kind: [] for kind in ("modified", "deleted", "mode", "conflicted", "untracked")}
    text = git(
        where, "--no-optional-locks", "status", "--porcelain=v2", "-z", "--ignore-submodules=dirty", "--no-renames"
    )
    for record in text.split(b"\0"):
        kind = record[:1]
        if kind == b"?":
            found["untracked"].append(show(record[2:]))
        elif kind == b"u":
            found["conflicted"].append(show(record.split(b" ", 10)[10]))
        elif kind == b"1":
            _one, states, _sub, _head, index, tree, _oid1, oid, path = record.split(b" ", 8)
            if states[1:] == b"D":
                found["deleted"].append(show(path))
            elif states[1:] in (b"M", b"T", b"A"):
                # git status calls a file modified whose size alone has changed, though after the conversion of its line
                # ends there is no difference that git could show.
                same = states[1:] == b"M" and tree[:2] == b"10" and git(where, "hash-object", "--", path).strip() == oid
                if not same or index != tree:
                    found["mode" if same else "modified"].append(show(path))
    return {kind: sorted(paths) for kind, paths in found.items()}


def seen(data: dict[str, t.Any]) -> dict[str, list[str]]:
    """Return our own answer in the shape of `status`."""
    changes = data["changes"]
    assert changes["outcome"] == "ok", changes["reason"]
    assert changes["unverified"] == []
    assert not changes["truncated"]
    found = {kind: changes[kind] for kind in ("modified", "deleted", "mode", "conflicted")}
    return {**found, "untracked": [item["path"] for item in changes["untracked"]]}


def refs(where: Path, prefix: str) -> dict[str, str]:
    """Return the object of each ref below ``prefix``, without symbolic ones."""
    text = git(where, "for-each-ref", "--format=%(objectname) %(symref)%00%(refname)", prefix).decode()
    rows = [line.split("\0") for line in text.splitlines()]
    return {name[len(prefix) + 1 :]: oid.rstrip() for oid, name in rows if len(oid.split()) == 1}


def write_tree(where: Path, scratch: Path) -> str:
    """Return the tree that git makes of the index; of a copy of it, for git would write to the original."""
    scratch.mkdir()
    index = where / os.fsdecode(git(where, "rev-parse", "--git-path", "index").rstrip(b"\n"))
    if index.exists():
        (scratch / "index").write_bytes(index.read_bytes())
    (scratch / "objects").mkdir()
    environment = {
        **_ENVIRONMENT,
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
    }
    argv = ["git", "write-tree", "--missing-ok"]
    done = subprocess.run(argv, cwd=where, env=environment, capture_output=True, check=True)
    return done.stdout.decode().strip()
