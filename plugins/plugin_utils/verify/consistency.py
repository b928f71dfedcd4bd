# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a verification from being written: it contradicts itself, or says more than its evidence. Private to the
collection. Pure.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import (
    criteria,
    document,
    exercised,
    standing,
    verdicts,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import ENOUGH, SECTION

_TOLD = 10

Json = t.Mapping[str, t.Any]


class Contradiction(Exception):
    """A verification that must not be written; the message says why."""


def check(made: Json, findings: Json, files: t.Mapping[str, str]) -> None:
    """Raise Contradiction, with every reason, unless a verify.json holds together.

    ``findings`` are those of its run as the tables say them (``standing.py``), ``files`` the checksums by name of all
    that it may name as evidence.
    """
    problems = [
        *_counts(made),
        *_criteria(made),
        *_endpoints(made, findings),
        *_rows(made, findings),
        *_windows(made, findings),
        *_logs(made),
        *_watched(made),
        *_evidence(made, files),
    ]
    if problems:
        more = len(problems) - _TOLD
        told = [*problems[:_TOLD], *([f"and {number(more, 'other contradiction')}"] if more > 0 else [])]
        raise Contradiction(
            f"The verification {made['id']} is not written, because it contradicts itself: {'; '.join(told)}"
        )


def _counts(made: Json) -> list[str]:
    problems = []
    counted = document.counts(made["checks"], made["criteria"])
    for name, told in counted.items():
        if made["counts"].get(name) != told:
            problems.append(f"{name} is counted as {made['counts'].get(name)}, and there are {told}")
    for total, parts in (("checks", "by_verdict"), ("criteria", "criteria_by_verdict")):
        if sum(made["counts"][parts].values()) != made["counts"][total]:
            problems.append(f"the {total} by verdict do not add up to {made['counts'][total]}")
    often = collections.Counter(one["id"] for one in made["checks"])
    problems += [f"the check {name} stands there {times} times" for name, times in sorted(often.items()) if times > 1]
    for one in made["checks"]:
        if one["verdict"] != verdicts.of_check(one["outcome"], one["severity"]):
            problems.append(f"{_name(one)} is {one['outcome']} ({one['severity']}), and is called {one['verdict']}")
    return problems


def _criteria(made: Json) -> list[str]:
    known = {one["id"]: one for one in made["checks"]}
    problems, placed = [], set()
    for one in made["criteria"]:
        lost = [name for name in one["checks"] if name not in known]
        problems += [f"the criterion {one['name']} names the check {name}, which is not there" for name in lost]
        placed |= set(one["checks"])
        if not lost and one["verdict"] != criteria.verdict_of(one["checks"], one["missing"], known):
            problems.append(f"the criterion {one['name']} is called {one['verdict']}, and its checks are not")
    problems += [f"{_name(one)} belongs to no criterion" for one in made["checks"] if one["id"] not in placed]
    unseen = [one["host"] for one in made["hosts"] if not one["observed"]]
    decided = verdicts.overall(made["criteria"], unseen)["verdict"]
    if made["overall"]["verdict"] != decided:
        problems.append(f"the whole is called {made['overall']['verdict']}, and by its criteria it is {decided}")
    return problems


def _endpoints(made: Json, findings: Json) -> list[str]:
    """Every row of the table of endpoints has checks, and every endpoint with checks has a row."""
    components: dict[str, set[str]] = {}
    for one in made["checks"]:
        if one["section"] == "endpoints":
            components.setdefault(one["host"], set()).add(one["component"])
    problems = []
    for facts in findings["facts"]:
        if facts["section"] != "endpoints":
            continue
        channels = {one["name"] for one in facts["facts"].get("webhooks") or ()}
        checked = components.get(facts["host"], set()) - channels
        told = facts["facts"].get("total", 0)
        if len(checked) != told:
            problems.append(f"{number(told, 'endpoint')} of {facts['host']} in the table, and checks of {len(checked)}")
    return problems


def _rows(made: Json, findings: Json) -> list[str]:
    """No row of a table is better, or worse, than the checks of all kinds about the same thing."""
    by_checks = standing.worst(made["checks"])
    shown = standing.worst([*findings["checks"], *findings["findings"]])
    channels = [one for one in made["checks"] if (one["section"], one["check"]) == ("endpoints", "sent")]
    sent = {(one["host"], one["component"]): one["outcome"] for one in channels}
    problems = [
        _unlike(key, outcome, by_checks[key]) for key, outcome in shown.items() if _differs(by_checks, key, outcome)
    ]
    for facts in findings["facts"]:
        host, section, said = facts["host"], facts["section"], facts["facts"]
        for one in said[section] if section in ("endpoints", "commands") else ():
            key = (host, section, one["name"])
            if _differs(by_checks, key, one["outcome"]):
                problems.append(_unlike(key, one["outcome"], by_checks[key]))
        for one in said.get("webhooks") or () if section == "endpoints" else ():
            tried = sent.get((host, one["name"]), one["sent"])
            if one["sent"] and tried != one["sent"]:
                problems.append(_unlike((host, "channel", one["name"]), one["sent"], tried))
    return sorted(set(problems))


def _differs(by_checks: t.Mapping[standing.Key, str], key: standing.Key, outcome: str) -> bool:
    return by_checks.get(key, outcome) != outcome


def _unlike(key: standing.Key, shown: str, checked: str) -> str:
    host, section, name = key
    return f"{section} {name} of {host} is {shown} in the table, and its checks are {checked}"


def _windows(made: Json, findings: Json) -> list[str]:
    told, seen = made["window"], document.window(findings, made["watch"], made["checks"])
    if (told["from"], told["to"], told["seconds"]) == (seen["from"], seen["to"], seen["seconds"]):
        return []
    return [
        f"the window is called {told['from']} to {told['to']} ({told['seconds']} s), and the evidence is of "
        f"{seen['from']} to {seen['to']} ({seen['seconds']} s)"
    ]


def _logs(made: Json) -> list[str]:
    """A log that passes was read to its end, and says of which part it speaks."""
    problems = []
    for one in made["checks"]:
        read = one["observed"].get("read") if (one["section"], one["check"]) == ("logs", "log") else None
        if one["verdict"] != verdicts.PASS or not isinstance(read, dict):
            continue
        if not read["complete"]:
            problems.append(f"{_name(one)} passes, and was not read to its end: {read['reason']}")
        elif read["dated"] and read["lines"] and (read["first"] is None or read["last"] is None):
            problems.append(f"{_name(one)} passes, and does not say of which time it is")
    return problems


def _watched(made: Json) -> list[str]:
    """A window that passes was observed for as long as it says."""
    problems = []
    windows = {one["host"]: one for one in made["watch"]}
    for one in made["checks"]:
        if (one["section"], one["check"], one["verdict"]) != (SECTION, "window", verdicts.PASS):
            continue
        told = windows.get(one["host"])
        if told is None or not told["complete"]:
            problems.append(f"{_name(one)} passes, and the watch did not end")
        elif told["window"]["observed_s"] < ENOUGH * told["window"]["for_s"]:
            window = told["window"]
            problems.append(f"{_name(one)} passes, and {window['observed_s']} of {window['for_s']} s were observed")
    problems += [f"{_name(one)} passes by a window that did not see it" for one in exercised.unfounded(made["checks"])]
    return problems


def _evidence(made: Json, files: t.Mapping[str, str]) -> list[str]:
    problems = []
    for one in made["checks"]:
        lost = sorted({path for path in (named.partition("#")[0] for named in one["evidence"]) if path not in files})
        problems += [f"{_name(one)} rests on {path}, which is not there" for path in lost]
        if one["verdict"] == verdicts.PASS and not one["evidence"]:
            problems.append(f"{_name(one)} passes, and rests on no evidence")
        if bool(one["command"]) == bool(one["instead"]):
            problems.append(f"{_name(one)} has neither a command that repeats it nor why there is none, or both")
    told = [*made["evidence"], *made["files"]]
    for item in told:
        if files.get(item["path"]) != item["sha256"]:
            problems.append(f"{item['path']} is not what the run vouches for")
    listed = {item["path"] for item in told}
    named = {path.partition("#")[0] for one in made["checks"] for path in one["evidence"]}
    problems += [f"{path} is evidence of a check, and is not listed" for path in sorted(named - listed)]
    return problems


def _name(check: Json) -> str:
    return f"{check['section']} {check['check']} {check['subject']} of {check['host']}"
