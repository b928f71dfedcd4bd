# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences about files that differ, are missing or are too many. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.tree_cause import Cause, Entry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, short

_DIFFERS = {
    "behind": "the host's version is the one of {base}",
    "edited_on_host": "edited on the host after {base}",
    "both_changed": "changed on the host and in the reference since {base}",
    "lfs_pointer": "the host has the LFS pointer in place of the content",
}
_UNEXPECTED = {
    "only_on_host": "nor in {base}: it exists only on the host",
    "behind": "it was in {base} and the reference has removed it",
    "both_changed": "edited on the host after {base}, and the reference has removed it",
}
_MISSING = {
    "never_deployed": "added after {base} and never deployed",
    "deleted_on_host": "it was in {base}: deleted on the host",
}
_UNTOLD = "what came first cannot be told without a base commit"


class Names(t.NamedTuple):
    """How a summary calls the host, the reference and the base commit."""

    host: str
    reference: str
    base: str


def base_name(base: Details | None) -> str:
    """Return how the base commit is called: a nearest commit is a guess, and called one."""
    if base is None:
        return "the base commit"
    name = short(base.get("commit"))
    return f"{name} (the nearest commit)" if base.get("source") == "nearest" else name


def differs(subject: str, host: Entry, reference: Entry, aspects: t.Sequence[str], cause: Cause, names: Names) -> str:
    """Return the sentence about a path that both sides have."""
    if not set(aspects) & {"content", "type", "target", "commit"}:
        parts = [
            f"{aspect} {_value(host, aspect)} on {names.host}, {_value(reference, aspect)} in {names.reference}"
            for aspect in aspects
        ]
        return f"{subject} has another {' and '.join(aspects)}: {'; '.join(parts)}"
    clause = _DIFFERS.get(cause.cause or "", _UNTOLD).format(base=names.base)
    text = f"{subject} differs: {_compare(host, reference, names)}; {clause}"
    if "mode" in aspects:
        text += f"; mode {_value(host, 'mode')} on {names.host}, {_value(reference, 'mode')} in {names.reference}"
    return text


def unexpected(subject: str, what: str, cause: Cause, names: Names) -> str:
    """Return the sentence about a path that only the host has."""
    clause = _UNEXPECTED.get(cause.cause or "", _UNTOLD).format(base=names.base)
    return f"{subject} is on {names.host} ({what}), not in {names.reference}; {clause}"


def missing(subject: str, what: str, cause: Cause, names: Names) -> str:
    """Return the sentence about a path that only the reference has."""
    clause = _MISSING.get(cause.cause or "", _UNTOLD).format(base=names.base)
    return f"{subject} is in {names.reference} ({what}), not on {names.host}; {clause}"


def describe(entry: Entry) -> str:
    """Return what an entry is, in a few words: ``1505 lines``, ``a link to data``."""
    kind = entry["type"]
    if kind == "link":
        return f"a link to {entry.get('target')}"
    if kind == "submodule":
        return f"a submodule at {short(entry.get('commit'))}"
    if kind != "file":
        return f"a {kind}"
    if entry.get("secret"):
        return "a file of a secret class"
    if entry.get("lines") is not None:
        return number(entry["lines"], "line")
    return number(entry["size"], "byte") if entry.get("size") is not None else "a file"


def group(files: int, directories: int) -> str:
    """Return what a whole directory holds."""
    return f"{number(files, 'file')} in {number(directories, 'directory', 'directories')}"


def _compare(host: Entry, reference: Entry, names: Names) -> str:
    if host.get("secret") or reference.get("secret"):
        return f"content of a secret class, another on {names.host} than in {names.reference}"
    mine, theirs = describe(host), describe(reference)
    if host["type"] == reference["type"] == "file" and (host.get("lines") is None) != (reference.get("lines") is None):
        mine, theirs = (describe({**entry, "lines": None}) for entry in (host, reference))
    return f"{mine} on {names.host}, {theirs} in {names.reference}"


def _value(entry: Entry, aspect: str) -> str:
    value = entry.get(aspect)
    if aspect == "owner" and entry.get("group") is not None:
        return f"{value}:{entry['group']}"
    return "unseen" if value is None else str(value)
