# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of several environments beside each other. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    bullets,
    code,
    heading,
    join,
    more,
    paragraph,
    phrase,
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import DRIFT, UNKNOWN

_NOTE = (
    "Values are masked; secret ones are compared and never shown. Whether a difference is drift is for the contract's "
    "rules to say: the findings above and below tell that."
)
_KEYS = 40
_PAIRS = 20
_NAMED = 5


def render(report: Report) -> Lines:
    """Return, for each configuration, a row for each two environments, and their keys that are not the same."""
    if not report.configs:
        return []
    lines = [*heading(2, "Configuration of the environments"), *paragraph(_NOTE)]
    for component in sorted({str(one["component"]) for one in report.configs}):
        mine = [one for one in report.configs if one["component"] == component]
        lines += [*heading(3, code(component)), *_counts(mine)]
        unlike = [one for one in mine if one["keys"] and not _is_one_sided(report, one)]
        for one in unlike[:_PAIRS]:
            lines += _keys(one)
        lines += more(len(unlike) - _PAIRS, "such table")
    return lines


def _counts(pairs: t.Sequence[Json]) -> Lines:
    titles = (
        "One",
        "Other",
        "Same",
        "Differ",
        "Only in one",
        "Only in other",
        "Must differ, and do not",
        "Not known",
        "Hosts not seen",
    )
    rows = [
        (
            code(one["a"]),
            code(one["b"]),
            *(one["counts"][state] for state in ("same", "differs", "only_a", "only_b")),
            _marked(one["counts"]["forbidden_same"], DRIFT.markdown()),
            _marked(one["counts"]["unknown"], UNKNOWN.markdown()),
            some([code(host["host"]) for host in one["unseen"]], len(one["unseen"]), _NAMED),
        )
        for one in pairs
    ]
    absent = sorted({host for one in pairs for host in one["missing"]})
    unseen = {one["host"]: one["reason"] for pair in pairs for one in pair["unseen"]}
    notes = [phrase("Not there on {}.", some(list(map(code, absent)), len(absent), _NAMED))] if absent else []
    notes += [phrase("Not all is known of {}: {}", code(host), unseen[host]) for host in sorted(unseen)[:_NAMED]]
    return [*table(titles, rows), *bullets(notes), *more(len(unseen) - _NAMED, "host")]


def _is_one_sided(report: Report, pair: Json) -> bool:
    """Return whether one environment does not have the file at all: that says enough of its keys."""
    hosts: dict[str, set[str]] = {}
    for environment, host in report.hosts:
        hosts.setdefault(environment, set()).add(host)
    return any(hosts.get(pair[side], {""}) <= set(pair["missing"]) for side in ("a", "b"))


def _marked(count: int, mark: Markup) -> Markup:
    return phrase("{} {}", mark, count) if count else Markup("0")


def _keys(pair: Json) -> Lines:
    """Return the keys of two environments that are not the same, and what taking them over would break."""
    keys = pair["keys"]
    a, b = pair["a"], pair["b"]
    rows = [
        (code(one["key"]), one["rule"], _state(one, a, b), _value(one, "a"), _value(one, "b"), _readers(one))
        for one in keys[:_KEYS]
    ]
    total = sum(count for state, count in pair["counts"].items() if state != "same")
    lines = paragraph(phrase("Not the same in {} and {}: {}", code(a), code(b), number(total, "key")))
    lines += table(("Key", "Rule", "Is", f"In {a}", f"In {b}", "Read by"), rows)
    lines += more(total - len(rows), "key")
    breaks = [phrase("{}", said[:1].upper() + said[1:] + ".") for one in keys[:_KEYS] for said in one["breaks"]]
    return [*lines, *bullets(breaks)]


def _state(one: Json, a: str, b: str) -> Markup:
    rule = one["rule"]
    said = {
        "forbidden_same": phrase("{} the same, and must differ", DRIFT.markdown()),
        "unknown": phrase("{} not known", UNKNOWN.markdown()),
        "differs": Markup(
            {"may_differ": "different, as it may", "must_differ": "different, as it must"}.get(rule, "different")
        ),
        "only_a": phrase("only in {}", a),
        "only_b": phrase("only in {}", b),
    }[one["state"]]
    return phrase("{}: {}", said, one["reason"]) if one["reason"] else said


def _value(one: Json, side: str) -> Markup:
    """Return a value, a dash where there is none, and words where one is not shown."""
    if one[side] is not None:
        return code(one[side]) if one[side] else Markup("empty")
    if one["state"] in {"a": ("only_b", "unknown"), "b": ("only_a", "unknown")}[side]:
        return Markup("-")
    return Markup("not shown")


def _readers(one: Json) -> Markup:
    """Return who reads a key, by environment where these differ."""
    by_readers: dict[tuple[str, ...], list[str]] = {}
    for name, readers in sorted(one["read_by"].items()):
        by_readers.setdefault(tuple(readers), []).append(name)
    if len(by_readers) == 1 and len(one["read_by"]) > 1:
        readers = next(iter(by_readers))
        return some(readers, len(readers), _NAMED)
    told = [
        phrase("{}: {}", join(", ", names), some(readers, len(readers), _NAMED))
        for readers, names in by_readers.items()
    ]
    return join("; ", told) if told else Markup("-")
