# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays one Compose file over another, by Compose's own rules. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Broken, Unsupported, mapped, text
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.composer import Tagged

Json = t.Dict[str, t.Any]

# Lists that may be maps, and are compared and merged as such.
PAIRS = frozenset({"environment", "labels", "annotations", "sysctls", "extra_hosts", "args"})
_REPLACED = frozenset({"command", "entrypoint", "test", "profiles"})
# A list of names stands for a map of names without settings.
_NAMED = frozenset({"networks", "depends_on"})


def merge(base: t.Any, over: t.Any, key: str = "") -> t.Any:
    """Return what ``over`` makes of ``base``, both the value of ``key``. Raises Unsupported."""
    if isinstance(over, Tagged):
        return over
    if isinstance(base, Tagged):
        base = None if base.tag == "!reset" else base.value
    if over is None or isinstance(base, Broken):
        return base
    if base is None or key in _REPLACED or isinstance(over, Broken):
        return over
    if key in PAIRS:
        return {**mapped(base), **mapped(over)}
    if key in _NAMED:
        base, over = named(base), named(over)
    if key == "env_file" or key in ("tmpfs", "dns", "dns_search", "dns_opt"):
        return _joined(base, over)
    if isinstance(base, dict) and isinstance(over, dict):
        return merge_maps(base, over)
    if isinstance(base, list) and isinstance(over, list):
        return [*_without(base, over), *over] if key == "volumes" else _joined(base, over)
    if isinstance(base, (dict, list)) or isinstance(over, (dict, list)):
        raise Unsupported(f"{key} is a list or a map in one file and none in another")
    return over


def merge_maps(base: Json, over: Json) -> Json:
    """Return ``over`` laid over ``base``; a key with ``!reset`` goes, one with ``!override`` replaces."""
    made = dict(base)
    for name, value in over.items():
        if isinstance(value, Tagged) and value.tag == "!reset":
            made.pop(name, None)
        elif isinstance(value, Tagged):
            made[name] = value.value
        else:
            made[name] = merge(base.get(name), value, str(name))
    return made


def named(value: t.Any) -> Json:
    """Return ``[a, b]`` as ``{a: null, b: null}``, and a map as it is."""
    if isinstance(value, list):
        return {text(one): None for one in value}
    if not isinstance(value, dict):
        raise Unsupported("neither a list nor a map of names")
    return value


def target_of(volume: t.Any) -> str:
    """Return where in the container a volume is mounted."""
    if isinstance(volume, dict):
        return text(volume.get("target"))
    parts = text(volume).split(":")
    return parts[0] if len(parts) == 1 else parts[1]


def _without(base: list[t.Any], over: list[t.Any]) -> list[t.Any]:
    replaced = {target_of(one) for one in over}
    return [one for one in base if target_of(one) not in replaced]


def _joined(base: t.Any, over: t.Any) -> list[t.Any]:
    ours = base if isinstance(base, list) else [base]
    theirs = over if isinstance(over, list) else [over]
    return [*ours, *(one for one in theirs if one not in ours)]
