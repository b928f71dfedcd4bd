# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix: one row a component, one column an environment or a branch. Private to the collection."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import branches, severity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import RUN, SECTIONS, Check, Details

_ORDER = {name: place for place, name in enumerate((*SECTIONS, RUN))}
_BASES = ("unknown", "constrained", "not_asked", "expected", "in_sync")
"""What a cell says when no check says more, the strongest first."""


@dataclasses.dataclass
class _Cell:
    bases: set[str] = dataclasses.field(default_factory=set)
    drifted: set[str] = dataclasses.field(default_factory=set)
    unknown: bool = False
    accepted: bool = False
    worst: str | None = None
    count: int = 0

    def add(self, check: Check) -> None:
        accepted = check.outcome == "waived" or (check.outcome == "observation" and check.state != "failed")
        self.accepted = self.accepted or accepted
        if check.is_finding:
            self.unknown = self.unknown or check.outcome == "unknown"
            self.count += 1
            self.worst = severity.worst(level for level in (self.worst, check.severity) if level)
        if check.outcome == "fail" and check.state is not None:
            self.drifted.add(check.state)

    def state(self) -> str:
        """Return the one word: drift outranks unknown, unknown outranks everything else."""
        if self.drifted:
            return "missing" if self.drifted == {"missing"} else "differs"
        if self.unknown or "unknown" in self.bases:
            return "unknown"
        base = next((base for base in _BASES if base in self.bases), "in_sync" if self.count else "not_asked")
        return "expected" if self.accepted and base == "in_sync" else base


_NOT_ASKED = {"state": "not_asked", "worst": None, "count": 0}


class Matrix:
    """Gathers the cells while the hosts pass by."""

    def __init__(self) -> None:
        self._columns: set[str] = set()
        self._blind: set[str] = set()
        self._rows: dict[tuple[str, str], dict[str, _Cell]] = {}
        self._branches: dict[str, Details] = {}

    def add_host(self, environment: str, cells: t.Mapping[tuple[str, str], str], observed: bool) -> None:
        """Take note of what a host's components say. One that was not observed makes its column unknown."""
        self._columns.add(environment)
        if not observed:
            self._blind.add(environment)
        for row, state in cells.items():
            self._cell(row, environment).bases.add(state)

    def add_branch(self, branch: Details) -> None:
        """Take note of a branch, which informs: it is no host, so it neither fails nor passes a run."""
        self._branches[branch["column"]] = branch

    def add(self, check: Check) -> None:
        """Take note of a check. One about a waiver stands in each environment that the waiver names."""
        names = [check.environment]
        if check.environment not in self._columns:
            names = [name for name in sorted(self._columns) if fnmatch.fnmatchcase(name, check.environment)]
        for name in names:
            self._cell((check.section, check.component), name).add(check)

    def as_dict(self, holding: t.Collection[str] = (), commits: t.Mapping[str, str] | None = None) -> dict[str, t.Any]:
        """Return the matrix as it stands in findings.json: references first, then environments, then branches.

        ``holding`` are the environments with a host that others are compared with, ``commits`` the one commit of an
        environment, where it has one.
        """
        environments = sorted(self._columns, key=lambda name: (name not in holding, name))
        apart = {name: branches.cells(branch) for name, branch in sorted(self._branches.items())}
        rows = []
        for row in sorted(self._rows, key=lambda key: (_ORDER.get(key[0], len(_ORDER)), key)):
            cells = {name: self._shown(row, name) for name in environments}
            cells |= {name: found.get(row, dict(_NOT_ASKED)) for name, found in apart.items()}
            rows.append({"section": row[0], "component": row[1], "cells": cells})
        about = {name: _environment(name in holding, (commits or {}).get(name)) for name in environments}
        about |= {name: _branch(branch) for name, branch in self._branches.items()}
        return {"columns": [*environments, *apart], "about": about, "rows": rows}

    @property
    def unseen(self) -> bool:
        """Whether a cell rests on something that was not seen."""
        return bool(self._blind) or any(
            cell.unknown or "unknown" in cell.bases for cells in self._rows.values() for cell in cells.values()
        )

    def _cell(self, row: tuple[str, str], environment: str) -> _Cell:
        return self._rows.setdefault(row, {}).setdefault(environment, _Cell())

    def _shown(self, row: tuple[str, str], environment: str) -> dict[str, t.Any]:
        cell = self._rows[row].get(environment, _Cell())
        state = cell.state()
        if environment in self._blind and state not in ("differs", "missing"):
            state = "unknown"
        return {"state": state, "worst": cell.worst, "count": cell.count}


def _environment(reference: bool, commit: str | None) -> dict[str, t.Any]:
    return {"kind": "environment", "reference": reference, "commit": commit, "fetched": None, "reason": ""}


def _branch(branch: Details) -> dict[str, t.Any]:
    return {"kind": "branch", "reference": False, **{key: branch[key] for key in ("commit", "fetched", "reason")}}
