# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about files that were changed in a container after its image: hot copies. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns, named
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_rules import Rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_words import listed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import SAVE_FIRST, remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, number

_CHECK = "layer"
_STATES = {"added": "unexpected", "modified": "differs", "deleted": "missing"}
_DONE = {"added": "was added", "modified": "was changed", "deleted": "was deleted"}
_CURE = remedy(
    "recreate",
    f"{SAVE_FIRST} Copy it out of the container (docker cp), commit what is wanted, build the image, then recreate the "
    "container: that removes every change made inside it.",
)
_COST = "It is lost as soon as the container is recreated, and nobody can tell from the image what runs."


def files(rules: Rules) -> list[Check]:
    """Return the checks of one container's changed files."""
    wanted = rules.contract["no_layer_changes"]
    if wanted is False:
        return []
    layer = rules.one["layer"]
    if layer is None:
        if wanted is None:
            return []
        reason = rules.unread.get(_CHECK) or "the engine was not asked"
        said = f"Whether files were changed inside {rules.name} on {rules.host} is not known: {reason}"
        return [rules.scope.unknown(_CHECK, rules.name, rules.level(_CHECK), said)]
    if wanted is None:
        return [_told(rules, layer)] if layer["total"] else []
    patterns = Patterns(compile_lines(wanted)) if isinstance(wanted, list) else None
    found = [one for one in layer["changed"] if patterns is None or named(patterns, one["path"])]
    made = [_file(rules, one) for one in found]
    unnamed = layer["total"] - len(layer["changed"])
    if unnamed > 0:
        said = (
            f"Inside {rules.name} on {rules.host} {number(unnamed, 'more file')} were changed that are not named here: "
            f"{len(layer['changed'])} of {layer['total']} are"
        )
        made.append(rules.scope.unknown(_CHECK, rules.name, rules.level(_CHECK), said))
    elif not made:
        said = f"No file of the image was changed inside {rules.name} on {rules.host} where the contract forbids it"
        made.append(rules.passed(_CHECK, said, {"changed": layer["total"], "ignored": layer["ignored"]}))
    return made


def _file(rules: Rules, one: Details) -> Check:
    when = f" at {one['mtime']}" if one["mtime"] else ""
    size = f", {number(one['size'], 'byte')}" if one["size"] is not None else ""
    said = (
        f"{one['path']} {_DONE[one['kind']]} inside {rules.name} on {rules.host}{when}{size}: the image "
        f"{rules.one['image']['name']} does not have it so"
    )
    return rules.scope.failed(
        *(_CHECK, f"{rules.name}:{one['path']}", rules.level(_CHECK), said),
        state=_STATES[one["kind"]],
        cause="layer_changed",
        direction="host_ahead",
        observed=dict(one),
        remedy=_CURE,
        impact=_COST,
    )


def _told(rules: Rules, layer: Details) -> Check:
    """Return one note about all changed files: the contract does not say whether there may be any."""
    paths = [one["path"] for one in layer["changed"]]
    count = f"{number(layer['total'], 'file')} inside {rules.name} on {rules.host}"
    said = f"{count} {'differs' if layer['total'] == 1 else 'differ'} from its image: {listed(paths)}"
    return rules.scope.failed(
        *(_CHECK, rules.name, rules.level(_CHECK), said),
        state="differs",
        cause="layer_changed",
        direction="host_ahead",
        observed={"changed": [dict(one) for one in layer["changed"][:LISTED]], "total": layer["total"]},
        remedy=_CURE,
        impact=_COST,
    )
