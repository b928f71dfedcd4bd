# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the commit that a copied tree, without a repository of its own, is nearest to. Private to the collection."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git import (
    Json,
    about,
    blobs,
    each_blob,
    each_token,
    sizes,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.lfs import lfs_pointer

_MAX_HEADS = 10
_MAX_CHANGES = 500_000
_MAX_BLOB = 64 << 20
_MAX_BYTES = 1 << 30
_SECONDS = 60.0
_BARE_LF = re.compile(rb"(?<!\r)\n")


class Change(t.NamedTuple):
    """A path and its blob in the commit that the walk arrives at, None where that has no file."""

    path: str
    after: str | None


@dataclasses.dataclass
class Step:
    """A commit in the order of the walk, with what changes when the walk arrives there."""

    commit: str
    time: int
    changes: list[Change]


def nearest(
    repository: Repository,
    reference_commit: str,
    host_files: t.Mapping[str, str | None],
    reference_files: t.Mapping[str, str | None],
    limit: int = 500,
    compared: t.Callable[[str], bool] | None = None,
) -> Json | None:
    """Return ``{commit, subject, committed, apart}`` of the commit with the fewest files apart from the host's tree,
    the newest of several; None when no commit shares a file with it. Raises ReferenceUnavailable.

    ``host_files`` holds, at least for every path that differs from the reference, the sha256 of the host's content (of
    a link: of its target) or None when it is absent. All other paths are as in ``reference_files`` (path: sha256).
    Paths are as made by ``module_utils.text.show``. A path of the reference that is in neither is not compared, nor is
    one for which ``compared`` is false. At most ``limit`` commits are looked at: the first parents of the reference,
    then those of the newest branches and tags.
    """
    commit_files = {show(blob.path): blob.oid for blob in blobs(repository, reference_commit) if blob.mode != "160000"}
    host_files = {path: seen for path, seen in host_files.items() if seen != reference_files.get(path)}
    steps = _walk(repository, reference_commit, limit)
    oids = {change.after for step in steps for change in step.changes if change.path in host_files}
    oids |= {commit_files.get(path) for path in host_files}
    contents = _contents(repository, {oid for oid in oids if oid is not None})
    tally = _Tally(commit_files, host_files, reference_files, contents, compared)
    best: tuple[int, int, int] | None = None
    chosen = None
    for order, step in enumerate(steps):
        tally.move(step.changes)
        rank = (tally.apart, -step.time, order)
        if tally.same and (best is None or rank < best):
            best, chosen = rank, step.commit
    if chosen is None or best is None:
        return None
    return {**about(repository, chosen), "apart": best[0]}


class _Tally:
    """Counts the files of the current commit that the host has, and those in which the two differ."""

    def __init__(
        self,
        commit_files: t.Mapping[str, str],
        host_files: t.Mapping[str, str | None],
        reference_files: t.Container[str],
        contents: t.Mapping[str, frozenset[str]],
        compared: t.Callable[[str], bool] | None,
    ) -> None:
        self._commit_files = commit_files
        self._host_files = host_files
        self._reference_files = reference_files
        self._contents = contents
        self._compared = compared
        self._now: dict[str, str | None] = {}
        self.apart = self.same = 0
        for path in commit_files.keys() | host_files.keys():
            self._count(path, commit_files.get(path), 1)

    def move(self, changes: t.Iterable[Change]) -> None:
        """Go to the commit that these changes lead to."""
        for path, after in changes:
            self._count(path, self._now.get(path, self._commit_files.get(path)), -1)
            self._now[path] = after
            self._count(path, after, 1)

    def _count(self, path: str, oid: str | None, step: int) -> None:
        verdict = self._is_same(path, oid)
        if verdict is True:
            self.same += step
        elif verdict is False:
            self.apart += step

    def _is_same(self, path: str, oid: str | None) -> bool | None:
        """Return whether host and commit agree on a path; None when there is nothing to compare."""
        if self._compared is not None and not self._compared(path):
            return None
        if path in self._host_files:
            content = self._host_files[path]
            if oid is None or content is None:
                return None if oid is None and content is None else False
            return content in self._contents.get(oid, ())
        if path in self._reference_files:
            return oid == self._commit_files.get(path)
        if oid is None or path in self._commit_files:
            return None
        return False


def _walk(repository: Repository, reference: str, limit: int) -> list[Step]:
    """Return the commits to look at, each with its changes from the one before it in the list."""
    steps: list[Step] = []
    seen: set[str] = set()
    left = _MAX_CHANGES
    position = reference
    deadline = time.monotonic() + _SECONDS
    for start in [reference, *_heads(repository)]:
        chain = _chain(repository, start, limit - len(steps), seen)
        commits = [commit for _when, commit in chain]
        pairs = [pair for pair in zip([position, *commits], commits, strict=False) if pair[0] != pair[1]]
        changed: dict[str, list[Change]] = {}
        for commit, changes in _changes(repository, pairs) if pairs else ():
            left -= len(changes)
            if left < 0 or time.monotonic() > deadline:
                # What comes after this commit cannot be reached without its changes.
                return steps + _steps(chain[: commits.index(commit)], changed)
            changed[commit] = changes
        steps += _steps(chain, changed)
        seen.update(commits)
        position = commits[-1] if commits else position
        if len(steps) >= limit:
            break
    return steps


def _steps(chain: t.Iterable[tuple[int, str]], changed: t.Mapping[str, list[Change]]) -> list[Step]:
    return [Step(commit, when, changed.get(commit, [])) for when, commit in chain]


def _heads(repository: Repository) -> list[str]:
    listed = repository.run(
        "for-each-ref",
        "--sort=-committerdate",
        f"--count={_MAX_HEADS}",
        "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname)",
        "refs/heads",
        "refs/tags",
        "refs/remotes",
    )
    found = []
    for line in listed.output.decode("ascii").splitlines():
        kinds = line.split()
        found += [oid for kind, oid in zip(kinds[0::2], kinds[1::2], strict=True) if kind == "commit"]
    return list(dict.fromkeys(found))


def _chain(repository: Repository, start: str, count: int, seen: t.Container[str]) -> list[tuple[int, str]]:
    """Return ``(time, commit)`` along the first parents, up to one that was seen before."""
    listed = repository.run("rev-list", "--first-parent", "--timestamp", f"--max-count={count}", start, "--")
    chain = []
    for line in listed.output.decode("ascii").splitlines():
        when, commit = line.split(" ")
        if commit in seen:
            break
        chain.append((int(when), commit))
    return chain


def _changes(repository: Repository, pairs: t.Sequence[tuple[str, str]]) -> t.Iterator[tuple[str, list[Change]]]:
    """Yield the second commit of each pair that differ, with what changes from the first to it."""
    options = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv")
    # diff-tree takes the ids that follow a commit on its line for its parents.
    stdin = "".join(f"{second} {first}\n" for first, second in pairs).encode("ascii")
    commit, changes = "", []
    with repository.start("diff-tree", "--stdin", *options, stdin=stdin, seconds=_SECONDS) as program:
        tokens = each_token(program.output)
        for token in tokens:
            if token.startswith(b":"):
                changes.append(_change(token, next(tokens, b"")))
                continue
            if commit:
                yield commit, changes
            commit, changes = token.decode("ascii"), []
        code, error = program.finish()
    if code != 0:
        raise repository.failed("diff-tree", code, error)
    if commit:
        yield commit, changes


def _change(meta: bytes, path: bytes) -> Change:
    _before_mode, mode, _before, oid, _status = meta[1:].decode("ascii").split(" ")
    return Change(show(path), None if mode in ("000000", "160000") else oid)


def _contents(repository: Repository, oids: t.Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the sha256 of the contents that each blob can have once it is checked out. Blobs beyond the limits are
    left out, and so count as different.
    """
    lengths = sizes(repository, oids)
    wanted, total = [], 0
    for oid, length in sorted(lengths.items(), key=lambda item: item[1]):
        total += length
        if length <= _MAX_BLOB and total <= _MAX_BYTES:
            wanted.append(oid)
    return {oid: _spellings(content) for oid, content in each_blob(repository, wanted, _SECONDS)}


def _spellings(content: bytes) -> frozenset[str]:
    found = {hashlib.sha256(content).hexdigest()}
    if b"\0" not in content:
        found.add(hashlib.sha256(_BARE_LF.sub(b"\r\n", content)).hexdigest())
    pointer = lfs_pointer(content)
    if pointer is not None:
        found.add(pointer["oid"])
    return frozenset(found)
