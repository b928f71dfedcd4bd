# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a commit: made once by checking it out and observing that, then kept. Private to the collection."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git import checkout
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import CorruptStore, Directories

# Raised when a commit is checked out differently: older manifests are then made again.
_CHECKOUT_VERSION = "1"
_LOCK, _CHECKOUT = ".lock", ".checkout"


def manifest(
    repository: Repository, commit: str, cache_dir: str, observe: t.Callable[[str], Directories], key_extra: str = ""
) -> Directories:
    """Return the manifest of a commit, from the cache or newly made.

    ``observe`` turns the folder that the commit was checked out into a manifest; ``key_extra`` names whatever that
    depends on beyond the commit, such as the version of the collector. Two callers at once share one making: the second
    waits. A kept manifest that does not match its own checksum is made again. Raises ReferenceUnavailable.
    """
    key = hashlib.sha256(f"{_CHECKOUT_VERSION} {key_extra}".encode()).hexdigest()[:16]
    name = os.path.join(_private_folder(cache_dir), f"{commit}-{key}")
    try:
        kept = _kept(name)
        if kept is not None:
            return kept
        with _locked(name + _LOCK):
            kept = _kept(name)
            if kept is None:
                _sweep(cache_dir)
                kept = _make(repository, commit, name, observe)
            return kept
    except OSError as error:
        place = quoted(os.fspath(error.filename or cache_dir))
        raise ReferenceUnavailable(f"the cache of manifests cannot be used: {place}: {error.strerror}") from error


def _private_folder(path: str) -> str:
    """Make a folder of the caller alone: a manifest that others can replace would be a false reference."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        seen = os.stat(path)
        if seen.st_uid != os.geteuid():
            raise ReferenceUnavailable(f"the cache folder {quoted(path)} belongs to another user")
        if stat.S_IMODE(seen.st_mode) != 0o700:
            os.chmod(path, 0o700)
    except OSError as error:
        raise ReferenceUnavailable(f"the cache folder {quoted(path)} cannot be made: {error.strerror}") from error
    return path


def _kept(name: str) -> Directories | None:
    try:
        return Directories.load(name)
    except (FileNotFoundError, CorruptStore):
        return None


@contextlib.contextmanager
def _locked(path: str) -> t.Iterator[None]:
    fd = _open_lock(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        # Closing alone would leave the lock with any process that was forked meanwhile.
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def _open_lock(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _make(repository: Repository, commit: str, name: str, observe: t.Callable[[str], Directories]) -> Directories:
    folder = name + _CHECKOUT
    if os.path.lexists(folder):
        shutil.rmtree(folder)
    os.mkdir(folder, mode=0o700)
    try:
        checkout(repository, commit, folder)
        made = observe(folder)
        made.save(name)
    finally:
        shutil.rmtree(folder)
    return made


def _sweep(cache_dir: str) -> None:
    """Remove checkouts that a killed run left behind: those whose lock nobody holds."""
    for entry in sorted(os.listdir(cache_dir)):
        if not entry.endswith(_CHECKOUT):
            continue
        folder = os.path.join(cache_dir, entry)
        fd = _open_lock(folder[: -len(_CHECKOUT)] + _LOCK)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder)
        finally:
            os.close(fd)
