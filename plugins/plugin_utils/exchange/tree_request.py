# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a host about a tree, and what the answer says. Private to the collection.

The wire format is private to this file and ``module_utils/trees/record.py``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import struct
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.trees.record import INDEX_RECORD, KNOWN_RECORD, NO_STAT
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import pack, unpack
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OBJECT_ID,
    OUTCOME,
    PATH,
    ByName,
    GarbledAnswer,
    OneOf,
    Row,
    require,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories, Directory

_NO_STAT = NO_STAT.hex()
_MODE = re.compile("[0-7]{1,5}")
_ENTRY = OneOf(
    [
        Row([PATH, re.compile("f"), _MODE, re.compile("[0-9a-f]{64}|keyed"), int, int, str, str]),
        Row([PATH, re.compile("l"), re.compile(""), PATH, int, int, str, str]),
        Row([PATH, re.compile("[psd]"), _MODE, re.compile(""), int, int, str, str]),
        Row([re.compile(""), re.compile("m"), re.compile(""), OBJECT_ID, int, int, str, str]),
    ]
)
_OWN = re.compile("|[0-7]{1,5}(?: .*)?", re.DOTALL)
_DIRECTORY = Row(
    [PATH, re.compile("[0-9a-f]{32}"), re.compile("[0-9a-f]{16}"), _OWN, int, OneOf([None, [_ENTRY]])],
)
_RULE = {"rule": int, "outcome": OUTCOME, "reason": str, "matches": int, "lines": [int]}
_FINDING = {
    "path": PATH,
    "line": int,
    "lines": [int],
    "module": str,
    "name": OneOf([None, str]),
    "found": OneOf([None, PATH]),
    "candidates": [PATH],
}
_IMPORTS = {
    "outcome": re.compile("ok"),
    "reason": str,
    "venv": str,
    "python": str,
    "files": int,
    "checked": int,
    "optional": int,
    "unresolved": [_FINDING],
    "unresolved_total": int,
    "unknown": [{"path": str, "reason": str}],
    "unknown_total": int,
}
_SIMILAR = {"pair": int, "outcome": OUTCOME, "reason": str, "share": OneOf([None, float]), "lines": Row([int, int])}
_ANSWER = {
    "name": str,
    "reason": str,
    "complete": bool,
    "directories": str,
    "known": str,
    "unchanged": str,
    "unseen": [Row([PATH, str])],
    "unseen_total": int,
    "secrets": [Row([PATH, re.compile("[0-9a-f]{64}")])],
    "totals": ByName(int),
    "forbidden": [Row([str, PATH, int, [PATH]])],
    "forbidden_total": int,
    "forbidden_files": [Row([PATH, re.compile("[0-7]{4}"), OneOf([None, int]), int])],
    "rules": [_RULE],
    "imports": OneOf([None, {"outcome": re.compile("unknown"), "reason": str}, _IMPORTS]),
    "similar": [_SIMILAR],
    "newest": {"files": [Row([PATH, int])], "dropped": bool},
}
_UNSEEN = {"name": str, "outcome": re.compile("unknown"), "reason": str}


@dataclasses.dataclass(frozen=True)
class TreeView:
    """One tree of one host, as seen in this run: the directories, and what could not be seen.

    ``outcome`` is ``unknown`` when nothing of the tree could be seen; ``complete`` is false when something was not
    reached. ``unseen`` holds ``[path, reason]``, a directory's path ending in ``/``.
    """

    outcome: str
    reason: str
    complete: bool
    directories: Directories
    unseen: list[list[str]]
    unseen_total: int
    totals: dict[str, int]
    forbidden: list[list[t.Any]]
    rules: list[dict[str, t.Any]]
    secrets: dict[str, str]
    newest: dict[str, t.Any]
    imports: dict[str, t.Any] | None = None
    similar: t.Sequence[dict[str, t.Any]] = ()
    forbidden_files: t.Sequence[list[t.Any]] = ()


def spec_key(spec: t.Mapping[str, t.Any]) -> str:
    """Return a key that is equal for requests whose digests can be compared with each other."""
    asked = {name: spec[name] for name in ("path", "exclude", "ignore", "keep", "modes", "owner", "mtime", "secret")}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("utf-8")).hexdigest()[:16]


class TreeRequest:
    """A request about one tree.

    ``spec`` says what is compared; ``reference`` is what the tree should be, ``earlier`` what was last known of the
    host. Digests of either spare the host from describing, or even reading, what has not changed.
    """

    def __init__(
        self, spec: t.Mapping[str, t.Any], reference: Directories | None = None, earlier: Directories | None = None
    ) -> None:
        self._compared = reference is not None
        self._reference = {} if reference is None else {directory.digest: directory for directory in reference}
        self._sent_known: list[str] = []
        self._sent_stats: list[Directory] = []
        self.spec = dict(spec)
        self._wants_all = spec.get("entries") == "all"
        self._sent_stats = self._usable(earlier)
        if self._sent_stats:
            self.spec["stats"] = pack(b"".join(bytes.fromhex(directory.stat) for directory in self._sent_stats))
        if self._wants_all:
            return
        self._sent_known = sorted(self._reference.keys() - {directory.digest for directory in self._sent_stats})
        if self._sent_known:
            self.spec["known"] = pack(b"".join(bytes.fromhex(known) for known in self._sent_known))
        self.spec["entries"] = "changed" if self._compared else "none"

    def _usable(self, earlier: Directories | None) -> list[Directory]:
        """Return the directories whose entries would not be missed if the host said no more than "unchanged"."""
        if earlier is None:
            return []
        usable = [directory for directory in earlier if directory.stat != _NO_STAT and self._dispensable(directory)]
        return sorted(usable, key=lambda directory: directory.stat)

    def _dispensable(self, directory: Directory) -> bool:
        if directory.entries is not None:
            return True
        return not self._wants_all and (not self._compared or directory.digest in self._reference)

    def read(self, answer: t.Mapping[str, t.Any]) -> TreeView:
        """Return what an answer to this request says. Raises GarbledAnswer."""
        require(answer, {"outcome": OUTCOME}, "the answer about a tree")
        if answer["outcome"] != "ok":
            require(answer, _UNSEEN, "the answer about a tree")
            return _unseen(answer["reason"])
        require(answer, _ANSWER, "the answer about a tree")
        try:
            return self._read(answer)
        except (ValueError, IndexError, RecursionError, struct.error) as error:
            raise GarbledAnswer(f"the answer about a tree is garbled: {error}") from error

    def _read(self, answer: t.Mapping[str, t.Any]) -> TreeView:
        found = [self._sent_stats[index] for (index,) in INDEX_RECORD.iter_unpack(unpack(answer["unchanged"]))]
        for index, stat in KNOWN_RECORD.iter_unpack(unpack(answer["known"])):
            same = self._reference[self._sent_known[index]]
            found.append(same._replace(stat=stat.hex(), entries=None))
        for line in filter(None, unpack(answer["directories"]).split(b"\n")):
            record = json.loads(line)
            require(record, _DIRECTORY, "the answer about a directory")
            path, digest, stat, own, files, entries = record
            text = None if entries is None else json.dumps(entries, separators=(",", ":")).encode("ascii")
            found.append(Directory(path, digest, stat, own, files, text))
        if len({directory.path for directory in found}) != len(found):
            raise ValueError("a directory is described twice")
        return TreeView(
            outcome="ok",
            reason=answer["reason"],
            complete=answer["complete"],
            directories=Directories({"spec": spec_key(self.spec)}, found),
            unseen=answer["unseen"],
            unseen_total=answer["unseen_total"],
            totals=answer["totals"],
            forbidden=answer["forbidden"],
            rules=answer["rules"],
            secrets=dict(answer["secrets"]),
            newest=answer["newest"],
            imports=answer["imports"],
            similar=answer["similar"],
            forbidden_files=answer["forbidden_files"],
        )


def _unseen(reason: str) -> TreeView:
    nothing = Directories({}, [])
    return TreeView("unknown", reason, False, nothing, [], 0, {}, [], [], {}, {"files": [], "dropped": False})
