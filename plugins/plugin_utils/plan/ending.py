# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a deploy: of each of its hosts, for people and for the verdict. Private to the collection. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates, later
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import report as remediation
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import Status

Json = dict[str, t.Any]

OUTCOMES = {
    "changed": Status("CHANGED", "\u2705", "green"),
    "unchanged": Status("AS PLANNED ALREADY", "\u2705", "green"),
    "planned": Status("WOULD BE CHANGED", "\u2705", "green"),
    "nothing": Status("NOTHING TO DO", "\u2705", "green"),
    "refused": Status("REFUSED", "\u274c", "red"),
    "not_begun": Status("NOT BEGUN", "\u274c", "red"),
    "rolled_back": Status("ROLLED BACK", "\u274c", "red"),
    "failed": Status("FAILED", "\u274c", "red"),
    "unverified": Status("NOT VERIFIED", "\u274c", "red"),
}
_AGAIN = "; deploy again, which finishes or takes back what was interrupted"
GOOD = ("changed", "unchanged", "planned", "nothing")
AS_WANTED = ("unchanged", "nothing")


class Ending(t.NamedTuple):
    """What became of one host: one of ``OUTCOMES``, a sentence, and the restore point if one was made. ``undo``:
    whether going back to it would undo something: what was on a way back is there, or its sentence says what to do.
    """

    host: str
    outcome: str
    sentence: str
    point: str | None = None
    undo: bool = False


def endings(
    plan: Json, results: t.Mapping[str, Json], steps: t.Sequence[Json], about: Json | None = None
) -> list[Ending]:
    """Return what became of each host of a plan. ``results`` are those that got as far, ``steps`` what was begun
    (``deploys.py``), ``about`` is run.json: what the end of a remediation showed, or why there is none, is in it, and
    ``later``, what deploys after one that was interrupted know of it (``later.py``).
    """
    blocked = gates.refusals(plan["gates"])
    last = {step["host"]: step for step in steps}
    found = [_ending(host, results.get(host["host"]), last.get(host["host"]), blocked) for host in plan["hosts"]]
    return [_known_later(_in_the_end(one, about or {}), (about or {}).get("later") or {}) for one in found]


def _known_later(one: Ending, told: t.Mapping[str, t.Sequence[Json]]) -> Ending:
    if one.host not in told:
        return one
    # What was advised is done.
    return one._replace(sentence=f"{one.sentence.removesuffix(_AGAIN)}{later.words(told, one.host)}")


def _in_the_end(one: Ending, about: Json) -> Ending:
    reason = remediation.unverified(about)
    if reason and one.outcome in GOOD:
        more = f"; not verified in the end, because {reason}: {remediation.by_hand(about['id'], one.host, one.point)}"
        return one._replace(outcome="unverified", sentence=f"{one.sentence}{more}")
    return one._replace(sentence=f"{one.sentence}{remediation.hint(one.host, one.outcome, about or {})}")


def _ending(host: Json, result: Json | None, last: Json | None, blocked: t.Sequence[str]) -> Ending:
    name, refused = host["host"], gates.refusals(host["gates"])
    if result is not None:
        return Ending(name, result["outcome"], _said(result), result.get("point"), _can_be_undone(result))
    if last is not None:
        said = f"how it ended is not known: the last that is told is {last['what']}, {last['result']}, at {last['at']}"
        return Ending(name, "failed", f"{said}{_AGAIN}")
    if refused:
        return Ending(name, "refused", "; ".join(refused))
    if not host["actions"]:
        left = len(host["left_out"])
        more = f"; {number(left, 'path')} left as they are, see the plan" if left else ""
        seen = next((gate["sentence"] for gate in host["gates"] if gate["name"] == "coverage"), "")
        return Ending(name, "nothing", f"nothing differs that a deploy may change: {seen}{more}")
    if blocked:
        return Ending(name, "refused", "; ".join(blocked))
    return Ending(name, "not_begun", "its change did not begin; the messages of the play say why")


def _can_be_undone(result: Json) -> bool:
    went_back = result.get("back") or (result.get("verification") or {}).get("back")
    return bool(result.get("point")) and result["outcome"] not in ("rolled_back", "refused") and not went_back


def _said(result: Json) -> str:
    if result["outcome"] == "changed":
        left = result.get("left") or []
        more = f"; {number(len(left), 'path')} could not be cleared away" if left else ""
        changed = f"{number(len(result['changed']), 'path')} changed{more}{_services(result)}"
        return f"{changed}{_taken_over(result)}{remediation.verified(result)}"
    if result["outcome"] == "planned":
        count = f"{number(len(result['changed']), 'path')} would be changed{_services(result)}"
        return f"{count}; the host holds what the plan expects"
    said = str(result.get("reason") or "everything was as planned already")
    return f"{said}; it was changed{_taken_over(result)}" if result.get("of") else said


def later_words(outcome: str, result: Json) -> str:
    """Return what a deploy that took over a host says of it in the report of the one that was interrupted."""
    return f"it took the host over: {OUTCOMES[outcome].word}, {_said(result)}"


def _taken_over(result: Json) -> str:
    return f" by the deploy {result['of']}, which was interrupted" if result.get("of") else ""


def _services(result: Json) -> str:
    """Return what became of the services, as the end of a sentence."""
    done = [one for one in result.get("services") or [] if one["state"] in ("done", "to_do")]
    return "".join(f"; {one['path']}: {one['do'].replace('_', ' ')}{_said_of(one)}" for one in done)


def _said_of(step: Json) -> str:
    return f" ({step['said']})" if step["said"] else ""


def verdicts(plan: Json, ended: t.Sequence[Ending]) -> dict[str, Json]:
    """Return the verdicts of the hosts that fail, in the shape of ``judge/verdict.py``."""
    return {
        one.host: {
            "failed": True,
            "unreachable": False,
            "reasons": [
                {
                    "id": plan["id"],
                    "severity": "critical",
                    "summary": f"{one.host} was not brought to its reference: {one.sentence}",
                }
            ],
        }
        for one in ended
        if one.outcome not in GOOD
    }
