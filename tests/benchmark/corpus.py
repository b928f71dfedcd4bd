# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trees that are measured: the same bytes on every machine, made once."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
import subprocess
import typing as t
from pathlib import Path

# Another number makes every machine build anew.
VERSION = 2
_SEED = 20251121
_BLOCK_BYTES = 8 << 20
_LINE = 64
_SPREAD = 1.6
_LARGEST = 4 << 20
_DONE = "corpus.json"
_WHEN = "1758268800 +0000"


@dataclasses.dataclass(frozen=True)
class Shape:
    """How many files, in how many directories, and the median size of a file; the mean is 3.5 times as large."""

    files: int
    directories: int
    median_bytes: int = 3600


TREE = Shape(100_000, 5_000, 7200)
# As many files with half the bytes: what an audit needs beside hashing weighs more.
LIGHT = Shape(100_000, 5_000)
APPLICATION = Shape(2_000, 120)
SMALL = Shape(20, 4)


class File(t.NamedTuple):
    """One file: its path, its size, where in the block its text starts, whether it is executable."""

    path: str
    size: int
    start: int
    executable: bool


def plan(shape: Shape) -> list[File]:
    """Return the files of a tree: few large among many small ones, few crowded directories among many thin ones."""
    rng = random.Random(f"{_SEED}/{shape}")
    folders = [f"area{n % 19:02}/part{n // 19 % 23:02}/unit{n:04}" for n in range(shape.directories)]
    weights = [rng.paretovariate(1.6) for _folder in folders]
    chosen = folders + rng.choices(folders, weights, k=shape.files - len(folders))
    return [
        File(
            f"{folder}/file_{number:06}.py",
            min(_LARGEST, int(rng.lognormvariate(0, _SPREAD) * shape.median_bytes) + 1),
            rng.randrange(_BLOCK_BYTES),
            rng.random() < 0.02,
        )
        for number, folder in enumerate(chosen)
    ]


def _block() -> bytes:
    text = random.Random(_SEED).randbytes(_BLOCK_BYTES).hex().encode("ascii")[:_BLOCK_BYTES]
    lines = b"\n".join(text[at : at + _LINE - 1] for at in range(0, len(text), _LINE - 1))
    return lines + lines[: _LARGEST + 1]


class Corpus:
    """A tree as a plain copy (``host``), as a checkout with its repository (``checkout``), and its ``reference``."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.folder = folder
        self.shape = shape
        self.host = folder / "host"
        self.checkout = folder / "checkout"
        self.reference = folder / "reference"
        self.bytes = 0

    def build(self) -> Corpus:
        """Make what is not there yet."""
        about = {"version": VERSION, "shape": dataclasses.asdict(self.shape)}
        done = self.folder / _DONE
        files = plan(self.shape)
        self.bytes = sum(file.size for file in files)
        if done.is_file() and json.loads(done.read_text()) == about:
            return self
        shutil.rmtree(self.folder, ignore_errors=True)
        self.host.mkdir(parents=True)
        self._import(files)
        _link_tree(self.host, self.checkout)
        self._make_checkout()
        done.write_text(json.dumps(about))
        return self

    def _import(self, files: list[File]) -> None:
        """Write the host's tree and the same files as one commit, without making a blob of each by a process."""
        git(self.folder, "init", "--quiet", "--initial-branch=main", str(self.reference))
        argv = ["git", "-c", "pack.compression=0", "-c", "core.compression=0", "fast-import", "--quiet", "--depth=0"]
        importer = subprocess.Popen(argv, cwd=self.reference, env=_environment(), stdin=subprocess.PIPE)
        stream = t.cast("t.IO[bytes]", importer.stdin)
        who = f"Benchmark <benchmark@example.org> {_WHEN}"
        stream.write(f"commit refs/heads/main\ncommitter {who}\ndata 4\nTree\n".encode("ascii"))
        block = _block()
        for file in files:
            content = block[file.start : file.start + file.size]
            content += block[: file.size - len(content)]
            mode = 0o755 if file.executable else 0o644
            stream.write(f"M 100{mode:o} inline {file.path}\ndata {len(content)}\n".encode("ascii") + content + b"\n")
            path = self.host / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(mode)
        stream.close()
        if importer.wait():
            raise SystemExit("git fast-import failed")

    def _make_checkout(self) -> None:
        """Give the second copy the repository of somebody who cloned the reference, with an index that knows it."""
        git(self.folder, "clone", "--quiet", "--no-checkout", str(self.reference), str(self.folder / "clone"))
        (self.folder / "clone" / ".git").rename(self.checkout / ".git")
        (self.folder / "clone").rmdir()
        git(self.checkout, "reset", "--quiet", "--mixed")
        git(self.checkout, "update-index", "-q", "--refresh")


def _link_tree(source: Path, target: Path) -> None:
    """Copy a tree by hard links: the same bytes in the same page cache."""
    for folder, _names, files in os.walk(source):
        mirror = target / os.path.relpath(folder, source)
        mirror.mkdir(parents=True, exist_ok=True)
        for name in files:
            os.link(os.path.join(folder, name), mirror / name)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "LC_ALL": "C"}


def git(folder: Path, *arguments: str) -> None:
    """Run git without the user's own configuration."""
    subprocess.run(["git", *arguments], cwd=folder, env=_environment(), check=True, stdin=subprocess.DEVNULL)
