# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says about the content that a contract asserts. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.assertions import RULES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import OUTCOME, GarbledAnswer, OneOf

_NUMBER = OneOf([int, float])

CONTENT = {
    "kind": str,
    "subject": str,
    "outcome": OUTCOME,
    "reason": str,
    "holds": OneOf([None, bool]),
    "missing": str,
    "type": str,
    "shown": str,
    "size": OneOf([None, int]),
    "broken": [str],
    "times_s": [_NUMBER],
}
"""One result of ``module_utils/assertions/content.py``."""

_PLACES = ("json", "fresh", "min_items")
_DECIDED = ("contains", "not_contains", "matches", "json")


def asserted(entry: t.Mapping[str, t.Any]) -> list[str]:
    """Return the kinds of the results that an entry of a contract gets, in order."""
    kinds = [kind for kind in ("contains", "not_contains", "matches", "json") for _one in entry.get(kind) or ()]
    return [*kinds, *(["fresh"] if entry.get("fresh") else []), *("min_items" for _one in entry.get("min_items") or ())]


def _paths(entry: t.Mapping[str, t.Any]) -> list[str]:
    """Return the paths that an entry names, in the order of their results; JSON maps travel sorted."""
    fresh = entry.get("fresh")
    named = sorted(entry.get("json") or ()) + ([fresh["path"]] if fresh else [])
    return [*named, *sorted(entry.get("min_items") or ())]


def require_results(entry: t.Mapping[str, t.Any], results: t.Sequence[t.Mapping[str, t.Any]], what: str) -> None:
    """Raise GarbledAnswer unless the results are those that an entry asks for, and each says what came of it."""
    places = [one["subject"] for one in results if one["kind"] in _PLACES]
    if [one["kind"] for one in results] != asserted(entry) or places != _paths(entry):
        raise GarbledAnswer(f"{what} is garbled: it does not say what was asked")
    for one in results:
        undecided = one["outcome"] == "ok" and one["holds"] is None and one["kind"] in _DECIDED
        contradicts = bool(one["holds"]) and (bool(one["broken"]) or (one["kind"] == "fresh"))
        if undecided or contradicts or not set(one["broken"]) <= set(RULES):
            raise GarbledAnswer(f"{what} is garbled: it contradicts itself")
