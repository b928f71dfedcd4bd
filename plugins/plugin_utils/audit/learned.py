# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts know to be secrets, and what is none: digests under the run's key, in the private part of the run folder.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import PRIVATE, RunFolder, safe_name


def keep_learned(folder: RunFolder, host: str, digests: t.Iterable[str]) -> None:
    """Note the digests of the secrets that a host has read."""
    folder.write(_place(host, "learned"), sorted(digests))


def keep_public(folder: RunFolder, host: str, digests: t.Iterable[str]) -> None:
    """Note the digests of what is no secret by a host's contract: the names in it, and what it calls public."""
    folder.write(_place(host, "public"), sorted(digests))


def learned(folder: RunFolder, host: str) -> set[str]:
    """Return the digests of the secrets that a host has read; none of one that was not observed."""
    return _read(folder, host, "learned") - public(folder)


def all_learned(folder: RunFolder) -> set[str]:
    """Return the digests of the secrets that the hosts of a run have read."""
    return set().union(*(_read(folder, host, "learned") for host in _hosts(folder))) - public(folder)


def public(folder: RunFolder) -> set[str]:
    """Return the digests of what is no secret. What one host's contract names, another host may hold under any name."""
    return set().union(*(_read(folder, host, "public") for host in _hosts(folder)))


def _hosts(folder: RunFolder) -> list[str]:
    hosts: list[str] = folder.read("run.json")["hosts"]
    return hosts


def _read(folder: RunFolder, host: str, name: str) -> set[str]:
    try:
        return set(folder.read(_place(host, name)))
    except FileNotFoundError:
        return set()


def _place(host: str, name: str) -> str:
    return f"{PRIVATE}/{safe_name(host)}/{name}"
