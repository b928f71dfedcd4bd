# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of services that a change brings along, and the shape of their steps. Private to the collection.

An action is ``{n, kind, path, steps}``, as in plan.json; ``path`` is what it is called there. A new kind is a module
beside this one (``kinds.py`` says what it has) and a line here.
"""

from __future__ import annotations

import importlib
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import Kind, Step

KINDS: t.Mapping[str, str] = {
    "compose": "compose",
    "container": "containers",
    "hook": "hooks",
    "process": "processes",
    "unit": "units",
}
"""The module of each kind, beside this one, by the word that plan.json has for it. It is imported when a step of the
kind is met: a host is sent the code of the kinds that it is asked for.
"""

_PACKAGE = "ansible_collections.evenkeel.drift.plugins.module_utils.act.services"

# What a hook did, its author knows, who has hooks for the way back; a systemd that has read its files is as before.
_TRACELESS = ("run", "daemon_reload")

Json = t.Dict[str, t.Any]


def checked(actions: t.Any, done: bool = False) -> list[Json]:
    """Return actions when each has the shape of its kind. Steps that were ``done`` may say how ``ill`` was before what
    they were run on. Raises BadOperations, which names the place.
    """
    if not isinstance(actions, list):
        raise BadOperations("services: expected a list of actions")
    for number, action in enumerate(actions):
        _check_action(action, f"services[{number}]", {"ill": str} if done else {})
    return actions


def _check_action(action: t.Any, place: str, more: t.Mapping[str, t.Any]) -> None:
    if not isinstance(action, dict) or action.get("kind") not in KINDS:
        raise BadOperations(f"{place}: expected an action with a kind of {', '.join(sorted(KINDS))}")
    steps = action.get("steps")
    if not isinstance(action.get("path"), str) or not isinstance(steps, list) or not steps:
        raise BadOperations(f"{place}: an action needs a path and steps")
    for number, step in enumerate(steps):
        _check_step(kind_of(action), step, f"{place}.steps[{number}]", more)


def _check_step(kind: Kind, step: t.Any, place: str, more: t.Mapping[str, t.Any]) -> None:
    if not isinstance(step, dict) or step.get("do") not in kind.WORDS:
        raise BadOperations(f"{place}: expected a step with a do of {', '.join(sorted(kind.WORDS))}")
    shape = {**kind.WORDS[step["do"]], **{name: more[name] for name in more if name in step}}
    wrong = sorted((shape.keys() | {"do"}) ^ step.keys())
    if wrong:
        missing = wrong[0] not in step
        raise BadOperations(f"{place}.{wrong[0]}: {'is missing' if missing else 'is no field of this step'}")
    for name, one in shape.items():
        if not fits(step[name], one):
            raise BadOperations(f"{place}.{name}: is not what it should be")


def fits(value: t.Any, shape: t.Any) -> bool:
    """Return whether a JSON value has a shape: a type, None, an expression for the whole of a text, ``[shape]`` for a
    list, ``(shape, shape)`` for one of several, ``{name: shape}`` for a dictionary with just these names.
    """
    if shape is None:
        return value is None
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    if isinstance(shape, dict):
        return (
            isinstance(value, dict)
            and value.keys() == shape.keys()
            and all(fits(value[name], one) for name, one in shape.items())
        )
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if shape is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return value.__class__ is shape


def kind_of(action: Json) -> Kind:
    return t.cast(Kind, importlib.import_module(f"{_PACKAGE}.{KINDS[action['kind']]}"))


def undoing(action: Json, files: bool) -> Json | None:
    """Return the action that takes an action back, None when there is nothing to take back.

    Without ``files`` that were brought back a restart is not done once more: it would find what the first one found.
    """
    undone: list[Step] = []
    for step in action["steps"]:
        back = kind_of(action).undo(step)
        # Two steps on one thing may lead back by one.
        if back is not None and back not in undone and (files or not _repeats(step, back)):
            undone.append(back)
    return {**action, "steps": undone} if undone else None


def _repeats(step: Step, back: Step) -> bool:
    """Return whether what leads back would only do once more what was done; a reload is led back from by a restart."""
    return back["do"] == step["do"] or (step["do"], back["do"]) == ("reload", "restart")


def stays(begun: Json, done: Json, files: bool) -> bool:
    """Return whether something of an action stays when it is taken back: what was ended, and a restart without
    ``files`` that were brought back. ``begun`` and ``done`` are the action with those of its steps.
    """
    for step in begun["steps"]:
        back = kind_of(begun).undo(step)
        lasting = step in done["steps"] if back is None else not files and _repeats(step, back)
        if lasting and step["do"] not in _TRACELESS:
            return True
    return False
