# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert channels that a verification tried: what is asked of a host, what came of it, and the check that it makes.

Private to the collection.
"""

from __future__ import annotations

import os
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import KINDS, STAGES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import OneOf, require
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, utc
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, safe_name
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts

FOLDER = "alerts"
_LOST = "lost"
_WHAT = "the answer about the alert channels"
_NOT_SENT = {
    "unread": "the file with its address could not be read",
    "missing": "it has no address",
    "malformed": "its address cannot be right",
    "unsupported": "its address does not say who gets a message, so no test message can be made for it",
    "unsure": "the time was over, or no certificates are installed to check its server with",
}
_FAILED = {
    "name": "its server's name is not known",
    "refused": "its server refused the connection",
    "unreachable": "its server cannot be reached",
    "timeout": "its server did not answer in time",
    "certificate": "its server's certificate is not valid",
    "tls": "no secure connection came about",
    "closed": "the connection was closed",
    "protocol": "its server does not speak HTTP",
    "redirect": "its server sends elsewhere, and that is not followed",
}
_BECAME = {
    "taken": "took one",
    "refused": "got one and did not take it",
    "failed": "gave no answer to one",
    _LOST: "may have got one",
}
_REMEDY = remedy("fix_setting", "Look at where its alerts should go, and at the address of the channel on the host.")
_CHANNEL = {
    "name": str,
    "outcome": re.compile("taken|refused|failed|not_sent"),
    "status": OneOf([None, int]),
    "failure": OneOf([None, re.compile("|".join((*_NOT_SENT, *KINDS)))]),
    "stage": OneOf([None, re.compile("|".join(STAGES))]),
    "at_s": OneOf([int, float]),
}

Json = dict[str, t.Any]


def message(name: str) -> str:
    """Return what is sent, marked with the verification that sends it."""
    return f"evenkeel.drift test message {name}, please ignore"


def channels(contract: t.Mapping[str, t.Any]) -> list[Json]:
    """Return the alert channels of a contract, as a host is asked to try them."""
    entries = contract.get("endpoints") or ()
    return [{key: entry[key] for key in ("name", "webhook")} for entry in entries if "webhook" in entry]


def keep(folder: RunFolder, host: str, asked: t.Sequence[Json], answer: Json) -> list[Json]:
    """Write what came of it, and return it. Raises GarbledAnswer, StoreError."""
    require(answer, {"channels": [_CHANNEL]}, _WHAT)
    known = {one["name"] for one in asked}
    kept = [{key: one[key] for key in _CHANNEL} for one in answer["channels"] if one["name"] in known]
    _write(folder, host, kept)
    return kept


def lose(folder: RunFolder, host: str, asked: t.Sequence[Json]) -> None:
    """Write that no answer came, so that a message may have been sent or not. Raises StoreError."""
    nothing = {"outcome": _LOST, "status": None, "failure": None, "stage": None, "at_s": round(time.time(), 3)}
    _write(folder, host, [{"name": one["name"], **nothing} for one in asked])


def _write(folder: RunFolder, host: str, kept: list[Json]) -> None:
    folder.write(f"{FOLDER}/{safe_name(host)}.json", {"host": host, "channels": kept})


def tried(folder: RunFolder) -> dict[tuple[str, str], Json]:
    """Return what came of each channel that was tried, by host and name. Raises StoreError."""
    try:
        names = sorted(os.listdir(folder.join(FOLDER)))
    except FileNotFoundError:
        return {}
    found = {}
    for name in names:
        path = f"{FOLDER}/{name}"
        told = folder.read(path)
        found.update({(told["host"], one["name"]): {**one, "path": path} for one in told["channels"]})
    return found


def judged(check: Json, found: t.Mapping[tuple[str, str], Json]) -> Json:
    """Return a check, in the place of "never sent" the one of what came of a test message."""
    one = found.get((check["host"], check["component"]))
    if one is None or (check["section"], check["check"], check["outcome"]) != ("endpoints", "sent", "not_exercised"):
        return check
    outcome, severity = ("pass" if one["outcome"] == "taken" else "fail"), "high"
    if one["failure"] == "unsupported":
        outcome, severity = "not_exercised", "info"
    elif one["outcome"] in ("not_sent", _LOST):
        outcome = "unknown"
    return {
        **check,
        "outcome": outcome,
        "severity": severity,
        "verdict": verdicts.of_check(outcome, severity),
        "summary": said(one, check["host"]),
        "expected": {"outcome": "taken"},
        "observed": {**{key: one[key] for key in ("outcome", "status", "failure", "stage")}, "at": utc(one["at_s"])},
        "evidence": [f"{one['path']}#{check['component']}"],
        "remedy": None if outcome == "pass" else _REMEDY,
    }


def sent(checks: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    """Return which test messages were sent, as a sentence for a report; nothing when none was."""
    tried = [one for one in checks if (one["section"], one["check"]) == ("endpoints", "sent")]
    counts = {name: sum(1 for one in tried if one["observed"].get("outcome") == name) for name in _BECAME}
    said = [f"{number(count, 'channel')} {_BECAME[name]}" for name, count in counts.items() if count]
    return f"Marked test messages were asked for: {', '.join(said)}." if said else ""


def said(one: Json, host: str) -> str:
    """Return in words what came of a test message."""
    name, when = one["name"], utc(one["at_s"])
    if one["outcome"] == "taken":
        return f"{name} took a test message from {host} at {when} (status {one['status']})"
    if one["outcome"] == "refused":
        return f"{name} did not take a test message from {host} at {when}: status {one['status']}"
    if one["outcome"] == _LOST:
        return f"Whether {name} took a test message from {host} at {when} is not known: the host's answer did not come"
    reason = {**_NOT_SENT, **_FAILED}.get(str(one["failure"]), "it is not known why")
    if one["outcome"] == "not_sent":
        return f"No test message was sent to {name} from {host}: {reason}"
    return f"{name} did not take a test message from {host} at {when}: {reason}"
