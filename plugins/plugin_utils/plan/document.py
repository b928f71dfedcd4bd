# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as a document: its id, and reading one back. Private to the collection.

The id is a digest of what would be done, and to what. So it is the same for the same drift, whichever run found it, and
another as soon as one operation is: an approval is for a change, not for a moment.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove import asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release import site
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import registry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OBJECT_ID,
    PATH,
    ByName,
    GarbledAnswer,
    OneOf,
    require,
)

SCHEMA = "evenkeel.drift/plan/1"
PLAN = "plan.json"
_DIGITS = 12
_STRATEGIES: t.Mapping[str, t.Callable[[t.Any], t.Any]] = {"git": asked.read, "release": site.read}
_LARGEST = 256 << 20
_SECONDS, _PATIENCE = 600, 10

Json = dict[str, t.Any]

_TEXT = OneOf([None, str])
_SERVICE = ("n", "kind", "path", "steps")
_SHAPE = {
    "schema": re.compile(re.escape(SCHEMA)),
    "id": re.compile("plan-[0-9a-f]{12}"),
    "run": str,
    "created": str,
    "policy": {
        "strategy": str,
        "prune": bool,
        "overwrite_host_work": bool,
        "services": bool,
        "step_timeout": int,
        "hooks": ByName([[str]]),
    },
    "references": [{"id": str, "kind": re.compile("git"), "repo": str, "commit": OBJECT_ID}],
    "gates": [{"name": str, "state": str, "sentence": str}],
    "hosts": [
        {
            "host": str,
            "environment": str,
            "application": str,
            "root": re.compile("/.*", re.DOTALL),
            "state_dir": _TEXT,
            "reference": _TEXT,
            "actions": [
                {
                    "n": int,
                    "kind": re.compile("file|git|release|" + "|".join(sorted(registry.KINDS))),
                    "path": str,
                    "summary": str,
                    "severity": str,
                    "findings": [str],
                    "undo": str,
                    "restart": [str],
                    "bytes": int,
                }
            ],
            "left_out": [{"path": PATH, "kind": str, "reason": str, "cure": str}],
            "gates": [{"name": str, "state": str, "sentence": str}],
            "estimate": {"bytes": int, "seconds": int},
            "blast": {"files": int, "services": [str], "by_hand": [{"name": str, "reason": str}]},
        }
    ],
}
_PROPOSALS = [
    {"name": str, "host": str, "title": str, "findings": [str], "can_apply": bool, "applied": bool},
]
"""A plan has them since it can suggest something."""


class PlanError(Exception):
    """A plan cannot be used. The message names it and says what to do."""


def identity(plan: t.Mapping[str, t.Any]) -> str:
    """Return the id that a plan's content gives it: of its references, and of each host its place and operations."""
    content = {
        "schema": plan["schema"],
        "policy": plan["policy"],
        "references": {one["id"]: [one["repo"], one["commit"]] for one in plan["references"]},
        "hosts": {
            one["host"]: [
                *(one[name] for name in ("application", "root", "state_dir", "reference")),
                operations(one),
                services(one),
                *strategy(one).values(),
            ]
            for one in plan["hosts"]
        },
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"plan-{hashlib.sha256(text.encode('ascii')).hexdigest()[:_DIGITS]}"


def strategy_action(kind: str, path: str, summary: str) -> Json:
    """Return an action without operations of its own: what a strategy does with those of the others."""
    return {
        "n": 0,
        "kind": kind,
        "path": path,
        "summary": summary,
        "severity": "info",
        "findings": [],
        "operations": [],
        "undo": "put back what the restore point holds",
        "restart": [],
        "bytes": 0,
        "diff": None,
    }


def operations(host: t.Mapping[str, t.Any]) -> list[Json]:
    """Return the operations of a host's part of a plan, in the order in which they are applied."""
    return [operation for action in host["actions"] for operation in action.get("operations", ())]


def services(host: t.Mapping[str, t.Any]) -> list[Json]:
    """Return the actions of a host's part of a plan that follow its operations, as the host takes them."""
    return [{name: action[name] for name in _SERVICE} for action in host["actions"] if "steps" in action]


def place(part: Json) -> tuple[str, str, str]:
    """Return of what on its host a part of a plan is: hosts of two environments may have one name, and a host may have
    several applications.
    """
    return part["environment"], part["root"], part["application"]


def patience(host: t.Mapping[str, t.Any]) -> int:
    """Return the seconds that a step on a host may take: ten minutes, or ten times the estimate of the whole."""
    return max(_SECONDS, _PATIENCE * int(host["estimate"]["seconds"]))


def steps(actions: t.Sequence[t.Mapping[str, t.Any]]) -> list[Json]:
    """Return the steps of all actions, in the order in which they are run."""
    return [step for action in actions for step in action.get("steps", ())]


def strategy(host: t.Mapping[str, t.Any]) -> dict[str, Json]:
    """Return what a host's part of a plan asks besides its operations, by the name of the strategy: the request
    ``git`` (``act/gitmove/asked.py``) or ``release`` (``act/release/site.py``), or none.
    """
    return {action["kind"]: action[action["kind"]] for action in host["actions"] if action["kind"] in _STRATEGIES}


def contents(host: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the SHA-256 of each content that a host's part of a plan needs, by path."""
    return {one["path"]: one["sha256"] for one in operations(host) if one["do"] == "write"}


def named(name: str, cwd: str) -> str:
    """Return the path of the plan that the user named: the file, or the folder that it lies in."""
    path = os.path.normpath(os.path.join(cwd, os.path.expanduser(name)))
    return os.path.join(path, PLAN) if os.path.isdir(path) else path


def load(path: str) -> Json:
    """Return a plan that was written before. Raises PlanError unless it is whole, and what its own id says."""
    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise PlanError(f"drift_plan: {path} cannot be read: {error.strerror}") from error
    if len(text) > _LARGEST:
        raise PlanError(f"drift_plan: {path} is larger than any plan")
    try:
        plan: Json = json.loads(text)
        require(plan, _SHAPE, path)
        require(plan.get("proposals", []), _PROPOSALS, path)
        for host in plan["hosts"]:
            checked(operations(host))
            for name, request in strategy(host).items():
                _STRATEGIES[name](request)
            registry.checked(services(host))
    except (ValueError, KeyError, TypeError, RecursionError, GarbledAnswer) as error:
        raise PlanError(f"drift_plan: {path} is no plan of this collection: {error}") from error
    if identity(plan) != plan["id"]:
        raise PlanError(
            f"drift_plan: {path} says that it is {plan['id']}, but its operations are those of {identity(plan)}: "
            "it was changed after it was made. Make a new one"
        )
    return plan
