# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for one declared endpoint. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import endpoint_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import severity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.endpoint_content import KIND_CHECKS, ContentRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number, size, utc

DEFAULTS = {
    "answers": "critical",
    "status": "critical",
    "time": "medium",
    "content": "high",
    "json": "high",
    "fresh": "high",
    "items": "high",
    "certificate": "high",
}
"""The checks of this section and their severities where the contract gives none."""

_SAID = 120
_ASK = remedy("investigate", "Run it without --check: it is asked then, once, as the contract says.")
_ABSENT = (404, 410)
_START = remedy("fix_endpoint", "Look at why the service does not answer (does it run, where does it listen, its log).")
_FIX = remedy("fix_endpoint", "Look at the service's log and at what it depends on; correct it, or the contract.")
_SLOW = remedy("fix_endpoint", "Look at what the service waits for, and at the load of its host.")
_LATER = remedy("investigate", "Ask less often, or ask whoever runs it for a higher limit; look at it again later.")
_RENEW = remedy("renew_certificate", "Renew the certificate, and look at why it was not renewed by itself.")
_TRUST = remedy(
    "renew_certificate", "Install a certificate for this name from an authority that the asking side trusts."
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded


def hidden(entry: Details) -> set[str]:
    """Return the checks that an entry asks for, and that no answer, or another one than is wanted, fails in one."""
    found = {"answers", "status"}
    found |= {check for key, check in KIND_CHECKS.items() if entry.get(key)}
    found |= {"time"} if entry.get("under_ms") is not None else set()
    return found | ({"certificate"} if entry.get("tls_days") is not None else set())


class EndpointRules:
    """The checks of one entry; ``seen`` is its evidence."""

    def __init__(self, scope: Scope, entry: Details, seen: Details) -> None:
        self._scope = scope
        self._make = Graded(scope, entry.get("severity"), DEFAULTS)
        self._entry = entry
        self._seen = seen
        self._name = str(entry["name"])
        self._where = words.asked_by(entry, scope.context.host)

    def judge(self) -> list[Check]:
        seen = self._seen
        if seen["outcome"] == "not_asked":
            summary = f"{self._name} was not asked {self._where}: {seen['reason']}"
            return [dataclasses.replace(self._scope.not_exercised("answers", self._name, summary), remedy=_ASK)]
        if seen["outcome"] != "ok":
            summary = f"What {self._name} answers, asked {self._where}, is not known: {seen['reason']}"
            return [self._scope.unknown("answers", self._name, self._worst(), summary)]
        if seen["failure"] is not None:
            return [self._silent(seen["failure"])]
        answer = seen["answer"]
        observed = {"status": answer["status"], "total_ms": answer["median_ms"]}
        text = f"{self._name} answers, asked {self._where}"
        checks = [self._scope.passed("answers", self._name, self._make.level("answers"), text, observed=observed)]
        checks.append(self._status(answer))
        if checks[-1].outcome == "pass":
            checks += self._time(answer)
            checks += ContentRules(self._make, self._entry, self._where).judge(answer)
        if self._entry["tls_days"] is not None:
            checks.append(self._certificate(seen["tls"]))
        return checks

    def _silent(self, failure: Details) -> Check:
        """Return the finding about an endpoint that gave no answer."""
        kind = failure["kind"]
        if kind == "certificate":
            return self._distrusted(failure["text"])
        summary = f"{self._name} ({self._seen['url']}) does not answer, asked {self._where}: {failure['text']}"
        if kind == "refused":
            context = self._scope.context
            hint = words.listens_elsewhere(self._entry, context.contract, context.seen)
            summary += f"; {hint}" if hint else ""
        slow = kind == "timeout" and failure["stage"] in ("answer", "body")
        cause = "too_slow" if slow else "not_answering"
        return self._absent("answers", summary, "missing", cause, {"failure": dict(failure)}, _SLOW if slow else _START)

    def _distrusted(self, text: str) -> Check:
        tls = self._seen["tls"]
        summary = f"The certificate of {self._name} ({self._seen['url']}) is not valid, asked {self._where}: {text}"
        if tls and tls["not_after_s"] is not None:
            told = f"it is {tls['subject'] or 'nameless'}'s, vouched for by {tls['issuer'] or 'nobody'}"
            summary += f"; {told}, valid until {utc(tls['not_after_s'])}"
        expired = "expired" in text
        return self._failed(
            "certificate",
            self._name,
            self._worst(),
            summary,
            "failed",
            "certificate_expires" if expired else "not_answering",
            _RENEW if expired else _TRUST,
            {"failure": text, "tls": tls},
        )

    def _absent(self, check: str, summary: str, state: str, cause: str, observed: Details, cure: Details) -> Check:
        """Return the finding about what is not there: told, and no drift, when the endpoint is not required."""
        level = self._worst() if self._entry["required"] else "info"
        said = summary if self._entry["required"] else f"{summary} (it is not required)"
        return self._failed(check, self._name, level, said, state, cause, cure, observed)

    def _status(self, answer: Details) -> Check:
        status, wanted = answer["status"], self._entry["status"]
        observed = {"status": status, "headers": answer["headers"]}
        if status in wanted:
            summary = f"{self._name} answers {_line(answer)}, asked {self._where}"
            return self._scope.passed(
                "status",
                self._name,
                self._make.level("status"),
                summary,
                expected={"status": wanted},
                observed=observed,
            )
        summary = (
            f"{self._name} ({answer['url']}) answers {_line(answer)}, asked {self._where}, where "
            f"{' or '.join(map(str, wanted))} should come{_more(answer)}"
        )
        cure = _LATER if status == 429 else _FIX
        if status in _ABSENT:
            return self._absent("status", summary, "missing", "wrong_status", observed, cure)
        return self._failed("status", self._name, self._worst(), summary, "differs", "wrong_status", cure, observed)

    def _time(self, answer: Details) -> list[Check]:
        limit = self._entry["under_ms"]
        if answer["late"]:
            return [self._endless(answer)]
        if limit is None:
            return []
        took, count = answer["median_ms"], len(answer["totals_ms"])
        how = "one sample" if count == 1 else f"the median of {number(count, 'sample')}"
        text = f"{self._name} took {words.milliseconds(took)} ({how}), asked {self._where}; limit {limit} ms"
        observed = _times(answer)
        if took > limit:
            summary = f"{text}; the last one step by step: {_steps(answer)}"
            return [
                self._failed(
                    "time", self._name, self._make.level("time"), summary, "failed", "too_slow", _SLOW, observed
                )
            ]
        if answer["partial"]:
            reason = f"{answer['partial']}, after {words.milliseconds(took)}"
            return [self._unknown("time", self._name, f"How long the whole answer of {self._name} takes", reason)]
        return [
            self._scope.passed(
                "time", self._name, self._make.level("time"), text, expected={"under_ms": limit}, observed=observed
            )
        ]

    def _endless(self, answer: Details) -> Check:
        """Return the finding about an answer that began and did not end in time: a service hangs, or streams."""
        summary = (
            f"The answer of {self._name} ({answer['url']}) began and did not end within {self._entry['timeout_s']} s, "
            f"asked {self._where}: {size(answer['size'])} came; step by step: {_steps(answer)}"
        )
        level = self._make.level("time")
        return self._failed("time", self._name, level, summary, "failed", "too_slow", _SLOW, _times(answer))

    def _certificate(self, tls: Details | None) -> Check:
        days, level = self._entry["tls_days"], self._make.level("certificate")
        if tls is None or tls["not_after_s"] is None:
            reason = tls["reason"] if tls else "no certificate was seen"
            return self._unknown(
                "certificate", self._name, f"How long the certificate of {self._name} is valid", reason
            )
        left_s = tls["not_after_s"] - self._seen["answer"]["at_s"]
        until = f"until {utc(tls['not_after_s'])}"
        span = f"another {duration(left_s)}" if left_s >= 0 else f"not since {duration(left_s)}"
        text = f"The certificate of {self._name} ({tls['subject'] or 'nameless'}) is valid {until}, {span}"
        text += f"; at least {number(days, 'day')} wanted"
        expected, observed = {"tls_days": days}, dict(tls)
        if left_s >= days * words.DAY_S:
            return self._scope.passed("certificate", self._name, level, text, expected=expected, observed=observed)
        return self._failed(
            "certificate", self._name, level, text, "failed", "certificate_expires", _RENEW, observed, expected
        )

    def _worst(self) -> str:
        """Return the severity of what hides all other checks of this entry."""
        return severity.worst(map(self._make.level, hidden(self._entry))) or DEFAULTS["answers"]

    def _failed(
        self,
        check: str,
        subject: str,
        level: str,
        summary: str,
        state: str,
        cause: str,
        cure: Details,
        observed: Details,
        expected: Details | None = None,
    ) -> Check:
        return self._scope.failed(
            check,
            subject,
            level,
            summary,
            state=state,
            cause=cause,
            remedy=cure,
            expected={**words.asked(self._entry), **(expected or {"status": self._entry["status"]})},
            observed=observed,
        )

    def _unknown(self, check: str, subject: str, what: str, reason: str) -> Check:
        summary = f"{what}, asked {self._where}, is not known: {reason}"
        return self._scope.unknown(check, subject, self._make.level(check), summary)


def _times(answer: Details) -> dict[str, t.Any]:
    return {key: answer[key] for key in ("median_ms", "totals_ms", "times_ms")}


def _steps(answer: Details) -> str:
    """Return when each step of a request was done."""
    times = answer["times_ms"]
    steps = sorted(times, key=times.__getitem__)
    return ", ".join(f"{step.replace('_', ' ')} {words.milliseconds(times[step])}" for step in steps)


def _line(answer: Details) -> str:
    """Return the status of an answer with the server's own word for it."""
    return f"{answer['status']} {answer['reason']}".strip()


def _more(answer: Details) -> str:
    """Return what else an answer with an unwanted status says."""
    said = ""
    headers = answer["headers"]
    if answer["status"] == 429:
        after = headers.get("retry-after")
        said += f"; it limits how often it may be asked{f' (Retry-After: {after})' if after else ''}"
    elif headers.get("location"):
        said += f"; it redirects to {headers['location']}"
    body = " ".join(answer["body"].split())[:_SAID]
    said += f"; it says {body}" if body else ""
    return f"{said}; its content was not judged" if answer["content"] else said
