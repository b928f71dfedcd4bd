# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to one path that drifted: it becomes part of the plan, or is left out for a stated reason.

Private to the collection. Pure: evidence in, decisions out.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import PREFIX
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import tree_cause
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import left_out
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.left_out import LeftOut

Json = dict[str, t.Any]

_CONTENT = {"content", "type", "target", "commit", "presence"}
_NO_COMMIT_KNOWS = {"owner", "mtime"}
_WORK = {
    "edited_on_host": "edited on the host after {base}",
    "both_changed": "changed on the host and in the reference since {base}",
    "deleted_on_host": "deleted on the host after {base}",
}
_EXTRA = {
    "only_on_host": "it exists only on the host",
    "both_changed": "edited on the host after {base}, and the reference has removed it",
}
_UNTOLD = "whether the host's version is work of its own cannot be told without a base commit"


@dataclasses.dataclass(frozen=True)
class Policy:
    """What a plan may do besides bringing in what the reference has and the host has not touched."""

    prune: bool = False
    overwrite_host_work: bool = False


@dataclasses.dataclass(frozen=True)
class Knowledge:
    """What is known besides the evidence of a tree.

    ``wanted`` holds the reference's entries by path, as evidence shows them (``Entry`` in docs/design.md); ``unmade``
    why some of them cannot be made from the commit; ``waived`` the waivers by subject of the finding; ``saved`` the
    paths whose content on the host is in the reference's repository; ``forbids`` tells pollution.
    """

    wanted: t.Mapping[str, Json]
    unmade: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    waived: t.Mapping[str, Json] = dataclasses.field(default_factory=dict)
    saved: t.Container[str] = ()
    forbids: t.Callable[[str], bool] = lambda path: False


class Change(t.NamedTuple):
    """A path that becomes part of the plan: what the host has and what it is to have, None for nothing at all."""

    path: str
    host: Json | None
    wanted: Json | None
    cause: str | None


def decide(difference: Json, base: str, policy: Policy, known: Knowledge) -> Change | LeftOut:
    """Return what happens to one difference of a tree's evidence. ``base`` is how the base commit is called."""
    path, host = difference["path"], difference["host"]
    obstacle = _obstacle(difference, known)
    if obstacle is not None:
        return obstacle
    cause = tree_cause.of_difference(difference)
    if difference["reference"] is None:
        return _extra(path, host, cause.cause, base, policy, known)
    wanted = known.wanted.get(path)
    if wanted is None or tree_cause.same(wanted, difference["reference"]) is not True:
        return left_out.moved(path)
    change = Change(path, host, wanted, cause.cause)
    if host is None or not set(difference["aspects"]) & _CONTENT:
        return change
    if cause.direction == "reference_ahead" or policy.overwrite_host_work or path in known.saved:
        return change
    return left_out.host_work(path, _WORK.get(cause.cause or "", _UNTOLD).format(base=base))


def decide_missing(group: Json, base: str, known: Knowledge) -> list[Change | LeftOut]:
    """Return what happens to each file of a whole directory that only the reference has."""
    waiver = _waiver(group["path"], known)
    if waiver is not None:
        return [left_out.waived(group["path"], waiver)]
    cause = tree_cause.of_group("reference", group.get("base", "unknown")).cause
    found: list[Change | LeftOut] = []
    for path in sorted(path for path in known.wanted if path.startswith(group["path"])):
        entry = known.wanted[path]
        difference = {"path": path, "host": None, "reference": entry, "aspects": ["presence"], "secret": False}
        found.append(_obstacle(difference, known) or Change(path, None, entry, cause))
    return found


def decide_extra(group: Json, policy: Policy, known: Knowledge, based: t.Mapping[str, Json]) -> list[Change | LeftOut]:
    """Return what happens to a whole directory that only the host has.

    ``based`` holds the entries of the base commit by path: where the directory is still the same as there, they say
    what it holds. Of another one the evidence does, unless it is large.
    """
    path = group["path"]
    waiver = _waiver(path, known)
    if waiver is not None:
        return [left_out.waived(path, waiver)]
    if MARK in path:
        return [left_out.unnamed(path)]
    behind = tree_cause.of_group("host", group.get("base", "unknown")).cause == "behind"
    if behind and not policy.prune:
        return [left_out.removed(path)]
    listed = {one["path"]: one["entry"] for one in group.get("entries") or ()}
    if behind and not listed:
        listed = {name: {**entry, "mode": None} for name, entry in based.items() if name.startswith(path)}
    if not listed:
        return [left_out.unlisted(path)]
    found: list[Change | LeftOut] = []
    for name in sorted(listed):
        entry = listed[name]
        difference = {"path": name, "host": entry, "reference": None, "aspects": ["presence"], "secret": False}
        cause = "behind" if behind else "only_on_host"
        found.append(_obstacle(difference, known) or _extra(name, entry, cause, "", policy, known))
    if all(isinstance(one, LeftOut) and one.kind == left_out.HOST_WORK for one in found):
        return [left_out.surplus(path, "a whole directory that exists only on the host")]
    return found


def _waiver(path: str, known: Knowledge) -> Json | None:
    """Return the waiver of a path, whose subject in findings is written without a directory's slash, or with it."""
    return known.waived.get(path) or known.waived.get(path.rstrip("/") or ".")


def _obstacle(difference: Json, known: Knowledge) -> LeftOut | None:
    """Return why a path cannot be part of any plan, whatever its cause, or None."""
    path, host, reference = difference["path"], difference["host"], difference["reference"]
    waiver = _waiver(path, known)
    if waiver is not None:
        return left_out.waived(path, waiver)
    if any(part.startswith(PREFIX) for part in path.split("/")):
        return left_out.special(path, "part of a change that was interrupted", "a deploy or a rollback finishes it")
    if difference["secret"] or any(entry and entry.get("secret") for entry in (host, reference)):
        return left_out.secret(path)
    if MARK in path and path not in known.wanted:
        return left_out.unnamed(path)
    if reference is None and known.forbids(path):
        return left_out.forbidden(path)
    if path in known.unmade:
        return left_out.special(path, known.unmade[path], "deploy it by the way that makes it")
    if any(entry and entry["type"] == "submodule" for entry in (host, reference)):
        return left_out.special(path, "a submodule, a repository of its own", "deploy that repository by itself")
    for entry in (host, reference):
        if entry and entry["type"] not in ("file", "link"):
            if entry["type"] == "directory":
                return left_out.attributes(path, difference["aspects"])
            return left_out.special(path, f"a {entry['type']}, no file", "look at it, then remove it by hand")
    aspects = set(difference["aspects"])
    if aspects and aspects <= _NO_COMMIT_KNOWS:
        return left_out.attributes(path, sorted(aspects))
    return None


def _extra(path: str, host: Json, cause: str | None, base: str, policy: Policy, known: Knowledge) -> Change | LeftOut:
    if cause == "behind" or path in known.saved:
        # A version of it is in the repository, whose newest commit lacks it.
        return Change(path, host, None, "behind") if policy.prune else left_out.removed(path)
    if policy.prune and policy.overwrite_host_work:
        return Change(path, host, None, cause)
    return left_out.surplus(path, _EXTRA.get(cause or "", "it is not in the reference; " + _UNTOLD).format(base=base))
