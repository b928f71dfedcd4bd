# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show files of a tree, and the state of a git repository. Private to the collection. Pure."""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import searching

_STATUS = ("modified", "unverified", "untracked", "staged", "conflicted", "operation", "repository", "")
_OF_FILE = ("read", "owner")
_REFS = {
    "stash": "stash list",
    "branch": "branch --verbose --verbose",
    "on_remote": "branch --remotes --contains HEAD",
    "tag": "tag --points-at HEAD",
    "remote": "remote",
}

Json = t.Mapping[str, t.Any]


def tree(check: Json, known: Json) -> str:
    """Return what shows a path of a tree, or of all of it."""
    kind, subject = check["check"], str(check["subject"])
    whole = plain(str(known.get("path") or subject))
    if kind in ("comparison", "complete", ""):
        if not whole:
            return ""
        shown = f"find {_below(whole)} -type f | LC_ALL=C sort | xargs -r -d '\\n' sha256sum --"
        return f"{shown}{_of_reference(whole, known.get('of') or {})}"
    if kind == "forbidden":
        return _forbidden(whole, subject.removeprefix(f"{known.get('path')}:"))
    if kind in ("must_contain", "must_not_contain"):
        pattern = _pattern(check, known)
        path = plain(subject.removesuffix(f":{pattern}"))
        # Which lines, as the evidence has it, and not what they say: the file may hold secrets.
        return searching.in_file(pattern, path) if pattern and path and MARK not in pattern else ""
    if kind == "imports":
        return _with(subject.partition(":")[0], "grep -rnE '^ *(import|from) '")
    if kind == "similar":
        first, second = (plain(name) for name in _two(subject))
        return searching.shared(first, second) if first and second else ""
    return _file(subject, bool((check["expected"] or {}).get("sha256")))


def _pattern(check: Json, known: Json) -> str:
    """Return the expression that a check is about; what could not be searched names it in its subject alone."""
    given, subject = (check["expected"] or {}).get("pattern"), str(check["subject"])
    ends = (one for one in known.get("rules") or () if subject.endswith(f":{one}"))
    return str(given or max(ends, key=len, default=""))


def _of_reference(path: str, reference: Json) -> str:
    """Return, as a comment, what prints the same lines of a commit where the reference's repository is."""
    repository, commit = plain(str(reference.get("repo") or "")), plain(str(reference.get("commit") or ""))
    if reference.get("kind") != "git" or not repository or not commit or MARK in repository:
        return ""
    # One that is cloned from an address has no place of its own.
    git = f"git -C {shlex.quote(repository)}" if repository.startswith("/") else "git"
    each = f'printf \'%s  %s\\n\' "$({git} show "{commit}:$one" | sha256sum | cut -d \' \' -f 1)" "$one"'
    below = "" if path == "." else f" -- {shlex.quote(path)}"
    named = f"{git} -c core.quotePath=false ls-tree -r --name-only {commit}{below}"
    return (
        f"  # to compare with, on the control node: {named} | LC_ALL=C sort | while IFS= read -r one; do {each}; done"
    )


def _two(subject: str) -> tuple[str, str]:
    first, _colon, second = subject.partition(":")
    return first, second


def _with(path: str, program: str) -> str:
    name = plain(path)
    return f"{program} -- {shlex.quote(name)}" if name else ""


def _forbidden(whole: str | None, pattern: str) -> str:
    """Return what looks for a forbidden name, which stands in the contract as in a .gitignore."""
    name = plain(pattern.strip("/"))
    if not whole or not name:
        return ""
    test = f"-path {shlex.quote('*/' + name)}" if "/" in name else f"-name {shlex.quote(name)}"
    return f"find {_below(whole)} {test}"


def _below(path: str) -> str:
    """Return where find begins, which would take a leading dash for what it is to do."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def _file(subject: str, digest: bool) -> str:
    path = plain(subject)
    if path is None:
        return ""
    quoted = shlex.quote(path)
    return f"stat -c '%04a %U %G %y %n' -- {quoted}" + (f"; sha256sum -- {quoted}" if digest else "")


def git(check: Json, known: Json) -> str:
    """Return what shows the state of a repository, without taking its lock."""
    del known
    kind, subject = check["check"], str(check["subject"])
    # Of a remote the name stands behind the path; a comparison of figures does not know where the repository is.
    path = plain(subject.rpartition(":")[0] if kind == "remote" else subject if kind else ".")
    if path is None:
        return ""
    if kind in _OF_FILE:
        return f"ls -ld -- {shlex.quote(path)}"
    # No lock, no pager, and no program that the repository names to watch its files.
    ask = f"git --no-pager --no-optional-locks -c core.fsmonitor=false -C {shlex.quote(path)}"
    if kind == "commit":
        return f"{ask} rev-parse HEAD"
    if kind in _STATUS:
        return f"{ask} status --porcelain --branch"
    return f"{ask} {_REFS[kind]}" if kind in _REFS else ""
