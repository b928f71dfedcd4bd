# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``trees`` section: which directories must equal the reference. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes, tree_code
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    MapOf,
    Problems,
    Wrong,
    quote,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import shown_terms


class Compared(ListOf):
    """What is compared of a file: content always."""

    ASPECTS = ("content", "mode", "owner", "mtime")

    def __init__(self) -> None:
        super().__init__(shapes.Choice(self.ASPECTS))

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        asked = {*super().read(value, place, problems), "content"}
        return [aspect for aspect in self.ASPECTS if aspect in asked]


_RULE = {
    "path": Key(shapes.RootPath(), REQUIRED, "the file, relative to drift_root"),
    "pattern": Key(shapes.Regex(), REQUIRED, "searched in the whole text; ^ and $ match at each line"),
}
_RULE_SEVERITY = Key(
    shapes.Choice(shapes.SEVERITIES),
    None,
    "severity when broken; unset: the one that `severity` gives the file, else high",
)

_TREE = {
    "name": Key(shapes.Name(), REQUIRED, "the tree's name in reports, unique"),
    "path": Key(shapes.RootPath(), ".", "its directory, relative to drift_root"),
    "exclude": Key(ListOf(shapes.Pattern()), [], "left out; the reference's own .gitignore files count as well"),
    "compare": Key(Compared(), ["content", "mode"], "what must be equal; content always is"),
    "severity": Key(
        MapOf(shapes.SEVERITIES, ListOf(shapes.Pattern()), "severity"),
        {},
        "severity by path: the worst level that matches counts, medium when none does",
    ),
    "forbid": Key(ListOf(shapes.Pattern(negation=False)), [], "must not exist, not even where git ignores it"),
    "must_contain": Key(
        ListOf(
            Map(
                {
                    **_RULE,
                    "count": Key(shapes.Integer(1, 1_000_000), None, "how many matches; unset: at least one"),
                    "severity": _RULE_SEVERITY,
                }
            )
        ),
        [],
        "files that must match a regular expression",
    ),
    "must_not_contain": Key(
        ListOf(Map({**_RULE, "severity": _RULE_SEVERITY})), [], "files that must not match a regular expression"
    ),
    "imports": Key(
        tree_code.IMPORTS,
        False,
        "whether each import of its Python files must lead somewhere; as a map, where to look",
    ),
    "similar": Key(tree_code.SIMILAR, [], "pairs of files that must not have much in common"),
    "secret": Key(
        ListOf(shapes.Pattern()),
        [],
        "files shown only as same or different, besides the built-in ones (`.env*`, `*.pem`, …)",
    ),
    "diff": Key(shapes.Boolean(), True, "whether differing text files are shown as a diff"),
    "cross_filesystems": Key(shapes.Boolean(), False, "whether other file systems mounted below are entered"),
    **shown_terms("system"),
}


def _rules_inside(tree: dict[str, t.Any]) -> None:
    prefix = "" if tree["path"] == "." else tree["path"] + "/"
    for kind in ("must_contain", "must_not_contain"):
        for number, rule in enumerate(tree[kind]):
            if not rule["path"].startswith(prefix):
                raise Wrong(
                    f"{kind}[{number}].path {quote(rule['path'])} is not in the tree, which is at {tree['path']}"
                )

    for number, pair in enumerate(tree["similar"]):
        for side in ("a", "b"):
            if not pair[side].startswith(prefix):
                raise Wrong(
                    f"similar[{number}].{side} {quote(pair[side])} is not in the tree, which is at {tree['path']}"
                )


SHAPE = ListOf(Map(_TREE, check=_rules_inside), minimum=1, unique="name")

DEFAULT: t.Any = [{"name": "source"}]
"""The section of an audit without a contract."""
