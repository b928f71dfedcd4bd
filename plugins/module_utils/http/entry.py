# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one endpoint of a contract answers, as evidence. Private to the collection."""

from __future__ import annotations

import base64
import os
import re
import statistics
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.content import Content, examine
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.shown import Hide, excerpt, hider
from ansible_collections.evenkeel.drift.plugins.module_utils.env_value import read_value
from ansible_collections.evenkeel.drift.plugins.module_utils.http.ask import Answer, Asked, ask
from ansible_collections.evenkeel.drift.plugins.module_utils.http.connection import Trust, certificate_of
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import Failure, Limit
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import Target, parse
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import looks_secret
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

Entry = t.Mapping[str, t.Any]
Json = t.Dict[str, t.Any]
Away = t.Dict[t.Tuple[str, str, int], Failure]
"""Servers, by scheme, name and port, that let a connection wait in vain, and how."""

_HEADERS = ("content-type", "location", "retry-after", "server", "date")
_SHOWN = 300
_BODY = 16 * 1024
_LONGEST = 8 * 1024
_TELLING = 8
"""From how many characters on a part of a secret is one: not the ``Bearer`` before it."""

_PARTS = re.compile(r"[\s;,=]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def unasked(entry: Entry, reason: str) -> Json:
    """Return the evidence of an endpoint of which nothing is known."""
    return {**_empty(entry, hider()), "outcome": "unknown", "reason": reason}


def observe(entry: Entry, host: Host, away: Away) -> Json:
    """Ask an endpoint, as often as its ``samples`` say, and return the evidence: of the first answer that is not as it
    should be, its content aside, else of the last.

    A server that is ``away`` is not waited for once more.
    """
    hide = hider()
    try:
        host.check_time()
        headers, known = _headers(entry.get("headers") or {}, host)
        host.learn(known)
        hide = hider(known)
        return {**_empty(entry, hide), **_answers(entry, headers, hide, host, away)}
    except Unseen as unseen:
        return {**_empty(entry, hide), "outcome": "unknown", "reason": hide(unseen.reason)}


def _empty(entry: Entry, hide: Hide) -> Json:
    return {
        "name": entry["name"],
        "url": hide(entry["url"]),
        "method": entry["method"],
        "outcome": "ok",
        "reason": "",
        "failure": None,
        "answer": None,
        "tls": None,
    }


def _headers(given: t.Mapping[str, t.Any], host: Host) -> tuple[dict[str, str], list[str]]:
    """Return the headers to send, and the values among them that are secrets."""
    headers: dict[str, str] = {}
    known: list[str] = []
    for name, value in given.items():
        if isinstance(value, str):
            headers[name] = value
            known += _secrets(value) if looks_secret(name) else []
            continue
        secret = read_value(host.root, value["file"], value["key"])
        if _CONTROL.search(secret) or len(secret) > _LONGEST:
            wrong = "it is longer than 8 KiB" if len(secret) > _LONGEST else "it has a control character"
            raise Unseen(f"the value of {value['key']} in {value['file']} cannot be sent: {wrong}")
        headers[name] = (value.get("prefix") or "") + secret
        known += _secrets(secret)
    return headers, known


def _secrets(value: str) -> list[str]:
    """Return a value and its parts: a token comes back without its scheme, a cookie without its name, a login in the
    clear.
    """
    parts = [part for part in _PARTS.split(value) if len(part) >= _TELLING]
    return [value, *parts, *(_password(part) for part in parts)]


def _password(part: str) -> str:
    """Return the password in a login as the scheme Basic spells it, nothing when it is none."""
    try:
        login = base64.b64decode(part + "=" * (-len(part) % 4), validate=True).decode("utf-8")
    except ValueError:
        return ""
    return login.partition(":")[2]


def _answers(
    entry: Entry,
    headers: t.Mapping[str, str],
    hide: Hide,
    host: Host,
    away: Away,
) -> Json:
    target = parse(entry["url"])
    if target.origin in away:
        return {"failure": away[target.origin].as_dict(hide)}
    ca = entry.get("ca")
    trust = Trust(os.path.join(host.root, ca) if ca else None, entry["verify"])
    body = (entry.get("body") or "").encode("utf-8")
    asked = Asked(entry["method"], headers, body, trust, entry["timeout_s"], entry["redirects"])
    totals: list[float] = []
    answer: Answer
    wrong: Answer | None = None
    for sample in range(1, entry["samples"] + 1):
        try:
            answer = ask(target, asked, host)
        except Failure as failure:
            failed = failure.as_dict(hide)
            if sample > 1:
                failed["text"] += f" (request {sample} of {entry['samples']})"
            if asked.redirects:
                # It may be another server that failed.
                return {"failure": failed}
            if failure.kind == "timeout" and failure.stage in ("resolve", "connect"):
                away[target.origin] = failure
            return {"failure": failed, "tls": _distrusted(failure, target, entry, hide, host)}
        totals.append(answer.times_ms["total"])
        if wrong is None and not _well(answer, entry):
            wrong = answer
    told = wrong or answer
    return {
        "answer": {**_answer(told, totals, hide), "content": _content(told, entry, hide, host)},
        "tls": _tls(told.tls, hide),
    }


def _well(answer: Answer, entry: Entry) -> bool:
    """Say whether an answer ended in time, with a status that is declared, where any is."""
    return not answer.late and answer.status in entry.get("status", (answer.status,))


def _content(answer: Answer, entry: Entry, hide: Hide, host: Host) -> list[Json]:
    return examine(Content(answer.body, answer.partial), entry, hide, host)


def _answer(answer: Answer, totals: t.Sequence[float], hide: Hide) -> Json:
    body, cut = excerpt(answer.body, _BODY, hide)
    return {
        "status": answer.status,
        "reason": hide(answer.reason)[:_SHOWN],
        "headers": {name: hide(answer.headers[name])[:_SHOWN] for name in _HEADERS if name in answer.headers},
        "url": hide(answer.url),
        "redirects": [hide(url) for url in answer.redirects],
        "address": answer.address,
        "at_s": answer.at_s,
        "times_ms": answer.times_ms,
        "totals_ms": list(totals),
        "median_ms": round(statistics.median(totals), 1),
        "size": len(answer.body),
        "partial": answer.partial,
        "late": answer.late,
        "body": body,
        "body_cut": cut,
    }


def _distrusted(failure: Failure, target: Target, entry: Entry, hide: Hide, host: Host) -> Json | None:
    """Return what a certificate says that was not trusted, when it can still be had."""
    if failure.kind != "certificate":
        return None
    try:
        return _tls({**certificate_of(target, Limit(host, entry["timeout_s"])), "verified": False}, hide)
    except (Failure, Unseen):
        return None


def _tls(facts: t.Mapping[str, t.Any] | None, hide: Hide) -> Json | None:
    if facts is None:
        return None
    return {**facts, **{name: hide(facts[name])[:_SHOWN] for name in ("subject", "issuer", "version", "reason")}}
