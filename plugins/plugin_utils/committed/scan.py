# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches the whole history of the operator's repository for secrets, once for a reference and a run. Private to the
collection.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.search import Marks, Searcher
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.sightings import Sighting, Sightings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git import Json, blobs, each_object
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.objects import (
    MAX_OBJECTS,
    Stored,
    changes,
    listed,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable

LARGEST = 16 << 20
"""A larger file is not read."""

SECONDS = 900.0
_GRACE = 60.0
_LOCATING = 300.0
LISTED = 50
_MARKED = 20_000
_SUBMODULE = "160000"
# .env.example and the like are there to be committed.
_TEMPLATE = re.compile(
    r"(?:example|sample|template|dist|defaults?)(?:\.[^/]*)?\Z|(?:^|/)(?:example|sample|template)[^/]*\Z", re.IGNORECASE
)


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much is read, in bytes and seconds, and which paths do not count (gitignore patterns)."""

    most: int
    ignore: t.Sequence[str] = ()
    seconds: float = SECONDS


def scan(repository: Repository, reference: str, searcher: Searcher, limits: Limits) -> tuple[Json, list[Sighting]]:
    """Return what was read, and the secrets that were seen. ``reference`` is the commit that counts now.

    ``{commits, tags, files, bytes, gaps: [why there may be more], unread: [{path, bytes}], unread_total,
    tracked: [path of a secret class in the reference's commit], tracked_total}``. Raises ReferenceUnavailable.
    """
    return _Scan(repository, reference, searcher, limits).run()


class _Scan:
    def __init__(self, repository: Repository, reference: str, searcher: Searcher, limits: Limits) -> None:
        self._repository = repository
        self._reference = reference
        self._searcher = searcher
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._ignore = Patterns(compile_lines(limits.ignore))
        self._now = [blob for blob in blobs(repository, reference) if blob.mode != _SUBMODULE]
        self._gaps = [f"not every ref could be read: {said}" for said in repository.unreadable[:3]]
        self._marks: dict[str, Marks] = {}
        self._counted = {"commits": 0, "tags": 0, "files": 0, "bytes": 0}

    def run(self) -> tuple[Json, list[Sighting]]:
        listing = listed(self._repository, self._reference, self._left())
        if self._repository.cut_off():
            self._gaps.append("the repository is shallow: fetch it with --unshallow to have its older commits searched")
        if listing.missing:
            self._gaps.append(
                f"the repository lacks {number(listing.missing, 'object')} (a partial clone?): fetch what is missing"
            )
        if listing.cut:
            self._gaps.append(f"the repository has more than {MAX_OBJECTS} objects: the oldest were not searched")
        large = {one.oid: one.size for one in listing.objects if one.size > LARGEST}
        self._read([one for one in listing.objects if one.oid not in large])
        sightings, unread = self._located(listing.objects, large)
        tracked = sorted(show(blob.path) for blob in self._now if self._is_secret_file(show(blob.path)))
        return {
            **self._counted,
            "gaps": self._gaps,
            "unread": [{"path": path, "bytes": size} for path, size in sorted(unread.items())[:LISTED]],
            "unread_total": len(unread),
            "tracked": tracked[:LISTED],
            "tracked_total": len(tracked),
        }, sightings.found()

    def _left(self) -> float:
        return max(1.0, self._deadline - time.monotonic())

    def _is_secret_file(self, path: str) -> bool:
        return is_secret_file(path) and not _TEMPLATE.search(path) and not self._ignore.ignored_below(path)

    def _read(self, objects: t.Sequence[Stored]) -> None:
        """Search contents and messages, the newest first, as far as the limits allow."""
        wanted: list[Stored] = []
        total = 0
        for one in objects:
            if total + one.size > self._limits.most:
                self._leave(len(objects) - len(wanted), f"max_mb is {self._limits.most >> 20}")
                break
            total += one.size
            wanted.append(one)
        about = {one.oid: one for one in wanted}
        # What is late is noticed here first: git is ended only where it hangs.
        contents = each_object(self._repository, list(about), self._left() + _GRACE)
        with contextlib.closing(contents):
            searched = 0
            try:
                for oid, content in contents:
                    if time.monotonic() > self._deadline or len(self._marks) > _MARKED:
                        why = "that took too long" if len(self._marks) <= _MARKED else "too many hold a secret"
                        self._leave(len(wanted) - searched, why)
                        break
                    self._search(about[oid], content)
                    searched += 1
            except ReferenceUnavailable as error:
                self._leave(len(wanted) - searched, error.reason)

    def _leave(self, count: int, why: str) -> None:
        older = number(count, "older commit or file was", "older commits and files were")
        self._gaps.append(f"{older} not searched: {why}")

    def _search(self, one: Stored, content: bytes) -> None:
        self._counted["files" if one.kind == "blob" else f"{one.kind}s"] += 1
        self._counted["bytes"] += one.size
        if one.kind != "blob":
            # What is before the empty line is git's own; a signature is no secret.
            content = content.partition(b"\n\n")[2]
        marks = self._searcher.search(content)
        if marks:
            self._marks[one.oid] = marks

    def _located(self, objects: t.Sequence[Stored], large: t.Mapping[str, int]) -> tuple[Sightings, dict[str, int]]:
        """Return where the secrets stand, and the paths of files that were too large."""
        sightings = Sightings(self._marks, self._ignore)
        unread: dict[str, int] = {}
        interesting = self._marks.keys() | large.keys()
        try:
            seconds = max(self._left(), _LOCATING)
            found = changes(self._repository, self._reference, interesting, seconds) if interesting else ()
            for change in found:
                sightings.change(change)
                if change.after is not None and change.after in large and not self._ignore.ignored_below(change.path):
                    unread[change.path] = large[change.after]
        except ReferenceUnavailable as error:
            self._gaps.append(f"where all of the secrets stand could not be told: {error.reason}")
        lost = 0
        tags = [one for one in objects if one.kind == "tag"]
        others = [one for one in reversed(objects) if one.kind != "tag"]
        # The oldest first; what a tag says is younger than its commit.
        for one in [*others, *tags]:
            if one.oid in interesting and one.kind == "blob":
                lost += one.oid not in sightings.placed
            elif one.oid in large:
                self._gaps.append(f"the message of {one.kind} {one.oid[:12]} is too large to be searched")
            elif one.oid in self._marks:
                sightings.message(one.oid)
        if lost:
            self._gaps.append(
                f"no commit that was read has {number(lost, 'content')} with a secret, or too large to be searched"
            )
        for blob in self._now:
            sightings.present(show(blob.path), blob.oid)
        return sightings, unread
