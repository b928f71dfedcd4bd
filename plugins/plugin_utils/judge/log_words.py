# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of a log, times and spans in words. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs.measures import MOST
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, size

KINDS = {"path": "", "journal": "the journal of ", "container": "container "}
_QUOTED = 160


def source(log: Details) -> str:
    """Return what was read: a file by its path, a unit, a container."""
    return f"{KINDS[log['kind']]}{log.get('path') or log['source']}"


def part(log: Details) -> str:
    """Return which part of a log was read, so that no number stands without it."""
    read = log["read"]
    words = [number(read["lines"], "line")]
    if read["first"] is not None:
        words.append(f"{read['first']} to {read['last']}")
    elif read["lines"]:
        words.append("without times")
    if read["of_total"] is not None:
        words.append(_bytes(read))
    if read["cut"]:
        words.append(f"{number(read['cut'], 'line')} cut after 64 KiB")
    if read["changed"]:
        words.append(read["changed"])
    return ", ".join(words)


def _bytes(read: Details) -> str:
    earlier = f" with {', '.join(read['siblings'])} before it" if read["siblings"] else ""
    if read["from_byte"] == 0:
        return f"all {size(read['of_total'])} of it{earlier}"
    return f"the last {size(read['of_total'] - read['from_byte'])} of {size(read['of_total'])}{earlier}"


def quoted(text: str) -> str:
    """Return an expression or a line between quotation marks, cut to a length that a sentence can have."""
    return f'"{text if len(text) <= _QUOTED else text[:_QUOTED] + "..."}"'


def when(first: str | None, last: str | None) -> str:
    """Return between which times something was seen; nothing when that is not known."""
    if first is None or last is None:
        return ""
    return f" at {first}" if first == last else f" between {first} and {last}"


def granularity_s(seconds: float) -> float:
    """Return by how much a time of a log may be later than it says: many have no parts of a second."""
    return 1.0 if float(seconds).is_integer() else 0.0


def ahead_s(times: t.Iterable[float | None], log: Details, now_s: float, reading_s: float) -> float:
    """Return by how much the newest of some times of a file lies ahead of its host's clock, 0 where it does not: such a
    time does not say when something came last.

    ``now_s`` is the host's time before its logs were read, which took ``reading_s`` at most. A line can be written
    meanwhile, but not after the last write to its file. What a journal or an engine keeps has the host's own times.
    """
    newest_s = max((one for one in times if one is not None), default=None)
    written_s: float | None = log["mtime_s"]
    if newest_s is None or written_s is None:
        return 0.0
    return max(newest_s - max(now_s, min(written_s, now_s + reading_s)), 0.0)


def unmeasured(seen: Details) -> str:
    """Return why the intervals of lines are not known of which ``dated`` of ``count`` were measured."""
    if seen["dated"] >= MOST:
        return f"only the first {seen['dated']} of its {seen['count']} lines were measured: read less of the log"
    return "not all of its lines have a time in a form that is known"
