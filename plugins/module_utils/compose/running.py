# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the containers of a project run with, and what their images say, in the form in which it is compared.

Private to the collection. An answer of another form than the engine's API says raises Unseen.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose import mounts, ports
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.settings import (
    Made,
    spell_duration,
    spell_restart,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

Json = t.Dict[str, t.Any]

LABEL = "com.docker.compose."
_ANONYMOUS = re.compile("[0-9a-f]{64}")
_TIMES = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start_period": "StartPeriod",
    "start_interval": "StartInterval",
}


def container_settings(container: Fields, directories: t.Sequence[str], host: Host) -> Json:
    """Return the settings of a container, from ``/containers/<id>/json``. Raises Unseen."""
    made = Made(host)
    config, host_config = container.map("Config"), container.map("HostConfig")
    made.put("image", [config.raw("Image")])
    _config(made, config)
    made.put("hostname", [config.raw("Hostname")])
    made.put("privileged", [_truth(host_config.flag("Privileged"))])
    made.put("read_only", [_truth(host_config.flag("ReadonlyRootfs"))])
    made.put("tty", [_truth(config.flag("Tty"))])
    for name, theirs in (("cap_add", "CapAdd"), ("cap_drop", "CapDrop")):
        made.put(name, sorted({one.upper().replace("CAP_", "", 1) for one in host_config.texts(theirs)}))
    made.put("ports", _ports(host_config.map("PortBindings")))
    made.put("volumes", _mounts(container, host_config, directories))
    networks = container.map("NetworkSettings").map("Networks")
    made.put("networks", sorted(mask(spelled(name)) for name in networks))
    aliases = {f"{name}:{alias}" for name in networks for alias in networks.map(name).texts("Aliases")}
    made.put("aliases", sorted(mask(spelled(one)) for one in aliases))
    made.put("network_mode", [host_config.raw("NetworkMode")])
    policy = host_config.map("RestartPolicy")
    made.put("restart", [spell_restart(policy.raw("Name"), str(policy.number("MaximumRetryCount")))])
    made.put("memory", [str(host_config.number("Memory"))])
    made.put("cpus", [f"{(host_config.number('NanoCpus') or _quota(host_config)) / 1e9:g}"])
    made.put("pids", [str(max(host_config.number("PidsLimit"), 0))])
    return made.result()


def image_settings(image: Fields, host: Host) -> Json:
    """Return what an image gives the containers that say nothing of their own, from ``/images/<id>/json``.

    Raises Unseen.
    """
    made = Made(host)
    _config(made, image.map("Config"))
    return made.result()


def _config(made: Made, config: Fields) -> None:
    made.put("command", config.texts("Cmd"))
    made.put("entrypoint", config.texts("Entrypoint"))
    made.put("user", [config.raw("User")])
    made.put("working_dir", [config.raw("WorkingDir")])
    check = config.map("Healthcheck")
    made.put("healthcheck.test", check.texts("Test"))
    for name, theirs in _TIMES.items():
        made.put(f"healthcheck.{name}", [spell_duration(check.number(theirs))])
    made.put("healthcheck.retries", [str(check.number("Retries"))])
    for entry in config.texts("Env"):
        name, _sign, value = entry.partition("=")
        made.pair("environment", name, value)
    labels = config.map("Labels")
    for name in labels:
        if not name.startswith(LABEL):
            made.pair("labels", name, labels.raw(name))


def _ports(bindings: Fields) -> list[str]:
    found = set()
    for inner in bindings:
        target, _slash, proto = inner.partition("/")
        for one in bindings.maps(inner):
            port = one.raw("HostPort")
            found.add(ports.spelled(one.raw("HostIp"), port if port != "0" else "", target, proto or "tcp"))
    return sorted(found)


def _mounts(container: Fields, host: Fields, directories: t.Sequence[str]) -> list[str]:
    made = []
    for mount in container.maps("Mounts"):
        kind, name = mount.raw("Type"), mount.raw("Name")
        source = "" if kind == "tmpfs" or (kind == "volume" and _ANONYMOUS.fullmatch(name)) else name
        if kind not in ("volume", "tmpfs"):
            source = mounts.below(mount.raw("Source"), directories)
        # A tmpfs is always writable, and the engine does not say so.
        made.append(mounts.spelled(kind, source, mount.raw("Destination"), kind != "tmpfs" and not mount.flag("RW")))
    made += [f"tmpfs :{target}" for target in host.map("Tmpfs")]
    return sorted(set(made))


def _quota(host: Fields) -> int:
    quota = host.number("CpuQuota")
    return quota * 10**9 // (host.number("CpuPeriod") or 100_000) if quota > 0 else 0


def _truth(value: bool) -> str:
    return "true" if value else "false"
