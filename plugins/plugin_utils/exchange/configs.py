# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section configs: what is read, whether the answer is one, and what the reference has. Private to the collection.

A reference's text is read on this machine, under the run's key: it is not sent to hosts.
"""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import format_of
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.config_keys import TESTS, TYPES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import (
    FORMATS,
    KINDS,
    READERS,
    is_secret,
    kind_of,
    source_of,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    ByName,
    GarbledAnswer,
    OneOf,
    require,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.config_side import Asked, absent
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable

MAX_KEYS = 5000

_WHAT = "the answer about the configurations"
_TEXT = OneOf([None, str])
_NUMBER = OneOf([int, float])
_NULL_OR_NUMBER = OneOf([None, int, float])
_DIGEST = OneOf([None, re.compile("[0-9a-f]{64}")])
_SEEN = {"outcome": re.compile("ok|missing|unknown"), "reason": str}
KEY = {
    "key": str,
    "line": OneOf([None, int]),
    "type": re.compile("|".join(TYPES)),
    "secret": bool,
    "value": _TEXT,
    "digest": _DIGEST,
    **dict.fromkeys(("empty", "placeholder", "weak"), bool),
    "hosts": [str],
    "tests": ByName(bool),
}
_READER = {
    **_SEEN,
    "kind": re.compile("|".join(READERS)),
    "name": str,
    "pid": OneOf([None, int]),
    "started": _TEXT,
    "started_s": _NULL_OR_NUMBER,
    "older": OneOf([None, bool]),
    "complete": bool,
    "keys": [{"key": str, "state": re.compile("same|other|absent")}],
}
_CONFIG = {
    **_SEEN,
    "name": str,
    "kind": re.compile("|".join(KINDS)),
    "source": str,
    "format": re.compile("|".join(FORMATS)),
    "secret": bool,
    "path": _TEXT,
    "mtime": _TEXT,
    "mtime_s": _NULL_OR_NUMBER,
    "size": OneOf([None, int]),
    "digest": _DIGEST,
    "partial": str,
    "duplicates": [{"key": str, "lines": [int]}],
    "keys": [KEY],
    "cut": int,
    "readers": [_READER],
}
_SHAPE = {"now_s": _NUMBER, "configs": [_CONFIG]}


class ConfigsExchange(Exchange):
    """Ships what to read and what its values are held against, and adds what the reference has."""

    def request(self) -> Json:
        # The engine is that of the section containers.
        engine = self.context.declared.get("containers") or {}
        return {"configs": [self._asked(entry) for entry in self.contract], "socket": engine.get("socket")}

    def read(self, data: Json) -> Json:
        require(data, _SHAPE, _WHAT)
        asked = self.request()["configs"]
        if [(one["name"], one["kind"]) for one in data["configs"]] != [(one["name"], one["kind"]) for one in asked]:
            raise GarbledAnswer(f"{_WHAT} is garbled: it is not about what was asked")
        for spec, one in zip(asked, data["configs"], strict=True):
            _require_one(spec, one)
        references = self._references(data["configs"])
        for one, reference in zip(data["configs"], references, strict=True):
            one["reference"] = reference
        return data

    def _asked(self, entry: Json) -> Json:
        kind, source = kind_of(entry), source_of(entry)
        return {
            **{key: entry[key] for key in ("name", "format", "secret")},
            "kind": kind,
            kind: source,
            "patterns": [self._process(source)["match"]] if kind == "process" else [],
            "containers": kind == "process" and self._process(source)["containers"],
            "tests": list(tests_of(entry)),
            "read_by": [self._reader(reader) for reader in entry["read_by"]],
        }

    def _reader(self, reader: Json) -> Json:
        kind = next(kind for kind in READERS if reader[kind] is not None)
        name = reader[kind]
        process = self._process(name) if kind == "process" else {"match": None, "containers": False}
        return {"kind": kind, "name": name, **{key: process[key] for key in ("match", "containers")}}

    def _process(self, name: str) -> Json:
        return next(one for one in self.context.declared["processes"] if one["name"] == name)

    def _references(self, configs: t.Sequence[Json]) -> list[Json | None]:
        """Return each configuration as the reference has it; None where it is not compared with a reference."""
        side = self.context.side
        asked = [self._compared(entry, one) for entry, one in zip(self.contract, configs, strict=True)]
        wanted = [one for one in asked if one is not None]
        if side is None or not wanted:
            return [None] * len(asked)
        try:
            found = iter(side.configs(wanted, self.context.key))
        except ReferenceUnavailable as error:
            # What is there is judged by its own rules all the same.
            found = iter([absent(one, "unknown", error.reason) for one in wanted])
        return [None if one is None else next(found) for one in asked]

    def _compared(self, entry: Json, one: Json) -> Asked | None:
        """Return what is asked of the reference about an entry; None when there is nothing to compare."""
        if entry["reference"] is False or one["outcome"] == "missing":
            return None
        kind, source = kind_of(entry), source_of(entry)
        if isinstance(entry["reference"], str):
            kind, source = "path", show(entry["reference"])
        path = source if kind == "path" else None
        return Asked(
            kind=kind,
            source=source,
            inside=None if path is None else self._inside(path),
            explicit=isinstance(entry["reference"], str),
            format=_format(entry, one, path),
            # What a host says of its own file must not show what is secret in the reference.
            secret=one["secret"] or is_secret(entry, path),
            translate=dict(entry["translate"]),
        )

    def _inside(self, path: str) -> str | None:
        """Return a path below ``drift_root``, None when it is not there."""
        inside = posixpath.relpath(posixpath.join(self.context.root, path), self.context.root)
        return None if inside.split("/")[0] == ".." else inside


def _format(entry: Json, one: Json, path: str | None) -> str:
    """Return how the reference's file is written: as the contract says, as its name says, as that of the host is."""
    if entry["format"] != "auto":
        return str(entry["format"])
    return (format_of(path) if path is not None else None) or str(one["format"])


def tests_of(entry: t.Mapping[str, t.Any]) -> t.Iterator[Json]:
    """Yield what an entry's values are held against, ``{id, key, <test>: wanted}``; the id is ``<rule>.<test>``."""
    for number, rule in enumerate(entry["keys"]):
        for name in TESTS:
            if name in rule:
                yield {"id": f"{number}.{name}", "key": rule["key"], name: rule[name]}


def _require_one(spec: Json, one: Json) -> None:
    what = f"{_WHAT} {spec['name'][:100]!r}"
    names = [key["key"] for key in one["keys"]]
    if len(set(names)) != len(names) or len(names) > MAX_KEYS or one["cut"] < 0:
        raise GarbledAnswer(f"{what} is garbled: it names a key twice, or more of them than are asked for")
    if one["outcome"] != "ok":
        if names or not one["reason"]:
            raise GarbledAnswer(f"{what} is garbled: it could not be read, and has keys or no reason")
        return
    asked = [(reader["kind"], reader["name"]) for reader in spec["read_by"]]
    if sorted({(reader["kind"], reader["name"]) for reader in one["readers"]}) != sorted(set(asked)):
        raise GarbledAnswer(f"{what} is garbled: it does not tell of each reader")
    known = {test["id"] for test in spec["tests"]}
    if not all(known >= key["tests"].keys() for key in one["keys"]):
        raise GarbledAnswer(f"{what} is garbled: it answers what was not asked")
