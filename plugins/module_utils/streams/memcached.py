# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Memcached server says of itself, in its text protocol. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_value
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Wire
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]

_LIMIT = 256 * 1024


def describe(wire: Wire) -> Json:
    """Return what a server says of itself (``docs/design.md``). Raises Unseen."""
    stats = _stats(wire, b"stats")
    settings = _stats(wire, b"stats settings")
    if "version" not in stats:
        raise Unseen("what answers there tells no version: it is not Memcached")
    return {
        "version": stats["version"],
        "uptime_s": _int(stats, "uptime"),
        "memory": {"used": _int(stats, "bytes"), "max": _int(stats, "limit_maxbytes")},
        "clients": {"connected": _int(stats, "curr_connections"), "max": _int(stats, "max_connections")},
        "keys": _int(stats, "curr_items"),
        "evicted": _int(stats, "evictions"),
        "rejected_connections": _int(stats, "rejected_connections"),
        "port": _int(settings, "tcpport"),
        "udp_port": _int(settings, "udpport"),
        # "NULL" stands for every address.
        "bind": settings.get("inter"),
        "auth_required": settings.get("auth_enabled_sasl") == "yes" or settings.get("auth_enabled_ascii") == "yes",
    }


def _stats(wire: Wire, question: bytes) -> dict[str, str]:
    wire.send(question + b"\r\n")
    said = b""
    while not said.endswith(b"END\r\n"):
        if said.startswith((b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")) and said.endswith(b"\n"):
            if b"unauthenticated" in said:
                raise Unseen("it asks for a password; such a Memcached is not looked into")
            raise Unseen("it refuses to tell its statistics, or is not Memcached")
        if len(said) > _LIMIT:
            raise Unseen("it answers with more than statistics: it is not Memcached")
        said += wire.receive(64 * 1024)
    found = {}
    for line in said.splitlines():
        words = line.split(b" ", 2)
        if len(words) >= 2 and words[0] == b"STAT":
            name = show(words[1][:64])
            found[name] = mask_value(name, show(words[2][:200]) if len(words) == 3 else "")
    return found


def _int(fields: t.Mapping[str, str], name: str) -> int | None:
    text = fields.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else None
