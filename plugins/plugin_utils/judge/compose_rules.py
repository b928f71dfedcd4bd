# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for one service of a Compose project. Private to the collection."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_names import Names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_settings import (
    Comparison,
    Difference,
    compare,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_rules import running
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

DEFAULTS = {
    "files": "high",
    "service": "high",
    "extra": "medium",
    "scale": "medium",
    "setting": "high",
    "image": "medium",
    "reference": "high",
    "stale": "medium",
    "names": "high",
}
"""The checks of this section and their severities where the contract gives none."""

_START = remedy("start", "Look at why it does not run, then start the service with Compose.")
_RECREATE = remedy("recreate", "Recreate the service with Compose once its files say what is wanted.")
_KEEP = remedy(
    "recreate",
    "Write what is wanted into the Compose file, then recreate the service: what was changed by hand is lost then.",
)
_FIX = remedy("fix_setting", "Correct the host name in the variable, then recreate the service.")


class ServiceRules:
    """The checks of one service. ``project`` and ``service`` are as in the evidence."""

    def __init__(self, scope: Scope, entry: Details, project: Details, service: Details, names: Names) -> None:
        self._scope = scope
        self._make = Graded(scope, entry.get("severity"), DEFAULTS)
        self._entry = entry
        self._service = service
        self._name: str = service["name"]
        self._names = names
        self._host = scope.context.host
        self._seen = project["containers"]
        self._containers = [one for one in self._seen["items"] if one["service"] == self._name and not one["oneoff"]]
        self._running = [one for one in self._containers if one["state"] in ("running", "restarting", "paused")]
        self._files = project["model"]["files"]
        self._images = {one["name"]: one for one in project["images"]}
        self._differing = 0

    def judge(self) -> list[Check]:
        checks = self._hosts()
        if self._seen["outcome"] != "ok":
            summary = f"What runs of service {self._name} on {self._host} is not known: {self._seen['reason']}"
            return [*checks, self._make.unknown("service", self._name, summary)]
        checks += self._presence()
        for container in self._containers:
            checks += self._settings(container)
            checks += self._image(container)
        return checks

    def row(self) -> Details:
        """Return the service as the report shows it."""
        return {
            "project": self._entry["project"],
            "service": self._name,
            "image": self._service["image"],
            "declared": self._service["scale"] if self._service["enabled"] else 0,
            "running": len(self._running) if self._seen["outcome"] == "ok" else None,
            "differences": self._differing,
            "not_compared": self._service["not_compared"],
        }

    def _presence(self) -> list[Check]:
        name, wanted, there = self._name, self._service["scale"], len(self._running)
        if not self._service["enabled"]:
            summary = f"Service {name} belongs to a profile that is not in use: it need not run on {self._host}"
            return [self._make.passed("service", name, summary)]
        if wanted is None:
            return [
                self._make.unknown(
                    "scale", name, f"How many containers {name} should have on {self._host} is not known"
                )
            ]
        if wanted and not there:
            stopped = ", ".join(f"{one['name']} is {one['state']}" for one in self._containers)
            summary = f"No container of service {name} runs on {self._host}{f': {stopped}' if stopped else ''}"
            return [
                self._make.failed(
                    "service", name, summary, "missing", "missing_service", _START, expected={"running": wanted}
                )
            ]
        checks = [
            self._make.passed("service", name, f"{number(there, 'container')} of service {name} runs on {self._host}")
        ]
        if there != wanted:
            summary = (
                f"{number(there, 'container')} of service {name} runs on {self._host}, its Compose file wants {wanted}"
            )
            checks.append(
                self._make.failed(
                    "scale", name, summary, "differs", "wrong_scale", _RECREATE, {"running": there}, {"running": wanted}
                )
            )
        return checks

    def _settings(self, container: Details) -> list[Check]:
        compared = compare(self._service, container)
        found = [one for one in compared.differences if not self._ignored(one.key)]
        changed = self._changed_files(container)
        checks = [self._difference(container, one, changed) for one in found]
        real = [one for one in found if one.kind != "unknown"]
        self._differing += len(real)
        if not found:
            checks.append(self._same(container, compared))
        if changed:
            checks.append(self._stale(container, changed, bool(real)))
        return checks

    def _same(self, container: Details, compared: Comparison) -> Check:
        summary = (
            f"{container['name']} on {self._host} runs as its Compose file says: {compared.compared} keys compared"
        )
        if self._service["not_compared"]:
            summary += f", not compared: {', '.join(self._service['not_compared'])}"
        return self._make.passed("setting", container["name"], summary)

    def _difference(self, container: Details, one: Difference, changed: t.Sequence[Details]) -> Check:
        subject = f"{container['name']}.{one.key}"
        if one.kind == "unknown":
            summary = (
                f"Whether {one.key} of {container['name']} on {self._host} is as declared is not known: {one.reason}"
            )
            return self._make.unknown("setting", subject, summary)
        summary = f"{container['name']} on {self._host} {_told(one)}"
        if changed:
            cause, cure = "setting_differs", _RECREATE
            summary += "; the file changed after the container was made, and the next `docker compose up` applies it"
        else:
            cause, cure = "lost_on_restart", _KEEP
            summary += "; a restart keeps that, and it is lost as soon as Compose makes the container anew"
        expected, observed = {one.key: one.declared}, {one.key: one.running, "container": container["id"][:12]}
        return self._make.failed("setting", subject, summary, one.kind, cause, cure, observed, expected)

    def _changed_files(self, container: Details) -> list[Details]:
        """Return the files of the project that changed after a container was made."""
        if container["created_s"] is None:
            return []
        # The env_file of another service says nothing about this one.
        mine = (one for one in self._files if one["kind"] != "env_file" or one["path"] in self._service["env_files"])
        return [one for one in mine if one["mtime_s"] is not None and one["mtime_s"] > container["created_s"]]

    def _stale(self, container: Details, changed: t.Sequence[Details], differs: bool) -> Check:
        newest = max(changed, key=lambda one: (one["mtime_s"], one["path"]))
        summary = (
            f"{container['name']} on {self._host} was made {container['created']}, and {newest['path']} changed "
            f"{newest['mtime']}"
        )
        summary += ": it runs with the older configuration" if differs else ": nothing that is compared differs"
        level = self._make.level("stale") if differs else "info"
        return self._scope.failed(
            "stale",
            container["name"],
            level,
            summary,
            state="differs",
            cause="stale_configuration",
            remedy=_RECREATE,
            expected={"changed": newest["mtime"], "file": newest["path"]},
            observed={"created": container["created"]},
        )

    def _told_already(self, container: Details) -> bool:
        """Say whether the section containers compares this container's image itself: one fact is one finding."""
        others = self._scope.context.seen.get("containers") or {"containers": ()}
        return any(one["name"] == container["name"] and running(one) for one in others["containers"])

    def _image(self, container: Details) -> list[Check]:
        """Compare the image that a container was made of with the one that its name stands for now."""
        known = self._images.get(self._service["image"] or "")
        subject = container["name"]
        if known is None or self._ignored("image") or self._told_already(container):
            return []
        if known["id"] is None:
            reason = known["reason"] or "the engine has no image of this name any more"
            summary = (
                f"Whether {subject} on {self._host} was made of what {known['name']} is now is not known: {reason}"
            )
            return [self._make.unknown("image", subject, summary)]
        if known["id"] == container["image_id"]:
            return [
                self._make.passed(
                    "image", subject, f"{subject} on {self._host} was made of what {known['name']} is now"
                )
            ]
        ours, theirs = _short(container["image_id"]), _short(known["id"])
        summary = (
            f"{subject} on {self._host} was made of image {ours}, and {known['name']} is {theirs} now: "
            "a newer image is there and does not run"
        )
        return [
            self._make.failed(
                "image", subject, summary, "differs", "image_moved", _RECREATE, {"image": ours}, {"image": theirs}
            )
        ]

    def _hosts(self) -> list[Check]:
        if not self._service["networks"] or not self._service["enabled"]:
            return []
        reachable, doubt = self._names.reachable(self._service), self._names.doubt(self._service)
        checks = []
        for one in self._service["hosts"]:
            key = f"environment.{one['variable']}"
            if one["host"] in reachable or self._ignored(key):
                continue
            subject = f"{self._name}.{key}"
            if doubt:
                told = f"Whether {one['host']}, which {one['variable']} of {self._name} names, can be found"
                summary = f"{told} is not known: {doubt}"
                checks.append(self._make.unknown("names", subject, summary))
                continue
            checks.append(self._unresolved(subject, one))
        if self._service["hosts"] and not checks:
            summary = f"Every host that the variables of {self._name} name is in its networks"
            checks.append(self._make.passed("names", self._name, summary))
        return checks

    def _unresolved(self, subject: str, one: Details) -> Check:
        near = self._names.nearest(one["host"], self._service)
        elsewhere = self._names.elsewhere(one["host"])
        summary = f"{one['variable']} of service {self._name} on {self._host} names the host {one['host']}, "
        if elsewhere:
            summary += f"which is only in the network {', '.join(elsewhere)}, and {self._name} is not"
        else:
            summary += "and no service, container or alias in its networks has that name"
            summary += f": the nearest is {near}" if near else ""
        expected = {"host": near} if near and not elsewhere else {}
        return self._make.failed(
            "names", subject, summary, "failed", "unresolved_name", _FIX, {"host": one["host"]}, expected
        )

    def _ignored(self, key: str) -> bool:
        return any(fnmatch.fnmatchcase(f"{self._name}.{key}", pattern) for pattern in self._entry["ignore"])


def _told(one: Difference) -> str:
    """Return how a container differs, in words that follow its name."""
    group, _dot, variable = one.key.partition(".")
    if group != "environment" or not variable:
        return f"runs with {one.key} {one.running}, its Compose file says {one.declared}"
    if one.kind == "missing":
        return f"does not have the variable {variable}, which should have {one.declared}"
    if one.kind == "unexpected":
        return f"has the variable {variable}, which neither its Compose file nor its image sets"
    return f"has another value of the variable {variable} than its Compose file and image say"


def _short(image: str) -> str:
    return image.removeprefix("sha256:")[:12]
