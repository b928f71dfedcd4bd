# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A commit as a reference: which one it is, its files, and what of them a plain comparison would get wrong. Private to
the collection.
"""

from __future__ import annotations

import difflib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import process
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.lfs import LFS_MAX, lfs_pointer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted

Json = dict[str, t.Any]

_MAX_IGNORE_FILE = 1 << 20
_CHECKOUT_SECONDS = 1800.0
_LINK, _SUBMODULE = "120000", "160000"
_CHUNK = 1 << 16


class Blob(t.NamedTuple):
    """A path of a commit: its git mode, its object and the path's bytes."""

    mode: str
    oid: str
    path: bytes


def resolve(repo: str, ref: str) -> Json:
    """Return the entry of ``references.json`` for a ref of the operator's repository, with ``object_format`` and
    ``warnings``. Raises ReferenceUnavailable.
    """
    with Repository(repo) as repository:
        return describe(repository, ref)


def describe(repository: Repository, ref: str) -> Json:
    """The same as :func:`resolve` for a repository that is open."""
    commit = find_commit(repository, ref)
    return {
        "kind": "git",
        "repo": repository.path,
        "ref": ref,
        **about(repository, commit),
        "object_format": repository.object_format,
        "warnings": list(repository.warnings),
    }


def find_commit(repository: Repository, ref: str) -> str:
    """Return the full id of the commit that a ref names. Raises ReferenceUnavailable, naming the nearest refs."""
    if ref.startswith("-") or not ref.isprintable() or not ref:
        raise ReferenceUnavailable(f"{quoted(ref)} is not the name of a branch, tag or commit")
    done = repository.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", codes=None)
    if done.code == 0:
        return done.output.decode("ascii").strip()
    names = _ref_names(repository)
    if repository.unreadable:
        raise ReferenceUnavailable(
            f"the repository {repository.name} has no commit {quoted(ref)} that can be read: "
            + "; ".join(repository.unreadable[:3])
        )
    if not names:
        raise ReferenceUnavailable(f"the repository {repository.name} has no commits")
    near = difflib.get_close_matches(ref, names, n=3, cutoff=0.5)
    hint = f"; the nearest names there are {', '.join(map(quoted, near))}" if near else ""
    because = f" ({done.error})" if done.error else ""
    raise ReferenceUnavailable(f"the repository {repository.name} has no commit {quoted(ref)}{because}{hint}")


def _ref_names(repository: Repository) -> list[str]:
    listed = repository.run("for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags", "refs/remotes")
    names = listed.output.decode("utf-8", "surrogateescape").split("\n")
    return sorted(name.split("/", 2)[2] for name in names if name)


def about(repository: Repository, commit: str) -> Json:
    """Return ``{commit, subject, committed}`` of a commit that is there."""
    return logged(repository, "-1", commit)[0]


def logged(repository: Repository, *arguments: str) -> list[Json]:
    """Return ``{commit, subject, committed}`` of the commits that ``git log`` lists."""
    form = "--format=%H%x00%ct%x00%s"
    done = repository.run("log", "--no-show-signature", "--no-color", "-z", form, *arguments, "--")
    fields = done.output.decode("utf-8", "backslashreplace").split("\0")
    triples = zip(fields[0::3], fields[1::3], fields[2::3], strict=False)
    return [{"commit": commit, "subject": text, "committed": iso(int(when))} for commit, when, text in triples]


def committed_times(repository: Repository, commits: t.Collection[str]) -> dict[str, str]:
    """Return the time of each of some commits; of a tag, that of its commit, by that."""
    found = logged(repository, "--no-walk=unsorted", *sorted(commits)) if commits else []
    return {one["commit"]: one["committed"] for one in found}


def blobs(repository: Repository, commit: str) -> list[Blob]:
    """Return every file, link and submodule of a commit, in git's order."""
    return _listed(repository.run("ls-tree", "-r", "-z", "--full-tree", commit))


def blobs_at(repository: Repository, commit: str, paths: t.Collection[bytes]) -> dict[bytes, Blob]:
    """Return what a commit has at some paths, by these: a directory is a tree."""
    if not paths:
        return {}
    named = [os.fsdecode(path) for path in sorted(paths)]
    listed = _listed(repository.run("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *named))
    # Beside a directory that is named, git lists what is below it, when that is named too.
    return {blob.path: blob for blob in listed if blob.path in paths}


def _listed(listed: process.Done) -> list[Blob]:
    found = []
    for record in filter(None, listed.output.split(b"\0")):
        meta, _tab, path = record.partition(b"\t")
        mode, _kind, oid = meta.decode("ascii").split(" ")
        found.append(Blob(mode, oid, path))
    return found


def checkout(repository: Repository, commit: str, folder: str, paths: t.Sequence[str] | None = None) -> None:
    """Write the files of a commit below an existing empty folder, as git would on any Linux host.

    The commit's own attributes apply; no filter, hook or setting of the operator does. A submodule becomes an empty
    directory. ``paths`` (as made by ``module_utils.text.show``) limits it to these files; one that is not in the commit
    raises ReferenceUnavailable.
    """
    index = _index(repository, commit)
    if paths is None:
        _write(repository, index, folder, None)
        return
    wanted = [raw(path) for path in paths]
    there = {blob.path for blob in blobs(repository, commit)}
    for path in wanted:
        if path not in there:
            raise ReferenceUnavailable(f"{quoted(path)} is not a file of commit {commit[:12]} of {repository.name}")
    if wanted:
        _write(repository, index, folder, wanted)


def _index(repository: Repository, commit: str) -> str:
    index = os.path.join(repository.scratch(), "index")
    repository.run("read-tree", commit, index=index)
    return index


def _write(repository: Repository, index: str, folder: str, paths: t.Sequence[bytes] | None) -> None:
    which = ["--all"] if paths is None else ["-z", "--stdin"]
    stdin = b"" if paths is None else b"".join(path + b"\0" for path in paths)
    prefix = f"--prefix={os.path.abspath(folder)}/"
    repository.run("checkout-index", prefix, *which, index=index, stdin=stdin, seconds=_CHECKOUT_SECONDS)


def special_paths(repository: Repository, commit: str) -> Json:
    """Return what of a commit cannot be compared as plain files, by path as made by ``module_utils.text.show``.

    ``{submodules: {path: commit}, lfs: {path: {oid, size}}, filtered: {path: filter name}, gitignores: {path: text},
    tracked_but_ignored: [path]}``. ``gitignores`` decodes bytes that are not UTF-8 with surrogateescape, as file names
    are. An LFS path is one that the attributes give to LFS and that holds a pointer: git-lfs leaves any other
    content alone.
    """
    index = _index(repository, commit)
    there = blobs(repository, commit)
    filters = _filters(repository, index, there)
    lfs = _pointers(repository, [blob for blob in there if filters.get(blob.path) == "lfs"])
    ignores = [blob for blob in there if _is_gitignore(blob)]
    return {
        "submodules": {show(blob.path): blob.oid for blob in there if blob.mode == _SUBMODULE},
        "lfs": {show(path): pointer for path, pointer in lfs.items()},
        "filtered": {show(path): name for path, name in filters.items() if name != "lfs"},
        "gitignores": _ignore_texts(repository, ignores),
        "tracked_but_ignored": _tracked_but_ignored(repository, index, ignores),
    }


def _is_gitignore(blob: Blob) -> bool:
    return os.path.basename(blob.path) == b".gitignore" and blob.mode not in (_LINK, _SUBMODULE)


def _filters(repository: Repository, index: str, there: t.Iterable[Blob]) -> dict[bytes, str]:
    """Return the paths of regular files whose content the attributes give to a filter, with its name."""
    there = list(there)
    if not any(os.path.basename(blob.path) == b".gitattributes" for blob in there):
        return {}
    stdin = b"".join(blob.path + b"\0" for blob in there if blob.mode not in (_LINK, _SUBMODULE))
    done = repository.run("check-attr", "--cached", "-z", "--stdin", "filter", stdin=stdin, index=index)
    fields = done.output.split(b"\0")
    pairs = zip(fields[0::3], fields[2::3], strict=False)
    return {path: show(value) for path, value in pairs if value not in (b"unspecified", b"unset", b"set")}


def _pointers(repository: Repository, candidates: t.Sequence[Blob]) -> dict[bytes, Json]:
    small = sizes(repository, [blob.oid for blob in candidates])
    contents = read_blobs(repository, [blob.oid for blob in candidates if small[blob.oid] < LFS_MAX])
    parsed = {blob.path: lfs_pointer(contents.get(blob.oid, b"")) for blob in candidates}
    return {path: pointer for path, pointer in parsed.items() if pointer is not None}


def sizes(repository: Repository, oids: t.Iterable[str]) -> dict[str, int]:
    """Return the size of each blob. Raises ReferenceUnavailable when one is missing, as in a partial clone."""
    wanted = sorted(set(oids))
    if not wanted:
        return {}
    stdin = "".join(f"{oid}\n" for oid in wanted).encode("ascii")
    done = repository.run("cat-file", "--batch-check", stdin=stdin)
    found = {}
    for line in done.output.decode("ascii").splitlines():
        oid, kind, *size = line.split(" ")
        if kind == "missing":
            raise missing(repository, oid)
        found[oid] = int(size[0])
    return found


def missing(repository: Repository, oid: str) -> ReferenceUnavailable:
    """Return the exception for an object that should be there."""
    return ReferenceUnavailable(f"{repository.name} lacks the object {oid} (a partial clone?): fetch it first")


def read_blobs(repository: Repository, oids: t.Iterable[str]) -> dict[str, bytes]:
    """Return the content of blobs that are known to be there and small."""
    return dict(each_blob(repository, oids))


def each_blob(repository: Repository, oids: t.Iterable[str], seconds: float = 120.0) -> t.Iterator[tuple[str, bytes]]:
    """Yield each distinct blob with its content, one in memory at a time. Raises ReferenceUnavailable."""
    return each_object(repository, sorted(set(oids)), seconds)


def each_object(
    repository: Repository, oids: t.Sequence[str], seconds: float
) -> t.Generator[tuple[str, bytes], None, None]:
    """Yield objects of any kind in the given order, one in memory at a time. Raises ReferenceUnavailable."""
    if not oids:
        return
    stdin = "".join(f"{oid}\n" for oid in oids).encode("ascii")
    with repository.start("cat-file", "--batch", stdin=stdin, seconds=seconds) as program:
        for oid in oids:
            header = program.output.readline().decode("ascii").split()
            if header[1:2] == ["missing"]:
                raise missing(repository, oid)
            if len(header) != 3:
                break
            content = program.output.read(int(header[2]))
            if len(content) != int(header[2]):
                break
            program.output.read(1)
            yield oid, content
        code, error = program.finish()
    if code != 0:
        raise repository.failed("cat-file", code, error)


def each_token(source: t.IO[bytes]) -> t.Iterator[bytes]:
    """Yield what a git command with ``-z`` writes, while it writes it."""
    rest = b""
    while chunk := source.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole


def _ignore_texts(repository: Repository, ignores: t.Sequence[Blob]) -> dict[str, str]:
    lengths = sizes(repository, [blob.oid for blob in ignores])
    for blob in ignores:
        if lengths[blob.oid] > _MAX_IGNORE_FILE:
            raise ReferenceUnavailable(
                f"{quoted(blob.path)} of {repository.name} is larger than {_MAX_IGNORE_FILE} bytes"
            )
    contents = read_blobs(repository, lengths)
    return {show(blob.path): os.fsdecode(contents[blob.oid]) for blob in ignores}


def _tracked_but_ignored(repository: Repository, index: str, ignores: t.Sequence[Blob]) -> list[str]:
    """Return the tracked paths that the ignore rules match: git compares them all the same."""
    if not ignores:
        return []
    rules = repository.scratch()
    _write(repository, index, rules, [blob.path for blob in ignores])
    listed = repository.run(
        "ls-files", "-i", "-c", "--exclude-per-directory=.gitignore", "-z", index=index, work_tree=rules
    )
    return sorted(show(path) for path in listed.output.split(b"\0") if path)
