# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the history of the operator's repository holds: its objects, and the commits that brought and took them.

Private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git import each_token
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository

MAX_OBJECTS = 500_000
"""How many objects are looked at; each takes some 300 bytes of memory."""

_DIFF = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--root", "-c", "--no-ext-diff", "--no-textconv")


class Stored(t.NamedTuple):
    """An object of the repository: ``kind`` is blob, commit or tag, ``size`` in bytes."""

    oid: str
    kind: str
    size: int


@dataclasses.dataclass(frozen=True)
class Listing:
    """What can be reached from any ref, the newest first; ``missing`` objects should be there and are not, and
    ``cut`` says that there are more than MAX_OBJECTS.
    """

    objects: list[Stored]
    missing: int
    cut: bool


class Change(t.NamedTuple):
    """A path that a commit changed: its content before, in each parent, and after, None where it is removed."""

    commit: str
    path: str
    before: tuple[str, ...]
    after: str | None


def listed(repository: Repository, commit: str, seconds: float) -> Listing:
    """Return the commits, tags and file contents of all refs, and of ``commit``. Raises ReferenceUnavailable."""
    oids: list[str] = []
    missing, cut = 0, False
    options = ("--objects", "--no-object-names", "--missing=print", "--all", commit)
    with repository.start("rev-list", *options, seconds=seconds) as program:
        for line in program.output:
            name = line.decode("ascii").strip()
            if name.startswith("?"):
                missing += 1
            elif len(oids) == MAX_OBJECTS:
                cut = True
                break
            else:
                oids.append(name)
        if not cut:
            code, error = program.finish()
            if code != 0:
                raise repository.failed("rev-list", code, error)
    found = _described(repository, oids, seconds)
    known = [one for one in found if one.kind != "missing"]
    return Listing([one for one in known if one.kind != "tree"], missing + len(found) - len(known), cut)


def _described(repository: Repository, oids: t.Sequence[str], seconds: float) -> list[Stored]:
    if not oids:
        return []
    stdin = "".join(f"{oid}\n" for oid in oids).encode("ascii")
    done = repository.run("cat-file", "--batch-check", stdin=stdin, seconds=seconds)
    found = []
    for line in done.output.decode("ascii").splitlines():
        # "<oid> missing" has no size.
        oid, kind, *size = line.split(" ")
        found.append(Stored(oid, kind, int(size[0]) if size else 0))
    return found


def changes(repository: Repository, commit: str, oids: t.Container[str], seconds: float) -> t.Iterator[Change]:
    """Yield each change of the history that brings or takes one of these contents, parents before their children.

    A merge changes what it has from none of its parents. Raises ReferenceUnavailable, after what could be read.
    """
    commits = repository.run("rev-list", "--all", commit, "--topo-order", "--reverse", seconds=seconds).output
    with repository.start("diff-tree", "--stdin", *_DIFF, stdin=commits, seconds=seconds) as program:
        changed = ""
        tokens = each_token(program.output)
        for token in tokens:
            if not token.startswith(b":"):
                changed = token.decode("ascii")
                continue
            change = _change(changed, token, next(tokens, b""))
            if change.after in oids or any(oid in oids for oid in change.before):
                yield change
        code, error = program.finish()
    if code != 0:
        raise repository.failed("diff-tree", code, error)


def _change(commit: str, meta: bytes, path: bytes) -> Change:
    """Read ``:mode mode oid oid status``, with one colon, mode and oid more for each further parent."""
    parents = len(meta) - len(meta.lstrip(b":"))
    fields = meta[parents:].decode("ascii").split(" ")
    oids = fields[parents + 1 : -1]
    return Change(commit, show(path), tuple(oids[:-1]), oids[-1] if oids[-1].strip("0") else None)
