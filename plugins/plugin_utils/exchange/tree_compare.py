# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins a host's tree with its reference, directory by directory. Private to the collection.

Pure: it neither judges nor reads. Equal directories are counted, never opened; entries are parsed only of those that
differ.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.shown import shown_entry
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import Compared
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories, Directory, WireEntry

Entry = dict[str, t.Any]

_SAMPLE = 200
LISTED = 2_000
"""Of a directory that only the host has, so many files are listed with their contents' digests; of a whole tree
``_LISTED_IN_ALL``."""
_LISTED_IN_ALL = 5_000
# The value of a reference entry whose content a filter would have made: not comparable.
FILTERED = "filtered:"


@dataclasses.dataclass
class Comparison:
    """What differs between a host's tree and its reference; lists sorted by path, shapes in docs/design.md."""

    equal: int = 0
    differences: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    groups: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    unknown: list[dict[str, str]] = dataclasses.field(default_factory=list)
    unknown_files: int = 0


def by_name(directory: Directory | None) -> dict[str, WireEntry]:
    """Return the parsed entries of a directory by name; none for a directory that is not there."""
    entries = None if directory is None else directory.parsed()
    return {fields[0]: fields for fields in entries or ()}


class _Comparer:
    def __init__(
        self,
        host: Directories,
        reference: Directories,
        unseen: t.Mapping[str, str],
        incomplete: str,
        compared: Compared,
        unlisted: int,
    ) -> None:
        self._host = host
        self._reference = reference
        self._unseen = unseen
        self._incomplete = incomplete
        self._compared = compared
        self._unlisted = unlisted
        self._host_parents = _with_parents(host)
        self._reference_parents = _with_parents(reference)
        self._grouped: dict[tuple[str, str], list[Directory]] = {}
        self.result = Comparison()

    def run(self) -> Comparison:
        for path in sorted({d.path for d in self._host} | {d.path for d in self._reference}):
            ours, theirs = self._host.get(path), self._reference.get(path)
            if ours is not None and theirs is not None and ours.digest == theirs.digest:
                self.result.equal += theirs.files
            elif ours is None and theirs is not None:
                self._only_reference(theirs)
            elif theirs is None and ours is not None:
                self._only_host(ours)
            elif ours is not None and theirs is not None:
                self._entries(path, ours, theirs)
        self._emit_groups()
        self.result.unknown += [{"path": path, "reason": reason} for path, reason in sorted(self._unseen.items())]
        self.result.differences.sort(key=lambda difference: str(difference["path"]))
        return self.result

    def _hidden(self, path: str) -> bool:
        """Return whether a path lies in, or is, something that could not be seen."""
        if path in self._unseen or "" in self._unseen:
            return True
        end = path.find("/")
        while end != -1:
            # Without the slash: something of which not even the type could be told.
            if path[: end + 1] in self._unseen or path[:end] in self._unseen:
                return True
            end = path.find("/", end + 1)
        return False

    def _only_reference(self, theirs: Directory) -> None:
        if self._incomplete or self._unlisted or self._hidden(theirs.path):
            self.result.unknown_files += theirs.files
        else:
            self._group(theirs, "reference", self._host_parents)

    def _only_host(self, ours: Directory) -> None:
        self._group(ours, "host", self._reference_parents)

    def _group(self, directory: Directory, side: str, other: frozenset[str]) -> None:
        top = _topmost_absent(directory.path, other)
        if top is None:
            # The other side has the directory, with nothing but directories in it: these files stand for themselves.
            self._singles(directory, side)
        else:
            self._grouped.setdefault((top, side), []).append(directory)

    def _emit_groups(self) -> None:
        room = _LISTED_IN_ALL
        for (path, side), directories in sorted(self._grouped.items()):
            files = sum(directory.files for directory in directories)
            if not files and self._compared.exec_only:
                # Against git a directory is its files; of this one none could be read.
                continue
            if files == 1 and len(directories) == 1 and directories[0].entries is not None:
                self._singles(directories[0], side)
                continue
            sample: list[str] = []
            for directory in directories:
                if len(sample) < _SAMPLE:
                    sample += [join(directory.path, name) for name in by_name(directory)]
            group: dict[str, t.Any] = {
                "path": path,
                "side": side,
                "files": files,
                "directories": len(directories),
                "sample": sample[:_SAMPLE],
            }
            if side == "host" and files <= min(LISTED, room) and all(one.entries is not None for one in directories):
                room -= files
                group["entries"] = [
                    {"path": join(directory.path, name), "entry": shown_entry(fields)}
                    for directory in directories
                    for name, fields in sorted(by_name(directory).items())
                ]
            self.result.groups.append(group)

    def _singles(self, directory: Directory, side: str) -> None:
        for name, fields in sorted(by_name(directory).items()):
            path = join(directory.path, name)
            if self._hidden(path) or (side == "reference" and self._unlisted):
                self.result.unknown_files += 1
            else:
                self._difference(path, fields if side == "host" else None, fields if side == "reference" else None)

    def _entries(self, path: str, ours: Directory, theirs: Directory) -> None:
        mine, wanted = by_name(ours), by_name(theirs)
        if ours.own != theirs.own:
            self.result.differences.append(_directory_difference(path, ours.own, theirs.own))
        for name in sorted(mine.keys() | wanted.keys()):
            self._entry(join(path, name), mine.get(name), wanted.get(name))

    def _entry(self, path: str, ours: WireEntry | None, theirs: WireEntry | None) -> None:
        if self._hidden(path) or (ours is None and self._unlisted):
            self.result.unknown_files += 1
            return
        if ours is not None and theirs is not None and is_filtered(theirs):
            self.result.unknown_files += 1
            reason = f"content passes the git filter {theirs[3][len(FILTERED) :]!r}, which an audit does not run"
            self.result.unknown.append({"path": path, "reason": reason})
            return
        if ours is not None and theirs is not None and self._same(ours, theirs):
            self.result.equal += 1
            return
        self._difference(path, ours, theirs)

    def _same(self, ours: WireEntry, theirs: WireEntry) -> bool:
        return digest.wire_line(b"", ours, self._compared) == digest.wire_line(b"", theirs, self._compared)

    def _difference(self, path: str, ours: WireEntry | None, theirs: WireEntry | None) -> None:
        self.result.differences.append(
            {
                "path": path,
                "host": None if ours is None else shown_entry(ours),
                "reference": None if theirs is None else shown_entry(theirs),
                "aspects": aspects(ours, theirs, self._compared),
                "diff": None,
                "secret": digest.KEYED in (ours and ours[3], theirs and theirs[3]),
            }
        )


def aspects(ours: WireEntry | None, theirs: WireEntry | None, compared: Compared) -> list[str]:
    """Return in which respects two entries differ."""
    if ours is None or theirs is None:
        return ["presence"]
    if ours[1] != theirs[1]:
        return ["type"]
    content = {digest.LINK: "target", digest.SUBMODULE: "commit"}.get(ours[1], "content")
    found = [content] if ours[3] != theirs[3] else []
    if _mode(ours, compared) != _mode(theirs, compared):
        found.append("mode")
    if compared.owner and ours[6:8] != theirs[6:8]:
        found.append("owner")
    if compared.mtime and ours[1] == digest.FILE and ours[5] != theirs[5]:
        found.append("mtime")
    return found


def _mode(fields: WireEntry, compared: Compared) -> str:
    if compared.exec_only:
        return digest.shown_mode(int(fields[2], 8), True) if fields[1] == digest.FILE else ""
    return str(fields[2])


def is_filtered(fields: WireEntry) -> bool:
    """Return whether a reference entry is of a file whose content a git filter would have made."""
    return fields[1] == digest.FILE and str(fields[3]).startswith(FILTERED)


def _directory_difference(path: str, ours: str, theirs: str) -> dict[str, t.Any]:
    def entry(own: str) -> Entry:
        mode, _space, owners = own.partition(" ")
        owner, _colon, group = owners.partition(":")
        shown: Entry = {"type": "directory", "mode": f"{int(mode, 8):04o}"}
        return {**shown, "owner": owner, "group": group} if owners else shown

    host, reference = entry(ours), entry(theirs)
    found = [name for name in ("mode", "owner") if host.get(name) != reference.get(name)]
    return {
        "path": path or "./",
        "host": host,
        "reference": reference,
        "aspects": found or ["owner"],
        "diff": None,
        "secret": False,
    }


def join(directory: str, name: str) -> str:
    """Return the path of an entry; the entry of a nested repository has no name of its own."""
    return directory + name if name else directory.rstrip("/")


def _with_parents(directories: Directories) -> frozenset[str]:
    found = set()
    for directory in directories:
        path = directory.path
        while path not in found:
            found.add(path)
            path = path[: path.rstrip("/").rfind("/") + 1]
    return frozenset(found)


def _topmost_absent(path: str, other: frozenset[str]) -> str | None:
    """Return the highest directory on the way to ``path`` that the other side lacks, or None when it has them all."""
    if path in other or not path:
        return None
    end = path.find("/")
    while path[: end + 1] in other:
        end = path.find("/", end + 1)
    return path[: end + 1]


def compare(
    host: Directories,
    reference: Directories,
    unseen: t.Mapping[str, str],
    incomplete: str,
    compared: Compared,
    unlisted: int = 0,
) -> Comparison:
    """Return what differs between a host's tree and its reference.

    ``unseen`` maps paths that could not be read to the reason; ``incomplete`` is empty, or says why not everything was
    reached: then the directories that the host did not show are unknown, not missing. ``unlisted`` is the number of
    paths that could not be read and are not in ``unseen``: with any, nothing at all is known to be missing.
    """
    return _Comparer(host, reference, unseen, incomplete, compared, unlisted).run()
