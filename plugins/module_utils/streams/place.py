# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the servers of the contract are: addresses read, and containers found. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Place

PORTS = {"redis": 6379, "memcached": 11211}
"""The port of each kind when the address names none."""

_CONTAINER = re.compile(r"container:([A-Za-z0-9][A-Za-z0-9_.-]{0,127})(?::([0-9]{1,5}))?")
_TCP = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})))(?::([0-9]{1,5}))?")
_URL = re.compile(r"(https?)://([^/?#]*)/?")


class Address(t.NamedTuple):
    """An address of a contract: ``container`` is a name, else ``place`` says all. ``tls`` comes from ``https``."""

    place: Place
    container: str | None = None
    tls: bool = False

    def __str__(self) -> str:
        return f"container:{self.container}:{self.place.port}" if self.container else str(self.place)


def parse_address(kind: str, text: str) -> Address:
    """Return an address: ``host:port``, ``unix:/path``, ``container:name:port``; for InfluxDB a URL.

    Raises ValueError without any of the text, which could hold a password.
    """
    if "@" in text:
        raise ValueError("an address has neither user nor password: name them as user and password_from")
    if kind == "influxdb":
        url = _URL.fullmatch(text)
        if url is None:
            raise ValueError("expected a URL of a host and a port, such as http://127.0.0.1:8086")
        return Address(_tcp(url[2], 443 if url[1] == "https" else 80), tls=url[1] == "https")
    if text.startswith("unix:"):
        if not text.startswith("unix:/") or "\0" in text or len(text) > 112:
            raise ValueError("expected unix: and the absolute path of a socket")
        return Address(Place(path=text[5:]))
    container = _CONTAINER.fullmatch(text)
    if container:
        return Address(Place(port=_port(container[2], PORTS[kind])), container[1])
    return Address(_tcp(text, PORTS[kind]))


def _tcp(text: str, default: int) -> Place:
    match = _TCP.fullmatch(text)
    if match is None:
        raise ValueError("expected host:port, [IPv6]:port, unix:/path or container:name:port")
    return Place(match[1] or match[2], _port(match[3], default))


def _port(digits: str | None, default: int) -> int:
    port = default if digits is None else int(digits)
    if not 1 <= port <= 65535:
        raise ValueError("expected a port from 1 to 65535")
    return port
