# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations of a change, and whether a list of them makes sense. Private to the collection.

Every operation is a dictionary with ``do``, ``path`` (relative to the root, as ``text.show`` spells it) and ``before``,
what its maker saw there. The other keys by ``do``::

    write             sha256, size, and mode, uid, gid, xattrs (null or missing: what the old file has; a new file is
                      0644 and belongs to the owner of its directory), mtime_ns (null: the time of the change); from, a
                      path below the root that has this content, where it is not among the contents that were sent
    link              target, and uid, gid
    directory         mode, uid, gid, xattrs, mtime_ns: makes it, or gives one that is there these attributes
    attributes        mode, uid, gid, xattrs, mtime_ns of a file or a directory; null: as they are
    remove            a file or a link
    remove_directory  once it is empty; else it is left, and told

``before`` is ``{"type": "absent"}``, ``{"type": "link", "target"}``, ``{"type": "directory"}``, or ``{"type": "file"}``
with ``sha256`` and ``mode``, or with ``secret: true`` and ``mode`` where the content is not to be known. Other keys of
an entry (``size``, ``uid``, ``gid``, ``mtime_ns``, ``xattrs``) are compared where they are given.

A ``write`` or ``link`` where a directory stands (``before`` says so) takes its place; what the directory holds is
removed by operations before it. A ``directory`` where a file or a link stands takes its place likewise.
"""

from __future__ import annotations

import base64
import binascii
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import Entry, parts_of
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

Operation = t.Dict[str, t.Any]

PREFIX = ".evenkeel-"
"""How the names begin under which a change prepares its files beside their places."""
MAX_OPERATIONS = 200_000
_ATTRIBUTES = ("mode", "uid", "gid", "xattrs", "mtime_ns")
_KEYS: t.Mapping[str, tuple[str, ...]] = {
    "write": ("sha256", "size", "from", *_ATTRIBUTES),
    "link": ("target", "uid", "gid"),
    "directory": _ATTRIBUTES,
    "attributes": _ATTRIBUTES,
    "remove": (),
    "remove_directory": (),
}
_BEFORE: t.Mapping[str, tuple[str, ...]] = {
    "absent": (),
    "link": ("target", "uid", "gid"),
    "directory": _ATTRIBUTES,
    "file": ("sha256", "size", "secret", *_ATTRIBUTES),
}
_EXPECTED = {
    "attributes": ("file", "directory"),
    "remove": ("file", "link"),
    "remove_directory": ("directory",),
}
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_MODE = re.compile(r"[0-7]{4}\Z")


class BadOperations(ValueError):
    """An operation that makes no sense; the message names the place."""


def checked(operations: t.Any) -> list[Operation]:
    """Return the operations when all of them make sense together. Raises BadOperations with a message that names the
    first that does not.
    """
    if not isinstance(operations, list):
        raise BadOperations(f"operations: expected a list, found {type(operations).__name__}")
    if len(operations) > MAX_OPERATIONS:
        raise BadOperations(f"operations: {len(operations)} are more than {MAX_OPERATIONS}")
    kinds: dict[str, str] = {}
    for number, operation in enumerate(operations):
        place = f"operations[{number}]"
        _check(place, operation)
        path = operation["path"]
        if path in kinds:
            raise BadOperations(f"{place}.path: {path!r} has an operation already: one for each path")
        _check_parents(place, operation, kinds)
        kinds[path] = _after(operation)
    return list(operations)


def _check(place: str, operation: t.Any) -> None:
    if not isinstance(operation, dict):
        raise BadOperations(f"{place}: expected a dictionary, found {type(operation).__name__}")
    do = str(operation.get("do"))
    if do not in _KEYS:
        raise BadOperations(f"{place}.do: {do!r} is none of {', '.join(sorted(_KEYS))}")
    unknown = sorted(set(operation) - {"do", "path", "before", *_KEYS[do]}, key=str)
    if unknown:
        raise BadOperations(f"{place}: {do} has no {unknown[0]!r}")
    _check_path(f"{place}.path", operation.get("path"))
    _check_values(place, operation)
    if do == "write" and (operation.get("sha256") is None or operation.get("size") is None):
        raise BadOperations(f"{place}: a write needs the sha256 and the size of the content")
    if do == "link" and operation.get("target") is None:
        raise BadOperations(f"{place}: a link needs its target")
    if operation.get("from") is not None:
        _check_path(f"{place}.from", operation["from"])
    _check_before(place, do, operation.get("before"))


def _check_path(place: str, path: t.Any) -> None:
    if not isinstance(path, str):
        raise BadOperations(f"{place}: expected text, found {type(path).__name__}")
    try:
        parts = parts_of(path)
    except ValueError as error:
        raise BadOperations(f"{place}: {error}") from None
    if any(part.startswith(PREFIX.encode("ascii")) for part in parts):
        raise BadOperations(f"{place}: {path!r}: names that begin with {PREFIX} belong to changes in progress")


def _check_values(place: str, values: t.Mapping[str, t.Any]) -> None:
    for key, value in values.items():
        reason = _wrong(key, value) if value is not None else ""
        if reason:
            raise BadOperations(f"{place}.{key}: {reason}, found {value!r}")


def _wrong(key: str, value: t.Any) -> str:
    """Return what a value should be, "" when it is that."""
    if key in ("uid", "gid", "size", "mtime_ns"):
        # A negative time is before 1970; a negative id would mean "leave it" to the kernel.
        whole = isinstance(value, int) and not isinstance(value, bool) and (key == "mtime_ns" or value >= 0)
        return "" if whole else "expected a whole number"
    if key == "mode":
        return "" if isinstance(value, str) and _MODE.match(value) else 'expected four octal digits in quotes ("0644")'
    if key == "sha256":
        return "" if isinstance(value, str) and _SHA256.match(value) else "expected 64 hexadecimal digits"
    if key == "target":
        return "" if _is_target(value) else "expected the target of a link"
    if key == "xattrs":
        return "" if _are_xattrs(value) else "expected base64 text by name"
    return ""


def _is_target(value: t.Any) -> bool:
    try:
        return isinstance(value, str) and value != "" and b"\0" not in raw(value)
    except ValueError:
        return False


def _are_xattrs(value: t.Any) -> bool:
    if not isinstance(value, dict):
        return False
    try:
        return all(
            "\0" not in name and isinstance(text, str) and base64.b64decode(text, validate=True) is not None
            for name, text in value.items()
        )
    except (TypeError, binascii.Error, ValueError):
        return False


def _check_before(place: str, do: str, before: t.Any) -> None:
    kind = str(before.get("type")) if isinstance(before, dict) else ""
    if kind not in _BEFORE:
        raise BadOperations(f"{place}.before: expected a dictionary with a type, one of {', '.join(sorted(_BEFORE))}")
    place = f"{place}.before"
    unknown = sorted(set(before) - {"type", *_BEFORE[kind]}, key=str)
    if unknown:
        raise BadOperations(f"{place}: the type {kind} has no {unknown[0]!r}")
    _check_values(place, before)
    if kind == "link" and before.get("target") is None:
        raise BadOperations(f"{place}: a link is known by its target")
    if kind == "file" and before.get("secret") is not True and before.get("sha256") is None:
        raise BadOperations(f"{place}: a file is known by its sha256, or is marked secret: true")
    if kind not in _EXPECTED.get(do, (kind,)):
        raise BadOperations(f"{place}.type: {do} needs {' or '.join(_EXPECTED[do])}, found {kind}")


def _after(operation: Operation) -> str:
    """Return what is to stand at the path afterwards."""
    do = operation["do"]
    if do == "attributes":
        return str(operation["before"]["type"])
    return {"write": "file", "link": "link", "directory": "directory"}.get(do, "absent")


def _check_parents(place: str, operation: Operation, kinds: t.Mapping[str, str]) -> None:
    """Refuse what comes after its folder is gone, or before its folder is there."""
    path = operation["path"]
    for parent in folders_of(path):
        kind = kinds.get(parent, "directory")
        if kind != "directory":
            raise BadOperations(
                f"{place}.path: {path!r} comes after {parent!r}, which is to be {kind}: "
                "the removals below a directory come before its own"
            )


def folders_of(path: str) -> list[str]:
    """Return the folders of a path from the outermost: ``a/b/c`` is in ``a`` and ``a/b``."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def differs(before: t.Mapping[str, t.Any], found: Entry) -> bool:
    """Return whether what is found at a path is not what the maker of an operation saw."""
    return any(found.get(key) != value for key, value in before.items() if value is not None and key not in ("secret",))
