# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of one deploy: its plan, what each host made of it, and each step with who, when, what and how it ended.

Private to the collection. It lies beside the run folders, in ``deploys``: a run folder is sealed before a plan is made
of it, and must not change afterwards. ``INCOMPLETE`` lies in it until the deploy has ended, however it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_texts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import (
    document,
    ending,
    gates,
    later,
    looks,
    render,
    summary,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import offer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import (
    RunFolder,
    StoreError,
    past_runs,
    prune,
    safe_name,
)

FOLDER = "deploys"
REPORT = "plan.md"
RESULT = "result.md"
STEPS = "steps.jsonl"
CHAIN = "chain"
"""What run.json of a deploy has that is verified, a remediation (``remediate/course.py``)."""
_STOPPING = ("failed", "refused", "rolled_back")
"""What becomes of a host after which no batch is begun."""
_TOLD = 5
"""So many of the newest deploys that did not end are told of anew by the next."""

Json = dict[str, t.Any]
Place = tuple[str, str, str]


def open_deploy(
    output_dir: str,
    label: str,
    plan: Json,
    controller: Json,
    offered: offer.Offered | None = None,
    more: Json | None = None,
) -> RunFolder:
    """Make the folder of a deploy and write its plan into it, and what is proposed. Raises StoreError.

    ``more`` stands in run.json: ``keep``, how many folders of deploys are left when this one has ended (0: all),
    ``recovered``, by host, what became of a change that was interrupted before, and ``window``, when hosts are begun.
    """
    started = utc_now()
    folder = RunFolder.create(os.path.join(output_dir, FOLDER), started, label)
    about: Json = {"id": folder.id, "kind": "deploy", "started": started, "plan": plan["id"], "audit": plan["run"]}
    about.update(controller=controller, hosts=[one["host"] for one in plan["hosts"]])
    # What a later deploy needs of one that was interrupted outlives a power cut: a host may be changed by then.
    folder.write("run.json", mask_texts({**about, **(more or {})}), durable=True)
    folder.write(document.PLAN, plan, durable=True)
    folder.write_bytes(REPORT, render.document(plan).encode("utf-8"))
    offer.write(folder, offered or {}, plan)
    report(folder, plan)
    _tell_interrupted(folder, _finished)
    return folder


def _tell_interrupted(current: RunFolder, of: t.Callable[[RunFolder, RunFolder], dict[str, str]]) -> None:
    """Write anew what there is of deploys that did not end: nobody was there to do so when they were interrupted.

    ``of`` says what the current deploy knows of the hosts of one of them.
    """
    past = [one for one in past_runs(os.path.dirname(current.path)) if one.id != current.id and not one.complete()]
    for folder in past[-_TOLD:]:
        # One that was interrupted before it had a plan, or was altered since, has nothing to tell.
        with contextlib.suppress(StoreError, document.PlanError, FileNotFoundError):
            later.tell(folder, current.id, of(current, folder))
            report(folder, document.load(folder.join(document.PLAN)))


def _finished(current: RunFolder, past: RunFolder) -> dict[str, str]:
    """Return what became of changes that were under way when a deploy was interrupted, by host."""
    recovered = current.read("run.json").get("recovered") or {}
    return {host: recovered[host] for host in _known(past, current, _untold(past) & recovered.keys())}


def _untold(past: RunFolder) -> set[str]:
    """Return the hosts that a deploy has begun, and of which it does not know how that ended."""
    return {step["host"] for step in steps(past)} - results(past).keys()


def _known(past: RunFolder, current: RunFolder, hosts: t.Collection[str]) -> list[str]:
    """Return those of the hosts whose part of the current deploy is about what the past one has begun there."""
    if not hosts:
        return []
    then, now = places(past) or {}, places(current) or {}
    same = {host: place for host, place in now.items() if host in hosts and then.get(host) == place}
    newest = _newest(current, same)
    return [host for host in same if newest.get(host) == past.id]


def _newest(current: RunFolder, own: t.Mapping[str, Place]) -> dict[str, str]:
    """Return the newest deploy before this one that has begun each of these, by host: what is open there is of that."""
    found: dict[str, str] = {}
    for one in reversed(past_runs(os.path.dirname(current.path))):
        if len(found) == len(own):
            break
        begun = {step["host"] for step in steps(one)} & (own.keys() - found.keys()) if one.id != current.id else set()
        there = places(one) if begun else {}
        found.update({host: one.id for host in begun if there is None or there.get(host) == own[host]})
    return found


def places(folder: RunFolder) -> dict[str, Place] | None:
    """Return of what on each of its hosts a deploy is, None where that is not known."""
    try:
        plan = document.load(folder.join(document.PLAN))
    except document.PlanError:
        return None
    return {part["host"]: document.place(part) for part in plan["hosts"]}


def _ended(current: RunFolder, past: RunFolder) -> dict[str, str]:
    """Return what became of the hosts that a remediation has taken over of another one, or of one that had done so; and
    which hosts have what they were to have, where nothing else is known of them.
    """
    outcomes, ended = current.read("run.json")["outcomes"], results(past)
    said = {}
    for host, result in results(current).items():
        of = result.get("of")
        if of is not None and of in (past.id, ended.get(host, {}).get("of")):
            said[host] = ending.later_words(outcomes[host], result)
    silent = _untold(past) - said.keys() - later.read(past).keys()
    for host in _known(past, current, {host for host in silent if outcomes.get(host) in ending.AS_WANTED}):
        said[host] = ending.OUTCOMES[outcomes[host]].word
    return said


def note(
    folder: RunFolder,
    host: str,
    who: str,
    what: str,
    result: str,
    restarts_s: float = 0.0,
    seconds: float | None = None,
) -> None:
    """Add a step to those of the deploy. Several hosts may do so at once. Raises StoreError.

    ``restarts_s``: how long what runs was brought along, at the end of this step; ``seconds``: how long all of it took
    on the host, where that says so.
    """
    step: Json = {"at": utc_now(), "who": who, "host": host, "what": what, "result": result}
    if restarts_s:
        step["restarts_s"] = round(restarts_s, 1)
    if seconds is not None:
        step["seconds"] = round(seconds, 1)
    line = json.dumps(mask_texts(step), sort_keys=True)
    path = folder.join(STEPS)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, line.encode("ascii") + b"\n")
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def keep_result(folder: RunFolder, host: str, result: Json) -> None:
    """Write what became of one host: ``{outcome, reason, ...}``, the outcome one of those that ``ending.py`` names."""
    folder.write(f"results/{safe_name(host)}.json", mask_texts({"host": host, **result}), durable=True)


def results(folder: RunFolder, legible: bool = False) -> dict[str, Json]:
    """Return what became of each host that got as far, by name. Raises StoreError for a damaged one, which is left out
    where only those that are ``legible`` are asked for.
    """
    try:
        names = sorted(os.listdir(folder.join("results")))
    except FileNotFoundError:
        return {}
    kept = []
    for name in names:
        with contextlib.suppress(*[StoreError] if legible else []):
            kept += [folder.read(f"results/{name}")] if name.endswith(".json") else []
    return {one["host"]: one for one in kept}


def steps(folder: RunFolder) -> list[Json]:
    """Return the steps so far. A line that was cut short by a crash is left out."""
    try:
        with open(folder.join(STEPS), "rb") as file:
            return [step for step in map(_step, file) if step is not None]
    except FileNotFoundError:
        return []


def _step(line: bytes) -> Json | None:
    try:
        step: Json = json.loads(line)
    except ValueError:
        return None
    return step


def failures(folder: RunFolder) -> dict[str, str]:
    """Return the reason of each host that failed so far, or was begun and never ended."""
    ended = results(folder)
    found = {step["host"]: "how it ended is not known" for step in steps(folder) if step["host"] not in ended}
    found.update({host: one["reason"] for host, one in ended.items() if one["outcome"] in _STOPPING})
    return found


def stopped(folder: RunFolder, batch: t.Collection[str], now_s: float) -> str:
    """Return why a batch of hosts is not begun, if it is not: one before it failed, or took until the window closed."""
    failed = [host for host in failures(folder) if host not in batch]
    if failed:
        return f"not begun, because {failed[0]} failed before it: repair that, then deploy again"
    closed = gates.refusals([gates.window(folder.read("run.json").get("window") or [], now_s)])
    return f"not begun: {closed[0]}" if closed else ""


def report(folder: RunFolder, plan: Json, after: Json | None = None) -> list[ending.Ending]:
    """Write ``result.md`` of what there is so far, and return what became of each host.

    ``after`` says that the deploy has ended: ``{after, verdict}`` of the audit that followed, if any, and of a
    remediation ``verification`` and ``took``. Its folder is sealed then.
    """
    about = {**folder.read("run.json"), **(after or {})}
    told = later.read(folder) if after is None else {}
    begun, became = steps(folder), results(folder)
    ended = ending.endings(plan, became, begun, {**about, "later": told})
    if after is not None:
        about.update(finished=utc_now(), outcomes={one.host: one.outcome for one in ended})
        about["overall"] = summary.overall(about, ended)
    found = looks.looks(folder, about, plan, became)
    whole = summary.document(plan, ended, summary.Told(about, after is not None, begun, became, found))
    folder.write_bytes(RESULT, whole.encode("utf-8"))
    if after is not None:
        folder.write("run.json", about)
        folder.seal()
        _tell_interrupted(folder, _ended)
        prune(os.path.dirname(folder.path), int(about.get("keep") or 0), folder, ended=True)
    return ended
