# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wording and facts of the section endpoints. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.http import url
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK, mask
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, utc

DAY_S = 86400
_CONTENT = frozenset({"content", "json", "fresh", "items"})
_WORST_FIRST = ("fail", "unknown", "observation", "not_exercised", "pass")
_HARMLESS = frozenset(
    {"accept", "accept-charset", "accept-language", "cache-control", "content-type", "if-modified-since", "origin"}
    | {"range", "user-agent", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-requested-with"}
)
_OWN = frozenset({"localhost", "127.0.0.1", "::1"})


def milliseconds(value: float) -> str:
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


# How an answer is waited for and trusted, told where it is not as usual.
_USUAL = {"ca": None, "verify": True, "redirects": 0, "timeout_s": 10}


def asked_by(entry: Details, host: str) -> str:
    """Return who asked: the host, or the control node."""
    return f"from {host}" if entry["from"] == "host" else "from the control node"


def asked(entry: Details) -> dict[str, t.Any]:
    """Return what was asked and by whom, so that a finding can be checked by hand. A secret is named by its place, or
    masked.
    """
    return {**{key: entry[key] for key in ("url", "method", "from")}, **_how(entry)}


def _how(entry: Details) -> dict[str, t.Any]:
    """Return what asking an endpoint once more needs besides its address, where that is not as usual."""
    return {**{key: entry[key] for key, usual in _USUAL.items() if entry[key] != usual}, **_headers(entry)}


def _headers(entry: Details) -> dict[str, t.Any]:
    """Return the headers of an endpoint that has any: the place of each that the host has, and of the others only the
    values that are no secret whoever wrote them.
    """
    told = {
        name: value if isinstance(value, dict) else mask(value) if name.lower() in _HARMLESS else MARK
        for name, value in entry["headers"].items()
    }
    return {"headers": told} if told else {}


def listens_elsewhere(entry: Details, contract: Details, seen: t.Mapping[str, t.Any]) -> str:
    """Return what the ports of a host say about a refused connection to itself: nothing when they say nothing."""
    evidence = seen.get("ports")
    if entry["from"] != "host" or not evidence:
        return ""
    try:
        target = url.parse(entry["url"])
    except url.BadUrl:
        # A stored contract is masked, and so may be its URL.
        return ""
    port = target.port
    if target.host not in _OWN:
        return ""
    named = {one["process"] for one in contract.get("ports") or () if one["port"] == port and one["process"]}
    if any(one["proto"] == "tcp" and one["port"] == port for one in evidence["listeners"]):
        return ""
    clauses = [f"nothing listens on port {port}"]
    for name in sorted(named):
        pids = set(evidence["declared_processes"].get(name, ()))
        ports = {
            one["port"]
            for one in evidence["listeners"]
            if one["proto"] == "tcp" and (one["pid"] in pids or one["name"] == name)
        }
        if ports:
            clauses.append(f"{name} listens on {', '.join(map(str, sorted(ports)))}")
    outcomes = evidence["outcomes"]
    blind = any(outcomes[table]["outcome"] != "ok" for table in ("tcp", "tcp6"))
    return "" if blind else "; ".join(clauses)


def facts(
    contract: t.Sequence[Details], answers: t.Sequence[Details], checks: t.Mapping[str, t.Sequence[Check]]
) -> dict[str, t.Any]:
    """Return what the report shows of each endpoint; ``checks`` are those of each by name."""
    shown = [_fact(entry, one, checks[entry["name"]]) for entry, one in zip(contract, answers, strict=True)]
    return {"endpoints": shown[:LISTED], "total": len(shown)}


def _fact(entry: Details, one: Details, checks: t.Sequence[Check]) -> dict[str, t.Any]:
    answer: Details = one["answer"] or {}
    outcomes = {check.outcome for check in checks}
    return {
        "name": entry["name"],
        "url": one["url"],
        "method": one["method"],
        "from": one["from"],
        **_how(entry),
        "required": entry["required"],
        "outcome": next(outcome for outcome in _WORST_FIRST if outcome in outcomes),
        "status": answer.get("status"),
        "failure": (one["failure"] or {}).get("text", ""),
        "reason": one["reason"],
        "median_ms": answer.get("median_ms"),
        "first_byte_ms": (answer.get("times_ms") or {}).get("first_byte"),
        "samples": len(answer.get("totals_ms") or ()),
        "under_ms": entry["under_ms"],
        "size": answer.get("size"),
        "partial": answer.get("partial", ""),
        "data": _quality(checks),
        "not_after": _not_after(one["tls"]),
    }


def _quality(checks: t.Sequence[Check]) -> dict[str, t.Any]:
    """Return how good the content is: how many of its assertions hold, and the age of the time in it."""
    content = [check for check in checks if check.check in _CONTENT]
    fresh = next((check for check in content if check.check == "fresh"), None)
    ages: t.Sequence[float] = fresh.observed.get("ages_s", ()) if fresh else ()
    return {
        "asserted": len(content),
        "hold": sum(1 for check in content if check.outcome == "pass"),
        "age_s": ages[0] if len(ages) == 1 else None,
        "live": None if fresh is None or fresh.outcome == "unknown" else fresh.outcome == "pass",
    }


def _not_after(tls: Details | None) -> str | None:
    return utc(tls["not_after_s"]) if tls and tls["not_after_s"] is not None else None
