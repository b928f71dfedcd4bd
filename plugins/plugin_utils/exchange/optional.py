# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that only some requests need: a host is sent it with those alone. Private to the collection.

Such a module is imported where it is used, in a function, and nowhere else of what the other requests need.
"""

from __future__ import annotations

import typing as t

Json = t.Mapping[str, t.Any]

# As services/registry.py and points/service.py have them, which a test holds these to: an audit loads this as well, and
# nothing of what acts.
KINDS = {"compose": "compose", "container": "containers", "process": "processes", "unit": "units"}
SECOND = ("restic", "fetch")


def _reads_environments(request: Json) -> bool:
    """Whether configurations that are no files are read only to know their secrets."""
    return any(one["kind"] != "path" for one in (request.get("secrets") or {}).get("configs") or ())


def _looks_at_imports(request: Json) -> bool:
    return any(tree.get("imports") for tree in request["sections"].get("trees", {}).get("trees", ()))


def _asks_for_changes(request: Json) -> bool:
    return bool(request.get("changes"))


OBSERVED: t.Mapping[str, t.Callable[[Json], bool]] = {
    "configs.environments": _reads_environments,
    "observe.changes": _asks_for_changes,
    "trees.imports": _looks_at_imports,
}
"""Of what observes, each such module with whether a request (``docs/design.md``) needs it."""


def _brings(kind: str) -> t.Callable[[Json], bool]:
    """Return whether a request may meet steps of a kind: those of its own, or of an earlier change that it finishes."""

    def meets(request: Json) -> bool:
        change = request.get("apply") or request
        if change.get("what") == "recover" or _leads_back(request):
            return True
        return any(isinstance(one, dict) and one.get("kind") == kind for one in change.get("services") or ())

    return meets


def _leads_back(request: Json) -> bool:
    return _options(request).get("state") == "restored"


def _goes_elsewhere(request: Json) -> bool:
    """Whether a restore point is kept in a second place as well, or brought back from there."""
    return any(_options(request).get(name) is not None for name in SECOND)


def _options(request: Json) -> Json:
    return request.get("options") or (request.get("save") or {}).get("options") or {}


def _asks_for_record(request: Json) -> bool:
    """Whether a host that is as a change wants it is asked which change that was."""
    return bool(request.get("record"))


ACTING: t.Mapping[str, t.Callable[[Json], bool]] = {
    "act.points.looking": _leads_back,
    "act.points.rollback": _leads_back,
    "act.points.second": _goes_elsewhere,
    **{f"act.services.{module}": _brings(kind) for kind, module in KINDS.items()},
    "observe.changes": _asks_for_record,
}
"""Of what acts, the same: the way back, second places, what runs, and the record of changes, where they are asked for.
"""
