# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest entries of a stream: which fields they have, and whether values ever change. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_value
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.client import Redis
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.stream import id_time, parse_id
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]

_FIELDS = 50
_SHOWN = 80

Entry = t.Tuple[t.Tuple[int, int], Fields]


def sample(redis: Redis, name: bytes, spec: t.Mapping[str, t.Any]) -> Json:
    """Return what the newest ``spec["sample"]`` entries have in common. Raises Unseen.

    ``spec`` names the ``required`` fields and those that must not be ``stuck``, ``[{field, values}]``; only of these
    last a value is told, and only when it never changes.
    """
    entries = _entries(redis.ask("XREVRANGE", name, "+", "-", "COUNT", spec["sample"]))
    counts: dict[bytes, int] = {}
    for _id, fields in entries:
        for field in fields.names:
            counts[field] = counts.get(field, 0) + 1
    return {
        "entries": len(entries),
        "newest": id_time(entries[0][0]) if entries else None,
        "oldest": id_time(entries[-1][0]) if entries else None,
        "fields": [{"field": redis.text(field), "present": counts[field]} for field in sorted(counts)[:_FIELDS]],
        "required": [
            {"field": field, "present": sum(1 for _id, fields in entries if fields.value(field) is not None)}
            for field in spec.get("required") or ()
        ],
        "stuck": [_constant(redis, one, entries) for one in spec.get("stuck") or ()],
    }


def _constant(redis: Redis, wanted: t.Mapping[str, t.Any], entries: t.Sequence[Entry]) -> Json:
    """Return how many values a field has; ``matching`` counts the entries with one of the values that are suspect."""
    field = wanted["field"]
    seen = [value for value in (fields.value(field) for _id, fields in entries) if value is not None]
    distinct = set(seen)
    suspects = None if wanted.get("values") is None else [str(value).encode("utf-8") for value in wanted["values"]]
    one = next(iter(distinct)) if len(distinct) == 1 else None
    return {
        "field": field,
        "present": len(seen),
        "distinct": len(distinct),
        "matching": None if suspects is None else sum(1 for value in seen if _among(value, suspects)),
        "value": None if one is None else mask_value(field, redis.text(one, _SHOWN)),
    }


def _among(value: bytes, suspects: t.Iterable[bytes]) -> bool:
    return any(value == one or (_number(value) is not None and _number(value) == _number(one)) for one in suspects)


def _number(text: bytes) -> float | None:
    # 0 and 0.0 are one value; float() takes much more than numbers, such as "nan" and "1_0".
    digits = text[1:] if text[:1] == b"-" else text
    whole, _dot, part = digits.partition(b".")
    good = len(text) <= 30 and (whole + part).isdigit()
    return float(text) if good else None


def _entries(reply: t.Any) -> list[Entry]:
    if not isinstance(reply, list):
        raise Unseen("it answers XREVRANGE with something else than entries")
    made = []
    for entry in reply:
        found = parse_id(entry[0]) if isinstance(entry, list) and len(entry) == 2 else None
        fields = entry[1] if found else None
        if found is None or not isinstance(fields, list) or len(fields) % 2:
            raise Unseen("it answers XREVRANGE with entries of another form")
        if not all(isinstance(text, bytes) for text in fields):
            raise Unseen(f"it answers XREVRANGE with fields that are no text in {show(entry[0])}")
        made.append((found, Fields(dict(zip(fields[::2], fields[1::2])))))
    return made
