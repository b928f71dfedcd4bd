# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done when in a deploy, and how long it took: its steps, what they brought along, and the audits and
verifications between them. Private to the collection. Pure.

A host does several steps in one call and tells how long each took; they are told when the last has ended. So they are
counted back from there.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate.report import real_s
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import markdown, markdown_code

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_BEGUN = "begun"
_CHANGE = "change"
_SERVICES = {_CHANGE: "services", "take back": "services", "roll back": "back_services"}
"""Where the result of a host has the steps on what runs."""

Json = dict[str, t.Any]


class Look(t.NamedTuple):
    """An audit or a verification of a deploy: from when to when, of which hosts, its verdict where that is known."""

    what: str
    name: str
    link: str | None
    begin: str
    end: str
    hosts: t.Sequence[str]
    verdict: str


class Row(t.NamedTuple):
    """One line: when it began, the seconds that it took if they are known, and cells of Markdown."""

    begin: datetime.datetime
    seconds: float | None
    host: str
    what: str
    result: str


def table(steps: t.Sequence[Json], results: t.Mapping[str, Json], looks: t.Iterable[Look]) -> str:
    """Return the table of all that was done, in the order in which it began; a sentence when that is nothing."""
    rows = [_look(one) for one in looks]
    for host in sorted({step["host"] for step in steps}):
        rows += _of_host([step for step in steps if step["host"] == host], results.get(host) or {})
    if not rows:
        return "Nothing was done."
    lines = [
        f"| {one.begin:{_TIME}} | {_took(one.seconds)} | {one.host} | {one.what} | {one.result} |"
        for one in sorted(rows, key=lambda row: (row.begin, row.host))
    ]
    return "\n".join(["| began | took | host | what | result |", "|---|---|---|---|---|", *lines])


def who(steps: t.Iterable[Json]) -> str:
    """Return who did the steps."""
    return some(sorted({step["who"] for step in steps}))


def _took(seconds: float | None) -> str:
    return "not known" if seconds is None else f"{seconds:.1f} s"


def _at(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, _TIME)


def _look(one: Look) -> Row:
    name = markdown_code(one.name) if one.link is None else f"[{markdown_code(one.name)}]({one.link})"
    seconds = (_at(one.end) - _at(one.begin)).total_seconds()
    said = f"{name}, {markdown(one.verdict)}" if one.verdict else name
    return Row(_at(one.begin), seconds, markdown(some(one.hosts)), one.what, said)


def _of_host(steps: t.Sequence[Json], result: Json) -> list[Row]:
    rows: list[Row] = []
    begun: Json | None = None
    ended: list[Json] = []
    for step in [*steps, None]:
        if step is not None and step["result"] != _BEGUN:
            ended.append(step)
            continue
        rows += _call(begun, ended, result)
        begun, ended = step, []
    return rows


def _call(begun: Json | None, ended: t.Sequence[Json], result: Json) -> list[Row]:
    """Return the rows of one call: its begin, and the steps that were told when it had ended."""
    if not ended:
        return [] if begun is None else [_row(begun, _at(begun["at"]), None, "begun; its end is not told")]
    rows: list[Row] = []
    end = _at(ended[-1]["at"])
    for place in range(len(ended) - 1, -1, -1):
        step = ended[place]
        before = ended[place - 1]["at"] if place else (begun or step)["at"]
        seconds = step.get("seconds", (_at(step["at"]) - _at(before)).total_seconds())
        begin = end - datetime.timedelta(seconds=seconds)
        along = _brought_along(step, end, result)
        rows += [*reversed(along), _row(step, begin, seconds, step["result"])]
        end = begin
    return list(reversed(rows))


def _brought_along(step: Json, end: datetime.datetime, result: Json) -> list[Row]:
    """Return what a change, or a way back, did with what runs, which is the last that it does, one after the other."""
    if step["what"] == _CHANGE and (not step.get("restarts_s") or result.get("back")):
        # What a host keeps that was taken back at once is of its way back.
        return []
    kept = result.get(_SERVICES.get(step["what"], "")) or []
    rows: list[Row] = []
    for one in reversed(kept):
        seconds = real_s(one.get("seconds"))
        if seconds is not None:
            end -= datetime.timedelta(seconds=seconds)
            what = f"{one['path']}: {one['do'].replace('_', ' ')}"
            rows.append(Row(end, seconds, markdown(step["host"]), markdown(what), markdown(one["said"] or "done")))
    return list(reversed(rows))


def _row(step: Json, begin: datetime.datetime, seconds: float | None, result: str) -> Row:
    return Row(begin, seconds, markdown(step["host"]), markdown(step["what"]), markdown(result))
