# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections that a host can observe. A new section is one line here. Private to the collection."""

from __future__ import annotations

import importlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Collector = t.Callable[[t.Mapping[str, t.Any], Host], t.Dict[str, t.Any]]

_PACKAGE = "ansible_collections.evenkeel.drift.plugins.module_utils.observe"

# In the order in which they run: what is cheap and most telling first, so that a time limit costs the least.
SECTIONS = (
    "git",
    "processes",
    "ports",
    "units",
    "containers",
    "compose",
    "packages",
    "configs",
    "resources",
    "streams",
    "endpoints",
    "logs",
    "trees",
    "commands",
)
# Asked for by the control node itself: in a second round trip to hosts that have drifted, and for a draft contract.
FOLLOW_UPS = ("details", "places", "contents", "layers")


def collector(section: str) -> Collector:
    """Return the collector of a section. It is imported only when it is asked for."""
    if section not in SECTIONS + FOLLOW_UPS:
        raise KeyError(section)
    found: Collector = importlib.import_module(f"{_PACKAGE}.{section}").collect
    return found
