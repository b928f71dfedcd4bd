# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run folders: made once, private, never shared, complete or marked incomplete. Private to the collection.

``INCOMPLETE`` lies in the folder from its first moment and is removed as the very last step, so an interruption at any
point leaves a folder that says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import typing as t
import urllib.parse
from collections.abc import Iterator

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import write_private

INCOMPLETE = "INCOMPLETE"
MANIFEST = "MANIFEST.sha256"
PRIVATE = ".private"
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[A-Za-z0-9_.-]+-\d+\Z")
_MARK = "This run has not ended, or was interrupted. What is here is not the whole result.\n"


class StoreError(Exception):
    """A run folder cannot be used. The message names it and says what to do."""


def canonical(content: t.Any) -> bytes:
    """Return the one JSON spelling in which everything is stored: sorted keys, two spaces, a final newline."""
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")


def safe_name(name: str) -> str:
    """Return a file name for a host: its own characters where they are harmless, %XX for the others."""
    quoted = urllib.parse.quote(name, safe="")
    return quoted.replace(".", "%2E", 1) if quoted.startswith(".") else quoted


class RunFolder:
    """One run's folder."""

    def __init__(self, path: str) -> None:
        self.path = os.path.normpath(path)

    @classmethod
    def create(cls, output_dir: str, started: str, label: str) -> RunFolder:
        """Make a new folder below ``output_dir``: ``<started>-<label>-<n>``, mode 0700. Raises StoreError."""
        stamp = re.sub(r"[-:]", "", started)
        try:
            _make_output_dir(output_dir)
            number = 1
            while True:
                path = os.path.join(output_dir, f"{stamp}-{label}-{number}")
                try:
                    os.mkdir(path, 0o700)
                except FileExistsError:
                    number += 1
                    continue
                break
            folder = cls(path)
            folder.write_bytes(INCOMPLETE, _MARK.encode("ascii"))
            os.mkdir(os.path.join(path, PRIVATE), 0o700)
        except OSError as error:
            raise StoreError(
                f"drift_output_dir: no run folder can be made in {output_dir}: {error.strerror}. "
                "Name a directory that you may write to."
            ) from error
        return folder

    @classmethod
    def existing(cls, name: str, output_dir: str, variable: str = "drift_run", what: str = "run") -> RunFolder:
        """Return the folder of what took place: its path, or its id below ``output_dir``. Raises StoreError.

        ``variable`` gave the name, and ``what`` is looked for.
        """
        for path in (name, os.path.join(output_dir, name)):
            if os.path.isfile(os.path.join(path, "run.json")):
                return cls(os.path.realpath(path))
        raise StoreError(f"{variable}: there is no {what} {name!r}, neither as a folder nor below {output_dir}")

    @property
    def id(self) -> str:
        return os.path.basename(self.path)

    def join(self, *parts: str) -> str:
        return os.path.join(self.path, *parts)

    def write_bytes(self, name: str, content: bytes, durable: bool = False) -> None:
        """Write a file of the folder whole or not at all, mode 0600; ``durable``: so that a power cut leaves it. Raises
        StoreError.
        """
        path = self.join(name)
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            write_private(path, content, durable)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}") from error

    def write(self, name: str, content: t.Any, durable: bool = False) -> None:
        self.write_bytes(name, canonical(content), durable)

    def read(self, name: str) -> t.Any:
        """Return a JSON file of the folder. Raises FileNotFoundError, or StoreError when it is damaged."""
        path = self.join(name)
        with open(path, encoding="utf-8") as file:
            try:
                return json.load(file)
            except ValueError as error:
                raise StoreError(f"{path} is damaged: {error}") from error

    def complete(self) -> bool:
        return not os.path.exists(self.join(INCOMPLETE))

    def files(self) -> Iterator[str]:
        """Yield the names of everything that belongs to the run's result, sorted."""
        found = []
        for folder, _folders, names in os.walk(self.path):
            inside = os.path.relpath(folder, self.path)
            if inside.split(os.sep)[0] != PRIVATE:
                found += [os.path.normpath(os.path.join(inside, name)) for name in names]
        yield from sorted(name for name in found if name not in (INCOMPLETE, MANIFEST))

    def seal(self) -> None:
        """Forget what was secret, write the checksums, and take the mark away."""
        self.forget()
        self.sign()
        os.unlink(self.join(INCOMPLETE))

    def forget(self) -> None:
        """Remove the run's key, and all that it was for."""
        shutil.rmtree(self.join(PRIVATE))

    def sign(self) -> None:
        """Write the checksums of everything that belongs to the result."""
        lines = [f"{self.checksum(name)}  {name}\n" for name in self.files()]
        self.write_bytes(MANIFEST, "".join(lines).encode("utf-8"))

    def checksum(self, name: str) -> str:
        with open(self.join(name), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def size(self, name: str) -> int:
        """Return the bytes of a file of the folder."""
        return os.stat(self.join(name)).st_size

    def verify(self, but: t.Collection[str] = ()) -> dict[str, str]:
        """Check every file, ``but`` the named ones, against the checksums, and return these by name. Raises StoreError,
        naming the first file that is not what was written, or that the run did not write.
        """
        if not self.complete():
            raise StoreError(f"{self.path} is incomplete: its file {INCOMPLETE} says why")
        try:
            with open(self.join(MANIFEST), encoding="utf-8") as file:
                checksums = {name: checksum for checksum, name in (line.rstrip("\n").split("  ", 1) for line in file)}
        except FileNotFoundError:
            raise StoreError(f"{self.path} is incomplete: it has no {MANIFEST}") from None
        except ValueError as error:
            raise StoreError(f"{self.join(MANIFEST)} is damaged: {error}") from error
        for name in sorted((checksums.keys() | set(self.files())) - set(but)):
            if name not in checksums or not os.path.isfile(self.join(name)) or self.checksum(name) != checksums[name]:
                raise StoreError(f"{self.join(name)} is not what the run wrote; {MANIFEST} says otherwise")
        return checksums


def _make_output_dir(path: str) -> None:
    """Make the folder of all runs, which git leaves alone wherever it is: an audit makes no work tree dirty."""
    if not os.path.isdir(path):
        os.makedirs(path, mode=0o700, exist_ok=True)
        with open(os.path.join(path, ".gitignore"), "w", encoding="ascii") as file:
            file.write("*\n")


def point_latest(folder: RunFolder) -> None:
    """Make ``latest`` beside the run folders name this one. Raises StoreError."""
    output_dir = os.path.dirname(folder.path)
    latest = os.path.join(output_dir, "latest")
    temporary = os.path.join(output_dir, f".latest-{folder.id}")
    try:
        os.symlink(folder.id, temporary)
        os.replace(temporary, latest)
    except OSError as error:
        if os.path.islink(temporary):
            os.unlink(temporary)
        raise StoreError(f"{latest} cannot be made to name the newest run: {error.strerror}") from error


def past_runs(output_dir: str) -> list[RunFolder]:
    """Return the run folders below a directory, oldest first. Anything else there is left alone."""
    names = [name for name in os.listdir(output_dir) if _RUN_ID.match(name)] if os.path.isdir(output_dir) else []
    folders = [RunFolder(os.path.join(output_dir, name)) for name in sorted(names, key=_age)]
    return [folder for folder in folders if os.path.isfile(folder.join("run.json")) and not os.path.islink(folder.path)]


def is_run(name: str) -> bool:
    """Return whether a name is that of a run folder, of a deploy, or of the like."""
    return bool(_RUN_ID.match(name))


def _age(name: str) -> tuple[str, int]:
    return name[:16], int(name.rsplit("-", 1)[1])


def prune(
    output_dir: str, keep: int, current: RunFolder, ended: bool = False, needed: t.Collection[str] = ()
) -> list[str]:
    """Remove the oldest runs until ``keep`` are left (0 keeps all), never the current one nor the ``needed`` ones;
    return their ids.

    With ``ended`` those alone that have ended: an incomplete one is the only trace of how far something came.
    """
    if keep == 0:
        return []
    # An incomplete run of this day may still be under way.
    today = current.id[:8]
    past = [folder for folder in past_runs(output_dir) if folder.id != current.id]
    candidates = [folder for folder in past if folder.complete() or (folder.id[:8] < today and not ended)]
    surplus = candidates[: max(0, len(candidates) + 1 - keep)]
    return [folder.id for folder in surplus if folder.id not in needed and remove(folder)]


def remove(folder: RunFolder) -> bool:
    """Remove a run whole, and return whether it was this process that did: two audits can end at once."""
    doomed = os.path.join(os.path.dirname(folder.path), f".pruned-{folder.id}")
    try:
        os.rename(folder.path, doomed)
        shutil.rmtree(doomed)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"the old folder {folder.path} cannot be removed: {error.strerror}") from error
    return True
