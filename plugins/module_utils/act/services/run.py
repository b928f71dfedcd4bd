# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of files and of the services that use them, under one lock. Private to the collection.

Look at both; commands before the change; ``services.json``; the files as one transaction; then one step after the
other. Every step asks first whether what it wants is so already, so that what was interrupted is run again from the
beginning.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import lock, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import (
    ActError,
    RolledBack,
    ServicesFailed,
    Stuck,
    Unfinished,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations, checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import commands, hooks, journal, registry
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.journal import BACK, FAILED, Record
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import (
    Call,
    Kind,
    NotWell,
    Step,
    StepFailed,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.looking import Services, look, marked, named
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.act.strategy import Strategy, Work, tree
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.order import APART_S

Json = t.Dict[str, t.Any]


def apply(
    operations: t.Any,
    sources: t.Sequence[int] | None,
    root: str,
    state: State | None,
    about: t.Mapping[str, t.Any],
    host: Host,
    services: Services,
    check: bool = False,
    strategy: Strategy = tree,
) -> Json:
    """Apply operations as ``transaction.apply`` does, with what a strategy adds to them, and run what follows.

    Returns what that returns, and ``services``: of each step ``{kind, path, do, state, said}``, the state being
    ``to_do`` (with ``check``), ``unchanged`` or ``done``, and of one that was run ``seconds``. Raises what it raises,
    ServicesMoved when nothing was touched, ServicesFailed when the files are in place and a step failed.
    """
    registry.checked(list(services.actions))
    hooks.check(services.hooks)
    wanted = checked(operations)
    if state is None or check:
        if state is not None:
            refuse_unfinished(state)
        looked = look(services, root, state)
        with strategy(Work(root, wanted, sources), state, about, host, True) as work:
            done = transaction.apply(work.operations, work.sources, work.root, state, about, host, check=True)
        return {**done, "changed": work.told(done["changed"]), "services": looked}
    with lock.held(state, str(about.get("who")), str(about.get("why"))) as held:
        transaction.refuse_unfinished(state)
        commands.forget(state)
        refuse_unfinished(state)
        known = services._replace(actions=marked(services, root, state)[1])
        record = journal.make(state, about, root, services.limit_s, known.following(), services.hooks)
        try:
            if record.needed():
                record.write()
            commands.before(record)
            about = {**about, journal.LABEL: record.document["token"]}
            with strategy(Work(root, wanted, sources), state, about, host, False) as work:
                change = checked(work.operations), work.sources or (), work.root
                done = transaction.apply_locked(*change, state, about, host, held)
                done["changed"] = work.told(done["changed"])
            done["warnings"] += work.notes
            if record.needed():
                record = _due(record, state)
        except Stuck:
            # A recovery ends it: forward, and these come due, or back, and they are forgotten.
            raise
        except (ActError, BadOperations, Unseen, OSError):
            commands.forget(state)
            raise
        done["services"] = run_steps(record, done["warnings"]) if record.needed() else []
        return done


def _due(record: Record, state: State) -> Record:
    """Return the record as the change of files left it: due. Where no file had to change it becomes so here."""
    found = journal.find(state) or record
    if found.phase == journal.PENDING:
        found.document["files"] = False
        found.come_due()
    return found


def resume(state: State, who: str, why: str) -> tuple[Json | None, list[Json]]:
    """Run what is left of the steps of a change that was interrupted; its files are all in place.

    Returns what was found, None when nothing was, and the steps as :func:`apply` does. Raises Busy, ServicesFailed.
    """
    with lock.held(state, who, why):
        transaction.refuse_unfinished(state)
        commands.forget(state)
        record = journal.find(state)
        if record is not None and record.is_unbegun:
            # Who was killed at the very begin of a way back left nothing to finish, and nothing to take back.
            record.close()
            record = None
        return (None, []) if record is None else (record.summary(), run_steps(record, []))


def take_back(state: State, who: str, why: str) -> list[Json]:
    """Bring back the services that a change had begun to bring along, when its files were brought back.

    Returns the steps; there are none when no change left any. Raises Busy, ServicesFailed.
    """
    with lock.held(state, who, why):
        transaction.refuse_unfinished(state)
        commands.forget(state)
        record = journal.turned(state)
        return [] if record is None else run_steps(record, [])


def refuse_unfinished(state: State) -> None:
    """Raise Unfinished when the services of an earlier change did not come to their end."""
    record = journal.find(state)
    if record is None or record.phase == journal.PENDING:
        return
    summary = record.summary()
    why = f" ({summary['reason']})" if summary["reason"] else ""
    raise Unfinished(
        f"the files of an earlier change are in place, and its services were not all brought along{why}: "
        f"{summary['why']}, by {summary['who']}, of {summary['started']}. It has to be finished first: deploy or roll "
        "back, or run apply_plan with state: recovered",
        summary,
    )


def run_steps(record: Record, warnings: list[str]) -> list[Json]:
    """Run the steps of a record that is due, and close it. Raises ServicesFailed, Stuck.

    Forward, the first that fails is the last, and where no file was changed what was begun is taken back at once
    (RolledBack); on the way back all are tried.
    """
    if record.document["files"]:
        # What starts now was started after the files, and by the times of both that can be told.
        time.sleep(APART_S)
    call = Call(record.since, record.document["limit_s"], record.document["root"], record.state.path, record.note)
    told: list[Json] = []
    for number, action in enumerate(record.document["actions"]):
        for place, step in enumerate(action["steps"]):
            told.append({**named(action, step), **_one(record, [number, place], call, warnings)})
            if told[-1]["state"] == "failed" and record.direction != BACK:
                break
        if told and told[-1]["state"] == "failed" and record.direction != BACK:
            break
    failed = [one["said"] for one in told if one["state"] == "failed"]
    if failed:
        if record.direction != BACK and not record.document["files"]:
            raise _gone_back(record, failed[0])
        record.document.update(phase=FAILED, reason=failed[0])
        try:
            record.write()
        except OSError as error:
            # What was begun is known here alone: who brings the files back now would leave it as it is.
            raise Stuck(f"{_unwritten(record, error)}: make room, then deploy again; {failed[0]}", "") from error
        raise ServicesFailed("; ".join(failed), told, record.direction, record.document["about"].get("point"))
    try:
        record.close()
    except OSError as error:
        raise Stuck(
            f"the services are as wanted, and {journal.NAME} cannot be removed: {explain(error)}", ""
        ) from error
    return told


def _gone_back(record: Record, reason: str) -> RolledBack:
    """Take back what was begun where no file has to be, and return what is to be raised. Raises ServicesFailed, also
    when something was begun that nothing takes back, such as a restart: it is told, and nothing is left to be done.
    """
    point = record.document["about"].get("point")
    try:
        stay = record.turn_back(files=False)
    except OSError as error:
        raise Stuck(f"{reason}; {_unwritten(record, error)}", "") from error
    try:
        steps = run_steps(record, [])
    except ServicesFailed as failed:
        # Why it was taken back at all is what the operator has to know first.
        raise ServicesFailed(f"{reason}; on the way back: {failed.reason}", failed.steps, BACK, point) from None
    if stay:
        why = f"no file was changed, and {', '.join(stay)} cannot be taken back: look at it, and deploy again"
        raise ServicesFailed(f"{reason}; {why}", steps, BACK, point)
    return RolledBack(reason, "", [])


def _one(record: Record, at: list[int], call: Call, warnings: list[str]) -> Json:
    """Run one step, and return its state, what was said, and of one that was begun the ``seconds`` that it took."""
    action = record.document["actions"][at[0]]
    step, kind = action["steps"][at[1]], registry.kind_of(action)
    begun = time.monotonic()
    try:
        if at in record.document["done"] and action["kind"] == "hook":
            return {"state": "unchanged", "said": "was run already"}
        if kind.look(step, call).wanted:
            return {"state": "unchanged", "said": ""}
        record.document["begun"].append(at)
        _write(record, warnings)
        _log(record, action, step, "begins", "", warnings, at_s=time.time())
        said = _run(record, kind, step, call)
    except (StepFailed, Unseen) as error:
        said = error.reason
    except OSError as error:
        said = f"{action['path']}: {explain(error)}"
    else:
        record.document["done"].append(at)
        _write(record, warnings)
        _log(record, action, step, "is done", said, warnings, at_s=_began(kind, step, call))
        seconds = round(time.monotonic() - begun, 1)
        # Whoever takes the change back later knows by it of what nothing better is to be asked.
        return {"state": "done", "said": said, "seconds": seconds, **_ill(step)}
    _log(record, action, step, "failed", said, warnings)
    return {"state": "failed", "said": said, "seconds": round(time.monotonic() - begun, 1)}


def _run(record: Record, kind: Kind, step: Step, call: Call) -> str:
    """Run a step and return what it says. What was not well before the change need not be well on the way back: that
    would never end. Raises StepFailed, Unseen.
    """
    try:
        return kind.run(step, call)
    except NotWell as error:
        if record.direction != BACK or not step.get("ill"):
            raise
        return f"{error.reason}; before the change it was no better: {step['ill']}"


def _ill(step: Step) -> Json:
    return {"ill": step["ill"]} if step.get("ill") else {}


def _began(kind: Kind, step: Step, call: Call) -> float | None:
    try:
        return kind.began(step, call)
    except (StepFailed, Unseen, OSError):
        # From when on its log is of the new is then told by the begin of the step.
        return None


def _write(record: Record, warnings: list[str]) -> None:
    """Note how far it came. A disk that is full keeps no service from being brought along: what is run again then asks
    first whether it is done.
    """
    try:
        record.write()
    except OSError as error:
        warnings.append(_unwritten(record, error))


def _unwritten(record: Record, error: OSError) -> str:
    return f"{record.state.path}/{journal.NAME} cannot be written: {explain(error)}"


def _log(
    record: Record, action: Json, step: Json, what: str, said: str, warnings: list[str], at_s: float | None = None
) -> None:
    """Add a line to the log. ``at_s`` is, of a step that begins, this moment; of one that is done, from when on what it
    has started writes its log (``observe/change_starts.py``).
    """
    about = record.document["about"]
    line = {"what": f"step {what}", **named(action, step), "direction": record.direction, "said": said, **_ill(step)}
    if at_s is not None:
        line["at_s"] = round(at_s, 6)
    if step["do"] == "reload":
        # What a process has read again is known by this line alone: an audit looks for it.
        line["files"] = step["files"]
    try:
        record.state.log({**line, **{key: about.get(key) for key in ("id", "who", "why", "run", "point")}})
    except OSError as error:
        warnings.append(f"the log in {record.state.path} has no line of {action['path']}: {explain(error)}")
