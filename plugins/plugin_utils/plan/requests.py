# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is asked for a part of a plan: arguments of the modules that save and change it. Private to the
collection. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.container_look import compose_paths
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.repository import saved_paths
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points.running import containers_of

Json = dict[str, t.Any]


def place(part: Json, who: str, why: str, run: str) -> Json:
    """Return where on the host things are, and who changes them why, for its own log; ``timeout`` in seconds."""
    where = {name: part[name] for name in ("root", "application", "state_dir")}
    return {**where, "who": who, "why": why, "run": run, "timeout": document.patience(part)}


def saving(part: Json, strategy: Json) -> Json:
    """Return what the restore point is to hold."""
    repository = saved_paths(strategy["git"]) if "git" in strategy else []
    # Compose files, too: what Compose makes of a container is not only in the plan's own paths.
    paths = [*repository, *compose_paths(part)]
    return {"state": "present", "operations": document.operations(part), "paths": paths, **containers_of(part)}


def applying(part: Json, contents: str, policy: Json, strategy: Json) -> Json:
    """Return what is to be changed; ``contents`` is the path of the archive that has the new files."""
    # What the contract calls a secret is in no plan. What has the name of one all the same may travel.
    public = sorted(path for path in document.contents(part) if is_secret_file(path))
    return {
        "operations": document.operations(part),
        "contents": contents,
        "public": public,
        "services": document.services(part),
        "hooks": policy["hooks"],
        "step_timeout": policy["step_timeout"],
        **strategy,
    }
