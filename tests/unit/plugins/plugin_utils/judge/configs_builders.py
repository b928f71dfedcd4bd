# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small evidence of configurations, as a host and a reference give it."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import SHAPE, kind_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems

Json = dict[str, t.Any]


def contract(*entries: Json) -> list[Json]:
    """Return entries as a run folder holds them; each is about app.yaml when it does not say what it is about."""
    problems = Problems()
    kinds = ("path", "process", "unit", "container")
    named = [entry if any(kind in entry for kind in kinds) else {"path": "app.yaml", **entry} for entry in entries]
    read = SHAPE.read(named, "", problems)
    problems.raise_any()
    return t.cast("list[Json]", read)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def key(name: str, value: t.Any, **more: t.Any) -> Json:
    """Return a key; a secret one has no value, only its digest."""
    text = "" if value is None else str(value)
    made: Json = {"key": name, "line": None, "type": "string", "secret": False, "value": text, "digest": digest(text)}
    made |= {"empty": not text, "placeholder": False, "weak": False, "hosts": [], "tests": {}, **more}
    return made | {"value": None} if made["secret"] and text else made


def keys(**values: t.Any) -> list[Json]:
    return [key(name, value) for name, value in sorted(values.items())]


def reference(found: t.Sequence[Json] = (), **more: t.Any) -> Json:
    made: Json = {"outcome": "ok", "reason": "", "path": "app.yaml", "translated": [], "keys": list(found), "cut": 0}
    return {**made, "partial": "", "digest": None, **more}


def seen(entry: Json, found: t.Sequence[Json] = (), **more: t.Any) -> Json:
    """Return what a host tells of an entry."""
    kind = kind_of(entry)
    made: Json = {"name": entry["name"], "kind": kind, "source": entry[kind], "format": "yaml", "outcome": "ok"}
    made |= {
        "reason": "",
        "secret": False,
        "path": entry["path"],
        "mtime": "2026-11-21T10:00:00Z",
        "mtime_s": 1795255200.0,
    }
    made |= {"size": 10, "digest": None, "partial": "", "duplicates": [], "keys": list(found), "cut": 0, "readers": []}
    return {**made, "reference": None, **more}


def reader(**more: t.Any) -> Json:
    made: Json = {"kind": "process", "name": "main", "pid": 11, "outcome": "ok", "reason": ""}
    made |= {"started": "2026-11-21T09:00:00Z", "started_s": 1795251600.0, "older": True, "complete": False, "keys": []}
    return {**made, **more}


def data(*configs: Json) -> Json:
    return {"now_s": 1795262400.0, "configs": list(configs)}
