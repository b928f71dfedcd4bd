# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a remediation takes over of one that was interrupted: hosts that were changed, and never verified. Private to
the collection.

What became of a host stands in the folder of the interrupted deploy. Where the control node or the connection was gone
before that was told, the host's own record says it: a program there ends what it has begun.
"""

from __future__ import annotations

import functools
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.manifest import ID
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys, document, gates
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points.running import is_saved
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError, past_runs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder as verifications

_FRESH_S = 24 * 3600
_STAMP = len("20261121T160000Z")

Json = dict[str, t.Any]


def take_over(deploy: RunFolder, plan: Json, hosts: t.Collection[str]) -> dict[str, str]:
    """Take over the hosts that a remediation changed and, interrupted, never verified; return of which deploy, by host.

    Only a host to which this one does nothing: then it still is as it was left. What is known of the others is kept for
    the report. What counts is the newest deploy of the same application there that left something, or may have. Raises
    StoreError.
    """
    parts = {part["host"]: part for part in plan["hosts"] if part["host"] in hosts}
    taken, unproven = {}, {}
    for past, old, result in _unverified(deploy, parts, _Records(deploy, plan)):
        host = old["host"]
        if parts[host]["actions"]:
            unproven[host] = {"deploy": result["of"], "point": result.get("point")}
        elif _is_as_left(old, parts[host], result):
            deploys.keep_result(deploy, host, result)
            taken[host] = past.id
    course.note_unproven(deploy, unproven)
    return taken


def _unverified(
    deploy: RunFolder, parts: t.Mapping[str, Json], records: _Records
) -> t.Iterator[tuple[RunFolder, Json, Json]]:
    """Yield the hosts that a remediation changed and never verified: its folder, the part of its plan, the result."""
    open_hosts = set(parts)
    for past in reversed(past_runs(os.path.dirname(deploy.path))):
        if past.id == deploy.id or not open_hosts:
            continue
        touched = _touched(past)
        mine = sorted(open_hosts & touched.keys())
        then = _parts(past) if mine else None
        for host in mine:
            result = touched[host]
            # Where its plan cannot be read, it may have been of the same application.
            old = None if then is None else then.get(host)
            if (then is not None and not _is_same(old, parts[host])) or _left_nothing(past, result, records.of(host)):
                continue
            open_hosts.remove(host)
            if not _is_recent(past) or not _is_open(past, result) or not records.is_after(past):
                continue
            result = _left(past, old, result, records.of(host))
            if old is not None and result is not None:
                yield past, old, result


def sentence(host: str, name: str) -> str:
    """Return what the operator is told of a host that is taken over of a deploy."""
    return f"{host}: was changed by the deploy {name}, {report.INTERRUPTED}: that follows"


def anew(host: str, name: str) -> str:
    """Return what the operator is told of a host that was left unverified, and differs again."""
    return (
        f"{host}: was changed by the deploy {name}, {report.INTERRUPTED}; it differs again, and is planned for anew: "
        "what follows is compared with how it is now"
    )


class Repeated:
    """The remediations of late that had the same plan as this one: a plan that was made before an interruption, and is
    given again, has something to do on a host, and the host says that it is as planned already.
    """

    def __init__(self, deploy: RunFolder, plan: str) -> None:
        self._past: list[RunFolder] = []
        if deploys.CHAIN in deploy.read("run.json"):
            others = [one for one in past_runs(os.path.dirname(deploy.path)) if one.id != deploy.id]
            self._past = [one for one in reversed(others) if _has_plan(one, plan) and _is_recent(one)]

    def __bool__(self) -> bool:
        return bool(self._past)

    def result(self, part: Json, changes: Json) -> Json | None:
        """Return what one of them left of a host that is as its plan wants it; None when the host's own record of
        ``changes`` does not say so, or it was verified. Raises StoreError.
        """
        for past in self._past if changes["outcome"] == "ok" else ():
            touched = _touched(past)
            if part["host"] not in touched:
                continue
            result = touched[part["host"]]
            old = (_parts(past) or {}).get(part["host"])
            found = _left(past, old, result, changes) if _is_open(past, result) else None
            if old is not None and found is not None:
                return found if _is_as_left(old, part, found) else None
            if not _is_untold(result):
                return None
        return None


def _has_plan(past: RunFolder, plan: str) -> bool:
    return bool(_about(past).get("plan") == plan)


def _about(past: RunFolder) -> Json:
    """Return run.json of a deploy, nothing where it is damaged: then nothing is known of it."""
    try:
        about: Json = past.read("run.json")
    except StoreError:
        return {}
    return about


def _touched(past: RunFolder) -> dict[str, Json | None]:
    """Return the result of each host that a deploy may have changed, None where it was begun and nothing is told, or
    what is told is damaged: an old folder keeps no other deploy from its work.
    """
    ended = deploys.results(past, legible=True)
    begun = dict.fromkeys(step["host"] for step in deploys.steps(past))
    return {host: result for host, result in {**begun, **ended}.items() if not _did_nothing(result)}


def _did_nothing(result: Json | None) -> bool:
    return result is not None and result["outcome"] in ("unchanged", "planned", "refused", "not_begun")


def _left_nothing(past: RunFolder, result: Json | None, changes: Json | None) -> bool:
    """Return whether a host's own record says that a deploy which did not tell how it ended there changed nothing: the
    one before it still is the last that did.
    """
    if not _is_untold(result) or changes is None or changes["open"] or changes["under_way"]:
        return False
    told = changes.get("deployed")
    return told is not None and told["run"] != past.id


def _left(past: RunFolder, old: Json | None, result: Json | None, changes: Json | None) -> Json | None:
    """Return the result of a host whose change is open, as the next deploy keeps it; None where it is not known that it
    was changed. ``changes`` is the host's own record, None when that is not known.
    """
    if result is None or _is_untold(result):
        result = _ended_alone(past, old, changes)
    elif _is_over(past, result, changes):
        return None
    if result is None:
        return None
    # What was decided in the old folder is decided anew: how the host is now is what counts.
    kept = {key: value for key, value in result.items() if key not in ("host", "verification", "reason")}
    return {**kept, "outcome": "changed", "of": result.get("of") or past.id}


def _is_over(past: RunFolder, result: Json, changes: Json | None) -> bool:
    """Return whether a host's own record says that something else came after a change, such as the way back."""
    if changes is None or changes.get("outcome") != "ok" or "deployed" not in changes:
        return False
    told = changes["deployed"]
    return told is None or told["run"] != (result.get("of") or past.id)


def _is_recent(past: RunFolder) -> bool:
    """Return whether a deploy is a remediation of late: what fails after days need not be its doing."""
    about = _about(past)
    return deploys.CHAIN in about and report.seconds(about["started"], utc_now()) <= _FRESH_S


def _is_untold(result: Json | None) -> bool:
    """Return whether a host did not say itself what became of it: a connection that was lost leaves that open."""
    if result is None:
        return True
    return result["outcome"] == "failed" and "changed" not in result and "verification" not in result


def _is_open(past: RunFolder, result: Json | None) -> bool:
    """Return whether a deploy may have changed a host, and did not come to verify that, or to bring it back."""
    if result is None or _is_untold(result):
        return True
    verification = result.get("verification")
    if verification is not None:
        # Of a play that came to its own end, too: the host may have been out of reach just then, or a disk full.
        return verification["back"] == course.DUE or _never_verified(past, result["host"], verification)
    return result["outcome"] == "changed" and not past.complete()


def _never_verified(past: RunFolder, host: str, verification: Json) -> bool:
    """Return whether the verification of a host did not come to an end, and nobody has verified that deploy since: who
    has, knows how the host is.
    """
    if verification["id"] is not None:
        return False
    final = (_about(past).get("verification") or {}).get("id")
    since = past_runs(os.path.join(os.path.dirname(os.path.dirname(past.path)), verifications.FOLDER))
    made = [verifications.decided(one) for one in since if one.id[:_STAMP] >= past.id[:_STAMP] and one.id != final]
    return not any(one["deploy"] == past.id and host in {seen["host"] for seen in one["hosts"]} for one in made if one)


def _is_as_left(old: Json, part: Json, result: Json) -> bool:
    """Return whether the audit shows a host as that deploy left it: seen, in the same place, not worked on since."""
    if gates.refusals(part["gates"]) or {one["path"] for one in part["left_out"]} & set(result["changed"]):
        return False
    return _is_same(old, part)


def _ended_alone(past: RunFolder, old: Json | None, changes: Json | None) -> Json | None:
    """Return the result of a host whose change came to its end when nobody was there any more to be told; None when its
    own record does not say so, or says that something else came after it.
    """
    told = (changes or {}).get("deployed")
    if changes is None or told is None or changes["open"] or changes["under_way"]:
        return None
    if old is None or (told["run"], told["id"]) != (past.id, past.read("run.json")["plan"]):
        return None
    point = told["point"]
    # A part of a deploy, such as the branch that was unpacked before it, has none.
    if (point is None and is_saved(old)) or (point is not None and not ID.fullmatch(point)):
        return None
    paths = sorted({one["path"] for one in document.operations(old)})
    services = [{**step, "state": "done", "said": ""} for step in told["steps"]]
    return {"outcome": "changed", "changed": paths, "services": services, "left": [], "point": point}


def _is_same(old: Json | None, part: Json) -> bool:
    """Return whether two parts of plans are of the same application in the same place."""
    return old is not None and document.place(old) == document.place(part)


def _parts(past: RunFolder) -> dict[str, Json] | None:
    """Return what the plan of a deploy says of each host, None where it cannot be read."""
    try:
        return course.parts_of(past)
    except document.PlanError:
        return None


class _Records:
    """What hosts say of their changes, in the audit that a plan was made of. It is read when it is asked for first."""

    def __init__(self, deploy: RunFolder, plan: Json) -> None:
        self._deploy = deploy
        self._plan = plan

    @functools.cached_property
    def _run(self) -> RunFolder | None:
        try:
            run = course.run_of(self._deploy, self._plan["run"])
            run.verify()
        except StoreError:
            # A reviewed plan may outlive the run that it was made of.
            return None
        return run

    def is_after(self, past: RunFolder) -> bool:
        """Return whether the plan was made of what a deploy left: one that was reviewed may be older."""
        if self._deploy.read("run.json")[deploys.CHAIN]["audit"] is not None:
            return True
        return bool(self._plan["created"] >= max((step["at"] for step in deploys.steps(past)), default=""))

    def of(self, host: str) -> Json | None:
        """Return the record of a host, None when it is not known. Raises StoreError."""
        seen = None if self._run is None else evidence.load(self._run, host, evidence.HOST)
        return None if seen is None or seen["failure"] else seen["changes"]
