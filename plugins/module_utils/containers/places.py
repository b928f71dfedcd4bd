# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a container can be reached, and what of the host it sees: ports, networks, mounts.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text

# How engines spell "every address of the host"; Podman leaves it out.
_ANY = {"": "0.0.0.0", "0.0.0.0": "0.0.0.0", "::": "::"}  # noqa: S104  compared with, not bound to

Json = t.Dict[str, t.Any]


def networks(found: Fields, cut: dict[str, int], most: int) -> list[Json]:
    """Return the networks of a container with the names that it has there."""
    made = []
    for name in _first(list(found), "networks", cut, most):
        network = found.map(name)
        names = {*network.texts("Aliases"), *network.texts("DNSNames")}
        made.append(
            {
                "name": text(name),
                "aliases": sorted(text(alias) for alias in names)[:most],
                "address": network.text("IPAddress") or network.text("GlobalIPv6Address") or None,
            }
        )
    return made


def ports(config: Fields, host: Fields, settings: Fields, cut: dict[str, int], most: int) -> Json:
    """Return ``declared`` (by the image or the container), ``published`` now, and ``bound``: to be published."""
    published = _bindings(settings.map("Ports"))
    bound = _bindings(host.map("PortBindings"))
    return {
        "declared": [text(port) for port in _first(list(config.map("ExposedPorts")), "ports", cut, most)],
        "published": _first(published, "published", cut, most),
        "bound": _first(bound, "bound", cut, most),
    }


def _bindings(found: Fields) -> list[Json]:
    made = []
    for port in found:
        for binding in found.maps(port):
            address = binding.text("HostIp")
            number = binding.raw("HostPort")
            made.append(
                {
                    "port": text(port),
                    "address": _ANY.get(address, address),
                    "host_port": int(number) if number.isdigit() and len(number) < 6 else None,
                    "wildcard": address in _ANY,
                }
            )
    return sorted(made, key=lambda one: (str(one["port"]), str(one["address"]), one["host_port"] or 0))


def mounts(fields: Fields, host: Fields, cut: dict[str, int], most: int) -> list[Json]:
    """Return what is mounted into a container, by its place there."""
    made = [
        {
            "type": mount.text("Type"),
            "name": mount.text("Name") or None,
            "source": mount.text("Source", 1000),
            "target": mount.text("Destination", 1000),
            "read_only": not mount.flag("RW"),
        }
        for mount in fields.maps("Mounts")
    ]
    seen = {one["target"] for one in made}
    made += [
        {"type": "tmpfs", "name": None, "source": "", "target": text(target, 1000), "read_only": False}
        for target in host.map("Tmpfs")
        if text(target, 1000) not in seen
    ]
    return _first(sorted(made, key=lambda one: (str(one["target"]), str(one["source"]))), "mounts", cut, most)


def _first(items: list[t.Any], what: str, cut: dict[str, int], most: int) -> list[t.Any]:
    """Return the first items, and count the others in ``cut``."""
    if len(items) > most:
        cut[what] = len(items) - most
    return items[:most]
