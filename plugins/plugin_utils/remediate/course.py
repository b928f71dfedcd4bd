# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a remediation keeps in the folder of its deploy: that it is one, and for each host how its verification went; of
one that was interrupted, too (``takeover.py``). Private to the collection.

``chain`` in run.json marks the folder: ``{begun, audit: null|[from, to], unproven (only where it changes hosts that an
interrupted one had left unverified: {host: {deploy, point}}), unverified (only where nothing was verified in the end:
why)}``. A host's result has ``verification``: ``{id, verdict, before, after_s, reasons, reason_ids, known, counted,
back, again}``; ``after_s`` is how long after the change it was looked at, null where it was watched; ``counted`` has
how many reasons there were of each verdict, as of ``reasons`` and ``known`` 20 are kept; ``back`` is null, ``due`` or
``done``, and ``again`` is ``{id, verdict, still}`` of the verification after the way back.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_texts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys, document, summary
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points.running import containers_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import deciding, report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder as verifications
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import inputs

_BEFORE = "before.json"
DUE, DONE = "due", "done"
_UNVERIFIED = "it was changed, and its verification did not come to an end: the messages of the play say why"
_TOLD = 20
"""So many reasons of a host are kept; all are in the report of the verification."""

Json = dict[str, t.Any]

_NONE: Json = {"id": None, "verdict": None, "before": None, "reasons": [], "known": [], "back": None, "again": None}


def begin(deploy: RunFolder, plan: Json, audited: bool) -> None:
    """Mark a deploy as one that is verified, and keep what the audit says that its plan was made of. Raises StoreError.

    ``audited``: this play made that audit. A reviewed plan may outlive the run that it was made of.
    """
    begun: Json = {"begun": utc_now(), "audit": None}
    try:
        run = run_of(deploy, plan["run"])
        seen = deciding.before(inputs.read(run)).document()
        if audited:
            begun["audit"] = span(run)
            begun["begun"] = begun["audit"][0]
    except StoreError:
        if audited:
            raise
        seen = None
    deploy.write(_BEFORE, seen, durable=True)
    deploy.write("run.json", {**deploy.read("run.json"), deploys.CHAIN: begun}, durable=True)


def rehearse(deploy: RunFolder) -> None:
    """Keep of a deploy in check mode what it is a rehearsal of: there is nothing to verify, or to take over."""
    deploy.write("run.json", {**deploy.read("run.json"), summary.REHEARSED: True})


def due(deploy: RunFolder, batch: t.Collection[str]) -> list[str]:
    """Return the hosts of a batch that were changed and are to be verified."""
    found = deploys.results(deploy)
    return [one for one in batch if found.get(one, {}).get("outcome") == "changed" and not told_of(found[one])]


def due_again(deploy: RunFolder, batch: t.Collection[str]) -> list[str]:
    """Return the hosts of a batch that were brought back and are to be verified once more."""
    found = {host: told_of(result) for host, result in deploys.results(deploy).items()}
    return [one for one in batch if found.get(one) and found[one]["back"] == DONE and found[one]["again"] is None]


def told_of(result: Json) -> Json:
    """Return what a host's result says of its verification."""
    told: Json = result.get("verification") or {}
    return told


def decide(deploy: RunFolder, batch: t.Collection[str], verification: RunFolder | None) -> dict[str, str]:
    """Keep what the verification of a batch says of each of its hosts, and return those that go back, with the reason.

    A host that could not be verified fails, and stays as it is. Raises StoreError, PlanError.
    """
    made, earlier = _made(deploy, verification), _Earlier(deploy)
    results = deploys.results(deploy)
    back: dict[str, str] = {}
    plans: dict[str, dict[str, Json]] = {}
    for host in due(deploy, batch):
        result = results[host]
        if made is None:
            reason = f"{_UNVERIFIED}; {report.by_hand(deploy.id, host, result.get('point'))}"
            deploys.keep_result(deploy, host, {**result, "outcome": "failed", "reason": reason, "verification": _NONE})
            continue
        seen = earlier.of(result)
        source = source_of(deploy, result)
        if source.id not in plans:
            plans[source.id] = parts_of(source)
        decision = deciding.decide(made, host, seen, _planned(plans[source.id].get(host)))
        told = {
            "id": made["id"],
            "verdict": decision.verdict,
            "before": None if seen is None else seen.run,
            "after_s": deciding.after_s(made, host),
            "reasons": decision.reasons[:_TOLD],
            # After the way back each of them is looked for, not those alone that are told.
            "reason_ids": [one["id"] for one in decision.reasons],
            "known": decision.known[:_TOLD],
            "counted": {"reasons": deciding.counted(decision.reasons), "known": deciding.counted(decision.known)},
            "back": DUE if decision.reasons else None,
            "again": None,
        }
        deploys.keep_result(deploy, host, {**result, "verification": told})
        if decision.reasons:
            back[host] = decision.reasons[0]["sentence"]
    return back


def confirm(deploy: RunFolder, batch: t.Collection[str], verification: RunFolder | None) -> None:
    """Keep what the verification after the way back says. A host that is worse than before the change fails.

    Raises StoreError, PlanError.
    """
    made, earlier = _made(deploy, verification), _Earlier(deploy)
    results = deploys.results(deploy)
    for host in due_again(deploy, batch):
        result = results[host]
        told = result["verification"]
        again: Json = {"id": None, "verdict": None, "still": []}
        more = "whether all is well again is not known: the verification after it did not come to an end"
        if made is not None and made["id"] != told["id"]:
            left = deciding.still(made, host, _ids(told), earlier.of(result))
            verdict = next((one["verdict"] for one in made["hosts"] if one["host"] == host), None)
            again = {"id": made["id"], "verdict": verdict, "still": left[:_TOLD]}
            others = f" (and {len(left) - 1} more, see the verification {made['id']})" if left[1:] else ""
            more = f"it is not as before the change all the same: {left[0]['sentence']}{others}" if left else ""
        well = "verified again: nothing is worse than before the change"
        kept = {**result, "reason": f"{result['reason']}; {more or well}"}
        kept["outcome"] = "failed" if more else result["outcome"]
        deploys.keep_result(deploy, host, {**kept, "verification": {**told, "again": again}})


def _ids(told: Json) -> list[str | None]:
    """Return the ids of all that took a host back; a result of an older version has only those that it tells."""
    kept: list[str | None] | None = told.get("reason_ids")
    return [one["id"] for one in told["reasons"]] if kept is None else kept


def unverified(deploy: RunFolder, reason: str) -> None:
    """Keep why the verification of all hosts in the end did not come to an end. Raises StoreError."""
    _mark(deploy, {"unverified": reason or "the messages of the play say why"})


def note_unproven(deploy: RunFolder, left: t.Mapping[str, Json]) -> None:
    """Keep which hosts an interrupted deploy had left unverified that this one changes. Raises StoreError."""
    if left:
        _mark(deploy, {"unproven": dict(left)})


def unproven(deploy: RunFolder) -> dict[str, str]:
    """Return which deploy had left a host unverified that this one changes, by host. Raises StoreError."""
    left = deploy.read("run.json")[deploys.CHAIN].get("unproven") or {}
    return {host: one["deploy"] for host, one in left.items()}


def _mark(deploy: RunFolder, more: Json) -> None:
    about = deploy.read("run.json")
    # It takes the place of what is on the disk already, and hosts are changed after it.
    deploy.write("run.json", mask_texts({**about, deploys.CHAIN: {**about[deploys.CHAIN], **more}}), durable=True)


def source_of(deploy: RunFolder, result: Json) -> RunFolder:
    """Return the deploy that changed a host: this one, or the interrupted one that it was taken over of."""
    name = result.get("of")
    return deploy if name is None else RunFolder(os.path.join(os.path.dirname(deploy.path), name))


def way_back(deploy: RunFolder, host: str, result: Json) -> tuple[Json, str]:
    """Return the part of the plan by which a host was changed, and the level at which that goes back.

    Raises StoreError, PlanError.
    """
    source = source_of(deploy, result)
    part = part_of(source, host)
    if part is None:
        raise StoreError(f"the plan of the deploy {source.id} says nothing of {host}: {source.path}")
    return part, "full" if containers_of(part) else "config"


def brought_along(deploy: RunFolder, host: str, result: Json) -> Json:
    """Return what a change brought along, as the module that takes it back wants it: of the services of the plan the
    steps that were done, with how ill was before what they were run on, and the commands. Raises StoreError, PlanError.
    """
    plan = document.load(source_of(deploy, result).join(document.PLAN))
    done = {_step(one): one.get("ill") for one in result.get("services") or [] if one["state"] == "done"}
    actions = []
    for part in plan["hosts"]:
        for action in document.services(part) if part["host"] == host else []:
            steps = [
                {**step, **({"ill": done[name]} if done[name] else {})}
                for step in action["steps"]
                if (name := _step({**action, **step})) in done
            ]
            actions += [{**action, "steps": steps}] if steps else []
    return {"services": actions, "hooks": plan["policy"]["hooks"], "step_timeout": plan["policy"]["step_timeout"]}


def _step(one: Json) -> tuple[str, ...]:
    return tuple(str(one[key]) for key in ("kind", "path", "do"))


class _Earlier:
    """What was kept of the audits before the change; None where there was none."""

    def __init__(self, deploy: RunFolder) -> None:
        self._deploy = deploy
        self._read: dict[str, deciding.Before | None] = {}

    def of(self, result: Json) -> deciding.Before | None:
        source = source_of(self._deploy, result)
        if source.id not in self._read:
            kept = self._kept(source)
            self._read[source.id] = None if kept is None else deciding.Before.of(kept)
        return self._read[source.id]

    def _kept(self, source: RunFolder) -> t.Any:
        try:
            return source.read(_BEFORE)
        except StoreError:
            # Of a deploy that was interrupted: what cannot be read is as good as an audit that is gone.
            if source.id == self._deploy.id:
                raise
            return None


def run_of(deploy: RunFolder, name: str) -> RunFolder:
    """Return the folder of the run that a plan is of. Raises StoreError."""
    path = os.path.join(os.path.dirname(os.path.dirname(deploy.path)), name)
    if not os.path.isfile(os.path.join(path, "run.json")):
        raise StoreError(f"the run {name}, of which the plan of {deploy.id} was made, is no longer there: {path}")
    return RunFolder(path)


def _made(deploy: RunFolder, verification: RunFolder | None) -> Json | None:
    """Return verify.json where it was decided, and is of this deploy, None otherwise. Raises StoreError."""
    if verification is None or not verification.complete():
        return None
    verification.verify()
    made: Json = verification.read(verifications.DOCUMENT)
    return made if made["deploy"] == deploy.id else None


def part_of(deploy: RunFolder, host: str) -> Json | None:
    """Return what the plan of a deploy says of a host, None when that is nothing. Raises PlanError."""
    return parts_of(deploy).get(host)


def parts_of(deploy: RunFolder) -> dict[str, Json]:
    """Return what the plan of a deploy says of each of its hosts. Raises PlanError."""
    return {part["host"]: part for part in document.load(deploy.join(document.PLAN))["hosts"]}


def _planned(part: Json | None) -> set[str]:
    return set() if part is None else {name for action in part["actions"] for name in action["findings"]}


def span(folder: RunFolder) -> tuple[str, str]:
    """Return from when to when a run was. Raises StoreError."""
    about = folder.read("run.json")
    return about["started"], about["finished"]
