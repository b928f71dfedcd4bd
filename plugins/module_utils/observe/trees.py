# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section trees: what files a host has. Private to the collection.

The cost follows the drift: a directory whose stat digest is known is not read, one whose content digest is known is not
described. What the answer means is in ``docs/sections/trees.md``; ``plugin_utils/exchange/trees.py`` is the other end
of the wire.
"""

from __future__ import annotations

import functools
import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import record, rules, similar
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.forbidden import MOST_FILES
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.newest import merged
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import IMPORTS, TreeSpec, pack
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.walk import Walker
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, Job, run_forked

_MAX_UNSEEN = 1000
_MAX_HITS = 1000


class _Answer:
    """Gathers the messages of the workers of one tree."""

    def __init__(self) -> None:
        self.blobs: dict[bytes, list[bytes]] = {record.DIRECTORY: [], record.KNOWN: [], record.UNCHANGED: []}
        self.unseen: list[list[str]] = []
        self.secrets: list[list[str]] = []
        self.totals: dict[str, int] = {"directories": 0, "files": 0, "ignored": 0, "bytes": 0}
        self.forbidden: dict[tuple[str, str], list[t.Any]] = {}
        self.forbidden_files: list[list[t.Any]] = []
        self.rules: list[dict[str, t.Any]] = []
        self.newest: list[dict[str, t.Any]] = []
        self.imports: dict[str, t.Any] | None = None
        self.similar: list[dict[str, t.Any]] = []

    def receive(self, kind: bytes, payload: bytes) -> None:
        if kind in self.blobs:
            self.blobs[kind].append(payload)
        elif kind == record.UNSEEN:
            self.unseen.append(json.loads(payload))
        elif kind == record.SECRET:
            self.secrets.append(json.loads(payload))
        elif kind == record.NEWEST:
            self.newest.append(json.loads(payload))
        elif kind == rules.RULE:
            self.rules.append(json.loads(payload))
        elif kind == IMPORTS:
            self.imports = json.loads(payload)
        elif kind == similar.SIMILAR:
            self.similar.append(json.loads(payload))
        else:
            self._add(json.loads(payload))

    def _add(self, totals: dict[str, t.Any]) -> None:
        for pattern, where, count, sample in totals.pop("forbidden"):
            hit = self.forbidden.setdefault((pattern, where), [0, []])
            hit[0] += count
            hit[1] = sorted(hit[1] + sample)[:5]
        self.forbidden_files += totals.pop("forbidden_files")
        for name, number in totals.items():
            self.totals[name] += number

    def result(self, spec: TreeSpec, incomplete: t.Sequence[str]) -> dict[str, t.Any]:
        hits = [[pattern, where, count, sample] for (pattern, where), (count, sample) in sorted(self.forbidden.items())]
        return {
            "name": spec.name,
            "outcome": "ok",
            "reason": "; ".join(incomplete),
            "complete": not incomplete,
            "directories": pack(b"\n".join(sorted(self.blobs[record.DIRECTORY]))),
            "known": pack(b"".join(sorted(self.blobs[record.KNOWN]))),
            "unchanged": pack(b"".join(sorted(self.blobs[record.UNCHANGED]))),
            "unseen": sorted(self.unseen)[:_MAX_UNSEEN],
            "unseen_total": len(self.unseen),
            "secrets": sorted(self.secrets),
            "totals": self.totals,
            "forbidden": hits[:_MAX_HITS],
            "forbidden_total": len(hits),
            "forbidden_files": sorted(self.forbidden_files)[:MOST_FILES],
            "newest": merged(self.newest, spec.newest["count"] if spec.newest else 0),
            "rules": sorted(self.rules, key=lambda rule: int(rule["rule"])),
            "imports": self.imports,
            "similar": sorted(self.similar, key=lambda pair: int(pair["pair"])),
        }


def _walk(spec: TreeSpec, host: Host, root_fd: int, share: tuple[int, int], channel: Channel) -> None:
    recorder = record.Recorder(spec, host, channel)
    # Forked descriptors share one reading position: listing the same one in two workers would give each a part.
    try:
        own_fd = paths.open_dir(root_fd, ".")
    except OSError as error:
        raise Unseen(f"the tree's root cannot be entered: {explain(error)}") from None
    Walker(spec, host, recorder, share).run(own_fd)
    recorder.finish()


def _collect_tree(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    tree = TreeSpec(spec)
    answer = _Answer()
    root_fd = paths.open_root(os.path.normpath(os.path.join(host.root, tree.path)))
    try:
        jobs: list[Job] = [
            functools.partial(_walk, tree, host, root_fd, (index, host.workers)) for index in range(host.workers)
        ]
        if spec.get("rules"):
            jobs.append(functools.partial(rules.check_rules, root_fd, show(tree.prefix), spec["rules"], host))
        incomplete = run_forked(jobs, host, answer.receive)
        _read_code(tree, spec, root_fd, host, answer)
    finally:
        os.close(root_fd)
    return answer.result(tree, incomplete)


def _read_code(tree: TreeSpec, spec: t.Mapping[str, t.Any], root_fd: int, host: Host, answer: _Answer) -> None:
    """Look into the tree's code, apart from its files: code that ends its reader must not cost what else was seen."""
    if spec.get("imports"):
        # Only here: most hosts are not asked for it, and are not sent the code.
        from ansible_collections.evenkeel.drift.plugins.module_utils.trees.imports import check_imports

        check = functools.partial(check_imports, root_fd, tree, spec["imports"], host)
        problems = run_forked([check], host, answer.receive)
        if answer.imports is None:
            answer.imports = {"outcome": "unknown", "reason": "; ".join(problems) or "nothing was said"}
    if spec.get("similar"):
        compare = functools.partial(similar.check_similar, root_fd, show(tree.prefix), spec["similar"], tree.secret)
        problems = run_forked([functools.partial(compare, host)], host, answer.receive)
        said = {pair["pair"] for pair in answer.similar}
        unseen = {"outcome": "unknown", "reason": "; ".join(problems), "share": None, "lines": [0, 0]}
        answer.similar += [{"pair": at, **unseen} for at in range(len(spec["similar"])) if at not in said]


def collect(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return ``{"trees": [...]}``, one answer for each tree of ``spec["trees"]``; a tree whose root cannot be opened is
    unknown.
    """
    trees: list[dict[str, t.Any]] = []
    for tree in spec["trees"]:
        try:
            host.check_time()
            trees.append(_collect_tree(tree, host))
        except Unseen as unseen:
            trees.append({"name": tree["name"], "outcome": "unknown", "reason": unseen.reason})
    return {"trees": trees}
