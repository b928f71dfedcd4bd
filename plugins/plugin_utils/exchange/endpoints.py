# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section endpoints: the host asks what only it can reach, this node what the contract wants asked from here. Private
to the collection.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import KINDS, STAGES
from ansible_collections.evenkeel.drift.plugins.module_utils.http.webhooks import ANY
from ansible_collections.evenkeel.drift.plugins.module_utils.http.webhooks import KINDS as KINDS_OF_WEBHOOKS
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.endpoints import ask_all
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.assertions import CONTENT, require_results
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    ByName,
    GarbledAnswer,
    OneOf,
    require,
)

_WHAT = "the answer about the endpoints"
_NUMBER = OneOf([int, float])
_FAILURE = {"kind": str, "stage": str, "text": str}
_TLS = {
    "version": str,
    "reason": str,
    "subject": str,
    "issuer": str,
    "not_before_s": OneOf([None, int]),
    "not_after_s": OneOf([None, int]),
    "verified": bool,
}
_ANSWER = {
    "status": int,
    "reason": str,
    "headers": ByName(str),
    "url": str,
    "redirects": [str],
    "address": str,
    "at_s": _NUMBER,
    "times_ms": ByName(_NUMBER),
    "totals_ms": [_NUMBER],
    "median_ms": _NUMBER,
    "size": int,
    "partial": str,
    "late": bool,
    "body": str,
    "body_cut": bool,
    "content": [CONTENT],
}
_ENDPOINT = {
    "name": str,
    "url": str,
    "method": str,
    "outcome": OUTCOME,
    "reason": str,
    "failure": OneOf([None, _FAILURE]),
    "answer": OneOf([None, _ANSWER]),
    "tls": OneOf([None, _TLS]),
}
_WEBHOOK = {
    "name": str,
    "outcome": OUTCOME,
    "reason": str,
    "state": OneOf([None, re.compile("set|missing|placeholder")]),
    "kind": OneOf([None, re.compile("|".join((ANY, *KINDS_OF_WEBHOOKS)))]),
    "problem": str,
    "digest": OneOf([None, re.compile("[0-9a-f]{64}")]),
}
_SHAPE = {"now_s": _NUMBER, "endpoints": [_ENDPOINT], "webhooks": [_WEBHOOK]}
_TERMS = ("severity", "impact", "owner", "remedy", "risk")
_SPARE_S = 10
_READS = ("GET", "HEAD")
NOT_ASKED = "not_asked"
"""The outcome of an endpoint that a run in check mode leaves alone."""


class EndpointsExchange(Exchange):
    """Joins what both sides saw, in the order of the contract."""

    def request(self) -> Json:
        return {"endpoints": self._asked("host"), "webhooks": self._channels()}

    def read(self, data: Json) -> Json:
        here = self._from_here()
        answers = {"host": self._answers("host", data), "control": self._answers("control", here)}
        joined = [
            self._left_alone(entry) if self._changes(entry) else next(answers[entry["from"]])
            for entry in self.contract
            if "webhook" not in entry
        ]
        if [one["name"] for one in data["webhooks"]] != [entry["name"] for entry in self._channels()]:
            raise GarbledAnswer(f"{_WHAT} is garbled: it is not about the alert channels that were asked for")
        now_s = {"host": data["now_s"], "control": here["now_s"]}
        return {"now_s": now_s, "endpoints": joined, "webhooks": data["webhooks"]}

    def _channels(self) -> list[Json]:
        return [{key: entry[key] for key in ("name", "webhook")} for entry in self.contract if "webhook" in entry]

    def _asked(self, side: str) -> list[Json]:
        entries = [entry for entry in self.contract if entry.get("from") == side and not self._changes(entry)]
        return [{key: value for key, value in entry.items() if key not in _TERMS} for entry in entries]

    def _changes(self, entry: Json) -> bool:
        """Whether a run in check mode must not ask an endpoint: what is sent there may change something."""
        return self.context.check_mode and "webhook" not in entry and entry["method"] not in _READS

    def _left_alone(self, entry: Json) -> Json:
        reason = f"with --check nothing is sent that may change something, and it is asked with {entry['method']}"
        about = {"name": entry["name"], "url": mask(entry["url"]), "method": entry["method"], "from": entry["from"]}
        return {**about, "outcome": NOT_ASKED, "reason": reason, "failure": None, "answer": None, "tls": None}

    def _answers(self, side: str, data: Json) -> t.Iterator[Json]:
        require(data, _SHAPE, _WHAT)
        asked = self._asked(side)
        if [one["name"] for one in data["endpoints"]] != [entry["name"] for entry in asked]:
            raise GarbledAnswer(f"{_WHAT} is garbled: it is not about what was asked")
        for entry, one in zip(asked, data["endpoints"], strict=True):
            _require_one(entry, one)
        return iter([{**one, "from": side} for one in data["endpoints"]])

    def _from_here(self) -> Json:
        entries = self._asked("control")
        time_s = sum(entry["timeout_s"] * entry["samples"] for entry in entries) + _SPARE_S
        return {**ask_all(entries, Host("/", time_s)), "webhooks": []}


def _require_one(entry: Json, one: Json) -> None:
    what = f"{_WHAT} {entry['name'][:100]!r}"
    if one["outcome"] != "ok":
        return
    failure, answer = one["failure"], one["answer"]
    if (failure is None) == (answer is None):
        raise GarbledAnswer(f"{what} is garbled: it holds neither an answer nor why there is none, or both")
    if failure is not None:
        if failure["kind"] not in KINDS or failure["stage"] not in STAGES:
            raise GarbledAnswer(f"{what} is garbled: it tells an unknown failure")
        return
    if len(answer["totals_ms"]) != entry["samples"] or "total" not in answer["times_ms"]:
        raise GarbledAnswer(f"{what} is garbled: it does not say how long it took")
    require_results(entry, answer["content"], what)
