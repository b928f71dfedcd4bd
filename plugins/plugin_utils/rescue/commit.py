# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a commit of what exists only on a host, in a bundle and a patch of its own: the operator's repository is not
written to. Private to the collection.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable

_WHO = ("-c", "user.name=evenkeel.drift", "-c", "user.email=evenkeel.drift@localhost")
_PATCH = (
    *("--stdout", "--binary", "--full-index", "--no-renames", "--no-stat", "--no-signature", "--no-numbered"),
    *("--no-ext-diff", "--no-textconv", "--subject-prefix=PATCH"),
)
# The folder of a repository, however file systems may spell it.
_RESERVED = re.compile(rb"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE | re.DOTALL)

Json = dict[str, t.Any]


class Work(t.NamedTuple):
    """A path to commit: its git mode (``100644``, ``100755``, ``120000``) and its content, or the target of a link."""

    path: str
    mode: str
    content: bytes


def refused(path: str) -> str:
    """Return why git takes no file of this path into a commit, empty text when it does."""
    if any(_RESERVED.fullmatch(part) for part in re.split(rb"[/\\]", raw(path))):
        return "git keeps nothing of this name: archive it by hand"
    return ""


class Undone(t.NamedTuple):
    """What a host did to files without any content of its own: ``modes`` by path (``100644``, ``100755``), and the
    paths that it ``deleted``.
    """

    modes: t.Mapping[str, str]
    deleted: t.Sequence[str]


NOTHING = Undone({}, ())


def commit(
    repo: str,
    base: str,
    works: t.Sequence[Work],
    branch: str,
    message: str,
    folder: str,
    undone: Undone = NOTHING,
) -> Json:
    """Write ``work.bundle``, with the branch, and ``work.patch`` into ``folder``; return ``{commit, base, branch}``,
    and ``deleted`` as ``{commit, branch}`` where something was deleted.

    The commit stands on ``base``, which the bundle does not hold. Content is committed byte for byte as it was on the
    host. What was deleted is a commit of its own on top of it, with a branch and a ``deleted.patch`` of its own: who
    merges the work does not delete anything by it. Raises ReferenceUnavailable.
    """
    about: Json = {"base": base}
    with Repository(repo) as repository:
        index = os.path.join(repository.scratch(), "index")
        repository.run("read-tree", base, index=index)
        tip = base
        lines = [*_written(repository, works), *_moded(_staged(repository, index), undone.modes)]
        if lines:
            _take(repository, index, lines)
            tip = _committed(repository, index, tip, message)
            _keep(repository, tip, branch, os.path.join(folder, "work.patch"))
            about.update(commit=tip, branch=branch)
        if undone.deleted:
            _take(repository, index, [f"0 {'0' * len(base)}\t".encode("ascii") + raw(path) for path in undone.deleted])
            title, _line, rest = message.partition("\n")
            gone = _committed(repository, index, tip, f"{title}: what it deleted\n{rest}")
            _keep(repository, gone, f"{branch}-deleted", os.path.join(folder, "deleted.patch"))
            about["deleted"] = {"commit": gone, "branch": f"{branch}-deleted"}
        names = [one["branch"] for one in (about, about.get("deleted") or {}) if "branch" in one]
        refs = [f"refs/heads/{name}" for name in names]
        # Git makes no bundle of nothing.
        if refs:
            repository.run("bundle", "create", "--quiet", os.path.join(folder, "work.bundle"), *refs, f"^{base}")
    return about


def _written(repository: Repository, works: t.Sequence[Work]) -> list[bytes]:
    """Put contents into the repository's private objects, and return the lines that put them into an index."""
    lines = []
    for work in works:
        done = repository.run("hash-object", "-w", "--no-filters", "--stdin", stdin=work.content)
        lines.append(f"{work.mode} {done.output.decode('ascii').strip()}\t".encode("ascii") + raw(work.path))
    return lines


def _moded(staged: t.Mapping[bytes, tuple[str, str]], modes: t.Mapping[str, str]) -> list[bytes]:
    """Return the lines that give files of an index another mode."""
    found = []
    for path, mode in sorted(modes.items()):
        had, oid = staged.get(raw(path), ("", ""))
        if had.startswith("100"):
            found.append(f"{mode} {oid}\t".encode("ascii") + raw(path))
    return found


def _staged(repository: Repository, index: str) -> dict[bytes, tuple[str, str]]:
    """Return the mode and the object of each path of an index."""
    found = {}
    for line in repository.run("ls-files", "--stage", "-z", index=index).output.split(b"\0"):
        about, _tab, path = line.partition(b"\t")
        if path:
            mode, oid, _stage = about.decode("ascii").split(" ")
            found[path] = (mode, oid)
    return found


def _take(repository: Repository, index: str, lines: t.Sequence[bytes]) -> None:
    """Put lines into an index. Git leaves out what it does not like, and says that all went well."""
    repository.run("update-index", "-z", "--index-info", stdin=b"".join(line + b"\0" for line in lines), index=index)
    staged = _staged(repository, index)
    for line in lines:
        about, _tab, path = line.partition(b"\t")
        mode, oid = about.decode("ascii").split(" ")
        if staged.get(path, ("0", oid)) != (mode, oid):
            raise ReferenceUnavailable(f"git did not take {show(path)} into the rescue: archive it by hand")


def _committed(repository: Repository, index: str, parent: str, message: str) -> str:
    tree = repository.run("write-tree", index=index).output.decode("ascii").strip()
    made = repository.run(*_WHO, "commit-tree", tree, "-p", parent, stdin=message.encode("utf-8"))
    return made.output.decode("ascii").strip()


def _keep(repository: Repository, oid: str, branch: str, patch: str) -> None:
    """Name a commit, and write it as a patch for ``git am`` and ``git apply`` alike."""
    repository.run("update-ref", f"refs/heads/{branch}", oid)
    made = repository.run("format-patch", *_PATCH, "-1", oid)
    with open(os.open(patch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made.output)
