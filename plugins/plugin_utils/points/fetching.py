# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches a restore point that its host has encrypted, and keeps it on the control node. Private to the collection.

The host is believed in nothing: names are ours, sizes and digests are held against what comes, and what is not whole
is not kept. That only the owner of the certificate can read it is the host's work, before anything leaves it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import shlex
import shutil
import tempfile
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.manifest import ID
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import safe_name

_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n")
_MAX_CERTIFICATE = 1 << 20
_BLOCK = 16 << 20
_MAX_PARTS, _MAX_PART = 99_999, 1 << 30
_MARGIN = 64 << 20
_INCOMING = ".incoming-"
_DAY_S = 86400

Json = dict[str, t.Any]


class FetchError(Exception):
    """A point could not be fetched, for the reason given; nothing of it is kept."""


def certificate(path: str) -> str:
    """Return the first certificate of a file, and nothing else of it: a key that lies beside it stays here. Raises
    FetchError.
    """
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            found = _CERTIFICATE.search(file.read(_MAX_CERTIFICATE).replace("\r\n", "\n"))
    except OSError as error:
        raise FetchError(f"the certificate {path} cannot be read: {error.strerror}") from error
    if found is None:
        raise FetchError(f"{path} holds no certificate in PEM, -----BEGIN CERTIFICATE-----")
    return found[0]


def folder_of(to: str, host: str, application: str) -> str:
    """Return where the points of an application of a host are kept."""
    return os.path.join(to, safe_name(host), safe_name(application))


def fetch(sealed: t.Any, point: str, ask: t.Callable[[str], str], folder: str, keep: int) -> Json:
    """Fetch the parts of a point into a folder of its own, and remove those that are older than is kept.

    ``sealed`` is what the host told (``act/points/sealing.py``), ``ask`` runs a shell command there and returns what it
    wrote. Returns ``{path, bytes, parts, removed, seconds}``. Raises FetchError.
    """
    begun = time.monotonic()
    there, parts = _checked(sealed, point)
    size = sum(part["size"] for part in parts)
    path = os.path.join(folder, point)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if size + _MARGIN > free:
            raise FetchError(f"{folder} has {free >> 20} MiB free, and {(size + _MARGIN) >> 20} are needed")
        _sweep(folder)
        incoming = tempfile.mkdtemp(prefix=_INCOMING, dir=folder)
        try:
            for part in parts:
                _receive(part, f"{there}/{part['name']}", ask, incoming)
            sums = "".join(f"{part['sha256']}  {part['name']}\n" for part in parts)
            _write(os.path.join(incoming, "SHA256SUMS"), [sums.encode("ascii")])
            _sync(incoming)
            os.rename(incoming, path)
            _sync(folder)
        finally:
            # Half a point does not stay, also when the operator interrupts it. What cannot be removed must not hide why
            # that failed; the next one sweeps it.
            shutil.rmtree(incoming, ignore_errors=True)
        removed = _prune(folder, keep)
    except OSError as error:
        raise FetchError(f"{error.filename or folder}: {error.strerror or error}") from error
    seconds = round(time.monotonic() - begun, 3)
    return {"path": path, "bytes": size, "parts": len(parts), "removed": removed, "seconds": seconds}


def cleared(sealed: t.Any, point: str, ask: t.Callable[[str], str]) -> list[str]:
    """Remove from the host what was to be fetched; return a note when that cannot be done."""
    try:
        there = shlex.quote(_checked(sealed, point)[0])
        ask(f"cd {there} && rm -f -- *.cms recipient.pem && rmdir -- {there}")
    except FetchError as error:
        return [f"its encrypted copy stays on the host, and a backup an hour later removes it: {error}"]
    return []


def _checked(sealed: t.Any, point: str) -> tuple[str, list[Json]]:
    """Return the folder on the host and the parts, when they can be what a host tells. Raises FetchError."""
    try:
        there, parts = sealed["folder"], sealed["parts"]
        right = (
            ID.fullmatch(point) is not None
            and isinstance(there, str)
            and re.fullmatch(rf"/[^\0\n]*/outgoing/{re.escape(point)}", there) is not None
            and "/../" not in there
            and 0 < len(parts) <= _MAX_PARTS
            and all(_is_part(part, f"{number:05d}.cms") for number, part in enumerate(parts))
        )
    except (TypeError, KeyError):
        right = False
    if not right:
        raise FetchError("what the host told of the encrypted point is not what it must be")
    return there, parts


def _is_part(part: Json, name: str) -> bool:
    size, sha256 = part["size"], part["sha256"]
    return (
        part["name"] == name
        and isinstance(size, int)
        and not isinstance(size, bool)
        and 0 < size <= _MAX_PART
        and re.fullmatch("[0-9a-f]{64}", str(sha256)) is not None
    )


def _receive(part: Json, there: str, ask: t.Callable[[str], str], incoming: str) -> None:
    digest = hashlib.sha256()

    def blocks() -> t.Iterator[bytes]:
        left = part["size"]
        for number in range(-(-part["size"] // _BLOCK)):
            # While its folder is fresh no other backup takes it for left over.
            words = f"touch -c -- {shlex.quote(os.path.dirname(there))}; "
            words += f"dd if={shlex.quote(there)} bs={_BLOCK} skip={number} count=1 2>/dev/null | openssl base64"
            try:
                block = base64.b64decode("".join(ask(words).split()), validate=True)
            except (binascii.Error, ValueError):
                raise FetchError(f"{part['name']} did not come as it was sent") from None
            if len(block) != min(_BLOCK, left):
                raise FetchError(f"of {part['name']} came {len(block)} bytes where {min(_BLOCK, left)} were due")
            left -= len(block)
            digest.update(block)
            yield block

    _write(os.path.join(incoming, part["name"]), blocks())
    if digest.hexdigest() != part["sha256"]:
        raise FetchError(f"{part['name']} is not what the host wrote")


def _write(path: str, blocks: t.Iterable[bytes]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _sweep(folder: str) -> None:
    """Remove what a control node that was stopped left a day ago or earlier."""
    for one in os.scandir(folder):
        if one.name.startswith(_INCOMING) and one.stat(follow_symlinks=False).st_mtime < time.time() - _DAY_S:
            shutil.rmtree(one.path)


def _prune(folder: str, keep: int) -> list[str]:
    """Remove all but the newest points of a folder, and return their ids."""
    old = sorted((name for name in os.listdir(folder) if ID.fullmatch(name)), reverse=True)[keep:]
    for name in old:
        shutil.rmtree(os.path.join(folder, name))
    return sorted(old)
