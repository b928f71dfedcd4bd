# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server of the contract: asked what it says of itself, and its streams begun. Private to the collection."""

from __future__ import annotations

import functools
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.env_value import read_value
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.redis import server as redis_server
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.client import Access, Redis
from ansible_collections.evenkeel.drift.plugins.module_utils.streams import influxdb, memcached
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.binding import bound_to, not_here, unbound
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.containers import address_of
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.look import Watched, found, named
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.place import Address, parse_address
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Place, Silent, Tls, Wire, connect

Json = t.Dict[str, t.Any]

_ELSEWHERE = "it is on another machine, and which of its addresses it listens at is seen only there"
_SOCKET = "it was asked at a socket; whether it listens with TLS as well is not told"
_INSIDE = "it listens inside of a container: the ports that are published are told by the section containers"


class Server:
    """One server. ``data`` is what is told of it (``docs/design.md``), ``watched`` are its declared streams."""

    def __init__(self, spec: t.Mapping[str, t.Any], host: Host) -> None:
        self._spec = spec
        self._host = host
        self._redis: Redis | None = None
        self.watched: list[Watched] = []
        self.data: Json = {
            "kind": spec["kind"],
            "address": spec["address"],
            "outcome": "ok",
            "reason": "",
            "about": None,
            "binding": unbound("it was not reached"),
            "streams": [],
            "found": None,
        }

    def begin(self) -> None:
        """Ask everything but what has to be asked twice; what cannot be seen is noted."""
        try:
            address = parse_address(self._spec["kind"], self._spec["address"])
            self._describe(address)
        except Silent as silent:
            self.data.update(outcome="silent", reason=silent.reason)
        except Unseen as unseen:
            self.data.update(outcome="unknown", reason=unseen.reason)

    def close(self) -> None:
        """End the connection."""
        if self._redis is not None:
            self._redis.close()

    def _describe(self, address: Address) -> None:
        place = self._place(address)
        wires = functools.partial(connect, place, self._host, self._tls(address))
        if self._spec["kind"] == "redis":
            self._begin_redis(address, wires)
            return
        wire = wires()
        local = wire.local
        try:
            if self._spec["kind"] == "memcached":
                self.data["about"] = memcached.describe(wire)
        finally:
            wire.close()
        if self._spec["kind"] == "influxdb":
            self.data["about"] = influxdb.describe(wires, place)
        self.data["binding"] = self._binding(address, local, place.port)

    def _begin_redis(self, address: Address, wires: t.Callable[[], Wire]) -> None:
        redis = self._redis = Redis(wires, self._access())
        redis.open()
        local = redis.peer_is_local
        self.data["about"] = about = redis_server.describe(redis)
        port = about["port"] if address.place.path else address.place.port
        self.data["binding"] = self._binding(address, local, port)
        for spec in self._spec["streams"]:
            self.watched.append(Watched(redis, spec))
            self.watched[-1].begin()
            self.data["streams"].append(self.watched[-1].data)
        if self._spec["discover"]:
            self.data["found"] = _found(redis, {named(one["stream"]) for one in self._spec["streams"]})

    def _place(self, address: Address) -> Place:
        if address.container is None:
            return address.place
        return address.place._replace(name=address_of(address.container, self._host))

    def _tls(self, address: Address) -> Tls | None:
        wanted = self._spec.get("tls")
        if wanted is None:
            return Tls() if address.tls else None
        ca = None if wanted["ca"] is None else os.path.join(self._host.root, wanted["ca"])
        return Tls(ca, wanted["verify"], wanted["name"] or address.container)

    def _access(self) -> Access:
        source = self._spec.get("password_from")
        password = None if source is None else read_value(self._host.root, source["file"], source["key"])
        self._host.learn([password] if password else [])
        return Access(self._spec.get("user"), password, self._spec.get("database") or 0)

    def _binding(self, address: Address, local: bool, port: int | None) -> Json:
        if address.container is not None:
            return not_here(_INSIDE)
        if not local:
            return not_here(_ELSEWHERE)
        if port is None:
            return unbound("it does not tell its port")
        if port == 0:
            return not_here(_SOCKET)
        return bound_to(port)


def _found(redis: Redis, declared: t.Container[bytes]) -> Json:
    """Return the streams of a server that are not declared: ``{outcome, reason, complete, streams}``."""
    try:
        names = redis_server.streams(redis)
    except Unseen as unseen:
        return {"outcome": "unknown", "reason": unseen.reason, "complete": False, "streams": []}
    streams = [found(redis, name) for name in names["names"] if name not in declared]
    return {"outcome": "ok", "reason": "", "complete": names["complete"], "streams": streams}
