# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract says about an answer's content, held against it: texts, JSON values, times, numbers of items.

Private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.document import NotJson, read_json
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.moments import moments
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.search import search
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.shown import Hide, names_secret
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import LIMIT, MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

Json = t.Dict[str, t.Any]

_SHOWN = 200
_PATTERNS_S = 5.0
_TEXTS = ("contains", "not_contains", "matches")


class Content(t.NamedTuple):
    """What was read of an answer; ``partial`` says why that is not all of it."""

    data: bytes
    partial: str


def examine(content: Content, asked: t.Mapping[str, t.Any], hide: Hide, host: Host) -> list[Json]:
    """Return one result for each thing that ``asked`` says, texts first, then paths in their order:

    ``{kind, subject, outcome, reason, holds, missing, type, shown, size, broken, times_s}``. ``subject`` is the text or
    the path, ``missing`` says why there is no value, ``broken`` names the rules that the value breaks, ``times_s`` are
    the moments that it may mean. ``holds`` is null for what is not decided here, and for what is unknown. All patterns
    together may take five seconds.
    """
    host = Host(host.root, min(_PATTERNS_S, max(host.time_left(), 0.0)))
    results = [_text(kind, one, content, hide, host) for kind in _TEXTS for one in asked.get(kind) or ()]
    fresh = asked.get("fresh")
    places: list[tuple[str, str, t.Any]] = [
        ("json", path, rules) for path, rules in sorted((asked.get("json") or {}).items())
    ]
    places += [("fresh", fresh["path"], None)] if fresh else []
    places += [("min_items", path, least) for path, least in sorted((asked.get("min_items") or {}).items())]
    if not places:
        return results
    try:
        document = _document(content)
    except Unseen as unseen:
        return results + [_unknown(kind, path, unseen.reason) for kind, path, _rules in places]
    except NotJson as wrong:
        return results + [
            _result(kind, path, holds=False, missing=f"the answer is no JSON: {hide(str(wrong))}")
            for kind, path, _rules in places
        ]
    return results + [_place(kind, path, rules, document, hide, host) for kind, path, rules in places]


def _result(kind: str, subject: str, **more: t.Any) -> Json:
    made = {"kind": kind, "subject": subject, "outcome": "ok", "reason": "", "holds": None, "missing": ""}
    return {**made, "type": "", "shown": "", "size": None, "broken": [], "times_s": [], **more}


def _unknown(kind: str, subject: str, reason: str) -> Json:
    return _result(kind, subject, outcome="unknown", reason=reason)


def _text(kind: str, wanted: str, content: Content, hide: Hide, host: Host) -> Json:
    """Return whether a text or a pattern is in the content: what was not read may hold it."""
    subject = hide(wanted)[:_SHOWN]
    if kind == "matches":
        try:
            found = search([(wanted, content.data.decode("utf-8", "backslashreplace"))], host)[0]
        except Unseen as unseen:
            return _unknown(kind, subject, hide(unseen.reason))
    else:
        found = wanted.encode("utf-8") in content.data
    if not found and content.partial:
        return _unknown(kind, subject, content.partial)
    return _result(kind, subject, holds=found != (kind == "not_contains"))


def _document(content: Content) -> t.Any:
    if content.partial:
        raise Unseen(content.partial)
    return read_json(content.data)


def _place(kind: str, path: str, rules: t.Any, document: t.Any, hide: Hide, host: Host) -> Json:
    steps = jsonpath.parse(path)
    try:
        value = jsonpath.get(document, steps)
    except jsonpath.Missing as missing:
        absent = kind == "json" and rules.get("exists") is False
        return _result(kind, path, holds=absent, missing=hide(str(missing)))
    about = {"type": jsonpath.kind(value), "shown": _shown(value, steps, hide), "size": _size(value)}
    if kind == "fresh":
        return _result(kind, path, times_s=moments(value), **about)
    if kind == "min_items":
        return _result(kind, path, holds=None if about["size"] is None else about["size"] >= rules, **about)
    try:
        broken = _broken(value, rules, host)
    except Unseen as unseen:
        return {**_unknown(kind, path, hide(unseen.reason)), **about}
    return _result(kind, path, holds=not broken, broken=broken, **about)


def _shown(value: t.Any, steps: jsonpath.Path, hide: Hide) -> str:
    """Return a value as JSON spells it, without what its own name or shape calls secret."""
    if isinstance(value, (dict, list)):
        return jsonpath.describe(value)
    if isinstance(value, str) and value and names_secret(steps):
        return json.dumps(MARK)
    said = hide(value[:LIMIT]) if isinstance(value, str) else value
    return hide(json.dumps(said, ensure_ascii=False))[:_SHOWN]


def _size(value: t.Any) -> int | None:
    return len(value) if isinstance(value, (list, dict)) else None


def _broken(value: t.Any, rules: t.Mapping[str, t.Any], host: Host) -> list[str]:
    """Return the rules that a value breaks, in the order of their names. Raises Unseen."""
    broken = []
    for rule, wanted in sorted(rules.items()):
        if rule == "equals":
            holds = same(value, wanted)
        elif rule == "one_of":
            holds = any(same(value, one) for one in wanted)
        elif rule == "exists":
            holds = bool(wanted)
        elif rule == "type":
            holds = wanted == jsonpath.kind(value) or (wanted == "number" and jsonpath.kind(value) == "integer")
        elif rule == "matches":
            holds = isinstance(value, str) and search([(wanted, value)], host)[0]
        else:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            holds = number and (value >= wanted if rule == "min" else value <= wanted)
        if not holds:
            broken.append(rule)
    return broken


def same(one: t.Any, other: t.Any) -> bool:
    """Return whether two JSON values are equal: ``true`` is not 1, and 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)
