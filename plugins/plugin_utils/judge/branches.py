# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relations of commits, as findings.json has them, and the columns of branches. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

Cell = dict[str, t.Any]


def cells(branch: Details) -> dict[tuple[str, str], Cell]:
    """Return what a branch's column says, by section and component: its commit, and the files of each tree.

    ``branch`` is an entry of ``branches`` in relations.json (docs/design.md).
    """
    return {("git", "repository"): _commit(branch)} | {
        ("trees", name): _files(branch, tree) for name, tree in branch["trees"].items()
    }


def distance(ahead: int, behind: int) -> str:
    """Return where a commit stands to another, in words."""
    parts = ([f"{behind} behind"] if behind else []) + ([f"{ahead} ahead"] if ahead else [])
    return ", ".join(parts) or "same commit"


def _cell(state: str, count: int, note: str) -> Cell:
    return {"state": state, "worst": None, "count": count, "note": note}


def _commit(branch: Details) -> Cell:
    if branch["outcome"] != "ok":
        return _cell("unknown", 0, branch["reason"])
    apart: int = branch["ahead"] + branch["behind"]
    return _cell("differs" if apart else "in_sync", apart, distance(branch["ahead"], branch["behind"]))


def _files(branch: Details, tree: Details) -> Cell:
    if branch["outcome"] != "ok" or tree["outcome"] != "ok":
        return _cell("unknown", 0, branch["reason"] or tree["reason"])
    count: int = tree["files"]
    said = f"{number(count, 'file')} {'differs' if count == 1 else 'differ'}"
    return _cell("differs", count, said) if count else _cell("in_sync", 0, "no file differs")
