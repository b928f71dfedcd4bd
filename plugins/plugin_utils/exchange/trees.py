# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section trees: asks a host about its files, and joins the answer with the reference. Private to the collection."""

from __future__ import annotations

import time

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.shown import shown_entry
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import Compared
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines, compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import (
    tree_base,
    tree_code,
    tree_details,
    tree_newest,
    tree_secrets,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context, Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import ByName, GarbledAnswer, OneOf, require
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import (
    Comparison,
    by_name,
    compare,
    join,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import (
    TreeRequest,
    TreeView,
    spec_key,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.manifest import WHOLE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import key_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories

_MAX_IDENTICAL = 500
_DETAIL = {"sha256": str, "lines": OneOf([None, int]), "text": OneOf([None, str]), "reason": str}
_DETAILS = {"trees": [{"name": str, "files": ByName({"reason": str})}]}


class TreeExchange:
    """One tree of the contract on one host."""

    def __init__(self, contract: Json, context: Context) -> None:
        self._contract = contract
        self._context = context
        self.spec = self._spec()
        self._reference = context.side.tree(contract["name"], self.spec) if context.side is not None else None
        self._cache_name = key_of(context.host, context.root, contract["name"], spec_key(self.spec))
        self._hashed = int(time.time())
        self._request = TreeRequest(self.spec, self._reference, self._earlier())
        # What the base commit has of files that the host has as well: their details, by path.
        self._in_base: Json = {}

    @property
    def reference(self) -> Directories | None:
        """What the tree is compared with."""
        return self._reference

    def _earlier(self) -> Directories | None:
        """Return what was known of the host after the last audit, unless every file is to be read again."""
        context = self._context
        earlier = None if context.rehash else context.cache.directories("hosts", self._cache_name)
        if earlier is None or self._hashed - earlier.meta["hashed"] > context.rehash_after_s:
            return None
        self._hashed = earlier.meta["hashed"]
        return earlier

    def _spec(self) -> Json:
        contract, side = self._contract, self._context.side
        pairs, kept = side.ignored() if side is not None else ([], [])
        modes = side.modes if side is not None else "exec"
        return {
            "name": contract["name"],
            "path": contract["path"],
            "exclude": compile_lines(contract["exclude"]),
            "ignore": pairs,
            "keep": kept,
            "modes": modes,
            "owner": "owner" in contract["compare"] and modes == "all",
            "mtime": "mtime" in contract["compare"] and modes == "all",
            "secret": compile_selection(contract["secret"]),
            "forbid": [[pattern, compile_selection([pattern])] for pattern in contract["forbid"]],
            "rules": [{"path": show(rule["path"]), "pattern": rule["pattern"]} for rule in self._rules()],
            "cross_filesystems": contract["cross_filesystems"],
            "entries": "changed",
            "newest": tree_newest.asked(self._context.contract, contract["name"]),
            **tree_code.asked(contract, self._context),
        }

    def _rules(self) -> list[Json]:
        contract = self._contract
        return [{"kind": kind, **rule} for kind in ("must_contain", "must_not_contain") for rule in contract[kind]]

    def request(self) -> Json:
        return self._request.spec

    def read(self, answer: Json) -> Json:
        """Return the evidence of this tree (docs/design.md), and remember what was seen for the next audit."""
        view = self._request.read(answer)
        evidence: Json = {
            "name": self._contract["name"],
            "path": self._contract["path"],
            "outcome": view.outcome,
            "reason": view.reason,
            "reference": None if self._context.side is None else self._context.side.id,
            "complete": view.complete,
            "digest": view.directories.root_digest() if view.complete else None,
            "base": None,
            "differences": [],
            "groups": [],
            "identical": [],
            "forbidden": [
                {"pattern": pattern, "path": path or "./", "count": count, "sample": sample}
                for pattern, path, count, sample in view.forbidden
            ],
            "forbidden_files": [
                dict(zip(("path", "mode", "size", "mtime_ns"), row, strict=True)) for row in view.forbidden_files
            ],
            "contents": self._contents(view),
            "unknown": [{"path": path, "reason": reason} for path, reason in view.unseen],
            "unknown_total": view.unseen_total,
        }
        if self.spec["newest"]:
            evidence["newest"] = tree_newest.newest(view, self._reference)
        compared = self._compare(view, evidence)
        evidence.update(tree_code.evidence(self._contract, view, self._reference, evidence["differences"]))
        evidence["counts"] = {
            "directories": view.totals.get("directories", 0),
            "files": view.totals.get("files", 0),
            "ignored": view.totals.get("ignored", 0),
            "equal": compared.equal,
            "unknown": view.unseen_total + compared.unknown_files,
        }
        if view.outcome == "ok":
            view.directories.meta["hashed"] = self._hashed
            self._context.cache.keep_directories("hosts", self._cache_name, view.directories)
        return evidence

    def _contents(self, view: TreeView) -> list[Json]:
        answered = {rule["rule"]: rule for rule in view.rules}
        unseen = {"outcome": "unknown", "reason": view.reason or "not reached", "matches": 0, "lines": []}
        shown = []
        for index, rule in enumerate(self._rules()):
            answer = answered.get(index, unseen)
            shown.append(
                {
                    "kind": rule["kind"],
                    "path": show(rule["path"]),
                    "pattern": rule["pattern"],
                    "count": rule.get("count"),
                    **{name: answer[name] for name in ("outcome", "reason", "matches", "lines")},
                }
            )
        return shown

    def _compare(self, view: TreeView, evidence: Json) -> Comparison:
        if self._reference is None or view.outcome != "ok":
            return Comparison()
        unseen = dict(view.unseen)
        unlisted = view.unseen_total - len(view.unseen)
        result = compare(view.directories, self._reference, unseen, view.reason, Compared.of(self.spec), unlisted)
        side, name, key = self._context.side, self._contract["name"], self._context.key
        if side is not None:
            tree_secrets.compare_secrets(side, name, self.spec, key, self._reference, view, result)
        evidence["unknown"] = result.unknown
        evidence["unknown_total"] = view.unseen_total + len(result.unknown) - len(unseen)
        evidence["differences"] = result.differences
        evidence["groups"] = result.groups
        evidence["identical"] = self._identical(view, result)
        self._class_against_base(view, result, evidence)
        return result

    def _identical(self, view: TreeView, result: Comparison) -> list[Json]:
        """Return the equal files that the contract gave a severity: those that a report names.

        A file that could not be read, or compared, is not among them.
        """
        lines = [pattern for patterns in self._contract["severity"].values() for pattern in patterns]
        if not lines or self._reference is None:
            return []
        named = Patterns(compile_selection(lines))
        hidden = {unknown["path"] for unknown in result.unknown}
        if "" in hidden or view.unseen_total > len(view.unseen):
            return []
        differing = hidden | {difference["path"] for difference in result.differences}
        found: list[Json] = []
        for directory in self._reference:
            if view.directories.get(directory.path) is None:
                continue
            for name, fields in by_name(directory).items():
                path = join(directory.path, name)
                if path not in differing and named.verdict(path, False):
                    found.append({"path": path, "entry": shown_entry(fields)})
        return found[:_MAX_IDENTICAL]

    def _class_against_base(self, view: TreeView, result: Comparison, evidence: Json) -> None:
        """Say what each differing file was in the commit that the host's tree was deployed from."""
        side = self._context.side
        if side is None or self._reference is None or not (result.differences or result.groups):
            return
        git = self._context.earlier.get("git", {})
        base = side.base(git, self._contract["name"], self.spec, view.directories, self._reference)
        if base is None:
            return
        tree_base.class_against(base, view.directories, self._reference, evidence)

    def details_request(self, paths: list[str]) -> Json:
        return {
            "name": self.spec["name"],
            "path": self.spec["path"],
            **tree_details.asked(paths, self._contract["diff"]),
        }

    def unread(self, evidence: Json) -> list[str]:
        """Return the files whose lines and text the host has to be asked for. Those that it has as the base commit has
        them are read in the repository, unless the host knows secrets: it masks them by value, wherever in a text.
        """
        wanted = tree_details.wanted(evidence)
        digests = tree_details.in_base(evidence)
        here = [path for path in wanted if path in digests]
        if self._context.side is None or self._context.learned or not here:
            return wanted
        try:
            given = self._context.side.details(self.details_request(here), evidence["base"]["commit"])
        except ReferenceUnavailable:
            return wanted
        for path in here:
            detail = given.get(path, {})
            if detail.get("sha256") == digests[path]:
                self._in_base[path] = detail
        return [path for path in wanted if path not in self._in_base]

    def add_details(self, evidence: Json, answer: Json) -> None:
        """Add line counts and text diffs, from what the host and the reference say of the files that differ."""
        side, changed = self._context.side, tree_details.changed(evidence)
        theirs: Json = {}
        if side is not None and self._contract["diff"] and changed:
            theirs = side.details(self.details_request(changed))
        ours = {**answer.get("files", {}), **self._in_base}
        tree_details.add(evidence, ours, theirs, self._context.max_diff_bytes)


def _whole(spec: Json) -> Json:
    """Return the request of a tree with everything that can be compared, for those that are compared with it."""
    kept = {name: spec[name] for name in ("name", "path", "exclude", "ignore", "keep", "secret", "cross_filesystems")}
    return {**WHOLE, **kept}


class TreesExchange(Exchange):
    """All trees of the contract on one host."""

    def __init__(self, contract: list[Json], context: Context) -> None:
        super().__init__(contract, context)
        self._trees = [TreeExchange(tree, context) for tree in contract]
        self._whole = [TreeRequest(_whole(tree.spec)) for tree in self._trees] if context.whole else []

    def request(self) -> Json:
        return {"trees": [tree.request() for tree in self._trees] + [request.spec for request in self._whole]}

    def read(self, data: Json) -> Json:
        require(data, {"trees": [{"name": str}]}, "the answer about the trees")
        answers = data["trees"]
        asked = self.request()["trees"]
        if [answer["name"] for answer in answers] != [spec["name"] for spec in asked]:
            raise GarbledAnswer("the answer about the trees names other trees than were asked about")
        count = len(self._trees)
        for request, answer in zip(self._whole, answers[count:], strict=True):
            view = request.read(answer)
            if view.outcome == "ok" and view.complete and not view.unseen:
                self.context.whole_trees[request.spec["name"]] = (view.directories, view.secrets)
        return {"trees": [tree.read(answer) for tree, answer in zip(self._trees, answers[:count], strict=True)]}

    def follow_up(self, data: Json) -> Json | None:
        wanted = {
            tree.spec["name"]: tree.details_request(paths)
            for tree, evidence in zip(self._trees, data["trees"], strict=True)
            if (paths := tree.unread(evidence))
        }
        return {"details": {"trees": list(wanted.values())}} if wanted else None

    def read_follow_up(self, data: Json, sections: Json) -> None:
        details = sections.get("details", {"trees": []})
        require(details, _DETAILS, "the answer about the text of files")
        for detail in (detail for answer in details["trees"] for detail in answer["files"].values()):
            # One that could not be read has a reason alone.
            require(detail, _DETAIL if "sha256" in detail else {}, "the answer about the text of a file")
        answers = {answer["name"]: answer for answer in details["trees"]}
        for tree, evidence in zip(self._trees, data["trees"], strict=True):
            tree.add_details(evidence, answers.get(tree.spec["name"], {}))
