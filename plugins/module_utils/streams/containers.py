# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a container in its engine's network. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound, open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Silent


def address_of(name: str, host: Host) -> str:
    """Return the IP address of a container. Raises Silent when it does not run, Unseen when that cannot be told."""
    try:
        about = open_engine(None, host).container(name)
    except NotFound:
        raise Silent(f"there is no container {name}") from None
    state = _part(about, "State")
    if state.get("Running") is not True:
        raise Silent(f"the container {name} does not run")
    if _part(about, "HostConfig").get("NetworkMode") == "host":
        return "127.0.0.1"
    networks = _part(_part(about, "NetworkSettings"), "Networks")
    for network in sorted(networks):
        for key in ("IPAddress", "GlobalIPv6Address"):
            address = _part(networks, network).get(key)
            if isinstance(address, str) and address:
                return address
    raise Unseen(f"the container {name} has no address of its own: name the address at which its port is published")


def _part(about: t.Any, name: str) -> dict[str, t.Any]:
    found = about.get(name) if isinstance(about, dict) else None
    return found if isinstance(found, dict) else {}
