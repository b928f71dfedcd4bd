# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One container as the engine describes it, with what may be secret masked. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.places import mounts, networks, ports
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import looks_secret, mask_argv, mask_value, secrets_of
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

MOST = 200
"""Of how many things of one kind (variables, labels, mounts, ports) a container tells; ``cut`` counts the others."""

_WORDS = 64
_OUTPUT = 1000
# Podman's words for what Docker calls otherwise.
_SAME = {"stopped": "exited", "configured": "created", "initialized": "created"}
_COMPOSE = "com.docker.compose."

Json = t.Dict[str, t.Any]


def record(inspected: t.Any, key: bytes | None) -> Json:
    """Return a container from the answer to ``/containers/<id>/json`` (``docs/design.md``).

    What other questions tell (``usage``, ``layer``, ``log``) is null, of its image there is what the container itself
    says. Raises Unseen when the answer has another form than it should.
    """
    fields = Fields(inspected)
    state, config, host = fields.map("State"), fields.map("Config"), fields.map("HostConfig")
    name, identity = plain_name(fields.raw("Name")), bare_id(fields.raw("Id"))
    status = state.text("Status")
    status = _SAME.get(status, status)
    if not (name and identity and status) or not len(config) or not len(host):
        raise Unseen("the answer has no name, state or configuration")
    labels = config.map("Labels")
    cut: dict[str, int] = {}
    return {
        "id": identity,
        "name": name,
        "created": _time(fields.moment("Created")),
        "state": status,
        "pid": state.number("Pid") or None,
        "exit_code": state.number("ExitCode"),
        "oom_killed": state.flag("OOMKilled"),
        "error": state.text("Error"),
        "started": _time(state.moment("StartedAt")),
        "started_s": state.moment("StartedAt"),
        "finished": _time(state.moment("FinishedAt")),
        "finished_s": state.moment("FinishedAt"),
        "restarts": fields.number("RestartCount"),
        "restart_policy": _policy(host.map("RestartPolicy")),
        "health": _health(state.map("Health") if "Health" in state else state.map("Healthcheck")),
        "health_check": _has_check(config.map("Healthcheck")),
        "image": _image(fields, config),
        "compose": _compose(labels),
        "user": config.text("User"),
        "working_dir": config.text("WorkingDir"),
        "hostname": config.text("Hostname"),
        "tty": config.flag("Tty"),
        "privileged": host.flag("Privileged"),
        **_program(config),
        "environment": _environment(config, key, cut),
        "labels": _labels(labels, cut),
        "network_mode": host.text("NetworkMode"),
        "networks": networks(fields.map("NetworkSettings").map("Networks"), cut, MOST),
        "ports": ports(config, host, fields.map("NetworkSettings"), cut, MOST),
        "mounts": mounts(fields, host, cut, MOST),
        "limits": _limits(host),
        "cut": cut,
        "usage": None,
        "layer": None,
        "log": None,
    }


def plain_name(raw: str) -> str:
    """Return a container's name without the slash that the API puts before it."""
    return text(raw[1:] if raw.startswith("/") else raw)


def bare_id(raw: str) -> str:
    """Return an id without the name of its algorithm, which Docker writes and Podman does not."""
    return text(raw[len("sha256:") :] if raw.startswith("sha256:") else raw, 64)


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)


def _policy(policy: Fields) -> Json:
    # An empty name is how the API spells "no".
    return {"name": policy.text("Name") or "no", "maximum": policy.number("MaximumRetryCount")}


def _health(health: Fields) -> Json | None:
    status = health.text("Status")
    if status in ("", "none"):
        return None
    log = health.maps("Log")
    last = log[-1] if log else Fields({})
    return {
        "status": status,
        "failing": health.number("FailingStreak"),
        "exit_code": last.number("ExitCode") if log else None,
        "ended": _time(last.moment("End")),
        "output": last.text("Output", _OUTPUT).strip(),
    }


def _has_check(check: Fields) -> bool:
    test = check.texts("Test")
    return bool(test) and test[0] not in ("NONE", "")


def _image(fields: Fields, config: Fields) -> Json:
    return {
        "name": config.text("Image"),
        "id": bare_id(fields.raw("Image")),
        "digests": [],
        "revision": None,
        "version": None,
        "created": None,
        "named": True,
        "now": None,
        "now_reason": "not asked",
    }


def _program(config: Fields) -> Json:
    """Return entrypoint and command: only both together tell which of their words are secrets."""
    entrypoint, command = config.texts("Entrypoint"), config.texts("Cmd")
    words = [spelled(word) for word in [*entrypoint, *command]]
    masked = [text(word) for word in mask_argv(words[:_WORDS])]
    return {
        "entrypoint": masked[: len(entrypoint)],
        "command": masked[len(entrypoint) :],
        "words": len(words),
    }


def _environment(config: Fields, key: bytes | None, cut: dict[str, int]) -> list[Json]:
    """Return the names of the variables, and digests of their values that only this run can compare."""
    made = []
    for item in config.texts("Env"):
        name, _sign, value = item.partition("=")
        made.append({"key": text(name), "secret": looks_secret(name), "empty": not value, "digest": keyed(key, value)})
    return _most(sorted(made, key=lambda one: str(one["key"])), "environment", cut)


def _labels(labels: Fields, cut: dict[str, int]) -> dict[str, str]:
    names = _most(list(labels), "labels", cut)
    return {text(name): text(mask_value(name, spelled(labels.raw(name)))) for name in names}


def _most(items: list[t.Any], what: str, cut: dict[str, int]) -> list[t.Any]:
    if len(items) > MOST:
        cut[what] = len(items) - MOST
    return items[:MOST]


def secrets(inspected: t.Any) -> t.Iterator[str]:
    """Yield the secret values in the variables and labels of a container, from the same answer. Raises Unseen."""
    config = Fields(inspected).map("Config")
    labels = config.map("Labels")
    pairs = [item.partition("=")[::2] for item in config.texts("Env")]
    for name, value in [*pairs, *((name, labels.raw(name)) for name in labels)]:
        yield from secrets_of(name, value)


def _compose(labels: Fields) -> Json | None:
    """Return what Compose wrote down about a container that it made."""
    if not labels.raw(f"{_COMPOSE}project"):
        return None
    number = labels.raw(f"{_COMPOSE}container-number")
    return {
        "project": labels.text(f"{_COMPOSE}project"),
        "service": labels.text(f"{_COMPOSE}service"),
        "number": int(number) if number.isdigit() and len(number) < 9 else None,
        "config_files": [text(path) for path in labels.raw(f"{_COMPOSE}project.config_files").split(",") if path][:20],
        "working_dir": labels.text(f"{_COMPOSE}project.working_dir"),
        "config_hash": labels.text(f"{_COMPOSE}config-hash"),
        "oneoff": labels.raw(f"{_COMPOSE}oneoff").lower() == "true",
    }


def _limits(host: Fields) -> Json:
    """Return the limits, null for none. ``cpus`` is a number of processors, ``memory`` in bytes."""
    quota, period = host.number("CpuQuota"), host.number("CpuPeriod")
    cpus = host.number("NanoCpus") / 1e9 or (quota / (period or 100_000) if quota > 0 else 0)
    pids = host.number("PidsLimit")
    return {
        "memory": host.number("Memory") or None,
        "cpus": round(cpus, 3) or None,
        "pids": pids if pids > 0 else None,
    }
