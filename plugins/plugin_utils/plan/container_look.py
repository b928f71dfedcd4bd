# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows for the containers of one host from the rest of its plan. Private to the collection."""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import NAMES
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync import SyncSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.container_known import Known, Rescued
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.containers import Planned, plan_containers

Json = dict[str, t.Any]

_SECTIONS = ("compose", "containers")
_CONTENT = ("write", "link", "remove")
"""The operations that change what somebody reads at a path."""


def compose_paths(part: Json) -> list[str]:
    """Return the Compose files of the services that a host's part of a plan brings up, below its root, sorted; also
    where such could be.
    """
    paths: set[str] = set()
    for step in (step for action in part["actions"] if action["kind"] == "compose" for step in action["steps"]):
        folder = posixpath.relpath(step["directory"], show(part["root"]))
        paths.update(posixpath.normpath(posixpath.join(folder, show(name))) for name in step["files"] or NAMES)
    return sorted(path for path in paths if not path.startswith("/") and path.split("/")[0] != "..")


class Host(t.NamedTuple):
    """One host of a run: its name, what was kept of its contract, and its evidence by section."""

    name: str
    kept: Json
    data: t.Callable[[str], Json | None]


def containers_of(
    host: Host, files: t.Sequence[Json], findings: Json, rescued: Rescued, settings: SyncSettings
) -> Planned:
    """Return what happens to the containers of a host whose files change as the actions ``files`` say.

    ``findings`` are those of the run (findings.json).
    """
    # Paths of evidence and operations are in this spelling, which a name with a backslash needs.
    root = show(host.kept["root"])
    mine = [
        one
        for kind in ("findings", "checks")
        for one in findings[kind]
        if one["host"] == host.name and one["section"] in _SECTIONS
    ]
    known = Known(
        root=root,
        contract=host.kept["contract"],
        compose=host.data("compose"),
        containers=host.data("containers"),
        checks=mine,
        changed=frozenset(
            posixpath.normpath(posixpath.join(root, operation["path"]))
            for action in files
            for operation in action.get("operations", ())
            if operation["do"] in _CONTENT
        ),
        rescued=rescued,
        discard=settings.overwrite_host_work,
        restart_unhealthy=settings.restart_unhealthy,
        restart_with=settings.restart_with,
    )
    made = plan_containers(known)
    if not made.gates and made.actions:
        return made._replace(gates=[gates.images()])
    return made
