# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers a plan restarts as they are: those that use a changed file, and those that are to be by the
operator's word.

Private to the collection. Pure.
"""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import left_out
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.container_known import Known
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.left_out import LeftOut

Json = dict[str, t.Any]

_ILL = {"health": "its health check fails", "oom": "it was ended for want of memory", "running": "it does not stay up"}
_LOOPS = "restarting"


def restarts(known: Known, up: t.Iterable[tuple[str, str]]) -> list[Json]:
    """Return the actions that restart containers. ``up`` are the services, with their projects, that are brought up."""
    data = known.containers or {}
    running = [one for one in data.get("containers", ()) if one["state"] in ("running", "restarting")]
    served = {f"{project}/{service}" for project, service in up}
    due: dict[str, tuple[str, list[Json]]] = {}
    for one in running:
        reason = "" if _is_job(one) else _uses(one, known)
        ill = _ill(one, known)
        if _label(one) in served:
            # Compose makes it anew, or finds it as it should be.
            continue
        if reason:
            due[one["id"]] = (reason, [])
        elif ill:
            due[one["id"]] = (f"{_ILL[ill[0]['check']]}, and sync_restart_unhealthy names it", ill)
    _followers(running, known, served, due)
    socket = (known.contract.get("containers") or {}).get("socket") or (data.get("engine") or {}).get("socket")
    chosen = sorted((one for one in running if one["id"] in due), key=lambda one: str(one["name"]))
    return [restart_action(one, *due[one["id"]], socket) for one in chosen]


def jobs(known: Known) -> list[LeftOut]:
    """Return what ``docker compose run`` started and uses a changed file: restarted, it would begin once more."""
    running = [one for one in (known.containers or {}).get("containers", ()) if one["state"] == "running"]
    used = [(one["name"], _uses(one, known)) for one in running if _is_job(one)]
    return [
        left_out.special(
            f"container {name}", f"a job, started by docker compose run: {reason}", "let it end, or restart it by hand"
        )
        for name, reason in used
        if reason
    ]


def _is_job(container: Json) -> bool:
    return bool((container["compose"] or {}).get("oneoff"))


def _uses(container: Json, known: Known) -> str:
    """Return why a container uses a changed file: it is mounted from the host."""
    for path in sorted(known.changed):
        for mount in container["mounts"]:
            source = mount["source"].rstrip("/")
            # What has more than the application mounted, such as a backup, is somebody else's.
            if mount["type"] != "bind" or not source or known.root.startswith(f"{source}/"):
                continue
            # A link on the way to what is mounted, such as that to a release, is followed when a container starts.
            if path == source or path.startswith(f"{source}/") or source.startswith(f"{path}/"):
                return f"{path} changes, which it has as {mount['target']}"
    return ""


def _ill(container: Json, known: Known) -> list[Json]:
    """Return the findings for which the operator wants a container restarted, by name."""
    if not any(fnmatch.fnmatchcase(name, one) for name in names(container) for one in known.restart_unhealthy):
        return []
    return [
        one
        for one in known.checks
        if one["section"] == "containers"
        and one["outcome"] == "fail"
        and one["component"] == container["name"]
        and one["check"] in _ILL
        and (one["check"] != "running" or one["cause"] == _LOOPS)
    ]


def _followers(
    running: t.Sequence[Json], known: Known, served: t.Collection[str], due: dict[str, tuple[str, list[Json]]]
) -> None:
    """Add the containers that ``sync_restart_with`` names beside those that change: one step, no chain of them."""
    changing = {name for one in running if one["id"] in due or _label(one) in served for name in names(one)}
    changing |= {label.partition("/")[2] for label in served}
    for leader in sorted(changing & known.restart_with.keys()):
        for one in running:
            followed = bool(set(known.restart_with[leader]) & names(one))
            if followed and one["id"] not in due and _label(one) not in served:
                due[one["id"]] = (f"sync_restart_with names it beside {leader}", [])


def names(container: Json) -> set[str]:
    """Return by what a container may be named: its name, and its Compose service, unless it is one of ``docker compose
    run``, which does something of its own.
    """
    service = None if _is_job(container) else (container["compose"] or {}).get("service")
    return {container["name"], *([service] if service else [])}


def _label(container: Json) -> str:
    compose = container["compose"] or {}
    return f"{compose.get('project')}/{compose.get('service')}"


def restart_action(container: Json, why: str, findings: t.Sequence[Json], socket: str | None) -> Json:
    """Return the action that restarts one container of the section containers as it is."""
    severities = [one["severity"] for one in findings] or [SEVERITIES[-1]]
    before = {key: container[key] for key in ("id", "started_s")}
    step = {
        "do": "restart",
        "container": container["id"],
        "name": container["name"],
        "socket": socket,
        "before": {**before, "image_id": container["image"]["id"]},
    }
    return {
        "n": 0,
        "kind": "container",
        "path": container["name"],
        "summary": f"Restart the container {container['name']}: {why}",
        "severity": min(severities, key=SEVERITIES.index),
        "findings": sorted(one["id"] for one in findings),
        "steps": [step],
        "undo": "restart it again, once the files are as they were",
        "restart": [],
        "bytes": 0,
        "diff": None,
    }
