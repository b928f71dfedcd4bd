# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences, whole directories and verified files of one tree as checks. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import tree_cause, tree_remedies, tree_words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.path_severity import PathSeverity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import bounded

SHOWN = 20
"""How many files of a whole directory a finding names."""


_VERIFIED = ("type", "sha256", "size", "lines")
"""What is shown of a file that equals the reference: there may be many of these."""


def subject_of(path: str) -> str:
    """Return how a path is called as a subject: a directory without its slash, the root as ``.``."""
    return path.rstrip("/") or "."


class Blind:
    """What of a tree was not seen. Nothing in it counts as missing."""

    def __init__(self, tree: Details) -> None:
        self._unseen = {subject_of(item["path"]) for item in tree["unknown"]}
        self.unlisted = max(0, tree["unknown_total"] - len(tree["unknown"]))
        self.anywhere = not tree["complete"] or self.unlisted > 0

    def hides(self, path: str) -> bool:
        """Return whether a path, or something below it, may exist without having been seen."""
        if self.anywhere or "." in self._unseen:
            return True
        parts = subject_of(path).split("/")
        if any("/".join(parts[:end]) in self._unseen for end in range(1, len(parts) + 1)):
            return True
        return any(unseen.startswith(f"{subject_of(path)}/") for unseen in self._unseen)


@dataclasses.dataclass(frozen=True)
class TreeFiles:
    """Judges the paths of one tree. ``forbids`` tells whether a path is pollution, which has a check of its own."""

    scope: Scope
    severities: PathSeverity
    names: tree_words.Names
    forbids: t.Callable[[str], bool]

    def difference(self, difference: Details) -> Check | None:
        """Return the check of one difference, None when another check tells of it."""
        cause = tree_cause.of_difference(difference)
        path, host, reference = subject_of(difference["path"]), difference["host"], difference["reference"]
        if host is None:
            what = tree_words.describe(reference)
            return self._missing(path, what, cause, _entry(reference), self._level(difference, "medium"))
        if reference is None:
            if self.forbids(path):
                return None
            what = tree_words.describe(host)
            return self._unexpected(path, what, cause, _observed(difference), self._level(difference, "low"))
        return self._differs(difference, cause)

    def group(self, group: Details, shared: bool = False) -> Check:
        """Return the check of a whole directory that only one side has. ``shared``: the other side has a file of that
        name, which has a check of its own; the slash tells the two apart.
        """
        path = group["path"] if shared else subject_of(group["path"])
        cause = tree_cause.of_group(group["side"], group.get("base", "unknown"))
        what = tree_words.group(group["files"], group["directories"])
        seen = {"type": "directory", "files": group["files"], "directories": group["directories"]}
        seen["sample"] = bounded(group["sample"], SHOWN)
        default = "low" if group["side"] == "host" else "medium"
        level = self.severities.of_group(subject_of(group["path"]), group["sample"], default)
        if group["side"] == "host":
            return self._unexpected(path, what, cause, seen, level)
        return self._missing(path, what, cause, seen, level)

    def verified(self, identical: Details) -> Check:
        """Return the passed check of a file that the contract gave a severity."""
        path, entry = identical["path"], {key: identical["entry"].get(key) for key in _VERIFIED}
        level = self.severities.of(path, "medium")
        summary = f"{path} equals {self.names.reference}"
        return self.scope.passed("content", path, level, summary, expected=entry, observed=entry)

    def _level(self, difference: Details, default: str) -> str:
        entry = difference["host"] or difference["reference"]
        return self.severities.of(subject_of(difference["path"]), default, entry["type"] == "directory")

    def _differs(self, difference: Details, cause: tree_cause.Cause) -> Check:
        path, host, reference = subject_of(difference["path"]), difference["host"], difference["reference"]
        aspects = sorted(difference["aspects"])
        content = set(aspects) & {"content", "type", "target", "commit"}
        check = (
            "content" if content else next((name for name in ("mode", "owner", "mtime") if name in aspects), "content")
        )
        gained = tree_cause.executable(host) is True and tree_cause.executable(reference) is False
        default = "medium" if check == "content" or (check == "mode" and gained) else "low"
        return self.scope.failed(
            check,
            path,
            self._level(difference, default),
            tree_words.differs(path, host, reference, aspects, cause, self.names),
            state="differs",
            cause=cause.cause,
            direction=cause.direction,
            expected=_entry(reference),
            observed=_observed(difference),
            remedy=tree_remedies.differs(cause, self.names.reference),
        )

    def _unexpected(self, path: str, what: str, cause: tree_cause.Cause, seen: Details, level: str) -> Check:
        return self.scope.failed(
            "presence",
            path,
            level,
            tree_words.unexpected(path, what, cause, self.names),
            state="unexpected",
            cause=cause.cause,
            direction=cause.direction,
            observed=seen,
            remedy=tree_remedies.unexpected(cause, self.names.reference),
        )

    def _missing(self, path: str, what: str, cause: tree_cause.Cause, wanted: Details, level: str) -> Check:
        return self.scope.failed(
            "presence",
            path,
            level,
            tree_words.missing(path, what, cause, self.names),
            state="missing",
            cause=cause.cause,
            direction=cause.direction,
            expected=wanted,
            remedy=tree_remedies.missing(cause, self.names.reference),
        )


def unread(scope: Scope, severities: PathSeverity, tree: Details) -> list[Check]:
    """Return the unknown checks of the paths that could not be read, each with its reason."""
    return [
        scope.unknown(
            "read",
            subject_of(item["path"]),
            severities.of(subject_of(item["path"]), "medium", item["path"].endswith("/")),
            f"{subject_of(item['path'])} could not be read: {item['reason']}",
            observed={"reason": item["reason"]},
        )
        for item in tree["unknown"]
    ]


def _entry(entry: Details) -> dict[str, t.Any]:
    return {key: value for key, value in entry.items() if value is not None}


def _observed(difference: Details) -> dict[str, t.Any]:
    seen = _entry(difference["host"])
    seen["aspects"] = bounded(difference["aspects"])
    if difference.get("base"):
        seen["base"] = _entry(difference["base"])
    if difference.get("diff"):
        seen["diff"] = dict(difference["diff"])
    return seen
