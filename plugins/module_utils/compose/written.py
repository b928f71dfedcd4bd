# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as they are written, variables left as they are: what host and reference are compared by.

Private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.merge import PAIRS
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.project import Project
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.settings import Made
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported, mapped
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask, mask_argv, mask_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show, spelled

Json = t.Dict[str, t.Any]

_MAX_SHOWN = 300


def written_services(model: Project, host: Host) -> list[Json]:
    """Return ``[{name, keys: [{key, value|null, digest}], reason}]``.

    The value is masked text; that of a variable of ``environment`` is never told.
    """
    made = [
        {"name": name, "keys": _keys(service, Made(host)), "reason": ""} for name, service in model.services.items()
    ]
    made += [{"name": name, "keys": [], "reason": mask(reason)} for name, reason in model.broken.items()]
    return sorted(made, key=lambda one: str(one["name"]))


def _keys(service: Json, made: Made) -> list[Json]:
    found = []
    for key, value in service.items():
        if str(key).startswith("x-"):
            continue
        for place, inner in _parts(str(key), value):
            text = json.dumps(inner, sort_keys=True, default=str)
            shown = None
            if not place.startswith("environment."):
                name = place.rpartition(".")[2]
                inner = _arguments_masked(inner)
                shown = spelled(json.dumps(mask_tree({name: inner}).popitem()[1], sort_keys=True, default=str))[
                    :_MAX_SHOWN
                ]
            found.append({"key": mask(show(place)), "value": shown, "digest": made.digest(text)})
    return sorted(found, key=lambda one: str(one["key"]))


def _arguments_masked(value: t.Any) -> t.Any:
    """Return a value in which lists of text are masked as arguments: what follows --password is a secret."""
    if isinstance(value, dict):
        return {name: _arguments_masked(one) for name, one in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, str) for one in value):
            return mask_argv(value)
        return [_arguments_masked(one) for one in value]
    return value


def _parts(key: str, value: t.Any) -> list[tuple[str, t.Any]]:
    """Split what is compared name by name."""
    if key in PAIRS:
        try:
            return [(f"{key}.{name}", inner) for name, inner in mapped(value).items()]
        except Unsupported:
            return [(key, value)]
    return [(key, value)]
