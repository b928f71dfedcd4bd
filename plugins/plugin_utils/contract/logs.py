# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``logs`` section: which part of which logs is read, and what it must and must not say. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import log_shapes, shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import REQUIRED, Key, ListOf, Map, Wrong
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = ("log", "fresh", "forbid", "require", "max", "interval", "numbers")
"""The checks of this section, whose severity can be set."""

LINES = 10_000
"""How many lines are read when nothing else is said."""

_SOURCES = ("path", "journal", "container")
_WINDOWS = ("lines", "bytes", "since")
_OFTEN = shapes.Integer(0, 1_000_000_000)


def _one_source(entry: dict[str, t.Any]) -> None:
    sources = [key for key in _SOURCES if entry[key] is not None]
    if len(sources) != 1:
        raise Wrong(f"expected exactly one of {', '.join(_SOURCES)}, found {' and '.join(sources) or 'none'}")
    windows = [key for key in _WINDOWS if entry[key] is not None]
    if len(windows) > 1:
        raise Wrong(f"expected at most one of {', '.join(_WINDOWS)}, found {' and '.join(windows)}")
    if entry["bytes"] is not None and entry["path"] is None:
        raise Wrong(f"bytes belongs to path: say lines or since for a {sources[0]}")
    if entry["socket"] is not None and entry["container"] is None:
        raise Wrong("socket belongs to container")
    if entry["written_by"] is not None and entry["path"] is None:
        raise Wrong(f"written_by belongs to path: who writes the log of a {sources[0]} is known")
    if not windows:
        entry["lines"] = LINES
    if entry["name"] is None:
        entry["name"] = entry[sources[0]]


def _ordered(entry: dict[str, t.Any], least: str, most: str) -> None:
    if entry[least] is not None and entry[most] is not None and entry[least] > entry[most]:
        raise Wrong(f"{least} is above {most}")


def _interval(entry: dict[str, t.Any]) -> None:
    _ordered(entry, "min_s", "max_s")
    if entry["max_s"] is None and entry["min_s"] is None and entry["min_count"] is None:
        raise Wrong("says nothing: give max_s, min_s or min_count")


def _number(entry: dict[str, t.Any]) -> None:
    _ordered(entry, "min", "max")
    _ordered(entry, "mean_min", "mean_max")
    if all(entry[key] is None for key in ("min", "max", "mean_min", "mean_max")):
        raise Wrong("says nothing: give min, max, mean_min or mean_max")


_NAME = Key(shapes.Text(), None, "what it is called in reports, unique; unset: the expression")
_PATTERN = Key(shapes.Regex(), REQUIRED, "the expression, searched in each line by itself")

SHAPE = ListOf(
    Map(
        {
            "name": Key(shapes.Text(), None, "the log's name in reports, unique; unset: its path, unit or container"),
            "path": Key(
                log_shapes.LogPath(),
                None,
                "the file; of several that match, the newest is read. Or `journal`, `container`",
            ),
            "journal": Key(
                log_shapes.Named("unit"), None, "instead of path: the unit whose part of the journal is read"
            ),
            "container": Key(log_shapes.Named("container"), None, "instead of path: the container whose log is read"),
            "socket": Key(
                shapes.HostPath(), None, "with container: the engine's socket; unset: where engines usually listen"
            ),
            "written_by": Key(
                shapes.Text(),
                None,
                "with path: the unit, the container, or `project/service` of Compose that writes it. Since a deploy is "
                "then since that was started anew",
            ),
            "lines": Key(
                shapes.Integer(1, 100_000_000), None, f"how many of its last lines; {LINES} when nothing is said"
            ),
            "bytes": Key(shapes.Integer(1, 1 << 50), None, "instead of lines: how many of its last bytes"),
            "since": Key(log_shapes.Since(), None, "instead of lines: what was written since then"),
            "required": Key(shapes.Boolean(), True, "whether the log must exist"),
            "fresh_s": Key(shapes.Duration(), None, "how old its newest line may be"),
            "forbid": Key(
                log_shapes.Expressions(
                    {
                        "name": _NAME,
                        "pattern": _PATTERN,
                        "max": Key(_OFTEN, 0, "how many lines may have it"),
                    }
                ),
                [],
                "what no line may have",
            ),
            "require": Key(
                log_shapes.Expressions(
                    {
                        "name": _NAME,
                        "pattern": _PATTERN,
                        "min": Key(shapes.Integer(1, 1_000_000_000), 1, "how many lines must have it"),
                    }
                ),
                [],
                "what some line must have",
            ),
            "max": Key(
                log_shapes.Limits(),
                {},
                "how many lines may be of a level or worse, how often an exception may occur",
            ),
            "interval": Key(
                log_shapes.Searches(
                    {
                        "name": _NAME,
                        "pattern": _PATTERN,
                        "max_s": Key(log_shapes.Seconds(), None, "how long it may take until the next such line"),
                        "min_s": Key(log_shapes.Seconds(), None, "how long it must take at least"),
                        "min_count": Key(_OFTEN, None, "how many such lines there must be"),
                    },
                    check=_interval,
                ),
                [],
                "how often something must happen, told by the lines that say so",
            ),
            "numbers": Key(
                log_shapes.Searches(
                    {
                        "name": Key(shapes.Text(), REQUIRED, "what is measured, in reports"),
                        "pattern": Key(log_shapes.Capture(), REQUIRED, "the expression; its group is the number"),
                        "min": Key(log_shapes.Number(), None, "the least that each number may be"),
                        "max": Key(log_shapes.Number(), None, "the most that each number may be"),
                        "mean_min": Key(log_shapes.Number(), None, "the least that their mean may be"),
                        "mean_max": Key(log_shapes.Number(), None, "the most that their mean may be"),
                    },
                    check=_number,
                ),
                [],
                "numbers that lines hold, and their limits",
            ),
            **terms(CHECKS),
        },
        check=_one_source,
    ),
    minimum=1,
    unique="name",
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""
