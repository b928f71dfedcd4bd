# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of a tree's code: imports that lead nowhere, and files that are alike. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import by_name
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import TreeView
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories


def asked(contract: Json, context: Context) -> Json:
    """Return what the request about one tree asks of its code."""
    imports: Json | None = contract.get("imports")
    if imports:
        venv = imports["venv"] or _only_environment(context.contract)
        imports = {"venv": show(venv) if venv else None, "ignore": imports["ignore"]}
    pairs = [{side: show(pair[side]) for side in ("a", "b")} for pair in contract.get("similar") or []]
    return {"imports": imports or None, "similar": pairs}


def _only_environment(contract: Json) -> str | None:
    """Return the virtual environment that the section ``packages`` names, when it is the only one."""
    named: list[str] = [entry["venv"] for entry in contract.get("packages") or [] if entry["venv"]]
    return named[0] if len(named) == 1 else None


def evidence(contract: Json, view: TreeView, reference: Directories | None, differences: t.Sequence[Json]) -> Json:
    """Return the keys ``imports`` and ``similar`` of a tree's evidence (docs/design.md), each when it was asked."""
    made: Json = {}
    if contract.get("imports"):
        made["imports"] = _imports(view, reference, {difference["path"] for difference in differences})
    if contract.get("similar"):
        made["similar"] = _similar(contract["similar"], view)
    return made


def _imports(view: TreeView, reference: Directories | None, differing: set[str]) -> Json:
    seen = view.imports
    if seen is None or seen["outcome"] != "ok":
        reason = (seen or {}).get("reason") or view.reason or "not reached"
        return {"outcome": "unknown", "reason": reason}
    unresolved = [{**one, "reference_has": _known(one, reference, differing)} for one in seen["unresolved"]]
    return {**seen, "unresolved": unresolved}


def _known(one: Json, reference: Directories | None, differing: set[str]) -> list[str]:
    """Return the files that may resolve an import: the reference has them, and the host not, or with other content."""
    if reference is None:
        return []
    return [path for path in one["candidates"] if (path != one["found"] or path in differing) and _has(reference, path)]


def _has(reference: Directories, path: str) -> bool:
    folder, _slash, name = path.rpartition("/")
    directory = reference.get(folder + "/" if folder else "")
    return directory is not None and name in by_name(directory)


def _similar(pairs: t.Sequence[Json], view: TreeView) -> list[Json]:
    answered = {one["pair"]: one for one in view.similar}
    unseen: Json = {"outcome": "unknown", "reason": view.reason or "not reached", "share": None, "lines": [0, 0]}
    made = []
    for index, pair in enumerate(pairs):
        answer = answered.get(index, unseen)
        said = {name: answer[name] for name in ("outcome", "reason", "share", "lines")}
        if said["outcome"] == "ok" and said["share"] is None:
            said.update(outcome="unknown", reason="the host gave no share")
        made.append({"a": show(pair["a"]), "b": show(pair["b"]), "max": pair["max"], **said})
    return made
