# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a change goes back: what its verification says of a host against the audit before it. Private to the
collection. Pure.

A change is no reason to go back for what failed before it as well: going back would not mend that. It is one for
whatever it made worse, and for a finding that it was to remove and that is still there. What failed before can be worse
now: that is seen by what was observed both times (``degrees.py``).
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.endpoint_content import KIND_CHECKS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import degrees, instances
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import (
    after_change,
    checks,
    criteria,
    regression,
    standing,
    verdicts,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Inputs

_BAD = "fail"
"""The outcome of the checks of which it is kept how bad they were."""

_CAUSES = (
    ("units", "containers", "compose", "processes"),
    ("trees", "git", "packages", "configs"),
    ("ports", "resources", "streams"),
    ("logs",),
    ("endpoints", "commands", "watch", "regression"),
)
"""Sections whose failures bring about those of later ones."""

_HIDES = (("endpoints", "answers"), ("endpoints", "status"), ("processes", "instances"), ("units", "loaded"))
"""The checks that leave others of the same thing out when they fail: of what does not answer nothing else is judged."""

_UNTOLD = {"available": frozenset(KIND_CHECKS.values()), "log": frozenset({"log"})}
"""What the window cannot tell of a thing either where these checks of it cannot."""

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Before:
    """What an audit before the change said: the verdict of each check by id, and what it had no check of."""

    run: str
    verdicts: t.Mapping[str, str]
    missing: frozenset[str]
    degrees: t.Mapping[str, Json]
    """How bad each check was that failed, where that can be compared."""
    processes: instances.Kept = dataclasses.field(default_factory=dict)
    """The verdicts of the checks of single processes once more: these have other ids when they are started anew."""
    hidden: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The verdict of what left out other checks of a thing, by the thing."""

    def document(self) -> Json:
        """Return it as the folder of a deploy keeps it: runs are pruned, and a deploy of many batches makes many."""
        told = {name: dict(getattr(self, name)) for name in ("verdicts", "degrees", "processes", "hidden")}
        return {"run": self.run, **told, "missing": sorted(self.missing)}

    @classmethod
    def of(cls, document: Json) -> Before:
        """Return what ``document`` gave. That of an older version lacks what cannot be compared with then."""
        more = [document.get(name, {}) for name in ("degrees", "processes", "hidden")]
        return cls(document["run"], document["verdicts"], frozenset(document["missing"]), *more)


@dataclasses.dataclass(frozen=True)
class Decision:
    """``reasons`` take the change back, ``known`` failed before it as well: each ``{id|null, verdict, sentence}``."""

    verdict: str
    reasons: list[Json]
    known: list[Json]


def before(seen: Inputs) -> Before:
    """Return what a run says, judged by the criteria that its own evidence names."""
    made = after_change.looped(checks.of_run(seen.findings), seen.findings["evidence"])
    made = after_change.undated(made, seen.hosts)
    grouped = criteria.build(made, [one.host for one in seen.hosts])
    missing = {_gap(group, gap) for group in grouped for gap in group["missing"]}
    bad = {one["id"]: found for one in made if one["outcome"] == _BAD and (found := degrees.degrees(one))}
    told = {one["id"]: one["verdict"] for one in made}
    return Before(seen.findings["run"]["id"], told, frozenset(missing), bad, instances.kept(made), hidden(made))


def hidden(made: t.Iterable[Json]) -> dict[str, str]:
    """Return the verdict of each check that failed and leaves out others, by the thing that it is about."""
    hiding = [one for one in made if one["outcome"] == _BAD and (one["section"], one["check"]) in _HIDES]
    return {_thing(one): one["verdict"] for one in hiding}


def decide(verification: Json, host: str, earlier: Before | None, planned: t.Container[str]) -> Decision:
    """Return what follows for one host from verify.json.

    ``earlier`` is None where no audit before the change can be had: then all that fails is a reason. ``planned`` are
    the ids of the findings that the change was to remove. Checks of several hosts are no reason: a batch of a deploy
    sees only some of them, and going back on one host need not mend them.
    """
    part = next((one for one in verification["hosts"] if one["host"] == host), None)
    if part is None:
        return Decision(verdicts.UNKNOWN, [_bad(None, verdicts.UNKNOWN, f"{host} is not in the verification")], [])
    if part["failure"] is not None:
        said = f"{host} could not be observed: {part['failure']['reason']}"
        return Decision(part["verdict"], [_bad(None, verdicts.UNKNOWN, said)], [])
    strict = bool(verification["strict"])
    counted = [group for group in verification["criteria"] if strict or group["required"]]
    ids = {name for group in counted for name in group["checks"]}
    reasons: list[Json] = []
    known: list[Json] = []
    was = _verdicts(verification, host, earlier)
    failed = [one for one in verification["checks"] if one["host"] == host and fails(one["verdict"], strict)]
    for one in failed:
        if one["id"] not in ids:
            continue
        told = _bad(one["id"], one["verdict"], one["summary"])
        own = _summed_up(one, failed)
        worse = any(_got_worse(each, was, earlier)[0] for each in own)
        if not own:
            worse, then = _got_worse(one, was, earlier)
            told["sentence"] += f"; before the change: {then}" if then else ""
        due = instances.planned(one, {} if earlier is None else earlier.processes, planned)
        (reasons if worse or due else known).append(told)
    for group in counted:
        for gap in group["missing"]:
            if gap["host"] == host and fails(gap["verdict"], strict):
                told = _bad(None, gap["verdict"], gap["sentence"])
                seen = earlier is not None and _gap(group, gap) in earlier.missing
                (known if seen else reasons).append(told)
    # Of many only the first are kept: what fails stands before what was not known.
    known.sort(key=lambda one: verdicts.VERDICTS.index(one["verdict"]))
    places = {one["id"]: (one["section"], one["check"]) for one in verification["checks"]}
    # What is known to fail first, and of that the cause.
    reasons.sort(key=lambda one: (one["verdict"] != verdicts.FAIL, _rank(places.get(one["id"]))))
    return Decision(part["verdict"], reasons, known)


def counted(told: t.Iterable[Json]) -> dict[str, int]:
    """Return how many reasons there are of each verdict: only some of many are kept."""
    return {name: count for name, count in verdicts.counts(one["verdict"] for one in told).items() if count}


def _rank(place: tuple[str, str] | None) -> int:
    """Return the place of a reason among others: what does not run is told before what it does not answer, and before
    both that the host booted.
    """
    if place is None:
        return len(_CAUSES)
    if place == ("watch", "window"):
        return -1
    section = "processes" if place == ("watch", "stable") else place[0]
    return next((rank for rank, sections in enumerate(_CAUSES) if section in sections), len(_CAUSES) - 1)


def fails(verdict: str, strict: bool) -> bool:
    """Return whether a check of a required criterion may take a change back.

    What never happened while it was looked at says nothing against a change, and soon after one that is much.
    """
    counted = (verdicts.FAIL, verdicts.UNKNOWN)
    return verdict in (*counted, verdicts.OBSERVATION) if strict else verdict in counted


def still(verification: Json, host: str, reasons: t.Collection[str | None], earlier: Before | None) -> list[Json]:
    """Return what is not as before the change, after the way back: each check that is worse than it was then.

    What the change was to remove is there again, and is none of them. Where nothing is known of before, it is what
    took the change back and fails still: ``reasons`` are the ids of all of that. Of a figure that is compared with what
    was accepted nothing ever is.
    """
    decision = decide(verification, host, earlier, ())
    new = {one["id"] for one in verification["checks"] if earlier is None or _is_figure(one)}
    return [one for one in decision.reasons if one["id"] not in new or one["id"] in reasons]


def _is_figure(check: Json) -> bool:
    return bool(check["section"] == regression.SECTION and check["check"] != regression.FEATURE)


def after_s(verification: Json, host: str) -> int | None:
    """Return how long after its change a host was looked at; None where it was watched, which tells more."""
    if any(one["host"] == host for one in verification.get("watch", ())):
        return None
    return next((one["seconds"] for one in verification.get("looked", ()) if one["host"] == host), None)


def _verdicts(verification: Json, host: str, earlier: Before | None) -> t.Mapping[str, str]:
    """Return the verdict before the change of each check by id, as far as there was one: of what was left out, that of
    what did so.
    """
    if earlier is None:
        return {}
    mine = [one for one in verification["checks"] if one["host"] == host]
    behind = {one["id"]: earlier.hidden[_thing(one)] for one in mine if _thing(one) in earlier.hidden}
    return {**behind, **earlier.verdicts, **instances.before(mine, earlier.processes)}


def _worse(now: str, then: str | None) -> bool:
    return then is None or verdicts.VERDICTS.index(now) < verdicts.VERDICTS.index(then)


def _got_worse(check: Json, was: t.Mapping[str, str], earlier: Before | None) -> tuple[bool, str]:
    """Return whether a check that fails is worse than before, and how it was then if it failed as well."""
    if _worse(check["verdict"], was.get(check["id"])):
        return True, ""
    then = _was(check, earlier)
    return bool(then), then


def _summed_up(check: Json, failed: t.Iterable[Json]) -> list[Json]:
    """Return the checks of which the comparison with what was accepted says no more than that they fail, or a window
    than that they cannot be told; of all other checks nothing.

    What worked then and failed before the change as well is not the change's doing.
    """
    others = [one for one in failed if one["section"] != check["section"]]
    if (check["section"], check["check"]) == (regression.SECTION, regression.FEATURE):
        own = others
    elif check["section"] == "watch" and check["verdict"] == verdicts.UNKNOWN:
        untold = _UNTOLD.get(check["check"], ())
        own = [one for one in others if one["check"] in untold and one["verdict"] == verdicts.UNKNOWN]
    else:
        return []
    about = standing.about(check)
    return [one for one in own if standing.about(one) == about]


def _was(check: Json, earlier: Before | None) -> str:
    """Return how a check was before that failed then as well, where it is worse now; else nothing."""
    if earlier is None or check["outcome"] != _BAD or check["verdict"] != earlier.verdicts.get(check["id"]):
        return ""
    return degrees.worse(degrees.degrees(check), earlier.degrees.get(check["id"], {}))


def _thing(check: Json) -> str:
    return json.dumps([check[key] for key in ("host", "section", "component")])


def _gap(group: Json, gap: Json) -> str:
    selector = gap["selector"]
    return json.dumps([gap["host"], group["name"], *(f"{key}={selector[key]}" for key in sorted(selector))])


def _bad(name: str | None, verdict: str, sentence: str) -> Json:
    return {"id": name, "verdict": verdict, "sentence": sentence}
