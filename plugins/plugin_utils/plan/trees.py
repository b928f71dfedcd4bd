# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan knows of one tree of a host: its differences, and what is kept or waived of them. Private to the
collection.
"""

from __future__ import annotations

import hashlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import tree_cause
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.decide import Knowledge
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.files import Tree
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.source import Source
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.kept import rescued
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

Json = dict[str, t.Any]

_HOST_WORK = ("edited_on_host", "both_changed", "only_on_host", None)
_COMPARING = ("content", "presence", "mode", "owner", "mtime")


class Trees:
    """The trees of one host; ``kept`` are its settings as the run has them, ``prune`` whether what the reference has
    removed is removed.
    """

    def __init__(self, folder: RunFolder, host: str, kept: Json, findings: Json, prune: bool) -> None:
        self._host = host
        self._kept = kept
        self._findings = findings
        self._prune = prune
        self._rescued = rescued(os.path.dirname(folder.path), kept["application"])

    def tree(self, source: Source, tree: Json, unmade: t.Mapping[str, str]) -> Tree:
        """Return a tree of the evidence with what the reference knows of it. Raises ReferenceUnavailable."""
        contract = next(one for one in self._kept["contract"]["trees"] if one["name"] == tree["name"])
        of_host = (self._host, self._kept["root"], self._kept["contract"], contract)
        forbid = Patterns(compile_selection(contract["forbid"]))
        based: dict[str, Json] = {}
        if self._prune and tree["base"] and any(group["side"] == "host" for group in tree["groups"]):
            based = source.based(*of_host, tree["base"]["commit"])
        return Tree(
            evidence=tree,
            known=Knowledge(
                wanted=source.entries(*of_host),
                unmade=unmade,
                waived={
                    one["subject"]: one["waiver"] for one in self._checks(tree["name"], "checks") if one.get("waiver")
                },
                saved=_saved(source, tree, self._rescued),
                forbids=lambda path: forbid.verdict(path, False) is True,
            ),
            findings={one["subject"]: one for one in self._checks(tree["name"], "findings")},
            based=based,
        )

    def _checks(self, tree: str, kind: str) -> t.Iterator[Json]:
        wanted = {"host": self._host, "section": "trees", "component": tree}
        for one in self._findings[kind]:
            if all(one[name] == value for name, value in wanted.items()) and one["check"] in _COMPARING:
                yield one


def _saved(source: Source, tree: Json, rescued_contents: t.Container[str]) -> set[str]:
    """Return the paths whose content on the host is also in the repository, or in a rescue of this application. What
    cannot be told is not.
    """
    entries = {
        one["path"]: one["host"]
        for one in tree["differences"]
        if one["host"] and tree_cause.of_difference(one).cause in _HOST_WORK
    }
    entries.update({one["path"]: one["entry"] for group in tree["groups"] for one in group.get("entries") or ()})
    contents = {path: sha256 for path, entry in entries.items() if (sha256 := _sha256(entry)) is not None}
    known = {path for path, sha256 in contents.items() if sha256 in rescued_contents}
    try:
        return known | (source.saved(contents) if contents else set())
    except ReferenceUnavailable:
        return known


def _sha256(entry: Json) -> str | None:
    """Return the digest of what git would keep of an entry, None where that is not known."""
    if entry["type"] == "link":
        return hashlib.sha256(raw(entry["target"])).hexdigest()
    found: str | None = entry.get("sha256")
    return found


def commit_of(git: Json | None, trees: Json | None) -> Json | None:
    """Return ``{commit, subject, source}`` of the commit that a host has, as far as its evidence tells: that of its
    repository, or the nearest; None where that is not known.
    """
    based = [one["base"] for one in (trees or {"trees": []})["trees"] if one.get("base")]
    if based:
        return {name: based[0].get(name) for name in ("commit", "subject", "source")}
    head = (git or {}).get("head")
    commit = head["commit"] if head else None
    return {"commit": commit, "subject": None, "source": "head"} if commit else None
