# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of ``drift_reference``. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Problems,
    Wrong,
    quote,
)


class GitRef(shapes.Text):
    """A branch, tag or commit as git takes it, never an option."""

    def describe(self) -> str:
        return "branch, tag or commit"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if text.startswith("-") or text != text.strip():
            raise Wrong(f"expected a {self.describe()}, found {quote(text)}")
        return text


class RemoteBranch(GitRef):
    """A remote-tracking branch such as ``origin/main``."""

    def describe(self) -> str:
        return "remote branch such as origin/main"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value).removeprefix("refs/remotes/")
        if "/" not in text.strip("/") or not text.isprintable():
            raise Wrong(f"expected a {self.describe()}, found {quote(text)}")
        return text


class Reference(Map):
    """Exactly one of ``git``, ``host`` and ``baseline``; the result has that key alone.

    ``git`` has ``branches`` only where some are named.
    """

    NEVER_EMPTY = True

    def __init__(self, cwd: str) -> None:
        git = {
            "repo": Key(shapes.LocalPath(cwd), REQUIRED, "the repository, a clone on the control node"),
            "ref": Key(GitRef(), "HEAD", "the wanted commit: a branch, tag or commit of it"),
            "branches": Key(
                ListOf(RemoteBranch()), [], "remote branches shown beside the environments, as last fetched"
            ),
        }
        super().__init__(
            {
                "git": Key(Map(git), None, "compare with a commit"),
                "host": Key(shapes.Text(), None, "compare with another host of the inventory, by its name there"),
                "baseline": Key(shapes.LocalPath(cwd), None, "compare with a saved baseline"),
            },
            check=_exactly_one,
        )

    def describe(self) -> str:
        return "map with one of git, host, baseline"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        result = super().read(value, place, problems)
        git = result.get("git")
        if git and not git.get("branches"):
            git.pop("branches", None)
        return {name: part for name, part in result.items() if part is not None}


def _exactly_one(reference: dict[str, t.Any]) -> None:
    given = [name for name, part in reference.items() if part is not None]
    if len(given) != 1:
        raise Wrong(f"expected exactly one of git, host, baseline, found {' and '.join(given) or 'none'}")
