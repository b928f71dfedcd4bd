# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who changed a path, told from its state on the host, in the reference and in the base commit.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

Entry = t.Mapping[str, t.Any]
Identity = t.Tuple[t.Any, ...]


class Cause(t.NamedTuple):
    """A cause (None when it cannot be told) and the direction of the difference."""

    cause: str | None
    direction: str


NOT_KNOWN = Cause(None, "none")


def executable(entry: Entry) -> bool | None:
    """Return whether a file's owner may execute it, None when its mode was not seen."""
    mode = entry.get("mode")
    return None if mode is None else bool(int(mode, 8) & 0o100)


def identity(entry: Entry) -> Identity | None:
    """Return what makes an entry the same as another, None when that was not seen (a secret-class file)."""
    kind = entry.get("type")
    if kind == "file":
        return None if entry.get("sha256") is None else (kind, entry["sha256"])
    if kind == "link":
        return None if entry.get("target") is None else (kind, entry["target"])
    if kind == "submodule":
        return None if entry.get("commit") is None else (kind, entry["commit"])
    return (kind,)


def same(one: Entry, other: Entry) -> bool | None:
    """Return whether two entries are the same thing, None when that cannot be told."""
    if one.get("type") != other.get("type"):
        return False
    mine, theirs = identity(one), identity(other)
    return None if mine is None or theirs is None else mine == theirs


def of_difference(difference: Details) -> Cause:
    """Return the cause of one difference (its shape is in docs/design.md)."""
    host, reference = difference["host"], difference["reference"]
    if host is None:
        return _missing(difference, reference)
    if reference is None:
        return _unexpected(difference, host)
    if not set(difference["aspects"]) & {"content", "type", "target", "commit"}:
        return _attributes(difference, host, reference)
    if _is_pointer(host, reference):
        return Cause("lfs_pointer", "reference_ahead")
    base = difference.get("base")
    if "base" not in difference:
        return NOT_KNOWN
    if base is None:
        return Cause("both_changed", "both")
    return _three_way(same(host, base), same(reference, base))


def of_group(side: str, base: str) -> Cause:
    """Return the cause of a whole directory that only one side has; ``base`` is ``none``, ``same`` or ``unknown``."""
    if side == "host":
        known = {"none": Cause("only_on_host", "host_ahead"), "same": Cause("behind", "reference_ahead")}
    else:
        known = {"none": Cause("never_deployed", "reference_ahead"), "same": Cause("deleted_on_host", "host_ahead")}
    return known.get(base, NOT_KNOWN)


def _three_way(host_is_base: bool | None, reference_is_base: bool | None) -> Cause:
    if host_is_base is True:
        return Cause("behind", "reference_ahead")
    if reference_is_base is True:
        return Cause("edited_on_host", "host_ahead")
    if host_is_base is False and reference_is_base is False:
        return Cause("both_changed", "both")
    return NOT_KNOWN


def _missing(difference: Details, reference: Entry) -> Cause:
    if "base" not in difference:
        return NOT_KNOWN
    base = difference["base"]
    if base is None:
        return Cause("never_deployed", "reference_ahead")
    changed_since = same(reference, base) is False
    return Cause("deleted_on_host", "both" if changed_since else "host_ahead")


def _unexpected(difference: Details, host: Entry) -> Cause:
    if "base" not in difference:
        return NOT_KNOWN
    base = difference["base"]
    if base is None:
        return Cause("only_on_host", "host_ahead")
    edited = same(host, base)
    if edited is None:
        return NOT_KNOWN
    return Cause("behind", "reference_ahead") if edited else Cause("both_changed", "both")


def _attributes(difference: Details, host: Entry, reference: Entry) -> Cause:
    """Only the mode, owner or time differs. A base from git knows the exec bit and nothing else of these."""
    if "mode" not in difference["aspects"]:
        return NOT_KNOWN
    base = difference.get("base")
    bits = [executable(entry) for entry in (host, reference, base) if entry is not None]
    if base is None or None in bits or bits[0] == bits[1]:
        return Cause("mode_changed", "none")
    return Cause("mode_changed", "reference_ahead" if bits[0] == bits[2] else "host_ahead")


def _is_pointer(host: Entry, reference: Entry) -> bool:
    """Return whether the host holds an LFS pointer where the reference holds the content."""
    return bool(host.get("lfs")) and not reference.get("lfs")
