# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration as a reference has it: the text of a commit, or what another host or a baseline says of its keys.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.canonical import canonical
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.keys import describe
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Parsed, Unreadable
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import read_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.jsonpath import spell
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import translated

Json = dict[str, t.Any]


class Asked(t.NamedTuple):
    """What a reference is asked about one configuration.

    ``kind`` and ``source`` say what it is, as in the contract; ``inside`` is its path below ``drift_root``, None when
    it has none. ``explicit``: the contract names another file for it. ``format`` and ``secret`` are those of the host.
    """

    kind: str
    source: str
    inside: str | None
    explicit: bool
    format: str
    secret: bool
    translate: t.Mapping[str, str]


def absent(asked: Asked, outcome: str, reason: str) -> Json:
    """Return what is said of a configuration that the reference does not have (``missing``), or does not show."""
    nothing: Json = {"translated": [], "keys": [], "cut": 0, "partial": "", "digest": None}
    return {"outcome": outcome, "reason": reason, "path": asked.source, **nothing}


def from_text(asked: Asked, data: bytes, key: bytes) -> Json:
    """Return the keys of a file's content, described as a host describes its own."""
    if asked.format == "auto":
        return {**absent(asked, "unknown", "its format is not known"), "digest": keyed(key, data)}
    try:
        parsed = read_keys(data, asked.format)
    except Unreadable as wrong:
        return {**absent(asked, "unknown", wrong.reason), "digest": keyed(key, data)}
    parsed, changed = _translate(parsed, asked.translate)
    keys = describe(parsed, asked.secret, key)
    return {
        **absent(asked, "ok", ""),
        "translated": sorted(changed),
        "keys": keys,
        "cut": len(parsed.keys) - len(keys),
        "partial": parsed.partial,
        "digest": None if changed else keyed(key, data),
    }


def _translate(parsed: Parsed, spellings: t.Mapping[str, str]) -> tuple[Parsed, list[str]]:
    """Return the keys with their values in this environment's spelling, and the names of those that were changed."""
    changed: list[str] = []
    items = []
    for item in parsed.keys:
        text = canonical(item.value)
        said = translated(text, spellings)
        if said != text:
            changed.append(spell(item.path))
            item = item._replace(value=said)
        items.append(item)
    return parsed._replace(keys=items), changed


def from_keys(asked: Asked, seen: Json, key: bytes) -> Json:
    """Return what is known of another host's keys. Where something is to be translated, a value that is not shown
    whole cannot be compared: it is left without a digest.
    """
    if seen["outcome"] != "ok":
        return absent(asked, seen["outcome"], seen["reason"])
    changed: list[str] = []
    keys = []
    for one in seen["keys"]:
        kept = {**one, "tests": {}}
        if asked.translate and not exact(one, key):
            kept["digest"] = None
        elif asked.translate:
            said = translated(one["value"], asked.translate)
            if said != one["value"]:
                changed.append(one["key"])
                kept.update(value=mask(said), digest=keyed(key, said))
        keys.append(kept)
    told = {name: seen[name] for name in ("cut", "partial", "digest")}
    if changed:
        told["digest"] = None
    return {**absent(asked, "ok", ""), **told, "translated": sorted(changed), "keys": keys}


def exact(one: Json, key: bytes) -> bool:
    """Return whether the value that is shown of a key is the whole of it: nothing is masked, nothing cut off."""
    return one["value"] is not None and one["digest"] == keyed(key, one["value"])


def frozen(seen: Json, key: bytes) -> Json:
    """Return a configuration as a baseline holds it: values that are shown, and of others only that they are there."""
    kept = {name: seen[name] for name in ("kind", "format", "outcome", "reason", "cut", "partial")}
    return {**kept, "keys": [_freeze(one, key) for one in seen["keys"]]}


def _freeze(one: Json, key: bytes) -> Json:
    told = {name: one[name] for name in ("key", "type", "secret", "empty", "placeholder", "hosts")}
    return {**told, "value": one["value"] if not one["secret"] and exact(one, key) else None}


def thawed(kept: Json, key: bytes) -> Json:
    """Return a configuration of a baseline in the form of evidence. A value that was not kept has no digest."""
    keys = [
        {
            **one,
            "line": None,
            "weak": True,
            "tests": {},
            "digest": None if one["value"] is None else keyed(key, one["value"]),
        }
        for one in kept["keys"]
    ]
    return {**kept, "digest": None, "keys": keys}
