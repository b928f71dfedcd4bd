# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns each walked directory into the record that the control node needs. Private to the collection."""

from __future__ import annotations

import grp
import json
import os
import pwd
import stat
import struct
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.forbidden import Forbidden
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.newest import Newest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import STAT_BYTES, TreeSpec
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.walk import COUNTS, SHADOW, Visit, is_dir, level_of
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel

# Message kinds of a worker.
DIRECTORY, KNOWN, UNCHANGED, UNSEEN, SECRET, NEWEST, TOTALS = b"D", b"K", b"S", b"U", b"H", b"N", b"T"
KNOWN_RECORD = struct.Struct(f">I{STAT_BYTES}s")
INDEX_RECORD = struct.Struct(">I")
NO_STAT = b"\0" * STAT_BYTES

# A file written this shortly before it was looked at can be written again without its times changing (as in git's
# index).
_RACY_NS = 2 * 10**9


class Entry(t.NamedTuple):
    """A child that is no directory. On the wire: ``[name, letter, mode, value, size, mtime_ns, owner, group]``."""

    name: bytes
    seen: os.stat_result
    secret: bool


class Recorder:
    """The handler of a walk: sends a record for every directory of this worker's share."""

    def __init__(self, spec: TreeSpec, host: Host, channel: Channel) -> None:
        self._spec = spec
        self._host = host
        self._channel = channel
        self._forbidden = Forbidden(spec.forbid, spec.secret)
        self._newest = Newest(spec.newest)
        self._totals = {"directories": 0, "files": 0, "ignored": 0, "bytes": 0}
        self._owners: dict[tuple[int, int], tuple[str, str]] = {}

    def finish(self) -> None:
        """Send what is known only at the end."""
        if self._spec.newest:
            self._send(NEWEST, self._newest.result())
        found = {"forbidden": self._forbidden.hits(), "forbidden_files": self._forbidden.files()}
        self._send(TOTALS, {**self._totals, **found})

    def unseen(self, path: str, reason: str) -> None:
        self._send(UNSEEN, [show(path), reason])

    def handle(self, visit: Visit) -> None:
        self._host.check_time()
        self._forbidden.look(visit)
        if visit.level == SHADOW:
            return
        if visit.nested:
            self._nested(visit)
            return
        entries, seen_all, lines = self._children(visit)
        self._totals["directories"] += 1
        self._totals["files"] += len(entries)
        path = os.fsencode(visit.path)
        stat_digest = digest.stat_digest(path, lines)
        self._newest.look(visit.path, entries)
        self._secrets(visit, entries)
        known_stat = self._spec.stats.get(stat_digest)
        if seen_all and known_stat is not None:
            self._channel.send(UNCHANGED, INDEX_RECORD.pack(known_stat))
            return
        if entries or not seen_all or not self._spec.exec_only:
            self._record(visit, path, entries, stat_digest if seen_all else NO_STAT)

    def _send(self, kind: bytes, content: t.Any) -> None:
        self._channel.send(kind, json.dumps(content, separators=(",", ":")).encode("ascii"))

    def _children(self, visit: Visit) -> tuple[list[Entry], bool, list[bytes]]:
        """Return the children that are no directories, whether all of them could be looked at, and the lines of the
        stat digest.
        """
        entries: list[Entry] = []
        lines: list[bytes] = []
        seen_all = True
        spec = self._spec
        # Where nothing can be left out, nothing is asked about each child.
        whole = visit.level == COUNTS and not spec.exclude and not spec.ignore
        for child in visit.entries:
            # At the root it is the section git's: a directory, or the file or link of a linked work tree.
            if child.name == ".git":
                continue
            path = visit.path + child.name
            name = os.fsencode(child.name)
            directory = is_dir(child)
            if not whole and self._left_out(path, directory, visit.level):
                self._totals["ignored"] += 1
                continue
            if directory:
                lines.append(name + b"/")
                continue
            try:
                seen = child.stat(follow_symlinks=False)
            except FileNotFoundError:
                self.unseen(path, "vanished while the tree was read")
                seen_all = False
                continue
            except OSError as error:
                self.unseen(path, explain(error))
                seen_all = False
                continue
            lines.append(digest.stat_line(name, seen))
            entries.append(Entry(name, seen, stat.S_ISREG(seen.st_mode) and is_secret_file(path, spec.secret)))
        lines.sort()
        entries.sort()
        if not spec.exec_only:
            lines.append(digest.stat_line(b"", os.fstat(visit.fd)))
        return entries, seen_all, lines

    def _left_out(self, path: str, directory: bool, parent: int) -> bool:
        return self._spec.exclude.ignored(path, directory) or level_of(path, directory, parent, self._spec) == SHADOW

    def _secrets(self, visit: Visit, entries: list[Entry]) -> None:
        """Send the keyed digest of each secret-class file: made anew in every run, because its key lives for one run
        only.
        """
        for entry in entries:
            if not entry.secret or self._host.key is None:
                continue
            name = os.fsdecode(entry.name)
            try:
                keyed, _seen = digest.hash_file(visit.fd, name, entry.seen, self._host, self._host.key)
            except OSError as error:
                self.unseen(visit.path + name, explain(error))
            except Unseen as unseen:
                self.unseen(visit.path + name, unseen.reason)
            else:
                self._send(SECRET, [show(visit.path + name), keyed])

    def _nested(self, visit: Visit) -> None:
        """Record the work tree of another repository by the commit that it is at."""
        # Here, since few trees hold another repository, and every audit would wait for a parser of git's files.
        from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.repository import head_commit

        try:
            commit = head_commit(visit.fd)
        except Unseen as unseen:
            self.unseen(visit.path, f"nested repository: {unseen.reason}")
            return
        fields = ["", digest.SUBMODULE, "", commit, 0, 0, "", ""]
        line = digest.wire_line(b"", fields, self._spec.compared)
        self._emit(visit.path, digest.content_digest(os.fsencode(visit.path), "", [line]), NO_STAT, [fields])

    def _record(self, visit: Visit, path: bytes, entries: list[Entry], stat_digest: bytes) -> None:
        lines: list[bytes] = []
        wire: list[list[t.Any]] = []
        newest = 0
        for entry in entries:
            try:
                fields, seen = self._look(visit, entry)
            except FileNotFoundError:
                reason = "vanished while the tree was read"
            except OSError as error:
                reason = explain(error)
            except Unseen as unseen:
                reason = unseen.reason
            else:
                newest = max(newest, seen.st_mtime_ns, seen.st_ctime_ns)
                lines.append(digest.wire_line(entry.name, fields, self._spec.compared))
                wire.append(fields)
                continue
            self.unseen(visit.path + os.fsdecode(entry.name), reason)
            stat_digest = NO_STAT
        if time.time_ns() - newest < _RACY_NS:
            stat_digest = NO_STAT
        own = self._own(visit)
        self._emit(visit.path, digest.content_digest(path, own, lines), stat_digest, wire, own)

    def _look(self, visit: Visit, entry: Entry) -> tuple[list[t.Any], os.stat_result]:
        """Return the wire form of a child and the stat that belongs to it. Raises OSError or Unseen."""
        name = os.fsdecode(entry.name)
        seen = entry.seen
        kind = digest.letter(seen.st_mode)
        value = ""
        if kind == digest.FILE:
            if entry.secret:
                value = digest.KEYED
            else:
                value, seen = digest.hash_file(visit.fd, name, seen, self._host)
                self._totals["bytes"] += seen.st_size
        elif kind == digest.LINK:
            value = show(os.readlink(os.fsencode(name), dir_fd=visit.fd))
        owner, group = self._owner(seen)
        mode = "" if kind == digest.LINK else digest.shown_mode(seen.st_mode, False)
        size, mtime = (0, 0) if entry.secret else (seen.st_size, seen.st_mtime_ns)
        return [show(entry.name), kind, mode, value, size, mtime, owner, group], seen

    def _own(self, visit: Visit) -> str:
        """Return what is compared of the directory itself: nothing against git, which does not know directories."""
        if self._spec.exec_only:
            return ""
        seen = os.fstat(visit.fd)
        mode = digest.shown_mode(seen.st_mode, False)
        return f"{mode} {':'.join(self._owner(seen))}" if self._spec.compared.owner else mode

    def _owner(self, seen: os.stat_result) -> tuple[str, str]:
        ids = (seen.st_uid, seen.st_gid)
        if ids not in self._owners:
            self._owners[ids] = (_name_of(pwd.getpwuid, ids[0]), _name_of(grp.getgrgid, ids[1]))
        return self._owners[ids]

    def _emit(self, path: str, content: bytes, stat_digest: bytes, wire: list[list[t.Any]], own: str = "") -> None:
        known = self._spec.known.get(content)
        if known is not None and self._spec.entries == "changed":
            self._channel.send(KNOWN, KNOWN_RECORD.pack(known, stat_digest))
            return
        entries = None if self._spec.entries == "none" else wire
        self._send(DIRECTORY, [show(path), content.hex(), stat_digest.hex(), own, len(wire), entries])


def _name_of(lookup: t.Callable[[int], t.Any], number: int) -> str:
    try:
        return show(lookup(number)[0])
    except KeyError:
        return str(number)
