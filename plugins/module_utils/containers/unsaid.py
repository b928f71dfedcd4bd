# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container was made with that is not compared with Compose files: the names of these settings alone.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields

_SHM = (0, 64 << 20, 65_536_000)
"""What Docker and Podman give without being asked."""
# What the engine itself writes where nobody asked for anything else, by the type of its answer.
_LISTS = (
    *("BlkioWeightDevice", "DeviceCgroupRules", "Devices", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts"),
    *("GroupAdd", "Links", "SecurityOpt", "Ulimits", "VolumesFrom", "DeviceRequests"),
)
_MAPS = ("Sysctls", "StorageOpt", "Annotations")
_NUMBERS = ("BlkioWeight", "CpuShares", "CpuRealtimePeriod", "MemoryReservation", "OomScoreAdj")
_PROPAGATION = ("", "private", "rprivate")
_FLAGS = ("AutoRemove", "OomKillDisable", "Init", "PublishAllPorts")
_TEXTS: t.Mapping[str, tuple[str, ...]] = {
    "CgroupParent": ("",),
    "CpusetCpus": ("",),
    "CpusetMems": ("",),
    "IpcMode": ("", "private", "shareable"),
    "PidMode": ("", "private"),
    "Runtime": ("", "runc", "oci"),
    "UTSMode": ("", "private"),
    "UsernsMode": ("",),
    "VolumeDriver": ("",),
}


def unsaid(container: Fields) -> list[str]:
    """Return the settings that somebody gave a container beyond those that are compared, from its inspection.

    Raises Unseen when the answer has another form than the engine's API says.
    """
    host, config = container.map("HostConfig"), container.map("Config")
    found = {name for name in _LISTS if host.count(name)}
    found |= {name for name in _MAPS if len(host.map(name))}
    found |= {name for name in _NUMBERS if host.number(name)}
    found |= {name for name in _FLAGS if host.flag(name)}
    found |= {name for name, usual in _TEXTS.items() if host.raw(name) not in usual}
    if host.number("ShmSize") not in _SHM:
        found.add("ShmSize")
    if host.number("MemorySwap") not in (0, -1, 2 * host.number("Memory")):
        found.add("MemorySwap")
    found |= {"Tmpfs" for target in host.map("Tmpfs") if host.map("Tmpfs").raw(target)}
    found |= {"Mounts" for mount in container.maps("Mounts") if mount.raw("Propagation") not in _PROPAGATION}
    log = host.map("LogConfig")
    if log.raw("Type") not in ("", "json-file", "journald", "k8s-file") or len(log.map("Config")):
        found.add("LogConfig")
    found |= {name for name in ("Domainname", "StopSignal") if config.raw(name) not in ("", "SIGTERM", "15")}
    found |= {name for name in ("StopTimeout",) if config.number(name) not in (0, 10)}
    if config.flag("OpenStdin"):
        found.add("OpenStdin")
    return sorted(found)
