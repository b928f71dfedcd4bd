# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forbidden files: moved into the restore point, and kept out from then on. Private to the collection. Pure."""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.build import parents
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import (
    CLEAN_UP,
    IGNORE,
    Json,
    Proposal,
    Seen,
    Step,
    reasons,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.shell import quoted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal

_KEPT = (
    "a restore point is kept as long as backup_keep says: what is still wanted is to be brought to the repository first"
)
_KNOWN_BY = ("size", "mode", "mtime_ns")
_UNDO = "put back what the restore point holds"


def clean_up(seen: Seen) -> list[Proposal]:
    """Return what removes the forbidden files of a host, and what keeps them out of its repository."""
    trees = [one for one in (seen.section("trees") or {"trees": []})["trees"] if one["outcome"] == "ok"]
    declared = {one["name"]: one for one in seen.contract.get("trees") or []}
    hits = [_Hit(tree, hit, seen) for tree in trees for hit in tree["forbidden"] if tree["name"] in declared]
    hits = [hit for hit in hits if hit.why]
    made = []
    if hits:
        removing = _removing(hits, seen)
        if removing is not None:
            made.append(removing)
        ignoring = _ignoring(hits, seen)
        if ignoring is not None:
            made.append(ignoring)
    return made


class _Hit:
    """What one pattern forbids below one directory: ``files`` are those that can be removed, as evidence has them."""

    def __init__(self, tree: Json, hit: Json, seen: Seen) -> None:
        self.path: str = hit["path"]
        self.pattern: str = hit["pattern"]
        self.count: int = hit["count"]
        self.sample: list[str] = hit["sample"]
        patterns = Patterns(compile_selection([self.pattern]))
        below = "" if self.path in ("./", "") else self.path
        self.whole = bool(below) and patterns.verdict(below.rstrip("/"), True) is True
        self.files = [
            one
            for one in tree.get("forbidden_files") or ()
            if self._holds(one["path"], below)
            and patterns.verdict(one["path"], False) is True
            and not seen.has(one["path"])
            and MARK not in one["path"]
        ]
        where = self.path.strip("/") or "."
        self.why = [
            one
            for one in seen.found("trees", "forbidden")
            if one["component"] == tree["name"] and one["subject"] == f"{where}:{self.pattern}"
        ]

    def _holds(self, path: str, below: str) -> bool:
        return path.startswith(below) and (self.whole or posixpath.dirname(path) == below.rstrip("/"))


def _removing(hits: t.Sequence[_Hit], seen: Seen) -> Proposal | None:
    """Return the clean-up. A file that several patterns forbid goes once."""
    actions: list[Json] = []
    notes: list[str] = []
    gone: set[str] = set()
    for hit in hits:
        files = [one for one in hit.files if one["path"] not in gone]
        gone.update(one["path"] for one in files)
        if files:
            actions.append(_action(hit, files))
        if hit.count > len(hit.files):
            left = number(hit.count - len(hit.files), "file")
            notes.append(
                f"{hit.path}: {left} that {hit.pattern} forbids stay: links and the like, files that the reference "
                "has, or more than an audit lists: clean up again"
            )
    if not actions:
        return None
    total = sum(one["size"] or 0 for one in _listed(hits))
    return Proposal(
        kind=CLEAN_UP,
        subject="clean-up",
        host=seen.host,
        title=f"Move {number(len(gone), 'forbidden file')} out of {seen.root}",
        what=(
            f"{number(len(gone), 'file')} ({size(total)}) that the contract forbids move into a restore point on the "
            "host, with mode, owner and time, and are removed from their places. A rollback puts them back."
        ),
        why=reasons(one for hit in hits for one in hit.why),
        files={"files.txt": "".join(map(_line, _listed(hits)))},
        notes=(*notes, _KEPT),
        review=(Step("Read files.txt: it names each file with its size in bytes (- for a secret) and its mode."),),
        undo=(
            Step(
                "Roll back to the restore point that the deploy names:",
                ("ansible-playbook evenkeel.drift.rollback -i INVENTORY -e rollback_to=ID",),
            ),
        ),
        actions=tuple(actions),
        covers=tuple(sorted({hit.path for hit in hits} - {hit.path for hit in hits if hit.count > len(hit.files)})),
    )


def _line(file: Json) -> str:
    size = "-" if file["size"] is None else file["size"]
    return f"{size:>12}  {file['mode']}  {terminal(file['path'])}\n"


def _listed(hits: t.Sequence[_Hit]) -> list[Json]:
    files = {one["path"]: one for hit in hits for one in hit.files}
    return [files[path] for path in sorted(files)]


def _action(hit: _Hit, files: t.Sequence[Json]) -> Json:
    """Return the action of a plan. An audit reads no content of these: a file is known by size, mode and time."""
    known = {"type": "file", "secret": True}
    operations: list[Json] = [
        {
            "do": "remove",
            "path": one["path"],
            "before": {**known, **{name: one[name] for name in _KNOWN_BY if one[name] is not None}},
        }
        for one in files
    ]
    if hit.whole:
        top = hit.path.rstrip("/")
        folders = {one for file in files for one in parents(file["path"]) if one == top or one.startswith(f"{top}/")}
        operations += [
            {"do": "remove_directory", "path": one, "before": {"type": "directory"}}
            for one in sorted(folders, key=lambda one: (-one.count("/"), one))
        ]
    where = hit.path.strip("/") or "the root"
    return {
        "kind": "file",
        "path": hit.path if hit.whole or len(files) > 1 else files[0]["path"],
        "summary": f"Move {number(len(files), 'file')} of {where} into the restore point: {hit.pattern} is forbidden",
        "severity": hit.why[0]["severity"],
        "findings": [one["id"] for one in hit.why],
        "operations": operations,
        "undo": _UNDO,
        "restart": [],
        "bytes": 0,
        "diff": None,
    }


def _ignoring(hits: t.Sequence[_Hit], seen: Seen) -> Proposal | None:
    """Return the lines that the repository's .gitignore lacks: they belong into a commit, not onto a host."""
    samples: dict[str, list[str]] = {}
    for hit in hits:
        samples.setdefault(hit.pattern, []).extend(one for one in hit.sample if MARK not in one)
    lines = [
        pattern
        for pattern, paths in sorted(samples.items())
        if paths and not all(map(seen.ignores, paths)) and pattern.isprintable() and not pattern.startswith("!")
    ]
    if not lines or seen.section("trees") is None:
        return None
    echoed, excluded = " ".join(map(quoted, lines)), " ".join(f"-x {quoted(line)}" for line in lines)
    return Proposal(
        kind=IGNORE,
        subject="gitignore",
        host=seen.host,
        title=f"{number(len(lines), 'line')} for .gitignore: what the contract forbids is not ignored yet",
        what=(
            "With these lines, git does not add such files by mistake. They are for the reference's repository: a line "
            "that is written on a host alone is drift."
        ),
        why=reasons(one for hit in hits if hit.pattern in lines for one in hit.why),
        files={"gitignore": "".join(f"{line}\n" for line in lines)},
        review=(
            Step("See that git has no such file; what is tracked stays tracked:", (f"git ls-files -c -i {excluded}",)),
        ),
        apply=(
            Step(
                "In a clone of the reference's repository, then deploy:",
                (
                    f"printf '%s\\n' {echoed} >>.gitignore",
                    "git add .gitignore && git commit -m 'Ignore what must not be deployed'",
                ),
            ),
        ),
        undo=(Step("Revert that commit."),),
    )
