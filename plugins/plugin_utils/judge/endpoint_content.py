# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for what a declared endpoint's answer holds. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.freshness import AHEAD, NO_ZONE, OLD, freshness
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import assertion_words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.endpoint_words import asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number, utc

KIND_CHECKS = {
    "contains": "content",
    "not_contains": "content",
    "matches": "content",
    "json": "json",
    "fresh": "fresh",
    "min_items": "items",
}
"""The check that each key of an entry asks for."""

_FIX = remedy("fix_endpoint", "Look at the service's log and at what it depends on; correct it, or the contract.")
_FEED = remedy("fix_endpoint", "Look at what should supply the data: the endpoint answers, and its data do not move.")


class ContentRules:
    """The checks of the content that one endpoint answered."""

    def __init__(self, make: Graded, entry: Details, where: str) -> None:
        self._make = make
        self._entry = entry
        self._name = str(entry["name"])
        self._where = where

    def judge(self, answer: Details) -> list[Check]:
        return [self._content(result, answer) for result in answer["content"]]

    def _content(self, result: Details, answer: Details) -> Check:
        kind = str(result["kind"])
        check = KIND_CHECKS[kind]
        subject = f"{self._name}:{result['subject']}"
        if result["outcome"] != "ok":
            what = f"Whether the answer of {self._name} holds what is said about {result['subject']}"
            return self._unknown(check, subject, what, result["reason"])
        if kind == "fresh":
            return self._fresh(subject, result, answer)
        if kind == "min_items":
            return self._items(subject, result)
        rules = self._entry["json"].get(result["subject"], {}) if kind == "json" else {}
        what = f"The answer of {self._name}"
        said = (
            f"In the answer of {self._name} {assertion_words.json_sentence(result, rules)}"
            if kind == "json"
            else assertion_words.text_sentence(result, what)
        )
        observed = {"value": result["shown"] or None, "broken": result["broken"]} if kind == "json" else {}
        expected = {"rules": rules} if kind == "json" else {kind: result["subject"]}
        if result["holds"]:
            return self._make.passed(check, subject, said, observed, expected)
        state = "missing" if result["missing"] else "differs"
        return self._failed(check, subject, said, state, "wrong_content", _FIX, observed, expected)

    def _fresh(self, subject: str, result: Details, answer: Details) -> Check:
        limit = self._entry["fresh"]["within_s"]
        path = result["subject"]
        expected = {"within_s": limit}
        if result["missing"]:
            summary = f"The answer of {self._name} has no time at {path}: {result['missing']}"
            return self._failed("fresh", subject, summary, "missing", "stale_data", _FEED, {}, expected)
        if not result["times_s"]:
            summary = f"In the answer of {self._name} {path} is {result['shown']}, which is no time"
            return self._failed("fresh", subject, summary, "differs", "wrong_content", _FIX, {}, expected)
        ages = [answer["at_s"] - moment for moment in result["times_s"]]
        when = f"asked {self._where} at {utc(answer['at_s'])}"
        observed = {
            "value": result["shown"],
            "ages_s": [round(age, 1) for age in ages],
            "at": utc(answer["at_s"]),
        }
        what = f"Whether {path} in the answer of {self._name} is fresh"
        state = freshness(ages, limit)
        if state == NO_ZONE:
            return self._unknown("fresh", subject, what, f"{result['shown']} has no time zone, {when}")
        if state == AHEAD:
            reason = f"{result['shown']} lies {duration(ages[0])} ahead, {when}: one of the two clocks is wrong"
            return self._unknown("fresh", subject, what, reason)
        text = (
            f"{path} in the answer of {self._name} is {duration(max(ages[0], 0.0))} old "
            f"({utc(result['times_s'][0])}, {when}); limit {duration(limit)}"
        )
        if state == OLD:
            return self._failed("fresh", subject, text, "failed", "stale_data", _FEED, observed, expected)
        return self._make.passed("fresh", subject, text, observed, expected)

    def _items(self, subject: str, result: Details) -> Check:
        least = self._entry["min_items"][result["subject"]]
        expected, observed = {"min_items": least}, {"items": result["size"]}
        where = f"{result['subject']} in the answer of {self._name}"
        if result["missing"]:
            summary = f"{where} is not there: {result['missing']}"
            return self._failed("items", subject, summary, "missing", "wrong_content", _FIX, observed, expected)
        if result["size"] is None:
            summary = f"{where} is {result['shown']}, which is no list"
            return self._failed("items", subject, summary, "differs", "wrong_content", _FIX, observed, expected)
        text = f"{where} has {number(result['size'], 'item')}, at least {least} wanted"
        if result["holds"]:
            return self._make.passed("items", subject, text, observed, expected)
        return self._failed("items", subject, text, "failed", "too_few_items", _FEED, observed, expected)

    def _failed(
        self,
        check: str,
        subject: str,
        summary: str,
        state: str,
        cause: str,
        cure: Details,
        observed: Details,
        expected: Details,
    ) -> Check:
        expected = {**asked(self._entry), **expected}
        return self._make.failed(check, subject, summary, state, cause, cure, observed, expected)

    def _unknown(self, check: str, subject: str, what: str, reason: str) -> Check:
        summary = f"{what}, asked {self._where}, is not known: {reason}"
        return self._make.unknown(check, subject, summary)
