# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of a deploy has besides, when it is one that is verified: the gate as a checklist, how each host was
verified and what followed, and where the time went. Private to the collection. Pure.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.gates import refusals
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.render import STATES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import markdown, markdown_code
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_SHOWN = 5
_NAMED = 3
_KNOWN: dict[str, t.Callable[[int], str]] = {
    verdicts.FAIL: lambda count: f"{number(count, 'check')} failed before the change as well",
    verdicts.UNKNOWN: lambda count: f"{number(count, 'thing')} could not be told before the change either",
    verdicts.OBSERVATION: lambda count: f"{number(count, 'observation')} as before the change",
}
"""What is said of the things that are as they were, by their verdicts."""
INTERRUPTED = "which was interrupted before it was verified or taken back"
# A step that took longer than a day was not waited for.
_LONGEST_S = 86400.0

Json = dict[str, t.Any]
Span = tuple[str, str]


class Took(t.NamedTuple):
    """Seconds, to about one each: of all, of the audits and verifications, and of restarts: how long changes brought
    along what runs, and of ways back, which bring back both, the whole.
    """

    total: int
    checks: int
    restarts: int

    @property
    def own(self) -> int:
        return max(0, self.total - self.checks - self.restarts)

    def sentence(self) -> str:
        """Return where the time went. What is left is the share of the chain itself."""
        return (
            f"Took {self.total} s: {self.checks} s audits and verifications, {self.restarts} s restarts, "
            f"{self.own} s the chain itself"
        )


def took(
    begun: str, ended: str, checks: t.Iterable[Span], steps: t.Sequence[Json], results: t.Mapping[str, Json]
) -> Took:
    """Return where the time went. ``checks`` are the times of audits and verifications, one after the other."""
    checking = sum(seconds(*one) for one in checks)
    spans = [_restarts(one) for one in steps if one.get("restarts_s")]
    spans += [span for host, result in results.items() if _restarted(result) for span in _ways_back(host, steps)]
    return Took(seconds(begun, ended), checking, _together(spans))


def restarts_s(result: Json) -> float:
    """Return how long a change brought along what runs, as its host says. A host can say anything: what no change can
    take is no time, and costs neither the result of the change nor the figures of the end.
    """
    told = [real_s(one.get("seconds")) for one in result.get("services") or [] if isinstance(one, dict)]
    return float(sum(one for one in told if one is not None))


def real_s(told: t.Any) -> float | None:
    """Return the seconds that a host says something took, None where it says nothing, or what cannot be."""
    return float(told) if isinstance(told, (int, float)) and 0 <= told < _LONGEST_S else None


def _restarted(result: Json) -> bool:
    return any(one["state"] == "done" for one in result.get("services") or [])


def _restarts(step: Json) -> Span:
    """Return when a change brought along what runs, which is the last that it does."""
    ended = datetime.datetime.strptime(step["at"], _TIME)
    return (ended - datetime.timedelta(seconds=round(step["restarts_s"]))).strftime(_TIME), step["at"]


def _ways_back(host: str, steps: t.Sequence[Json]) -> list[Span]:
    """Return when a host was on a way back."""
    mine = [one for one in steps if one["host"] == host and one["what"] in ("take back", "roll back")]
    return [(one["at"], two["at"]) for one, two in zip(mine, mine[1:], strict=False) if one["result"] == "begun"]


def _together(spans: t.Iterable[Span]) -> int:
    """Return the seconds that some times cover, counted once where hosts are changed beside each other."""
    covered, until = 0, ""
    for begin, end in sorted(spans):
        covered += seconds(max(begin, until), end) if end > until else 0
        until = max(until, end)
    return covered


def seconds(begin: str, end: str) -> int:
    """Return the seconds between two times in UTC."""
    return int((datetime.datetime.strptime(end, _TIME) - datetime.datetime.strptime(begin, _TIME)).total_seconds())


def verified(result: Json) -> str:
    """Return how the verification of a host that was changed went, as the end of a sentence."""
    told = result.get("verification")
    if not told or told["verdict"] is None:
        return ""
    said = [words(count) for name, words in _KNOWN.items() if (count := _counted(told, "known").get(name))]
    after_s = told.get("after_s")
    after = [] if after_s is None else [f"looked at {duration(after_s)} after the change"]
    return ", ".join([f"; verified: {told['verdict']}", *after, *said])


def named(told: Json) -> str:
    """Return what takes a host back, as a part of a sentence; ``told`` is its verification."""
    shown = [one["sentence"] for one in told["reasons"][:_NAMED]]
    left = sum(_counted(told, "reasons").values()) - len(shown)
    return "; ".join(shown) + (f" (and {left} more)" if left else "")


def unverified(about: Json) -> str:
    """Return why nothing was verified in the end of a remediation that has come to it, nothing where it was."""
    return str((about.get("chain") or {}).get("unverified", ""))


def by_hand(deploy: str, host: str, point: str | None) -> str:
    """Return the commands for a host that was not verified."""
    look = f"verify it with ansible-playbook evenkeel.drift.verify -e verify_deploy={deploy} --limit {host}"
    if point is None:
        return look
    back = f"ansible-playbook evenkeel.drift.rollback -e rollback_to={point} --limit {host}"
    return f"{look}, or bring it back with {back}"


def hint(host: str, outcome: str, about: Json) -> str:
    """Return what to do about a host that fails in the end, and that this remediation did nothing to; or that another
    one had changed before, of which nobody knows whether it was well then. ``about`` is run.json.
    """
    final = (about.get("verification") or {"hosts": {}})["hosts"].get(host)
    if final is None or not final["fails"]:
        return ""
    if outcome == "nothing":
        return f"; it fails its verification: {final['sentence']}. {_earlier(host, final.get('last'))}"
    left = ((about.get("chain") or {}).get("unproven") or {}).get(host)
    if not left:
        return ""
    return f"; before that it was changed by the deploy {left['deploy']}, {INTERRUPTED}{_replaced(host, left['point'])}"


def _earlier(host: str, last: Json | None) -> str:
    """Return how to take back the change before, which may have brought about that a host fails."""
    if not last:
        command = f"ansible-playbook evenkeel.drift.rollback --limit {host}"
        return f"Where an earlier change brought that about, {command} brings back the newest restore point"
    said = {"nothing": ", of which nothing is known here", "open": f", {INTERRUPTED}"}.get(last["known"], "")
    return f"The last to change it was the deploy {last['run']}{said}{_replaced(host, last['point'])}"


def _replaced(host: str, point: str | None) -> str:
    if point is None:
        return ""
    command = f"ansible-playbook evenkeel.drift.rollback -e rollback_to={point} --limit {host}"
    return f". Where that brought it about, {command} brings back what it replaced"


def sections(about: Json, plan: Json, results: t.Mapping[str, Json], over: bool = True) -> list[str]:
    """Return the parts of result.md, ``over`` when the deploy has ended."""
    return [
        "## Gate before the change",
        "\n".join(_gates(plan, results, over)),
        "## Verification",
        *_verification(about, results),
    ]


def _gates(plan: Json, results: t.Mapping[str, Json], over: bool) -> list[str]:
    idle = [part["host"] for part in plan["hosts"] if not part["actions"] and not refusals(part["gates"])]
    lines = [_box(gate) for gate in asked.as_it_went(plan, results, over) if gate["host"] not in idle]
    more = [f"- {markdown(', '.join(idle))}: nothing was to be changed, so no gate was asked."] if idle else []
    return [*lines, *more] or ["Nothing was to be changed, so no gate was asked."]


def _box(gate: Json) -> str:
    """Return a gate in the words of a verification's report. What was not declared has no box."""
    of = "" if gate["host"] is None else f" of {gate['host']}"
    box = "" if gate["state"] == "not_declared" else "[x] " if gate["state"] == "pass" else "[ ] "
    name = markdown(gate["name"].replace("_", " ") + of)
    return f"- {box}[{STATES[gate['state']].word}] {name}: {markdown(gate['sentence'])}"


def _verification(about: Json, results: t.Mapping[str, Json]) -> list[str]:
    parts = []
    told = {host: one["verification"] for host, one in sorted(results.items()) if one.get("verification")}
    if told:
        rows = [_row(host, one) for host, one in told.items()]
        head = "| host | verification | verdict | takes it back | as before the change | way back |"
        parts.append("\n".join([head, "|---|---|---|---|---|---|", *rows]))
    else:
        parts.append("No host was changed and verified.")
    final = about.get("verification")
    if final is None:
        return parts
    parts.append(f"In the end, of all hosts: {_link(final['id'])}, {markdown(final['verdict'])}.")
    rows = [
        f"| {markdown(host)} | {markdown(one['verdict'])} | {markdown(one['sentence'])} |"
        for host, one in sorted(final["hosts"].items())
    ]
    parts.append("\n".join(["| host | verdict | first reason |", "|---|---|---|", *rows]))
    return parts


def _row(host: str, told: Json) -> str:
    cells = [markdown(host), _link(told["id"]), markdown(told["verdict"] or "not known")]
    cells += [_listed(told, "reasons"), _listed(told, "known"), _way_back(told)]
    return f"| {' | '.join(cells)} |"


def _counted(told: Json, kind: str) -> t.Mapping[str, int]:
    """Return how many there are of each verdict. Of many only some are kept, and all are counted."""
    counted: t.Mapping[str, int] | None = (told.get("counted") or {}).get(kind)
    return verdicts.counts(one["verdict"] for one in told[kind]) if counted is None else counted


def _listed(told: Json, kind: str) -> str:
    if not told[kind]:
        return "nothing"
    lines = [f"{one['verdict']}: {one['sentence']}" for one in told[kind][:_SHOWN]]
    left = sum(_counted(told, kind).values()) - len(lines)
    more = [f"and {left} more, in the report of that verification"] if left else []
    return markdown("; ".join([*lines, *more]))


def _way_back(told: Json) -> str:
    if told["back"] is None:
        return "none"
    if told["back"] != "done":
        return "did not come to its end"
    again = told["again"]
    if again is None:
        return "done, not verified"
    return f"done, verified again: {_link(again['id'])}, {markdown(again['verdict'] or 'not known')}"


def _link(name: str | None) -> str:
    return "none" if name is None else f"[{markdown_code(name)}](../../verifications/{name}/verify-report.md)"
