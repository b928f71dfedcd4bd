# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control node's memory between runs: what can always be made again. Private to the collection.

Nothing here is trusted: a file that does not match its own checksum is dropped and made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import (
    CorruptStore,
    Directories,
    write_private,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError


def default_folder(environ: t.Mapping[str, str]) -> str:
    """Return where the cache lies: ``$XDG_CACHE_HOME/evenkeel-drift``, by default below ``~/.cache``."""
    base = environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "evenkeel-drift")


def key_of(*parts: t.Any) -> str:
    """Return a short file name for anything that JSON can spell."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8")).hexdigest()[:24]


class Cache:
    """Files below one private folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, kind: str, name: str) -> str:
        """Return the path of a file, making its folder. Raises StoreError when that cannot be made."""
        folder = os.path.join(self.folder, kind)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the cache folder {folder} cannot be made: {error.strerror}") from error
        return os.path.join(folder, name)

    def directories(self, kind: str, name: str) -> Directories | None:
        """Return stored directories, or None when there are none that can be trusted. Raises StoreError."""
        path = self.path(kind, name)
        try:
            return Directories.load(path)
        except (FileNotFoundError, CorruptStore):
            return None
        except OSError as error:
            raise _unusable(path, error) from error

    def keep_directories(self, kind: str, name: str, directories: Directories) -> None:
        """Store directories. Raises StoreError."""
        path = self.path(kind, name)
        try:
            directories.save(path)
        except OSError as error:
            raise _unusable(path, error) from error

    def remembered(self, kind: str, name: str, make: t.Callable[[], t.Any]) -> t.Any:
        """Return the JSON value stored under a name, or make and store it. Raises StoreError."""
        path = self.path(kind, name)
        checksum, _newline, content = _content(path).partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode("ascii") == checksum:
            return json.loads(content)
        value = make()
        content = json.dumps(value, sort_keys=True).encode("ascii")
        try:
            write_private(path, hashlib.sha256(content).hexdigest().encode("ascii") + b"\n" + content)
        except OSError as error:
            raise _unusable(path, error) from error
        return value


def _content(path: str) -> bytes:
    """Return the content of a file, nothing for one that is not there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: str, error: OSError) -> StoreError:
    return StoreError(f"the cache file {path} cannot be used: {error.strerror}")
