# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From operations and what stands on the disk to the steps of a change. Pure. Private to the collection.

A step is what the journal holds of one operation::

    n        its number; the names beside its place are ".evenkeel-<journal id>-<n>" and the same with ".old"
    path     as in the operation; folder: its directory, "" for the root; name: its last part
    how      place       nothing stands there: the new file, link or directory gets the name
             over        the new file or link takes the place of a file or a link
             swap        a directory takes the place of a file or a link, or the other way round
             remove      a file or link is taken away
             rmdir       a directory is removed at the very end, when it is empty
             attributes  a file or directory gets other attributes
             inner       part of a new directory, and comes with it: "top" is that directory's step
             covered     part of a directory that a file or link takes the place of, and goes with it: "top" likewise
             none        it is as wanted already
             stays       a directory that is to go, and holds what is no part of the change
    old      the entry that stands there, without what belongs to its inode
    new      the entry that is wanted: type, and mode, uid, gid, xattrs, mtime_ns, where null leaves it as it comes;
             sha256 and size of a file, and from, where its content stands already; target of a link
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.attributes import same_xattrs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import Entry, stored
from ansible_collections.evenkeel.drift.plugins.module_utils.act.journal_form import IDLE
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import PREFIX, Operation, folders_of

Step = t.Dict[str, t.Any]
Owner = t.Tuple[int, int]

PREPARED = ("place", "over", "swap")
"""The steps that have a file of their own beside their place."""


def make(
    operations: t.Sequence[Operation],
    entries: t.Mapping[str, Entry],
    owner_of: t.Callable[[str], Owner],
) -> list[Step]:
    """Return the steps of the operations. ``entries`` are what stands at their paths, ``owner_of`` gives the owner of a
    directory that is there. An operation whose ``before`` does not hold makes a step that must not be taken.
    """
    tops = _tops(operations, entries)
    steps: list[Step] = []
    made: dict[str, Step] = {}
    for number, operation in enumerate(operations):
        path = operation["path"]
        old = entries[path]
        folder, _slash, name = path.rpartition("/")
        step: Step = {"n": number, "do": operation["do"], "path": path, "folder": folder, "name": name}
        step["old"] = stored(old)
        step["new"] = _wanted(operation, old)
        if step["new"].get("uid", 0) is None or step["new"].get("gid", 0) is None:
            above = made.get(folder, {}).get("new", {})
            uid, gid = (above["uid"], above["gid"]) if above.get("type") == "directory" else owner_of(folder)
            step["new"] = _or(step["new"], {"uid": uid, "gid": gid}, ("uid", "gid"))
        top = next((tops[parent] for parent in folders_of(path) if parent in tops), None)
        step["how"] = _how(step, top is not None)
        if step["how"] in ("inner", "covered"):
            step["top"] = top
        made[path] = step
        steps.append(step)
    return steps


def moves_nothing(step: Step) -> bool:
    """Return whether a step does nothing by itself."""
    return step["how"] in ("none", "stays", "inner", "covered")


def is_idle(step: Step) -> bool:
    """Return whether nothing happens at a step's path."""
    return step["how"] in IDLE


def beside(journal_id: str, number: int) -> tuple[str, str]:
    """Return the names beside a step's place: of the new file, and of the old one."""
    name = f"{PREFIX}{journal_id}-{number}"
    return name, f"{name}.old"


def as_wanted(new: t.Mapping[str, t.Any], entry: Entry) -> bool:
    """Return whether what stands somewhere is what is wanted there."""
    alike = all(new.get(key) in (None, entry.get(key)) for key in ("mode", "uid", "gid", "mtime_ns"))
    xattrs = new.get("xattrs")
    return alike and same_thing(new, entry) and (xattrs is None or same_xattrs(xattrs, entry.get("xattrs") or {}))


def same_thing(new: t.Mapping[str, t.Any], entry: t.Mapping[str, t.Any]) -> bool:
    """Return whether two entries are of one type and hold the same: whoever owns them."""
    return new["type"] == entry["type"] and all(
        new.get(key) == entry.get(key) for key in {"file": ("sha256",), "link": ("target",)}.get(new["type"], ())
    )


def _tops(operations: t.Sequence[Operation], entries: t.Mapping[str, Entry]) -> dict[str, int]:
    """Return the outermost directories that come or go whole, with the number of their operation."""
    found: dict[str, int] = {}
    for number, operation in enumerate(operations):
        path = operation["path"]
        is_directory = entries[path]["type"] == "directory"
        comes = operation["do"] == "directory" and not is_directory
        goes = operation["do"] in ("write", "link") and is_directory
        if (comes or goes) and not any(parent in found for parent in folders_of(path)):
            found[path] = number
    return found


def _how(step: Step, within: bool) -> str:
    """Return how a step is done; ``within`` says that a directory above it comes or goes whole."""
    old, new = step["old"]["type"], step["new"]["type"]
    if as_wanted(step["new"], step["old"]):
        return "none"
    if within:
        return "covered" if new == "absent" else "inner"
    if new == "absent":
        return "rmdir" if old == "directory" else "remove"
    if old == "absent":
        return "place"
    if (old == "directory") != (new == "directory"):
        return "swap"
    if new == "directory" or (new == "file" and same_thing(step["new"], step["old"])):
        return "attributes"
    return "over"


def _wanted(operation: Operation, old: Entry) -> Entry:
    """Return the entry that an operation wants; an owner that neither it nor the old file tells is null."""
    do = operation["do"]
    if do in ("remove", "remove_directory"):
        return {"type": "absent"}
    given = {key: operation.get(key) for key in ("uid", "gid")}
    if old["type"] != "absent":
        given = _or(given, old, ("uid", "gid"))
    if do == "link":
        return {"type": "link", "target": operation["target"], **given}
    given.update({key: operation.get(key) for key in ("mode", "xattrs", "mtime_ns")})
    if do == "attributes":
        kind = operation["before"]["type"]
        kept = {key: old.get(key) for key in ("sha256", "size")} if kind == "file" else {}
        return {"type": kind, **kept, **_or(given, old, ("mode",))}
    kind = "file" if do == "write" else "directory"
    if old["type"] == kind:
        given = _or(given, old, ("mode", "xattrs"))
    given["mode"] = given["mode"] or ("0644" if kind == "file" else "0755")
    wanted: Entry = {key: operation[key] for key in ("sha256", "size", "from") if key in operation}
    content = wanted if kind == "file" else {}
    return {"type": kind, **content, **given}


def _or(given: t.Mapping[str, t.Any], else_: t.Mapping[str, t.Any], keys: t.Iterable[str]) -> Entry:
    """Return what is given, and where that is null, what stands in ``else_``."""
    return {**given, **{key: else_.get(key) for key in keys if given.get(key) is None}}
