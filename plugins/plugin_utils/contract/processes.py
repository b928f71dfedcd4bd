# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``processes`` section: what must run on a host, how often, as whom, from where. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    MapOf,
    Problems,
    Wrong,
    nearest,
    quote,
)

CHECKS = (
    *("instances", "user", "cwd", "venv", "one_environment", "supervised", "unit", "code", "configuration"),
    *("unit_file", "environment", "replaced"),
)
"""The checks of this section, whose severity can be set."""

_MAX_INSTANCES = 10_000


class Place(shapes.Text):
    """A path on the host: below ``drift_root``, or absolute."""

    def describe(self) -> str:
        return "path below drift_root, or absolute"

    def convert(self, value: t.Any) -> str:
        absolute = isinstance(value, str) and value.startswith("/")
        return (shapes.HostPath() if absolute else shapes.RootPath()).convert(value)


class OneOrMore(ListOf):
    """A list, or its only item alone."""

    def describe(self) -> str:
        return f"{self._shape.describe()}, or list of them"

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        return super().read([value] if isinstance(value, str) else value, place, problems)


_PROCESS = {
    "name": Key(shapes.Name(), REQUIRED, "the process's name in reports, unique"),
    "match": Key(shapes.Regex(), REQUIRED, "searched in the arguments of each process, joined by one blank"),
    "instances": Key(shapes.Integer(0, _MAX_INSTANCES), 1, "how many must run; 0: none may"),
    "user": Key(shapes.Text(), None, "the user that it must run as"),
    "cwd": Key(Place(), None, "the directory that it must run in"),
    "venv": Key(Place(), None, "the virtual environment that it must run from"),
    "unit": Key(shapes.Text(), None, "the systemd unit that must supervise it"),
    "supervised": Key(shapes.Boolean(), False, "whether a systemd unit or a container must supervise it"),
    "not_older_than": Key(OneOrMore(shapes.Name()), [], "trees whose code it must not be older than"),
    "reads": Key(OneOrMore(Place()), [], "configuration that it reads when it starts"),
    "containers": Key(shapes.Boolean(), False, "whether processes inside containers count as well"),
    "severity": Key(
        MapOf(CHECKS, shapes.Choice(shapes.SEVERITIES), f"check ({', '.join(CHECKS)})"),
        {},
        "severity of single checks",
    ),
    "impact": Key(shapes.Text(lines=True), None, "what drift here means for the business; shown with each finding"),
    "owner": Key(shapes.Text(), None, "who looks after it; shown with each finding"),
    "remedy": Key(shapes.Text(lines=True), None, "what to do about drift; shown with each finding"),
    "risk": Key(shapes.Choice(shapes.RISKS), "operational", "the risk table that a finding belongs to"),
}


def _possible(process: dict[str, t.Any]) -> None:
    if process["instances"] == 0:
        for key in ("user", "cwd", "venv", "unit", "supervised", "not_older_than", "reads"):
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
