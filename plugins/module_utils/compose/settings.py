# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a service, of a container and of an image in one form, so that they can be compared.

Private to the collection. Values are masked here; what is compared is the keyed digest beside each.
"""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import (
    Unsupported,
    assumed_in,
    duration,
    listed,
    mapped,
    number,
    size,
    text,
    truth,
    words,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK, looks_secret, mask, mask_argv, secrets_of
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

Json = t.Dict[str, t.Any]

ORDERED = ("command", "entrypoint", "healthcheck.test")
_MAX_SHOWN = 300
_CHECK_TIMES = ("interval", "timeout", "start_period", "start_interval")


class Made:
    """Gathers settings: ``settings`` ``[{key, value: [text], digests, assumed}]``, ``environment`` and ``labels``
    ``[{name, value|null, digest, assumed}]``, ``unknown`` ``[{key, reason}]``.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._settings: list[Json] = []
        self._pairs: dict[str, list[Json]] = {"environment": [], "labels": []}
        self._unknown: list[Json] = []

    def put(self, key: str, values: t.Sequence[str], assumed: t.Sequence[str] = ()) -> None:
        """Add a setting of one or more texts."""
        shown = mask_argv(values) if key in ORDERED else [mask(one) for one in values]
        self._settings.append(
            {
                "key": key,
                "value": [spelled(one)[:_MAX_SHOWN] for one in shown],
                "digests": [self.digest(one) for one in values],
                "assumed": sorted(assumed),
            }
        )

    def tell(self, key: str, source: t.Any, read: t.Callable[[t.Any], t.Sequence[str]]) -> None:
        """Add the setting that ``read`` makes of ``source``, or why it cannot be compared."""
        try:
            self.put(key, read(source), assumed_in(source))
        except Unsupported as problem:
            self.miss(key, problem.reason)

    def miss(self, key: str, reason: str) -> None:
        """Note that a key cannot be compared."""
        self._unknown.append({"key": key, "reason": mask(spelled(reason))})

    def pair(self, kind: str, name: str, value: str | None, assumed: t.Sequence[str] = ()) -> None:
        """Add a variable or label; a value of None is one that the file leaves out."""
        shown = None
        self._host.learn(secrets_of(name, value or ""))
        if kind == "labels" and value is not None:
            shown = MARK if value and looks_secret(name) else spelled(mask(value))[:_MAX_SHOWN]
        self._pairs[kind].append(
            {
                "name": spelled(mask(name))[:_MAX_SHOWN],
                "value": shown,
                "digest": None if value is None else self.digest(value),
                "empty": value == "",
                "assumed": sorted(assumed),
            }
        )

    def digest(self, value: str) -> str:
        """Return what stands for a value: the same for the same value, in this run."""
        return keyed(self._host.key, value) or ""

    def result(self) -> Json:
        """Return what was gathered, sorted."""
        return {
            "settings": sorted(self._settings, key=lambda one: str(one["key"])),
            **{kind: sorted(pairs, key=lambda one: str(one["name"])) for kind, pairs in self._pairs.items()},
            "unknown": sorted(self._unknown, key=lambda one: (str(one["key"]), str(one["reason"]))),
        }


# Key of the file -> how it is read. Each is one text.
_SIMPLE: dict[str, t.Callable[[t.Any], str]] = {
    "image": text,
    "user": text,
    "working_dir": text,
    "hostname": text,
    "privileged": lambda value: str(truth(value)).lower(),
    "read_only": lambda value: str(truth(value)).lower(),
    "tty": lambda value: str(truth(value)).lower(),
}
COMPARED = frozenset(
    {*_SIMPLE, "command", "entrypoint", "environment", "env_file", "labels", "ports", "volumes", "tmpfs"}
    | {"networks", "network_mode", "healthcheck", "restart", "mem_limit", "cpus", "pids_limit", "deploy"}
    | {"cap_add", "cap_drop", "scale", "container_name"}
)
"""The keys of a service that are compared with its containers."""

# What says nothing about a container, or is for Compose alone.
SILENT = frozenset(
    {"build", "depends_on", "profiles", "pull_policy", "develop", "extends", "expose", "stop_grace_period"}
)


def _alone(read: t.Callable[[t.Any], str], value: t.Any) -> list[str]:
    return [read(value)]


def simple(made: Made, service: t.Mapping[str, t.Any]) -> None:
    """Add the settings of a service that need nothing but the service itself."""
    for key, read in _SIMPLE.items():
        if service.get(key) is not None:
            made.tell(key, service[key], functools.partial(_alone, read))
    for key in ("cap_add", "cap_drop"):
        if service.get(key) is not None:
            made.tell(key, service[key], lambda value: sorted({_capability(text(one)) for one in listed(value)}))
    for key in ("command", "entrypoint"):
        if service.get(key) is not None:
            made.tell(key, service[key], _argv)
    for name, value in _pairs(made, "labels", service.get("labels")).items():
        try:
            made.pair("labels", name, "" if value is None else text(value), assumed_in(value))
        except Unsupported as problem:
            made.miss(f"labels.{name}", problem.reason)
    if service.get("healthcheck") is not None:
        _healthcheck(made, service["healthcheck"])
    _limits(made, service)


def _pairs(made: Made, kind: str, value: t.Any) -> Json:
    try:
        return mapped(value)
    except Unsupported as problem:
        made.miss(kind, problem.reason)
        return {}


def _argv(value: t.Any) -> list[str]:
    argv = words(value)
    if not argv:
        raise Unsupported("it is empty: what the engine makes of that depends on its version")
    return argv


def _capability(name: str) -> str:
    return name.upper().replace("CAP_", "", 1)


def _healthcheck(made: Made, value: t.Any) -> None:
    if not isinstance(value, dict):
        made.miss("healthcheck", "it is no map")
        return
    if value.get("disable") in (True, "true"):
        made.put("healthcheck.test", ["NONE"])
        return
    if value.get("test") is not None:
        made.tell("healthcheck.test", value["test"], health_test)
    for name in _CHECK_TIMES:
        if value.get(name) is not None:
            made.tell(f"healthcheck.{name}", value[name], lambda one: [spell_duration(duration(one))])
    if value.get("retries") is not None:
        made.tell("healthcheck.retries", value["retries"], lambda one: [str(number(one))])


def health_test(value: t.Any) -> list[str]:
    """Return the test of a health check as the engine has it."""
    return [text(one) for one in value] if isinstance(value, list) else ["CMD-SHELL", text(value)]


def spell_duration(nanoseconds: int) -> str:
    """Return a duration in seconds."""
    return f"{nanoseconds / 1e9:g}s"


def _limits(made: Made, service: t.Mapping[str, t.Any]) -> None:
    deploy = service.get("deploy") if isinstance(service.get("deploy"), dict) else {}
    resources = (deploy or {}).get("resources") or {}
    limits = resources.get("limits") if isinstance(resources, dict) else None
    limits = limits if isinstance(limits, dict) else {}
    for key, own, inner in (
        ("memory", "mem_limit", "memory"),
        ("cpus", "cpus", "cpus"),
        ("pids", "pids_limit", "pids"),
    ):
        value = limits.get(inner) if limits.get(inner) is not None else service.get(own)
        if value is not None:
            made.tell(key, value, _LIMITS[key])
    restart, policy = service.get("restart"), (deploy or {}).get("restart_policy")
    if restart is not None:
        made.tell("restart", restart, lambda value: [spell_restart(*text(value).partition(":")[::2])])
    elif isinstance(policy, dict):
        made.tell("restart", policy, _deploy_restart)


def _deploy_restart(policy: t.Any) -> list[str]:
    condition = {"none": "no", "any": "always"}.get(text(policy.get("condition") or "any"), "on-failure")
    attempts = policy.get("max_attempts")
    return [spell_restart(condition, text(attempts) if attempts is not None and condition == "on-failure" else "")]


def spell_restart(name: str, retries: str) -> str:
    """Return a restart policy: ``on-failure:3``."""
    name = name or "no"
    return f"{name}:{retries}" if retries not in ("", "0") else name


def _cpus(value: t.Any) -> list[str]:
    try:
        return [f"{float(text(value)):g}"]
    except ValueError:
        raise Unsupported("no number of processors") from None


_LIMITS: dict[str, t.Callable[[t.Any], list[str]]] = {
    "memory": lambda value: [str(size(value))],
    "cpus": _cpus,
    "pids": lambda value: [str(number(value))],
}
