# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a host tells of how a container was made is all of it. Private to the collection. Pure."""

from __future__ import annotations

import re

from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Json

TIMES = ("interval", "timeout", "start_period", "start_interval")
"""The times of a health check."""

_COUNTED = ("memory", "pids", "healthcheck.retries")
_SINGLE = (
    *("image", "user", "working_dir", "hostname", "privileged", "read_only", "tty", "restart", "cpus", *_COUNTED),
    *(f"healthcheck.{name}" for name in TIMES),
)
_SEVERAL = ("command", "entrypoint", "healthcheck.test", "cap_add", "cap_drop", "ports", "networks", "aliases")


def is_whole(made: Json) -> bool:
    """Whether the settings of a container are those that its collector tells: a host can send others."""
    values = {one["key"]: one["value"] for one in made["settings"]}
    single = all(len(values.get(key, ())) == 1 for key in _SINGLE)
    counted = single and all(re.fullmatch("[0-9]{1,18}", values[key][0]) for key in _COUNTED)
    return counted and all(key in values for key in _SEVERAL) and len(values) == len(made["settings"])
