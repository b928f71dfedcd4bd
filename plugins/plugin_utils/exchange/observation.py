# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's observation, from its settings to its evidence in the run folder. Private to the collection.

Knows nothing of Ansible: how a request reaches the host is the caller's.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.snapshot import PROTOCOL
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context, Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.registry import exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    ByName,
    GarbledAnswer,
    OneOf,
    require,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable

# Text is worth less waiting than drift.
_FOLLOW_UP_S = 20

Send = t.Callable[[Json], Json]

_DIGEST = re.compile("[0-9a-f]{64}")
_HOST = {"hostname": str, "user": str, "python": str, "kernel": str, "system": str}
_ANSWER = {
    "protocol": int,
    "host": _HOST,
    "started": str,
    "finished": str,
    "sections": ByName(dict),
    "learned": [_DIGEST],
}
_TEXT = OneOf([None, str])
_CHANGE = {"time": str, "time_s": int, **dict.fromkeys(("kind", "who", "why", "run", "journal"), _TEXT)}
_MOMENT = {"time": str, "time_s": OneOf([int, float])}
_OF_TREE = OneOf([None, {**_CHANGE, **_MOMENT}, {"reason": str}])
_STEP = dict.fromkeys(("kind", "path", "do", "ill"), str)
_CHANGES = {
    "outcome": re.compile("ok|unknown|none"),
    **dict.fromkeys(("reason", "path", "last_reason"), str),
    "open": OneOf(
        [
            None,
            {
                **dict.fromkeys(("kind", "who", "why", "run", "id", "journal", "started", "root", "direction"), _TEXT),
                **dict.fromkeys(("phase", "damaged"), str),
                "tries": int,
                "services": [str],
                "paths": OneOf([None, int]),
            },
        ]
    ),
    "under_way": OneOf([None, {**dict.fromkeys(("who", "why", "since"), _TEXT), "pid": int}]),
    "last": OneOf([None, _CHANGE]),
    "starts": {"first": OneOf([None, _MOMENT]), "of": ByName(_MOMENT)},
    "deployed": OneOf([None, {**dict.fromkeys(("run", "id", "point"), _TEXT), "steps": [_STEP]}]),
    "reloads": [{"unit": str, "path": str, **_MOMENT}],
    "rehearsed": ByName({"time": str, "time_s": int, "point": str}),
    "trees": ByName(_OF_TREE),
    "taken_back": ByName([{"since_s": int, "before": _OF_TREE}]),
}
_SECTION = {"outcome": OUTCOME, "reason": str, "data": dict}


class HostUnseen(Exception):
    """A host gave no usable answer. ``kind`` is ``unreachable``, ``failed``, ``garbled`` or ``timeout``; ``reason`` one
    sentence.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class Limits:
    """How a host is asked: the time in seconds, worker processes (0: one a core), niceness."""

    timeout_s: int
    workers: int
    nice: int


@dataclasses.dataclass
class Observation:
    """What was seen of one host: the host's own description of itself, and the evidence of each section.

    ``learned`` are digests under the run's key of the secrets that the host has read, and so knows to be some.
    ``changes`` is what its own record says of changes, None when it was not asked.
    """

    host: Json
    started: str
    finished: str
    sections: dict[str, Json]
    reference_problem: str
    learned: set[str]
    changes: Json | None = None


def changes_of(answer: Json) -> Json:
    """Return what a host says of its ``changes``; unknown when that cannot be read."""
    try:
        require(answer.get("changes"), _CHANGES, "the host's record of changes")
    except GarbledAnswer as garbled:
        nothing: Json = {
            **dict.fromkeys(("open", "under_way", "last", "deployed")),
            "starts": {"first": None, "of": {}},
        }
        reasons = dict.fromkeys(("reason", "last_reason"), str(garbled))
        return {
            "outcome": "unknown",
            **reasons,
            "path": "",
            **nothing,
            "rehearsed": {},
            "reloads": [],
            "trees": {},
            "taken_back": {},
        }
    changes: Json = answer["changes"]
    return changes


class Observer:
    """Asks one host about the sections of its contract."""

    def __init__(self, contract: t.Mapping[str, t.Any], context: Context, limits: Limits, send: Send) -> None:
        self._contract = contract
        self._context = context
        self._limits = limits
        self._send = send
        self._secrets: Json = {}

    def observe(self) -> Observation:
        """Return what was seen. Raises HostUnseen when that is nothing at all."""
        problem = ""
        try:
            exchanges, requests = self._prepare()
        except ReferenceUnavailable as error:
            # The host is observed all the same: its own rules hold without a reference, and what is there is evidence.
            problem = error.reason
            self._context.side = None
            exchanges, requests = self._prepare()
        # A section reads its own: only a request without it has to be told where secrets are.
        self._secrets = {} if "configs" in requests else self._configs()
        answer = self._ask(requests, self._limits.timeout_s, self._context.changes)
        changes = changes_of(answer) if self._context.changes else None
        sections: dict[str, Json] = {}
        for name, half in exchanges.items():
            sections[name] = self._read(half, answer["sections"].get(name))
            self._context.earlier[name] = sections[name]["data"]
        self._secrets = requests.get("configs", self._secrets)
        self._follow_up(exchanges, sections)
        return Observation(
            answer["host"], answer["started"], answer["finished"], sections, problem, self._context.learned, changes
        )

    def _prepare(self) -> tuple[dict[str, Exchange], Json]:
        exchanges = {name: exchange(name, contract, self._context) for name, contract in self._contract.items()}
        return exchanges, {name: half.request() for name, half in exchanges.items()}

    def _configs(self) -> Json:
        """Return the request about the configurations of a contract that are not observed this time."""
        declared = self._context.declared.get("configs")
        return exchange("configs", declared, self._context).request() if declared else {}

    def _ask(self, sections: Json, timeout_s: int, changes: Json | None = None) -> Json:
        context, limits = self._context, self._limits
        answer = self._send(
            {
                "secrets": self._secrets,
                "public": list(context.public),
                "protocol": PROTOCOL,
                "root": context.root,
                "timeout_s": timeout_s,
                "workers": limits.workers,
                "nice": limits.nice,
                "key": context.key.hex() if context.key else None,
                "sections": sections,
                "changes": changes,
            }
        )
        try:
            require(answer, _ANSWER, "the host's answer")
        except GarbledAnswer as garbled:
            raise HostUnseen("garbled", str(garbled)) from garbled
        if answer["protocol"] != PROTOCOL:
            raise HostUnseen("garbled", "the host's answer is of another protocol")
        context.learned.update(answer["learned"])
        return answer

    def _read(self, half: Exchange, section: t.Any) -> Json:
        try:
            require(section, _SECTION, "the host's answer about this section")
            if section["outcome"] != "ok":
                return {"outcome": "unknown", "reason": mask(section["reason"]), "data": {}}
            return {"outcome": "ok", "reason": "", "data": half.read(section["data"])}
        except GarbledAnswer as garbled:
            return {"outcome": "unknown", "reason": str(garbled), "data": {}}
        except ReferenceUnavailable as error:
            return {"outcome": "unknown", "reason": f"it cannot be compared: {error.reason}", "data": {}}

    def _follow_up(self, exchanges: dict[str, Exchange], sections: dict[str, Json]) -> None:
        """Ask once more about what has drifted. What cannot be had this time is text: the drift is known."""
        wanted: Json = {}
        seen = {name: half for name, half in exchanges.items() if sections[name]["outcome"] == "ok"}
        for name, half in seen.items():
            wanted.update(half.follow_up(sections[name]["data"]) or {})
        answers, problem = self._second_answer(wanted) if wanted else ({}, "")
        for name, half in seen.items():
            try:
                half.read_follow_up(sections[name]["data"], answers)
            except GarbledAnswer as garbled:
                problem = str(garbled)
            except ReferenceUnavailable as error:
                problem = error.reason
            if problem:
                sections[name]["reason"] = f"the text of differing files could not be read: {problem}"

    def _second_answer(self, wanted: Json) -> tuple[Json, str]:
        """Return the data of each section that there is, and why there is not more."""
        problem = ""
        answers: Json = {}
        try:
            given = self._ask(wanted, min(self._limits.timeout_s, _FOLLOW_UP_S))["sections"]
            for name in wanted:
                section = given.get(name)
                require(section, _SECTION, "the host's second answer")
                if section["outcome"] == "ok":
                    answers[name] = section["data"]
                else:
                    problem = mask(section["reason"])
        except (HostUnseen, GarbledAnswer) as error:
            problem = str(error)
        return answers, problem
