# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.json: what was checked, by which criteria it was judged, what was decided. Private to the collection. Pure.

Whatever a report says is taken from here, so that a number stands in one place.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import change_starts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import HORIZONS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import criteria, repeating, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Inputs, Seen

SCHEMA = "evenkeel.drift/verification/1"
_REASONS = 50
"""How many reasons a host is told; all are among the checks."""
_TIME = "%Y-%m-%dT%H:%M:%SZ"

Json = dict[str, t.Any]


class About(t.NamedTuple):
    """What a verification is told of itself."""

    id: str
    started: str
    controller: Json
    deploy: str | None
    strict: bool
    again_days: int


def build(about: About, inputs: Inputs, checks: t.Sequence[Json], more: Json | None = None) -> Json:
    """Return verify.json. ``checks`` are all that were made; ``more`` holds ``regression``, ``figures``, ``looked``,
    ``watch``, ``gates`` and ``files``.
    """
    findings = inputs.findings
    places = repeating.Places(findings, {seen.host.name: seen.repeating for seen in inputs.hosts})
    ordered = [{**one, **places.of(one)} for one in sorted(checks, key=criteria.order)]
    hosts = [seen.host for seen in inputs.hosts]
    made, of_hosts = criteria.build(ordered, hosts), criteria.by_host(ordered, hosts)
    members = _members(made)
    unseen = sorted(seen.host.name for seen in inputs.hosts if seen.failure is not None)
    whole = verdicts.overall(made, unseen)
    return {
        "schema": SCHEMA,
        "id": about.id,
        "run": findings["run"]["id"],
        "deploy": about.deploy,
        "application": findings["run"]["application"],
        "environments": [env["name"] for env in findings["environments"]],
        "as_of": about.started,
        "controller": about.controller,
        "strict": about.strict,
        "window": window(findings, (more or {}).get("watch", ()), ordered),
        "logs_since": [_logs_since(inputs.since, seen) for seen in inputs.hosts if seen.logs is not None],
        "hosts": [_host(seen, of_hosts[seen.host.name], made, members, about.strict) for seen in inputs.hosts],
        "criteria": made,
        "checks": ordered,
        "counts": counts(ordered, made),
        "risks": [one["id"] for one in ordered if one["verdict"] != verdicts.PASS],
        "follow_up": follow_up(ordered),
        "contacts": contacts(inputs.hosts),
        "regression": None,
        "figures": None,
        "looked": [],
        "watch": [],
        "gates": [],
        "files": [],
        **(more or {}),
        "evidence": [
            {key: one[key] for key in ("path", "host", "section", "started", "finished", "outcome", "bytes", "sha256")}
            for one in findings["evidence"]
        ],
        "rules": {"check": verdicts.CHECK_RULE, "criterion": verdicts.CRITERION_RULE},
        "overall": whole,
        "next_validation": {
            "by": _after(about.started, about.again_days),
            "or": "the next deployment",
            "days": about.again_days,
        },
    }


def counts(checks: t.Sequence[Json], made: t.Sequence[Json]) -> Json:
    """Return all counts that a report may say, each counted from the checks and criteria themselves."""
    return {
        "checks": len(checks),
        "by_verdict": verdicts.counts(one["verdict"] for one in checks),
        "criteria": len(made),
        "criteria_by_verdict": verdicts.counts(one["verdict"] for one in made),
    }


def window(
    findings: t.Mapping[str, t.Any], watch: t.Sequence[Json] = (), checks: t.Sequence[t.Mapping[str, t.Any]] = ()
) -> Json:
    """Return when the evidence was taken: from the begin of the first to the end of the last, of the run, of the watch
    and of the test messages that ``checks`` are about.

    A host can send anything for a time: what has not two that can be read tells nothing.
    """
    files = [(one["started"], one["finished"], one["host"]) for one in findings["evidence"]]
    watched = [(one["window"]["from"], one.get("read_to") or one["window"]["to"], one["host"]) for one in watch]
    # One that could not be sent is no message.
    tried = [
        one
        for one in checks
        if (one["section"], one["check"]) == ("endpoints", "sent") and one["observed"].get("outcome") != "not_sent"
    ]
    messages = [(one["observed"].get("at"), one["observed"].get("at"), one["host"]) for one in tried]
    kinds = {"evidence file": files, "watched window": watched, "test message": messages}
    dated = {name: [one for one in spans if _is_time(one[0]) and _is_time(one[1])] for name, spans in kinds.items()}
    spans = [one for some in dated.values() for one in some]
    if not spans:
        return {"from": None, "to": None, "seconds": None, "of": "no evidence was stored"}
    begin, end = min(one[0] for one in spans), max(one[1] for one in spans)
    hosts = len({one[2] for one in spans})
    told = ", ".join(number(len(some), name) for name, some in dated.items() if some)
    return {
        "from": begin,
        "to": end,
        "seconds": seconds_between(begin, end),
        "of": f"the times in {told} of {number(hosts, 'host')}",
    }


def seconds_between(begin: str, end: str) -> int:
    """Return the seconds between two times of evidence."""
    return int((_moment(end) - _moment(begin)).total_seconds())


def _is_time(text: str | None) -> bool:
    try:
        _moment(text or "")
    except ValueError:
        return False
    return True


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, _TIME)


def _after(text: str, days: int) -> str:
    return (_moment(text) + datetime.timedelta(days=days)).strftime("%Y-%m-%d")


def _logs_since(since: t.Any, seen: Seen) -> Json:
    """Return from when on the logs of a host were read that have no time of their own, null when it is not known;
    ``logs`` are those for which that is another time, as it is known when what writes them was started anew.
    """
    if since == "deploy" and not seen.writers:
        # Each log of this host has a time of its own in the contract: when the last change was is nothing to it.
        since = None
    about = {"host": seen.host.name, "asked": since, "reason": "", "logs": []}
    if since != "deploy":
        return {**about, "from": None if isinstance(since, int) else since}
    changes = seen.changes or {}
    begin = change_starts.since({}, changes)
    if begin is None:
        reason = str(changes.get("last_reason") or "its record of changes was not seen")
        return {**about, "from": None, "reason": reason}
    own = {name: change_starts.since(writer, changes) or begin for name, writer in sorted(seen.writers.items())}
    apart = [{"name": name, "from": one["time"]} for name, one in own.items() if one["time"] != begin["time"]]
    return {**about, "from": begin["time"], "logs": apart}


def _members(made: t.Sequence[Json]) -> dict[str, list[Json]]:
    """Return the criteria of each check, by its id."""
    found: dict[str, list[Json]] = {}
    for one in made:
        for name in one["checks"]:
            found.setdefault(name, []).append(one)
    return found


def _host(
    seen: Seen, checks: t.Sequence[Json], made: t.Sequence[Json], members: t.Mapping[str, list[Json]], strict: bool
) -> Json:
    """Return what was decided about one host, by what of the criteria is its own."""
    mine = {one["id"]: one for one in checks}
    own: dict[str, list[str]] = {}
    for name in mine:
        for one in members[name]:
            own.setdefault(one["name"], []).append(name)
    decided, gaps = [], []
    for one in made:
        missing = [gap for gap in one["missing"] if gap["host"] == seen.host.name]
        if one["name"] in own or missing:
            verdict = criteria.verdict_of(own.get(one["name"], []), missing, mine)
            decided.append({"name": one["name"], "required": one["required"], "verdict": verdict, "decision": ""})
            gaps += missing if one["required"] else []
    verdict = verdicts.overall(decided, [seen.host.name] if seen.failure is not None else [])["verdict"]
    reasons = [
        _reason(one)
        for one in checks
        if one["verdict"] != verdicts.PASS and any(group["required"] for group in members[one["id"]])
    ]
    reasons += [{"check": None, "verdict": gap["verdict"], "sentence": gap["sentence"]} for gap in gaps]
    reasons.sort(key=lambda one: verdicts.VERDICTS.index(one["verdict"]))
    return {
        "host": seen.host.name,
        "environment": seen.host.environment,
        "observed": seen.failure is None,
        "failure": seen.failure,
        "verdict": verdict,
        "reasons": reasons[:_REASONS],
        "counted": verdicts.counts(one["verdict"] for one in reasons),
        "fails": verdict == verdicts.FAIL or (strict and verdict != verdicts.PASS),
    }


def _reason(check: Json) -> Json:
    return {"check": check["id"], "verdict": check["verdict"], "sentence": check["summary"]}


def follow_up(checks: t.Sequence[Json]) -> list[Json]:
    """Return what is to be done, by horizon: ``[{severity, within, kind, text, checks}]``, each remedy told once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in checks:
        remedy = one["remedy"]
        if one["verdict"] != verdicts.PASS and one["outcome"] != "waived" and remedy:
            found.setdefault((one["severity"], str(remedy["kind"]), str(remedy["text"])), []).append(one["id"])
    return [
        {"severity": severity, "within": HORIZONS[severity], "kind": kind, "text": text, "checks": sorted(ids)}
        for (severity, kind, text), ids in sorted(
            found.items(), key=lambda item: (SEVERITIES.index(item[0][0]), item[0][1:])
        )
    ]


def contacts(hosts: t.Sequence[Seen]) -> list[Json]:
    """Return who looks after what by the contracts: ``[{owner, of, hosts}]``, what has no name by its section."""
    found: dict[str, set[tuple[str, str]]] = {}
    for seen in hosts:
        for (section, name), stated in seen.terms.items():
            if stated["owner"]:
                found.setdefault(stated["owner"], set()).add((f"{section} {name}".strip(), seen.host.name))
    return [
        {"owner": owner, "of": sorted({one for one, _host in known}), "hosts": sorted({host for _one, host in known})}
        for owner, known in sorted(found.items())
    ]
