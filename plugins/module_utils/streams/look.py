# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One declared stream: looked at once, and again where the contract asks for progress. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.client import Redis
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.sample import sample
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.stream import consumers, kind, look
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.progress import settled
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

Json = t.Dict[str, t.Any]


class Watched:
    """One declared stream. ``data`` is what is told of it (``docs/design.md``)."""

    def __init__(self, redis: Redis, spec: t.Mapping[str, t.Any]) -> None:
        self._redis = redis
        self._spec = spec
        self._name = named(spec["stream"])
        self._group = None if spec.get("group") is None else named(spec["group"])
        self.progress_s: int = spec.get("progress_s") or 0
        self.data: Json = {
            "outcome": "ok",
            "reason": "",
            "type": None,
            "first": None,
            "second": None,
            "second_reason": "",
            "sample": None,
            "sample_reason": "",
        }

    def begin(self) -> None:
        """Look for the first time, at consumers and entries too; what cannot be seen is noted."""
        try:
            self.data["type"] = kind(self._redis, self._name)
            if self.data["type"] != "stream":
                return
            first = look(self._redis, self._name, self._group)
            for group in first["groups"]:
                group["members"] = consumers(self._redis, self._name, group["raw"])
            self.data["first"] = _told(first)
        except Unseen as unseen:
            self.data.update(outcome="unknown", reason=unseen.reason)
            return
        try:
            self.data["sample"] = sample(self._redis, self._name, self._spec)
        except Unseen as unseen:
            self.data["sample_reason"] = unseen.reason

    @property
    def waits(self) -> bool:
        """Whether a second look is wanted and has not shown yet all that is waited for."""
        first = self.data["first"]
        if not self.progress_s or first is None or self.data["second_reason"]:
            return False
        # A group that is not there cannot move.
        return bool(self._group is None or first["groups"]) and not settled(first, self.data["second"])

    def again(self) -> None:
        """Look again."""
        try:
            self.data["second"] = _told(look(self._redis, self._name, self._group))
        except Unseen as unseen:
            self.data.update(second=None, second_reason=unseen.reason)

    def give_up(self, reason: str) -> None:
        """Note that there was too little time to see whether anything moves."""
        self.data["second_reason"] = reason


def found(redis: Redis, name: bytes) -> Json:
    """Return how a stream stands that was found, not declared: ``{name, look, reason}``."""
    try:
        return {"name": redis.text(name), "look": _told(look(redis, name, None)), "reason": ""}
    except Unseen as unseen:
        return {"name": redis.text(name), "look": None, "reason": unseen.reason}


def named(text: str) -> bytes:
    """Return the bytes of a name in a contract: as ``text.show`` spells it, or as it stands."""
    try:
        return raw(text)
    except ValueError:
        return text.encode("utf-8")


def _told(made: Json) -> Json:
    for group in made["groups"]:
        del group["raw"]
    return made
