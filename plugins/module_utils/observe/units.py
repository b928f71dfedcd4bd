# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section units: the state of systemd's units, asked of systemd itself. Private to the collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd import ask
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.show import PROPERTIES, parse_show

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "required": True},
    "timeout": {"type": "int", "default": 60},
}

_AT_ONCE = 500


def collect(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return the state of the units in ``spec["units"]`` (``docs/design.md``).

    A host that was not booted with systemd has none, and says so. Raises Unseen when systemd does not answer.
    """
    names = sorted(set(spec["units"]))
    reason = ask.absent()
    if reason:
        return {"systemd": False, "reason": reason, "version": "", "units": []}
    version = ask.version(host)
    units: list[dict[str, t.Any]] = []
    for begin in range(0, len(names), _AT_ONCE):
        some = names[begin : begin + _AT_ONCE]
        out = ask.show(some, PROPERTIES, host)
        units += parse_show(out, some, time.time() - time.clock_gettime(time.CLOCK_MONOTONIC))
    return {"systemd": True, "reason": "", "version": mask(version), "units": units}
