# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of the operating system: dpkg's own record, or what rpm says. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command, paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_FOLDER = "/var/lib/dpkg"
_MAX_STATUS = 256 << 20
_WANTED = (b"Package", b"Status", b"Version", b"Architecture")
_QUERY = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\t%{ARCH}\\n"

Found = t.Dict[str, t.List[str]]
"""Versions by package name, and by ``name:architecture``."""


def dpkg(host: Host, folder: str = _FOLDER) -> tuple[Found, dict[str, str]]:
    """Return what dpkg has installed, and in what state (``half-configured``) what it has not finished is.

    Raises Unseen when the record cannot be read, or when dpkg is at work.
    """
    try:
        os.stat(folder)
    except FileNotFoundError:
        raise Unseen(f"this host has no {folder}: it has no dpkg") from None
    except OSError as error:
        raise Unseen(f"{folder} cannot be looked at: {explain(error)}") from None
    root_fd = paths.open_root(folder)
    try:
        if any(name.isdigit() for name in paths.names_in(f"{folder}/updates")):
            raise Unseen("dpkg is at work, or was interrupted: its record is not complete")
        fd = paths.open_file(root_fd, "status")
        try:
            content = paths.read_fd(fd, _MAX_STATUS)
        finally:
            os.close(fd)
    except OSError as error:
        raise Unseen(f"{folder} cannot be read: {explain(error)}") from None
    finally:
        os.close(root_fd)
    host.check_time()
    found, unfinished = parse_status(content)
    if not found and not unfinished:
        raise Unseen("dpkg's record names no package that is installed: this host's packages are not kept by it")
    return found, unfinished


def parse_status(content: bytes) -> tuple[Found, dict[str, str]]:
    """Return the versions in a file of dpkg's format that are installed, and the state of what is neither installed nor
    removed.
    """
    found: Found = {}
    unfinished: dict[str, str] = {}
    for stanza in content.split(b"\n\n"):
        fields = _fields(stanza)
        # The want (install, hold, deinstall) says what is to come; the last word says what is.
        words = fields.get(b"Status", b"").split()
        if len(words) != 3 or b"Package" not in fields or words[2] in (b"not-installed", b"config-files"):
            continue
        name, version, architecture = (show(fields.get(key, b"")) for key in (b"Package", b"Version", b"Architecture"))
        if words[1:] == [b"ok", b"installed"]:
            _add(found, name, version, architecture)
        else:
            unfinished[name] = show(b" ".join(words[1:]) if words[1] != b"ok" else words[2])
    return {name: sorted(versions) for name, versions in found.items()}, unfinished


def _fields(stanza: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for line in stanza.split(b"\n"):
        key, colon, value = line.partition(b":")
        if colon and key in _WANTED:
            fields[key] = value.strip()
    return fields


def rpm(host: Host) -> tuple[Found, dict[str, str]]:
    """Return what rpm has installed. Raises Unseen when there is no rpm or it does not answer."""
    program = command.find("rpm")
    if program is None:
        raise Unseen("this host has no rpm")
    found: Found = {}
    for line in command.run([program, "-qa", "--qf", _QUERY], host).split(b"\n"):
        if line:
            name, version, architecture = (show(part) for part in (line + b"\t\t").split(b"\t")[:3])
            _add(found, name, version, architecture)
    if not found:
        raise Unseen("rpm says that no package is installed: this host's packages are not kept by it")
    return {name: sorted(versions) for name, versions in found.items()}, {}


def _add(found: Found, name: str, version: str, architecture: str) -> None:
    for key in (name, f"{name}:{architecture}"):
        found.setdefault(key, []).append(version)


READERS: dict[str, t.Callable[[Host], tuple[Found, dict[str, str]]]] = {"dpkg": dpkg, "rpm": rpm}
"""What reads the packages of each kind of system."""
