# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which check belongs to which criterion, and what each criterion comes to. Private to the collection. Pure."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.criteria import REST
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import nearest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import rank
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Code", ("git", "trees", "packages")),
    ("Processes", ("processes",)),
    ("Services and ports", ("units", "ports")),
    ("Containers", ("containers", "compose")),
    ("Endpoints", ("endpoints",)),
    ("Streams", ("streams",)),
    ("Logs", ("logs",)),
    ("Configuration", ("configs",)),
    ("Resources", ("resources",)),
    ("Commands", ("commands",)),
    ("Regression", ("regression",)),
    ("Observation window", ("watch",)),
    ("The run itself", ("run",)),
)
"""The criteria of a contract that names none."""

_KEYS = ("section", "component", "check", "subject")
_CALLED = {"component": " the components", "check": "", "subject": " the subjects"}
_WATCH = "watch"

Json = dict[str, t.Any]


class Host(t.NamedTuple):
    """What decides about one host: its criteria, None where it names none, and the sections that it was asked for;
    ``unwatched`` is why it was not watched, where that was asked for and is no fault.
    """

    name: str
    environment: str
    criteria: list[Json] | None
    sections: tuple[str, ...]
    unwatched: str = ""


def matches(selector: Json, check: Json) -> bool:
    """Return whether a check is one of those that a selector is about."""
    return all(fnmatch.fnmatchcase(check[key], selector[key]) for key in _KEYS)


def build(checks: t.Sequence[Json], hosts: t.Sequence[Host]) -> list[Json]:
    """Return the criteria, in the order of the contract: ``[{name, description, required, verdict, decision, checks,
    missing}]``.

    ``checks`` are ids; ``missing`` is what the contract asks for and nothing was checked of: ``[{host, selector,
    verdict, sentence}]``, UNKNOWN but for a window of a host that was not to be watched.
    Hosts whose contracts name the same criterion share it; each host's own selectors choose among its own checks.
    """
    made: dict[str, Json] = {}
    of_hosts = by_host(checks, hosts)
    for host in sorted(hosts):
        mine = of_hosts[host.name]
        chosen = _declared(host, mine, made) if host.criteria is not None else _by_section(host, mine, made)
        rest = [check["id"] for check in mine if check["id"] not in chosen]
        silent = _forgotten(host, mine) if host.criteria is not None else []
        if host.criteria is not None and (rest or silent):
            entry = _named(made, REST, True, None)
            entry["checks"].update(rest)
            entry["missing"] += silent
    placed = {one for entry in made.values() for one in entry["checks"]}
    homeless = [check["id"] for check in checks if check["id"] not in placed]
    if homeless:
        _named(made, REST, True, None)["checks"].update(homeless)
    ordered = [one for name, one in made.items() if name != REST] + ([made[REST]] if REST in made else [])
    known = {check["id"]: check for check in checks}
    return [_decided(one, known) for one in ordered]


def by_host(checks: t.Sequence[Json], hosts: t.Sequence[Host]) -> dict[str, list[Json]]:
    """Return the checks that concern each host, in their order: most are of one, and only the others are looked at."""
    known = {host.name for host in hosts}
    found: dict[str, list[Json]] = {name: [] for name in known}
    for check in checks:
        concerned = [check["host"]] if check["host"] in known else [one.name for one in hosts if concerns(check, one)]
        for name in concerned:
            found[name].append(check)
    return found


def concerns(check: Json, host: Host) -> bool:
    """Return whether a check is of a host, or of several of which it is one."""
    if check["host"] == host.name:
        return True
    named = (check["observed"] or {}).get("hosts")
    if isinstance(named, list) and named and all(isinstance(one, str) for one in named):
        return host.name in named and host.environment == check["environment"]
    return fnmatch.fnmatchcase(host.name, check["host"]) and fnmatch.fnmatchcase(host.environment, check["environment"])


def _declared(host: Host, mine: t.Sequence[Json], made: dict[str, Json]) -> set[str]:
    """Add what the contract of a host selects, and return the ids of that."""
    chosen: set[str] = set()
    for criterion in host.criteria or []:
        entry = _named(made, criterion["name"], criterion["required"], criterion.get("description"))
        for selector in criterion["checks"]:
            found = {check["id"] for check in mine if matches(selector, check)}
            entry["checks"].update(found)
            chosen |= found
            if not found:
                entry["missing"].append(_missing(host, selector, mine))
    return chosen


def _forgotten(host: Host, mine: t.Sequence[Json]) -> list[Json]:
    """Return the sections of a contract of which nothing was checked, and which none of its criteria asks for."""
    checked = {check["section"] for check in mine}
    chosen = [selector["section"] for criterion in host.criteria or [] for selector in criterion["checks"]]
    return [
        _silent(host, one)
        for one in host.sections
        if one not in checked and not any(fnmatch.fnmatchcase(one, each) for each in chosen if each != "*")
    ]


def _missing(host: Host, selector: Json, mine: t.Sequence[Json]) -> Json:
    there = any(fnmatch.fnmatchcase(check["section"], selector["section"]) for check in mine)
    hint = _hint(selector, mine)
    verdict = verdicts.UNKNOWN
    if not there and fnmatch.fnmatchcase(_WATCH, selector["section"]):
        hint = f": {host.unwatched or 'it was not watched, give -e verify_watch=10m'}"
        verdict = verdicts.NOT_EXERCISED if host.unwatched else verdict
    words = " ".join(f"{key}={selector[key]}" for key in _KEYS if selector[key] != "*") or "everything"
    sentence = f"on {host.name} nothing was checked that {words} selects{hint}"
    return {"host": host.name, "selector": selector, "verdict": verdict, "sentence": sentence}


def _hint(selector: Json, mine: t.Sequence[Json]) -> str:
    """Return what there is of the first thing that a selector names and no check has, as the end of a sentence."""
    left = list(mine)
    for key in _KEYS:
        found = [check for check in left if fnmatch.fnmatchcase(check[key], selector[key])]
        if not found:
            there = sorted({check[key] for check in left})
            near = nearest(selector[key], there)
            meant = f", did you mean {near}?" if near else ""
            if not there or key == "section":
                return meant
            return f"; of {selector['section']} there are{_CALLED[key]} {some(there)}{meant}"
        left = found
    return ""


def _by_section(host: Host, mine: t.Sequence[Json], made: dict[str, Json]) -> set[str]:
    chosen: set[str] = set()
    for name, sections in SECTIONS:
        found = {check["id"] for check in mine if check["section"] in sections}
        asked = [section for section in sections if section in host.sections]
        if not found and not asked:
            continue
        entry = _named(made, name, True, None)
        entry["checks"].update(found)
        chosen |= found
        silent = [one for one in asked if not any(check["section"] == one for check in mine)]
        entry["missing"] += [_silent(host, section) for section in silent]
    return chosen


def _silent(host: Host, section: str) -> Json:
    selector = {"section": section, "component": "*", "check": "*", "subject": "*"}
    sentence = f"on {host.name} the contract asks for {section}, and nothing of it was checked"
    return {"host": host.name, "selector": selector, "verdict": verdicts.UNKNOWN, "sentence": sentence}


def _named(made: dict[str, Json], name: str, required: bool, description: str | None) -> Json:
    entry = made.setdefault(
        name, {"name": name, "description": description, "required": required, "checks": set(), "missing": []}
    )
    # One host for which it is required is enough.
    entry["required"] = entry["required"] or required
    return entry


def _decided(entry: Json, known: t.Mapping[str, Json]) -> Json:
    ids = sorted(entry["checks"], key=lambda one: order(known[one]))
    verdict = verdict_of(ids, entry["missing"], known)
    return {**entry, "checks": ids, "verdict": verdict, "decision": decision(ids, entry["missing"], known)}


def order(check: Json) -> tuple[t.Any, ...]:
    """Return where a check stands among others: the worst first, then by host and what it is about.

    What passed is as good as all else that did, however bad it would have been.
    """
    keys = ("environment", "host", *_KEYS)
    grave = rank(check["severity"]) if check["verdict"] != verdicts.PASS else 0
    return (verdicts.VERDICTS.index(check["verdict"]), grave, *(check[key] for key in keys))


def verdict_of(ids: t.Iterable[str], missing: t.Sequence[Json], known: t.Mapping[str, Json]) -> str:
    """Return the verdict of a criterion: the worst of its checks, and of what was not checked at all."""
    return verdicts.worst([*(known[one]["verdict"] for one in ids), *(gap["verdict"] for gap in missing)])


def decision(ids: t.Sequence[str], missing: t.Sequence[Json], known: t.Mapping[str, Json]) -> str:
    """Return in words why a criterion has its verdict."""
    if not ids and not missing:
        return "nothing was checked"
    counted = verdicts.counts(known[one]["verdict"] for one in ids)
    said = [f"{counted[one]} {one}" for one in verdicts.VERDICTS if counted[one]]
    parts = [f"{number(len(ids), 'check')}: {', '.join(said)}"] if ids else []
    parts += [one["sentence"] for one in missing[:3]]
    if len(missing) > 3:
        parts.append(f"and {number(len(missing) - 3, 'other selector')} without a check")
    return "; ".join(parts)
