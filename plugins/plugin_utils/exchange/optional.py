# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that only some requests need: a host is sent it with those alone. Private to the collection.

Such a module is imported where it is used, in a function, and nowhere else of what the other requests need.
"""

from __future__ import annotations

import typing as t

Json = t.Mapping[str, t.Any]


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
