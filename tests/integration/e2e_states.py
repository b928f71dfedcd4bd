# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a folder while programs work in it: a copy of each, with the moments that found it so.

A kill leaves what is on the disk, and nothing else. Two moments with the same state leave the same to the next run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import typing as t
from pathlib import Path

ANSIBLE_HOME = "operator/ansible"
"""Where Ansible keeps what it needs while it runs, under names that no other run knows. It is copied, not compared."""
_MOMENTS = ".moments"


def digest(folder: Path) -> str:
    """Return one name for all that a program that starts later can see below a folder.

    That is the name, kind, mode, owner, number of names and content of everything, and when it was written. What a copy
    cannot have is left out: numbers of inodes, times of their changes; and times of reading.
    """
    found = hashlib.sha256()
    for line in sorted(_seen(folder)):
        found.update(f"{line!r}\n".encode())
    return found.hexdigest()


def _seen(folder: Path) -> t.Iterator[tuple[t.Any, ...]]:
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(parent, name)
            about = path.lstat()
            names = 0 if stat.S_ISDIR(about.st_mode) else about.st_nlink
            written = (about.st_mode, about.st_uid, about.st_gid, names, about.st_mtime_ns)
            yield str(path.relative_to(folder)), *written, _content(path, about.st_mode)
        folders[:] = [name for name in folders if Path(parent, name) != folder / ANSIBLE_HOME]


def _content(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return os.readlink(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else ""


def keep(folder: Path, states: Path, moment: str) -> None:
    """Copy a folder as it is now, unless it was like that before, and note the moment beside the copy."""
    state = states / digest(folder)
    if not state.exists():
        subprocess.run(["cp", "-a", folder, state], check=True)
    with open(f"{state}{_MOMENTS}", "a", encoding="utf-8") as file:
        file.write(f"{moment}\n")


def kept(states: Path) -> list[tuple[Path, list[str]]]:
    """Return the copies, each with its moments, in the order of these. A moment begins with its number."""
    found = [
        (path.with_suffix(""), path.read_text(encoding="utf-8").splitlines()) for path in states.glob(f"*{_MOMENTS}")
    ]
    return sorted(found, key=lambda one: int(one[1][0].split()[0]))


def put_back(state: Path, folder: Path) -> None:
    """Let a folder be as it was when a copy of it was made, which is used up."""
    shutil.rmtree(folder)
    state.rename(folder)
    assert digest(folder) == state.name, f"{state} is not what was copied"
