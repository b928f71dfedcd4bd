# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``ports`` section: what must listen, where, and what must not. Private to the collection."""

from __future__ import annotations

import ipaddress
import itertools
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Key,
    ListOf,
    Map,
    Problems,
    Wrong,
    found,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

PROTOCOLS = ("tcp", "udp")
CHECKS = ("listening", "address", "process", "user", "closed", "conflict", "declared")
"""The checks of this section, whose severity can be set."""


class Address(shapes.Text):
    """An IP address in its shortest spelling."""

    def describe(self) -> str:
        return "IP address"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            raise Wrong(f"expected an {self.describe()}, found {found(text)}: names are not resolved") from None


class Addresses(ListOf):
    """One address, or a list of them."""

    def __init__(self) -> None:
        super().__init__(Address(), minimum=1)

    def describe(self) -> str:
        return "IP address, or list of them"

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        return super().read([value] if isinstance(value, str) else value, place, problems)


class PortRange(shapes.Text):
    """Two ports with a dash between them."""

    def describe(self) -> str:
        return "range of ports, such as 8000-8009"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        match = re.fullmatch(r"([0-9]{1,5})\s*-\s*([0-9]{1,5})", text)
        if not match or not 1 <= int(match[1]) <= int(match[2]) <= 65535:
            raise Wrong(f"expected a {self.describe()}, found {found(text)}")
        return f"{int(match[1])}-{int(match[2])}"


def _one_kind(entry: dict[str, t.Any]) -> None:
    if (entry["port"] is None) == (entry["range"] is None):
        raise Wrong("expected exactly one of port and range")
    owned = [key for key in ("process", "user", "bind") if entry[key] is not None]
    if entry["range"] is not None and (owned or entry["closed"]):
        raise Wrong(f"{(owned or ['closed'])[0]} belongs to port")
    if entry["range"] is not None and not entry["only_declared"]:
        raise Wrong("a range needs only_declared: true, it says nothing else")
    if entry["port"] is not None and entry["only_declared"]:
        raise Wrong("only_declared belongs to range")
    if entry["closed"] and owned:
        raise Wrong(f"nothing may listen on a closed port: leave out {owned[0]}")


def overlap(one: str, other: str) -> bool:
    """Return whether two addresses of one family share one: they are equal, or one stands for all."""
    if (":" in one) != (":" in other):
        return False
    return one == other or one in ANY or other in ANY


ANY = ("0.0.0.0", "::")  # noqa: S104  compared with, not bound to


class Entries(ListOf):
    """The entries; no two of them claim one port at one address."""

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        before = len(problems)
        entries = super().read(value, place, problems)
        if len(problems) > before:
            return entries
        for (first, one), (second, other) in itertools.combinations(enumerate(entries), 2):
            if _same(one, other):
                what = one["range"] or one["port"]
                problems.add(f"{place}[{second}]", f"claims {what}/{one['proto']}, which {place}[{first}] claims too")
        return entries


def _same(one: dict[str, t.Any], other: dict[str, t.Any]) -> bool:
    if any(one[key] != other[key] for key in ("port", "range", "proto")):
        return False
    if one["bind"] is None or other["bind"] is None:
        return True
    return any(overlap(mine, theirs) for mine in one["bind"] for theirs in other["bind"])


SHAPE = Entries(
    Map(
        {
            "port": Key(shapes.Integer(1, 65535), None, "the port; or `range`"),
            "range": Key(PortRange(), None, "instead of port: the ports in which only declared listeners may be"),
            "only_declared": Key(shapes.Boolean(), False, "with range, and then true: other listeners in it are drift"),
            "proto": Key(shapes.Choice(PROTOCOLS), "tcp", "the protocol"),
            "process": Key(
                shapes.Text(),
                None,
                "whose it must be: the name of an entry of `processes`, else the process's own name as in `ps -o comm`",
            ),
            "user": Key(shapes.Text(), None, "the user that must have opened it"),
            "bind": Key(Addresses(), None, "the only addresses where it must listen; unset: any"),
            "closed": Key(shapes.Boolean(), False, "whether nothing may listen there"),
            **terms(CHECKS),
        },
        check=_one_kind,
    ),
    minimum=1,
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""
