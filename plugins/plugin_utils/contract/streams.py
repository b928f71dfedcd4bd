# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``streams`` section: Redis and its streams, Memcached, InfluxDB. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.streams.place import parse_address
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Problems,
    Shape,
    Wrong,
    found,
    quote,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

KINDS = ("redis", "memcached", "influxdb")
CHECKS = (
    "answering",
    "memory",
    "exposed",
    "stream",
    "fresh",
    "length",
    "group",
    "consumers",
    "lag",
    "pending",
    "idle",
    "progress",
    "fields",
    "values",
)
"""The checks of this section, whose severity can be set."""

_MOST = 10**12
_LONGEST_WAIT_S = 3600
# What only a stream can have, and what only Redis has.
_OF_STREAM = (
    *("group", "fresh_s", "min_length", "max_length", "max_lag", "max_pending", "max_idle_s", "must_progress_within_s"),
    *("required_fields", "stuck"),
)
_OF_REDIS = ("stream", *_OF_STREAM, "user", "password_from", "database")


class Address(shapes.Text):
    """Where a server is. What is wrong with it is told without its text, which could hold a password."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def describe(self) -> str:
        return "URL" if self._kind == "influxdb" else "host:port, unix:/path or container:name:port"

    def convert(self, value: t.Any) -> str:
        if not isinstance(value, str):
            raise Wrong(f"expected {self.describe()}, found {found(value)}")
        try:
            address = parse_address(self._kind, value)
        except ValueError as reason:
            raise Wrong(str(reason)) from None
        return f"{'https' if address.tls else 'http'}://{address}" if self._kind == "influxdb" else str(address)


class TlsOrNot(Shape):
    """Whether TLS is spoken, and how: read as a map, or null."""

    _MAP = Map(
        {
            "ca": Key(shapes.AnyPath(), None, "a file on the host with the authorities; unset: the host's own"),
            "verify": Key(shapes.Boolean(), True, "whether the certificate must be good"),
            "name": Key(shapes.Text(), None, "the name in the certificate; unset: the one of the address"),
        }
    )

    def describe(self) -> str:
        return "true, false, or map"

    def inner(self) -> t.Iterator[tuple[str, Key]]:
        return self._MAP.inner()

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any] | None:
        if isinstance(value, dict):
            return self._MAP.read(value, place, problems)
        asked = shapes.Boolean().read(value, place, problems)
        return self._MAP.read({}, place, problems) if asked else None


class Value(Shape):
    """Text or a number, read as the text that a stream holds."""

    def describe(self) -> str:
        return "text or number"

    def convert(self, value: t.Any) -> str:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Wrong(f"expected {self.describe()}, found {found(value)}")
        return str(value)


class Stuck(Shape):
    """A field that must change, or one with the values that are suspect; read as a map."""

    _MAP = Map(
        {
            "field": Key(shapes.Text(), REQUIRED, "the field"),
            "values": Key(ListOf(Value(), minimum=1), None, "the values that not all entries may have; unset: any"),
        }
    )

    def describe(self) -> str:
        return "field, or map"

    def inner(self) -> t.Iterator[tuple[str, Key]]:
        return self._MAP.inner()

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        return self._MAP.read({"field": value} if isinstance(value, str) else value, place, problems)


class Entries(ListOf):
    """The entries; one without a name is named after its stream or its address."""

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        before = len(problems)
        entries = super().read(value, place, problems)
        if len(problems) > before:
            return entries
        first: dict[str, int] = {}
        access: dict[str, tuple[int, t.Any]] = {}
        for number, entry in enumerate(entries):
            mine = [entry["password_from"], entry["tls"]]
            other, theirs = access.setdefault(server_of(entry), (number, mine))
            if mine != theirs:
                problems.add(
                    f"{place}[{number}]", f"has another password_from or tls than {place}[{other}] for the same server"
                )
            if entry["name"] is None:
                entry["name"] = ":".join(filter(None, (entry["stream"] or address_of(entry), entry["group"])))
            if first.setdefault(entry["name"], number) != number:
                twin = f"{place}[{first[entry['name']]}]"
                problems.add(
                    f"{place}[{number}]", f"{quote(entry['name'])} is already the name of {twin}: give it another name"
                )
        return entries


def kind_of(entry: t.Mapping[str, t.Any]) -> str:
    """Return whether an entry is about ``redis``, ``memcached`` or ``influxdb``."""
    return next(kind for kind in KINDS if entry[kind] is not None)


def address_of(entry: t.Mapping[str, t.Any]) -> str:
    """Return where an entry's server is."""
    return str(entry[kind_of(entry)])


def server_of(entry: t.Mapping[str, t.Any]) -> str:
    """Return the server of an entry as one connection: ``redis 127.0.0.1:6379``, with user and database if named."""
    user = f"{entry['user']}@" if entry["user"] is not None else ""
    database = f"/{entry['database']}" if entry["database"] else ""
    return f"{kind_of(entry)} {user}{address_of(entry)}{database}"


def servers(contract: t.Sequence[t.Mapping[str, t.Any]]) -> list[list[t.Mapping[str, t.Any]]]:
    """Return the entries by server (`server_of`), in their order."""
    groups: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for entry in contract:
        groups.setdefault(server_of(entry), []).append(entry)
    return list(groups.values())


def _one_kind(entry: dict[str, t.Any]) -> None:
    named = [kind for kind in KINDS if entry[kind] is not None]
    if len(named) != 1:
        raise Wrong(f"expected exactly one of {', '.join(KINDS)}")
    kind = named[0]
    if kind != "redis":
        foreign = [key for key in _OF_REDIS if entry[key] not in (None, [], 0)]
        if foreign:
            raise Wrong(f"{foreign[0]} belongs to redis, this is {kind}")
    if entry["stream"] is None:
        loose = [key for key in _OF_STREAM if entry[key] not in (None, [])]
        if loose:
            raise Wrong(f"{loose[0]} is about a stream: name it as stream")
    if kind == "influxdb" and entry["max_memory_percent"] is not None:
        raise Wrong("max_memory_percent: InfluxDB does not tell how much memory it may take")
    if entry["user"] is not None and entry["password_from"] is None:
        raise Wrong("user needs password_from")
    if entry["tls"] is not None and address_of(entry).startswith(("unix:", "http:")):
        raise Wrong("tls belongs to an address with host and port, or with https")
    low, high = entry["min_length"], entry["max_length"]
    if low is not None and high is not None and low > high:
        raise Wrong(f"min_length {low} is larger than max_length {high}")
    if entry["must_progress_within_s"] is not None and entry["must_progress_within_s"] > _LONGEST_WAIT_S:
        raise Wrong(f"must_progress_within_s: an audit waits {_LONGEST_WAIT_S} s at most")


_SOURCE = Map(
    {
        "file": Key(shapes.AnyPath(), REQUIRED, "the file on the host, of lines KEY=value such as .env"),
        "key": Key(shapes.Text(), REQUIRED, "the key whose value is the password"),
    }
)

SHAPE = Entries(
    Map(
        {
            "redis": Key(Address("redis"), None, "a Redis server; or `memcached` or `influxdb`"),
            "memcached": Key(Address("memcached"), None, "a Memcached server"),
            "influxdb": Key(Address("influxdb"), None, "an InfluxDB server, such as http://127.0.0.1:8086"),
            "name": Key(shapes.Text(), None, "its name in reports, unique; unset: stream and group, or the address"),
            "user": Key(shapes.Text(), None, "the ACL user of Redis; unset: the default user"),
            "password_from": Key(_SOURCE, None, "where on the host the password is; it is never in a contract"),
            "tls": Key(TlsOrNot(), None, "whether the server speaks TLS; certificates are verified"),
            "database": Key(shapes.Integer(0, 999), 0, "the number of the database"),
            "stream": Key(shapes.Text(), None, "the stream; unset: those that are found are told, none is judged"),
            "group": Key(shapes.Text(), None, "the consumer group that must be there; unset: all that are there"),
            "fresh_s": Key(shapes.Duration(), None, "how old its newest entry may be, by the time in the entry's id"),
            "min_length": Key(shapes.Integer(0, _MOST), None, "how many entries it must have"),
            "max_length": Key(shapes.Integer(0, _MOST), None, "how many entries it may have"),
            "max_lag": Key(shapes.Integer(0, _MOST), None, "how many entries may wait to be read by a group"),
            "max_pending": Key(shapes.Integer(0, _MOST), None, "how many entries may be read and not acknowledged"),
            "max_idle_s": Key(shapes.Duration(), None, "how long consumers may do nothing while entries wait"),
            "must_progress_within_s": Key(
                shapes.Duration(), None, "look twice: within this time each group must read, or entries be added"
            ),
            "required_fields": Key(
                ListOf(shapes.Text()),
                [],
                "fields that every sampled entry must have; `data.price` is in a field that holds JSON",
            ),
            "stuck": Key(ListOf(Stuck()), [], "fields that must not have one value in all sampled entries"),
            "sample": Key(shapes.Integer(1, 500), 20, "how many of the newest entries are sampled"),
            "max_memory_percent": Key(shapes.Integer(1, 100), None, "of the memory that the server may take"),
            "bind_local": Key(
                shapes.Boolean(), False, "whether it may listen only where other machines cannot reach it"
            ),
            **terms(CHECKS),
        },
        check=_one_kind,
    ),
    minimum=1,
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""
