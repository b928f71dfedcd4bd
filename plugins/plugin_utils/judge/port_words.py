# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the rules of the section ports name and compare listeners. Private to the collection."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

ANY_IPV4, ANY_IPV6 = "0.0.0.0", "::"  # noqa: S104  compared with, not bound to
# A name in /proc/<pid>/stat is cut to this length.
_COMM = 15


def place(proto: str, address: str, port: object) -> str:
    """Return where something listens, as a subject: ``tcp/127.0.0.1/8001``."""
    return f"{proto}/{address}/{port}"


def spot(listener: Details) -> str:
    """Return where a listener is, as a subject."""
    return place(listener["proto"], listener["address"], listener["port"])


def owner(listener: Details) -> str:
    """Return whose a listener is in words: the process, its unit or container, the user."""
    if listener["pid"] is None:
        return f"a process that could not be seen (user {listener['user']})"
    supervisor = listener["container"] and f"container {listener['container']}"
    where = f" in {supervisor or listener['unit']}" if supervisor or listener["unit"] else ""
    return f"{listener['name'] or 'process'} (pid {listener['pid']}, user {listener['user']}{where})"


def shown(listener: Details) -> dict[str, t.Any]:
    """Return what a finding shows of a listener."""
    keys = ("proto", "address", "port", "user", "pid", "name", "command", "unit", "container", "reason")
    return {key: listener[key] for key in keys}


def covers(bound: str, wanted: str) -> bool:
    """Return whether what is bound to one address takes connections at another.

    Bound to all of IPv6 a program takes IPv4 as well, unless it asked not to; which of the two cannot be seen.
    """
    return bound in (wanted, ANY_IPV6) or (bound == ANY_IPV4 and ":" not in wanted)


def allowed(bound: str, declared: t.Container[str]) -> bool:
    """Return whether a listener may be bound where it is; all of IPv6 is how many programs open all of IPv4."""
    return bound in declared or (bound == ANY_IPV6 and ANY_IPV4 in declared)


def local(address: str) -> bool:
    """Return whether an address can be reached from the host alone."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def reach(listener: Details) -> str:
    """Return from where it can be reached, equal on hosts of which each has its own address."""
    bound: str = listener["address"]
    return bound if bound in (ANY_IPV4, ANY_IPV6) or local(bound) else "an address of its own"


def overlap(one: Details, other: Details) -> bool:
    """Return whether two listeners share an address, the families being one when both stand for all of theirs."""
    mine, theirs = one["address"], other["address"]
    if mine == theirs or ANY_IPV6 in (mine, theirs):
        return True
    return ANY_IPV4 in (mine, theirs) and (":" in mine) == (":" in theirs)


def same_service(one: Details, other: Details) -> bool | None:
    """Return whether two listeners belong to one service, None when that cannot be told.

    Workers that each open the port (SO_REUSEPORT) have one name, or are in one unit or instances of one template.
    """
    if one["inode"] == other["inode"]:
        return True
    if one["pid"] is None or other["pid"] is None:
        return None
    if one["pid"] == other["pid"] or (one["name"] is not None and one["name"] == other["name"]):
        return True
    units = [_template(listener["unit"]) for listener in (one, other)]
    return None not in units and units[0] == units[1] and one["container"] == other["container"]


def _template(unit: str | None) -> str | None:
    # A scope holds whatever a login or a program started: two services can share one.
    return re.sub(r"@[^.]*", "@", unit) if unit and not unit.endswith(".scope") else None


def owned_by(listener: Details, process: str, declared: t.Mapping[str, t.Sequence[int]]) -> bool | None:
    """Return whether a listener is a process of the contract, else one of that name; None when its owner is unseen."""
    if listener["pid"] is None:
        return None
    if process in declared:
        return listener["pid"] in declared[process]
    return None if listener["name"] is None else bool(listener["name"] == process[:_COMM])
