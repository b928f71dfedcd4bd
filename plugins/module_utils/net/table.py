# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's tables of sockets, ``/proc/net/tcp`` and its like. Private to the collection."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
import typing as t

PROTOCOLS = ("tcp", "tcp6", "udp", "udp6")

_LISTEN = "0A"
# A UDP socket without a peer is "closed" (7), with one it is "established".
_UNCONNECTED = "07"
_ORDER = "<" if sys.byteorder == "little" else ">"


class Socket(t.NamedTuple):
    """A listening socket, its address as people write it: an IPv4 address in an IPv6 table is an IPv4 one."""

    proto: str
    family: str
    address: str
    port: int
    uid: int
    inode: int

    @property
    def wildcard(self) -> bool:
        """Whether it takes connections at every address of the host."""
        return self.address in ("0.0.0.0", "::")  # noqa: S104  compared with, not bound to


def parse_table(table: str, text: str) -> list[Socket]:
    """Return the sockets in a table that take connections or datagrams from anybody. Raises ValueError."""
    proto, state = (table[:3], _LISTEN if table.startswith("tcp") else _UNCONNECTED)
    family = "ipv6" if table.endswith("6") else "ipv4"
    found = []
    for line in text.splitlines()[1:]:
        words = line.split(None, 10)
        if len(words) < 10:
            raise ValueError("a line with too few fields")
        if words[3] != state:
            continue
        local, _colon, port = words[1].partition(":")
        remote_port = words[2].rpartition(":")[2]
        if int(remote_port, 16):
            continue
        found.append(Socket(proto, family, parse_address(local), int(port, 16), int(words[7]), int(words[9])))
    return found


def parse_address(digits: str, order: str = _ORDER) -> str:
    """Return an address from the kernel's hexadecimal words, which are in the byte order of the host (``<`` or ``>``).

    Raises ValueError.
    """
    if len(digits) not in (8, 32):
        raise ValueError("an address of another length than Linux gives it")
    packed = b"".join(
        struct.pack(order + "I", int(digits[begin : begin + 8], 16)) for begin in range(0, len(digits), 8)
    )
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed)
    parsed = ipaddress.IPv6Address(packed)
    return str(parsed.ipv4_mapped or parsed)
