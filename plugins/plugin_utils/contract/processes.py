# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``processes`` section: what must run on a host, how often, as whom, from where. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.resources import Number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Problems,
    Wrong,
    nearest,
    quote,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = (
    *("instances", "user", "cwd", "venv", "one_environment", "supervised", "unit", "code", "configuration"),
    *("unit_file", "environment", "replaced", "memory"),
)
"""The checks of this section, whose severity can be set."""

_MAX_INSTANCES = 10_000


_PROCESS = {
    "name": Key(shapes.Name(), REQUIRED, "the process's name in reports, unique"),
    "match": Key(shapes.Regex(), REQUIRED, "searched in the arguments of each process, joined by one blank"),
    "instances": Key(shapes.Integer(0, _MAX_INSTANCES), 1, "how many must run; 0: none may"),
    "user": Key(shapes.Text(), None, "the user that it must run as"),
    "cwd": Key(shapes.AnyPath(), None, "the directory that it must run in"),
    "venv": Key(shapes.AnyPath(), None, "the virtual environment that it must run from"),
    "unit": Key(shapes.Text(), None, "the systemd unit that must supervise it"),
    "supervised": Key(shapes.Boolean(), False, "whether a systemd unit or a container must supervise it"),
    "not_older_than": Key(shapes.OneOrMore(shapes.Name()), [], "trees whose code it must not be older than"),
    "reads": Key(shapes.OneOrMore(shapes.AnyPath()), [], "configuration that it reads when it starts"),
    "memory_mb": Key(Number(100_000_000), None, "how much memory all its instances may use together, in MiB"),
    "containers": Key(shapes.Boolean(), False, "whether processes inside containers count as well"),
    **terms(CHECKS),
}


def _possible(process: dict[str, t.Any]) -> None:
    if process["instances"] == 0:
        for key in ("user", "cwd", "venv", "unit", "supervised", "not_older_than", "reads", "memory_mb"):
            if process[key]:
                raise Wrong(f"{key} says how it must run, but instances: 0 says that it must not")


SHAPE = ListOf(Map(_PROCESS, check=_possible), minimum=1, unique="name")

DEFAULT: t.Any = None
"""There is nothing to look for without a contract."""


def check(contract: t.Mapping[str, t.Any], place: str, problems: Problems) -> None:
    """Note the trees that a process names and the contract does not have. It is called when all sections are read."""
    trees = [tree.get("name") for tree in contract.get("trees") or []]
    known = [name for name in trees if isinstance(name, str)]
    for number, process in enumerate(contract.get("processes") or []):
        for index, name in enumerate(process.get("not_older_than") or []):
            if name is None or name in known:
                continue
            near = nearest(name, known)
            meant = f', did you mean "{near}"?' if near else ""
            has = f"it has {', '.join(known)}" if known else "it has none"
            problems.add(
                f"{place}.processes[{number}].not_older_than[{index}]",
                f"no tree of the contract is called {quote(name)}{meant or ';'} {has}",
            )
