# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host's commit stands to the reference, as far as the operator's repository knows. Private to the collection."""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git import Json, about, logged
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import CutOff

_MAX_LISTED = 50
_MAX_BRANCHES = 50
_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_commit(repository: Repository, commit: str) -> bool:
    """Return whether the repository has a commit with this full id, which may come from a host and be anything."""
    if _OBJECT_ID.fullmatch(commit) is None:
        return False
    done = repository.run("cat-file", "--batch-check", stdin=f"{commit}^{{commit}}\n".encode("ascii"))
    return done.output.startswith(f"{commit} commit ".encode("ascii"))


def peel(repository: Repository, tags: t.Mapping[str, str]) -> dict[str, str]:
    """Return the commit of each tag, by name. A host's annotated tag is an object that only this side can read.

    A tag whose object the repository does not know keeps that.
    """
    names = [name for name, oid in sorted(tags.items()) if _OBJECT_ID.fullmatch(oid)]
    if not names:
        return dict(tags)
    asked = "".join(f"{tags[name]}^{{commit}}\n" for name in names).encode("ascii")
    lines = repository.run("cat-file", "--batch-check", stdin=asked).output.decode("ascii").splitlines()
    found = {name: line.split(" ")[0] for name, line in zip(names, lines, strict=True) if " commit " in line}
    return {**tags, **found}


def relation(
    repository: Repository,
    reference_commit: str,
    host_commit: str | None,
    index_tree: str | None = None,
    host_remotes: t.Mapping[str, str] | None = None,
) -> Json:
    """Return the ``relation`` of docs/design.md. Raises ReferenceUnavailable.

    ``index_tree`` is the tree object that the host's index describes: when it is not the tree of the host's commit, the
    host has staged changes. Of a commit that the repository does not know, nothing is said but that. ``ahead`` and
    ``behind`` are None, for the ``apart_reason``, when a shallow repository does not tell. ``host_remotes`` are the
    host's remote branches, such as ``origin/main``, as its owner last fetched them; what the operator last fetched is
    looked at as well. Nothing is fetched.
    """
    known = host_commit is not None and is_commit(repository, host_commit)
    found: Json = {
        "known": known,
        "commit": host_commit,
        "subject": None,
        "committed": None,
        "ahead": None,
        "behind": None,
        "apart_reason": "",
        "missing": [],
        "missing_total": None,
        "extra": [],
        "extra_total": None,
        "staged": None,
        "remote_branches": _branches(repository, reference_commit, host_commit if known else None, host_remotes or {}),
        "fetched": repository.fetched(),
    }
    if host_commit is not None and known:
        found.update(about(repository, host_commit))
        try:
            found.update(_apart(repository, reference_commit, host_commit))
        except CutOff as cut_off:
            found["apart_reason"] = cut_off.reason
        if index_tree is not None:
            tree = repository.run("rev-parse", "--verify", f"{host_commit}^{{tree}}").output.decode("ascii").strip()
            found["staged"] = tree != index_tree
    return found


def distance(repository: Repository, a: str, b: str) -> tuple[int, int]:
    """Return by how many commits ``a`` is ahead of ``b``, and behind it.

    Raises CutOff when a shallow repository ends before the two meet: what it would count is wrong.
    """
    ends = repository.cut_off()
    if ends:
        apart = repository.run("rev-list", f"{a}...{b}", "--").output.decode("ascii").split()
        if not ends.isdisjoint(apart):
            raise CutOff(
                f"{repository.name} is shallow and ends before {a[:12]} and {b[:12]} meet: fetch it with --unshallow"
            )
    counted = repository.run("rev-list", "--left-right", "--count", f"{a}...{b}", "--")
    ahead, behind = (int(part) for part in counted.output.split())
    return ahead, behind


def _apart(repository: Repository, reference: str, host: str) -> Json:
    ahead, behind = distance(repository, host, reference)
    return {
        "ahead": ahead,
        "behind": behind,
        "missing": _listed(repository, host, reference, behind),
        "missing_total": behind,
        "extra": _listed(repository, reference, host, ahead),
        "extra_total": ahead,
    }


def _listed(repository: Repository, start: str, end: str, count: int) -> list[Json]:
    return logged(repository, f"--max-count={_MAX_LISTED}", f"{start}..{end}") if count else []


def _branches(
    repository: Repository, reference: str, host_commit: str | None, host_remotes: t.Mapping[str, str]
) -> Json:
    """Return every remote branch with whether it has the reference, and how far the host's commit is from it."""
    found = _remote_branches(repository, reference)
    for name, commit in sorted(host_remotes.items())[:_MAX_BRANCHES]:
        fetched = found.get(name, {})
        has = True if fetched.get("has_reference") else _has(repository, commit, reference)
        found[name] = {"commit": commit, "has_reference": has}
        if host_commit is not None and is_commit(repository, commit):
            with contextlib.suppress(CutOff):
                ahead, behind = distance(repository, host_commit, commit)
                found[name].update(ahead=ahead, behind=behind)
    return found


def _has(repository: Repository, commit: str, reference: str) -> bool | None:
    """Return whether the reference is an ancestor of a commit, None when the repository does not know that."""
    if not is_commit(repository, commit):
        return None
    if repository.run("merge-base", "--is-ancestor", reference, commit, codes=(0, 1)).code == 0:
        return True
    return None if repository.cut_off() else False


def _remote_branches(repository: Repository, reference: str) -> Json:
    """Return the remote branches as last fetched, and whether each has the reference."""
    form = "--format=%(refname)%00%(objectname)%00%(symref)"
    listed = repository.run("for-each-ref", form, "refs/remotes")
    having = repository.run(
        "for-each-ref", "--format=%(refname)", f"--contains={reference}", "refs/remotes", codes=None
    )
    names = set(having.output.decode("utf-8", "backslashreplace").split("\n"))
    # What a shallow repository does not show as an ancestor may be one.
    lacking = None if having.code != 0 or repository.cut_off() else False
    found: Json = {}
    for line in filter(None, listed.output.decode("utf-8", "backslashreplace").split("\n")):
        name, commit, symbolic = line.split("\0")
        if not symbolic:
            has = True if name in names else lacking
            found[name[len("refs/remotes/") :]] = {"commit": commit, "has_reference": has}
    return found
