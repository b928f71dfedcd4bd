# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of a plan: what must hold before anything is changed. Private to the collection.

Each gate is ``{name, state: pass|refuse|not_declared|not_asked, sentence}``. A refusal says what would make it pass.
``not_asked`` is what only the host can tell, which it does before it touches anything.
"""

from __future__ import annotations

import datetime
import typing as t

import zoneinfo
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync import SyncSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync_shapes import DAYS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.left_out import HOST_WORK, LeftOut

POINT = "restore_point"

Json = dict[str, t.Any]

_ROOM = 2
"""New files lie beside the old ones, and the old ones in the restore point, until all is done."""
_SPARE = 16 << 20
_SHOWN = 5


def passed(name: str, sentence: str) -> Json:
    return {"name": name, "state": "pass", "sentence": sentence}


def refused(name: str, sentence: str) -> Json:
    return {"name": name, "state": "refuse", "sentence": sentence}


def not_declared(name: str, sentence: str) -> Json:
    return {"name": name, "state": "not_declared", "sentence": sentence}


def not_asked(name: str, sentence: str) -> Json:
    return {"name": name, "state": "not_asked", "sentence": sentence}


def refusals(gates: t.Iterable[Json]) -> list[str]:
    """Return the sentences of the gates that refuse."""
    return [gate["sentence"] for gate in gates if gate["state"] == "refuse"]


def observed(host: str, failure: Json | None) -> Json:
    """The host was seen in this run."""
    if failure is None:
        return passed("observed", f"{host} was observed in this run")
    return refused(
        "observed", f"{host} was not observed ({failure['kind']}: {failure['reason']}): repair that and deploy again"
    )


def reference(about: Json | None) -> Json:
    """There is a commit to bring the host to."""
    if about is None:
        return refused("reference", "no reference is named: set drift_repo, or drift_reference to a git commit")
    if about["kind"] != "git":
        return refused(
            "reference",
            f"the reference is a {about['kind']}: files are deployed from a git commit. Name one with drift_repo, or "
            "with git in drift_reference",
        )
    if about["outcome"] != "ok":
        return refused("reference", f"the reference could not be read: {about['reason']}")
    return passed("reference", f"{about.get('ref') or 'HEAD'} is commit {about['commit'][:12]}")


def coverage(trees: t.Sequence[Json], comparable: t.Container[str]) -> Json:
    """All of the trees was seen. ``comparable`` are the paths that are left out as they cannot be compared at all."""
    blind = []
    for tree in trees:
        if tree["outcome"] != "ok":
            blind.append(f"the tree {tree['path']} was not seen: {tree['reason']}")
            continue
        if tree["reference"] is None:
            blind.append(
                f"the tree {tree['path']} was not compared: {tree['reason'] or 'the reference does not hold it'}"
            )
        if not tree["complete"]:
            blind.append(f"the tree {tree['path']} was not seen completely: {tree['reason']}")
        unread = [one for one in tree["unknown"] if one["path"] not in comparable]
        blind += [f"{one['path']}: {one['reason']}" for one in unread[:_SHOWN]]
        more = max(0, len(unread) - _SHOWN) + max(0, tree["unknown_total"] - len(tree["unknown"]))
        if more:
            blind.append(f"and {number(more, 'other path')} of {tree['path']}")
    if blind:
        return refused(
            "coverage", f"not all was seen, and nothing unseen is changed: {'; '.join(blind)}. Repair that first"
        )
    return passed("coverage", f"{number(len(trees), 'tree')} seen completely")


def host_work(left: t.Sequence[LeftOut], overwritten: int, allowed: bool) -> Json:
    """Nothing that exists only on the host is overwritten unasked."""
    kept = [one.path for one in left if one.kind == HOST_WORK]
    if allowed:
        what = number(overwritten, "path") if overwritten else "nothing"
        return passed("host_work", f"sync_overwrite_host_work is true: {what} of the host's own is overwritten")
    if kept:
        shown = ", ".join(kept[:_SHOWN]) + (f" and {len(kept) - _SHOWN} more" if len(kept) > _SHOWN else "")
        return passed("host_work", f"left alone, {number(len(kept), 'path')} with work of the host's own: {shown}")
    return passed("host_work", "the host holds no work of its own where the plan writes")


def space(resources: Json | None, root: str, needed: int, whole: bool = False) -> Json:
    """There is room for the new files beside the old ones, as far as the evidence tells.

    ``whole`` says that all else is copied with them, as a release is where the file system cannot share blocks. How
    much that takes only the host can tell.
    """
    disk = _disk(resources, root)
    wanted = needed * _ROOM + _SPARE if needed else 0
    if disk is None:
        return not_asked("space", f"{root}: the host measures it before it touches anything; {size(wanted)} are needed")
    free = int(disk["available_kb"]) * 1024
    sentence = f"{disk['path']} has {size(free)} free, {size(wanted)} are needed"
    if disk.get("read_only"):
        return refused("space", f"{disk['path']} is mounted read-only: mount it writable and deploy again")
    if free < wanted:
        return refused("space", f"{sentence}: make room and deploy again")
    if whole and needed:
        return not_asked(
            "space",
            f"{sentence} for what changes; where blocks cannot be shared, the new release takes the size of the whole: "
            "the host measures that before it touches anything",
        )
    return passed("space", sentence)


def _disk(resources: Json | None, root: str) -> Json | None:
    """Return the measured disk whose path is the longest that ``root`` lies below."""
    disks = [
        disk
        for disk in (resources or {}).get("disks", [])
        if disk["outcome"] == "ok" and disk.get("available_kb") is not None
    ]
    above = [disk for disk in disks if f"{root}/".startswith(f"{disk['path'].rstrip('/')}/")]
    return max(above, key=lambda disk: len(disk["path"]), default=None)


_MEMORY = 48 << 20
_MEMORY_AN_OPERATION = 6 << 10
"""What a change takes at most: 8,000 files took 20 MiB more than ten of them."""


def memory(resources: Json | None, operations: int) -> Json:
    """There is memory for so many operations, as far as the evidence tells."""
    wanted = size(_MEMORY + operations * _MEMORY_AN_OPERATION)
    found = (resources or {}).get("memory")
    if not found:
        return not_asked("memory", f"the contract does not audit resources; the work takes less than {wanted}")
    free = int(found["available_kb"]) * 1024
    sentence = f"{size(free)} of memory are available, {wanted} are needed"
    if free < _MEMORY + operations * _MEMORY_AN_OPERATION:
        return refused("memory", f"{sentence}: free some and deploy again")
    return passed("memory", sentence)


def images(refusal: str = "") -> Json:
    """Every image that a service is brought up with is on the host: a deploy pulls and builds none."""
    if refusal:
        return refused("images", refusal)
    return passed("images", "no image is known to be missing on the host, which asks its engine again")


def on_the_host() -> list[Json]:
    """Return the gates that the host keeps itself, each before anything is touched."""
    return [
        not_asked("still_true", "the host checks each path against what the audit saw"),
        not_asked("journal", "the host refuses while an earlier change is unfinished, or another one under way"),
        not_asked(POINT, "the host saves and verifies what is about to change"),
    ]


def approval(settings: SyncSettings, plan_id: str) -> Json:
    """Somebody who has read the plan approved it, where that is asked."""
    if not settings.require_approval:
        return not_declared("approval", "sync_require_approval is not set: who deploys approves")
    if settings.approve == plan_id:
        return passed("approval", f"{plan_id} is approved")
    other = f"sync_approve is {settings.approve}, another plan: " if settings.approve else ""
    return refused("approval", f"{other}read the plan, then approve it with -e sync_approve={plan_id}")


def window(windows: t.Sequence[Json], now_s: float) -> Json:
    """Now is a time at which changes may begin, where such are declared."""
    if not windows:
        return not_declared("window", "sync_window is not set: changes may begin at any time")
    now = datetime.datetime.fromtimestamp(now_s, datetime.timezone.utc)
    for one in windows:
        if _inside(one, now):
            return passed("window", f"{now:%Y-%m-%dT%H:%M:%SZ} lies in {_said(one)}")
    open_at = "; ".join(_said(one) for one in windows)
    return refused("window", f"{now:%Y-%m-%dT%H:%M:%SZ} lies in no change window: deploy in {open_at}")


def _inside(one: Json, now: datetime.datetime) -> bool:
    local = now.astimezone(zoneinfo.ZoneInfo(one["zone"]))
    clock, start, end = f"{local:%H:%M}", one["from"], one["to"]
    today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    if start < end:
        return today in one["days"] and start <= clock < end
    return (today in one["days"] and clock >= start) or (yesterday in one["days"] and clock < end)


def _said(one: Json) -> str:
    days = "every day" if set(one["days"]) == set(DAYS) else ", ".join(one["days"])
    return f"{days} {one['from']} to {one['to']} {one['zone']}"
