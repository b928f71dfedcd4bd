# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``git`` section: what the host's repository must be. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Key, ListOf, Map, Wrong
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = (
    *("repository", "commit", "branch", "tag", "modified", "untracked", "staged", "stash", "operation", "conflicted"),
    *("remote", "on_remote", "read", "owner", "unverified", "history", "secrets_in_history", "secret_files"),
)
"""The checks of this section, whose severity can be set."""


SEARCH = shapes.Wanted(
    {
        "max_mb": Key(shapes.Integer(1, 1_000_000), 1024, "how much of the history is read, in MiB, the newest first"),
        "ignore": Key(
            ListOf(shapes.Pattern()),
            [],
            "paths that hold no real secret, such as `tests/fixtures/`, as in a .gitignore",
        ),
    }
)


def _one_place(section: dict[str, t.Any]) -> None:
    if section["branch"] and section["tag"]:
        raise Wrong("branch and tag cannot both be wanted")


SHAPE = Map(
    {
        "path": Key(shapes.RootPath(), ".", "where the work tree or bare repository is"),
        "branch": Key(shapes.Text(), None, "the branch that must be checked out"),
        "tag": Key(shapes.Text(), None, "the tag that HEAD must be at"),
        "clean": Key(shapes.Boolean(), True, "whether modified, untracked and stashed work is drift"),
        "remotes": Key(ListOf(shapes.Text()), [], "remotes whose branches must contain the reference's commit"),
        "secrets_in_history": Key(
            SEARCH,
            False,
            "whether the commits of the reference's repository are searched for secrets; as a map, how far",
        ),
        **terms(CHECKS),
    },
    check=_one_place,
)

DEFAULT: t.Any = {}
"""The section of an audit without a contract."""
