# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section packages: what virtual environments and the operating system have installed, and what requirements files ask
for. Private to the collection.

Read as data: no pip and no interpreter of an environment runs. What the answer means is in
``docs/sections/packages.md``.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.packages.environment import read_environment
from ansible_collections.evenkeel.drift.plugins.module_utils.packages.requirements import Requirements
from ansible_collections.evenkeel.drift.plugins.module_utils.packages.system import READERS
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

Json = t.Dict[str, t.Any]

ARGUMENTS: Json = {
    "venv": {"type": "path"},
    "requirements": {"type": "list", "elements": "path", "default": []},
    "root": {"type": "path", "default": "/"},
    "system": {"type": "str", "choices": ["dpkg", "rpm"]},
    "names": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 60},
}
"""The options of the module ``package_info``."""


def _environment(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return one environment ``{path, requirements: [file]}`` of the request; paths are spelled by ``text.show``."""
    path = os.path.normpath(os.path.join(host.root, os.fsdecode(raw(spec["path"]))))
    made = read_environment(path, mask(spec["path"]), host)
    requirements = Requirements(host)
    made.update(requirements_outcome="ok", requirements_reason="")
    try:
        requirements.read(spec["requirements"])
    except Unseen as unseen:
        made.update(requirements_outcome="unknown", requirements_reason=unseen.reason)
    made["requirements"] = requirements.lines
    return made


def _system(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return one system ``{kind, names: [name]}`` of the request; no names ask for all packages."""
    made: Json = {"kind": spec["kind"], "outcome": "ok", "reason": "", "packages": {}, "unfinished": {}}
    try:
        found, unfinished = READERS[spec["kind"]](host)
    except Unseen as unseen:
        made.update(outcome="unknown", reason=unseen.reason)
        return made
    names = spec["names"] or [name for name in found if ":" not in name]
    made["packages"] = {name: found[name] for name in sorted(names) if name in found}
    asked = {name.partition(":")[0] for name in names}
    made["unfinished"] = {name: unfinished[name] for name in sorted(unfinished) if name in asked or not spec["names"]}
    return made


def collect(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return ``{environments: [...], systems: [...]}``, one answer for each of the request, in its order."""
    return {
        "environments": [_environment(one, host) for one in spec["environments"]],
        "systems": [_system(one, host) for one in spec["systems"]],
    }
