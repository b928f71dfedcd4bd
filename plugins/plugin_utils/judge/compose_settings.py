# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what a service's files declare with what a container runs with, key by key. Private to the collection.

What a file leaves out is the image's, or the engine's own.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

ORDERED = frozenset({"command", "entrypoint", "healthcheck.test"})
_OF_IMAGE = ("command", "entrypoint", "user", "working_dir")
_HEALTH = tuple(
    f"healthcheck.{one}" for one in ("test", "interval", "timeout", "start_period", "start_interval", "retries")
)
_OF_ENGINE = {
    "ports": (),
    "volumes": (),
    "cap_add": (),
    "cap_drop": (),
    "restart": ("no",),
    "memory": ("0",),
    "cpus": ("0",),
    "pids": ("0",),
    "privileged": ("false",),
    "read_only": ("false",),
    "tty": ("false",),
}
# Compared only where the file declares it: else the engine or Compose chooses.
_IF_DECLARED = ("image", "hostname", "networks", "aliases", "network_mode")


@dataclasses.dataclass(frozen=True)
class Difference:
    """One key that is not as declared. ``kind`` is differs, missing, unexpected or unknown."""

    key: str
    kind: str
    declared: str
    running: str
    reason: str = ""


class Comparison(t.NamedTuple):
    """``compared`` is the number of keys that were compared."""

    compared: int
    differences: list[Difference]


def compare(service: Details, container: Details) -> Comparison:
    """Compare one container with its service; both as in the evidence (docs/design.md)."""
    return _Pair(service, container).compare()


class _Pair:
    def __init__(self, service: Details, container: Details) -> None:
        self._service = service
        self._container = container
        self._declared = {one["key"]: one for one in service["settings"]}
        self._running = {one["key"]: one for one in container["settings"]}
        self._unknown = {one["key"]: one["reason"] for one in service["unknown"]}
        defaults = container["defaults"]
        self._image = None if defaults is None else {one["key"]: one for one in defaults["settings"]}
        self._compared = 0
        self._found: list[Difference] = []

    def compare(self) -> Comparison:
        for key in (*_OF_IMAGE, *_HEALTH, *_OF_ENGINE, *_IF_DECLARED):
            self._setting(key)
        for key, reason in sorted(self._unknown.items()):
            if key not in self._running and key not in ("environment", "labels", "scale", "profiles"):
                self._found.append(Difference(key, "unknown", "", "", reason))
        self._variables("environment", extra=True)
        self._variables("labels", extra=False)
        return Comparison(self._compared, sorted(self._found, key=lambda one: (one.key, one.kind)))

    def _setting(self, key: str) -> None:
        group = key.partition(".")[0]
        if key in self._unknown or group in self._unknown:
            reason = self._unknown.get(key) or self._unknown[group]
            if key == group or key == f"{group}.test":
                self._found.append(Difference(key, "unknown", "", _text(self._running.get(key)), reason))
            return
        declared = self._declared.get(key)
        running = self._running.get(key)
        if declared is None:
            declared = self._default(key)
        if declared is None:
            return
        if running is None:
            self._found.append(Difference(key, "unknown", _text(declared), "", "the engine's answer does not have it"))
            return
        self._compared += 1
        if self._equal(key, declared, running):
            return
        kind = "unknown" if declared["assumed"] else "differs"
        self._found.append(Difference(key, kind, _text(declared), _text(running), _assumed(declared["assumed"])))

    def _default(self, key: str) -> Details | None:
        """Return what a key is that the file leaves out; None when it is not compared, or not known."""
        if key in _OF_ENGINE:
            return {"value": list(_OF_ENGINE[key]), "digests": None, "assumed": []}
        if key in _IF_DECLARED:
            return None
        if key == "command" and "entrypoint" in self._unknown:
            return None
        if key == "command" and "entrypoint" in self._declared:
            # An entrypoint of one's own drops the image's command.
            return {"value": [], "digests": None, "assumed": []}
        if key.startswith("healthcheck.") and self._declared.get("healthcheck.test", {}).get("value") == ["NONE"]:
            return None
        if self._image is None:
            reason = f"the file leaves it to the image, and {self._container['defaults_reason']}"
            if not key.startswith("healthcheck.") or key == "healthcheck.test":
                self._found.append(Difference(key, "unknown", "", _text(self._running.get(key)), reason))
            return None
        return self._image.get(key)

    def _equal(self, key: str, declared: Details, running: Details) -> bool:
        ours, theirs = _marks(declared, running), _marks(running, declared)
        if key in ORDERED:
            return ours == theirs
        if key == "aliases":
            return set(ours) <= set(theirs)
        if key == "volumes":
            return self._same_mounts(declared, running)
        return sorted(ours) == sorted(theirs)

    def _same_mounts(self, declared: Details, running: Details) -> bool:
        ours, theirs = set(_marks(declared, running)), set(_marks(running, declared))
        hidden = set(self._service["hidden_mounts"])
        more = [
            shown
            for shown, mark in zip(running["value"], _marks(running, declared), strict=True)
            # The image's own volumes, and where secrets and configs are, are not told as more.
            if mark not in ours and not shown.startswith("volume :") and _target(shown) not in hidden
        ]
        return not more and ours <= theirs

    def _variables(self, kind: str, extra: bool) -> None:
        declared = {one["name"]: one for one in self._service[kind]}
        running = {one["name"]: one for one in self._container[kind]}
        defaults = self._container["defaults"]
        image = None if defaults is None else {one["name"]: one for one in defaults[kind]}
        if kind in self._unknown:
            self._found.append(Difference(kind, "unknown", "", "", self._unknown[kind]))
        for name, one in sorted(declared.items()):
            if f"{kind}.{name}" not in self._unknown:
                self._variable(kind, one, running.get(name), (image or {}).get(name))
        if not extra or kind in self._unknown:
            return
        if image is None:
            reason = f"which variables the image sets is not known: {self._container['defaults_reason']}"
            self._found.append(Difference(kind, "unknown", "", "", reason))
            return
        for name in sorted(running.keys() - declared.keys()):
            if f"{kind}.{name}" in self._unknown:
                continue
            self._compared += 1
            given = image.get(name)
            if given is None:
                self._found.append(Difference(f"{kind}.{name}", "unexpected", "not set", "set"))
            elif given["digest"] != running[name]["digest"]:
                self._found.append(Difference(f"{kind}.{name}", "differs", "the image's value", "another value"))
        for name in sorted(image.keys() - declared.keys() - running.keys()):
            self._found.append(Difference(f"{kind}.{name}", "missing", "the image's value", "not set"))

    def _variable(self, kind: str, declared: Details, running: Details | None, image: Details | None) -> None:
        key = f"{kind}.{declared['name']}"
        wanted = declared["digest"]
        self._compared += 1
        if wanted is None:
            # A name alone takes the value of whoever starts the project: without one it is not set.
            if running is not None and (image is None or image["digest"] != running["digest"]):
                self._found.append(Difference(key, "unknown", "", "set", _assumed(declared["assumed"])))
            return
        if running is not None and running["digest"] == wanted:
            return
        said = "not set" if running is None else _value(running) or "another value"
        kind_of = "unknown" if declared["assumed"] else "missing" if running is None else "differs"
        self._found.append(Difference(key, kind_of, _value(declared) or "a value", said, _assumed(declared["assumed"])))


def _marks(one: Details, other: Details) -> list[str]:
    """Return what a value is compared by: digests where both have them."""
    by_value = one["digests"] is None or other["digests"] is None
    return list(one["value"] if by_value else one["digests"])


def _target(mount: str) -> str:
    return mount.removesuffix(":ro").rpartition(":")[2]


def _text(setting: Details | None) -> str:
    if setting is None:
        return ""
    return " ".join(setting["value"]) or "nothing"


def _value(variable: Details) -> str:
    if variable["value"] is not None:
        return str(variable["value"]) or "empty"
    return "empty" if variable["empty"] else ""


def _assumed(names: t.Sequence[str]) -> str:
    if not names:
        return ""
    told = ", ".join(names[:5])
    return f"it depends on {told}, which .env does not set: what the shell had that ran Compose is not known"
