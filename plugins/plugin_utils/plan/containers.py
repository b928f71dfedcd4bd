# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a host's containers a plan changes: Compose services that are brought up, containers that are restarted.

Private to the collection. Pure. No container is ever removed by a plan, and no image pulled or built.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.engine import sockets
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns, named
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import (
    compose_changes,
    container_restarts,
    container_work,
    gates,
    left_out,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.compose_changes import Project, Wanted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.container_known import Known
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.left_out import LeftOut

Json = dict[str, t.Any]

_UNNAMED = re.compile("[0-9a-f]{64}")


class Planned(t.NamedTuple):
    """Actions (docs/design.md) in their order, what is left as it is, and the gates that it depends on."""

    actions: list[Json]
    left: list[LeftOut]
    gates: list[Json]


def plan_containers(known: Known) -> Planned:
    """Return what happens to the containers of a host."""
    made = Planned([], [], [])
    seen = {one["id"]: one for one in (known.containers or {}).get("containers", ())}
    if known.compose is not None and known.contract.get("compose"):
        for project in compose_changes.projects(known.contract["compose"], known.compose, known.root):
            one = _Services(project, known, seen).planned()
            made.actions.extend(one.actions)
            made.left.extend(one.left)
            made.gates.extend(one.gates)
    up = [(step["project"], step["service"]) for action in made.actions for step in action["steps"]]
    restarts = container_restarts.restarts(known, up)
    if ((known.containers or {}).get("engine") or {}).get("kind") == sockets.PODMAN:
        made.left.extend(left_out.of_podman(f"container {action['path']}") for action in restarts)
    else:
        made.actions.extend(restarts)
    made.left.extend(container_restarts.jobs(known))
    return made


class _Services:
    """The services of one project. ``seen`` are the containers of the section containers by their id."""

    def __init__(self, project: Project, known: Known, seen: t.Mapping[str, Json]) -> None:
        self._project = project
        self._known = known
        self._seen = seen
        self._services = project.services()
        self._broken = {one["name"]: one["reason"] for one in project.seen["model"]["broken"]}
        self._rule = (known.contract.get("containers") or {}).get("no_layer_changes")
        self._work = [list(pair) for pair in compile_lines(self._rule)] if isinstance(self._rule, list) else None
        self._failed = [one for one in known.checks if one["outcome"] == "fail"]
        self._waived = [one for one in known.checks if one["outcome"] == "waived" and one.get("waiver")]

    def planned(self) -> Planned:
        wanted, doubt = self._wanted()
        made = Planned([], [], [])
        if doubt:
            cure = "correct the file in the reference, or what of it cannot be read, and deploy again"
            made.left.append(left_out.special(f"project {self._project.name}", doubt, cure))
        for name in compose_changes.ordered(wanted, self._services):
            obstacle = self._obstacle(name)
            if obstacle is not None:
                made.left.append(obstacle)
                continue
            made.gates.extend(self._image(name))
            made.actions.append(self._action(name, wanted[name]))
        return made

    def _wanted(self) -> tuple[dict[str, Wanted], str]:
        labelled = {one["name"]: one["compose"] for one in self._seen.values() if one["compose"]}
        wanted = compose_changes.by_findings(self._project, self._failed, labelled)
        anew, doubt = compose_changes.by_files(self._project, self._known.changed)
        for name, why in anew.items():
            before = wanted.get(name, Wanted("", [], "info"))
            wanted[name] = before._replace(why="; ".join(filter(None, (why, before.why))))
        for name, one in self._services.items():
            # A container that lives in another's network has to follow it: that one gets a new id.
            others = [other for other in one["within"] if other in wanted and name not in wanted]
            if others and one["enabled"]:
                wanted[name] = Wanted(f"it lives in a namespace of {others[0]}", [], "info")
        return wanted, doubt

    def _obstacle(self, name: str) -> LeftOut | None:
        """Return why a service is not brought up, None when it is."""
        service, subject = self._services.get(name), f"service {self._project.name}/{name}"
        if self._project.seen["engine"]["kind"] == sockets.PODMAN:
            return left_out.of_podman(subject)
        if name in self._broken:
            return left_out.special(
                subject, f"its declaration cannot be read: {self._broken[name]}", "correct its Compose file"
            )
        if self._project.seen["model"]["partial"]:
            return left_out.special(subject, self._project.seen["model"]["partial"], "bring it up by hand")
        waiver = self._waiver(name)
        if waiver is not None:
            return left_out.waived(subject, waiver)
        assumed = _assumed(service) if service is not None else []
        if assumed:
            return left_out.special(
                subject,
                f"it depends on {', '.join(assumed[:3])}, which .env does not set: what the shell had that ran Compose "
                "is not known, and Compose would leave it empty",
                "write it into .env on the host, and deploy again",
            )
        if self._known.discard:
            return None
        findings = [one for one in self._failed if one["component"] == self._project.name]
        for container in self._project.containers(name):
            layer = self._layer(container)
            work = container_work.lost(container, layer, findings, self._known.rescued, self._counts)
            if work is not None:
                return work
        return None

    def _layer(self, container: Json) -> Json | None:
        """Return the changed files of a container, None where they are not known, or of no interest."""
        seen = self._seen.get(container["id"]) or {}
        return None if self._rule is False else seen.get("layer")

    def _counts(self, path: str) -> bool:
        return self._work is None or named(Patterns(self._work), path)

    def _waiver(self, name: str) -> Json | None:
        """Return the waiver of something of this service: what is waived stays."""
        for one in self._waived:
            if one["section"] != "compose" or one["component"] != self._project.name:
                continue
            if one["subject"] == name or compose_changes.container_service(self._project, one["subject"]) == name:
                found: Json = one["waiver"]
                return found
        return None

    def _image(self, name: str) -> list[Json]:
        """Return a gate that refuses when the image of a service is not on the host."""
        said = self._written_image(name)
        known = {one["name"]: one for one in self._project.seen["images"]}
        one = known.get(said or "")
        if one is None or one["id"] is not None or one["reason"]:
            return []
        name = f"{self._project.name}/{name}"
        return [
            gates.images(
                f"the image {said} of service {name} is not on the host, and a deploy pulls none: docker pull {said}, "
                "then deploy again"
            )
        ]

    def _written_image(self, name: str) -> str | None:
        """Return the image that a service is to have, as the files say it once the plan has changed them."""
        reference = self._project.seen["reference"]
        if compose_changes.changed_files(self._project, self._known.changed) and reference is not None:
            one = next((one for one in reference["services"] if one["name"] == name), None)
            said = compose_changes.written_value(one, "image") if one is not None else None
            return said if isinstance(said, str) else None
        service = self._services.get(name)
        return service["image"] if service is not None else None

    def _action(self, name: str, wanted: Wanted) -> Json:
        project, containers = self._project, self._project.containers(name)
        kept = [
            {"container": one["id"], **file}
            for one in containers
            for file in container_work.saved_files(self._layer(one), one["id"], self._known.rescued)
        ]
        service = self._services.get(name) or {"within": []}
        step = {
            "do": "up",
            "project": project.name,
            "service": name,
            "directory": project.directory,
            "files": list(project.entry["files"]),
            "env_file": project.entry["env_file"],
            "profiles": list(project.entry["profiles"]),
            "socket": project.entry["socket"] or (self._known.contract.get("containers") or {}).get("socket"),
            "image": self._written_image(name),
            "anew": bool(service["within"]),
            "work": self._work,
            # Where the contract does not want to know of changes in layers, there is nothing to be saved in them.
            "may_lose": None if self._known.discard or self._rule is False else kept,
            "before": {
                "containers": [
                    {**{key: one[key] for key in ("id", "name", "image_id", "config_hash")}, "state": self._state(one)}
                    for one in sorted(containers, key=lambda one: str(one["name"]))
                ]
            },
        }
        return {
            "n": 0,
            "kind": "compose",
            "path": f"{project.name}/{name}",
            "summary": f"Bring up service {name} of {project.name}: {wanted.why}{self._handed_on(containers)}",
            "severity": wanted.severity,
            "findings": wanted.findings,
            "steps": [step],
            "undo": "bring it up again as its Compose files were, with the image that it had",
            "restart": [],
            "bytes": 0,
            "diff": None,
        }

    def _handed_on(self, containers: t.Sequence[Json]) -> str:
        """Return what becomes of volumes without a name when containers are made anew; nothing where there are none."""
        mounts = [mount for one in containers for mount in (self._seen.get(one["id"]) or {}).get("mounts", ())]
        places = sorted(
            {one["target"] for one in mounts if one["type"] == "volume" and _UNNAMED.fullmatch(one["name"] or "")}
        )
        if not places:
            return ""
        return (
            f"; the content of its volume without a name at {', '.join(places)} goes on with it only while image or "
            "Compose file have one there, and no restore point has it unless backup_volumes names it"
        )

    def _state(self, container: Json) -> str:
        """Return how a container was: its state, or that it runs and is not well."""
        health = (self._seen.get(container["id"]) or {}).get("health") or {}
        return "unhealthy" if health.get("status") == "unhealthy" else str(container["state"])


def _assumed(service: Json) -> list[str]:
    """Return the variables without a value that a service depends on."""
    told = (*service["settings"], *service["environment"], *service["labels"])
    return sorted({name for one in told for name in one["assumed"]})
