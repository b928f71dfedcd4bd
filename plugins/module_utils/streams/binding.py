# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At which addresses of this machine a port is served. Private to the collection."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.net.read import read_table
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc

Json = t.Dict[str, t.Any]


def bound_to(port: int, proc: Proc | None = None) -> Json:
    """Return ``{outcome, reason, addresses, open}``: where TCP connections to a port are taken, and whether any of
    these addresses can be reached from other machines.
    """
    found: set[str] = set()
    try:
        for table in ("tcp", "tcp6"):
            found.update(one.address for one in read_table(proc or Proc(), table)[0] if one.port == port)
    except Unseen as unseen:
        return {"outcome": "unknown", "reason": unseen.reason, "addresses": [], "open": None}
    if not found:
        reason = f"nothing listens on {port} in the network that the audit sees, which another one forwards to"
        return {"outcome": "unknown", "reason": reason, "addresses": [], "open": None}
    reachable = any(not ipaddress.ip_address(one).is_loopback for one in found)
    return {"outcome": "ok", "reason": "", "addresses": sorted(found), "open": reachable}


def not_here(reason: str) -> Json:
    """Return what `bound_to` does for a server of another machine or network."""
    return {**unbound(reason), "outcome": "not_asked"}


def unbound(reason: str) -> Json:
    """Return what `bound_to` does when it cannot be asked, for a reason."""
    return {"outcome": "unknown", "reason": reason, "addresses": [], "open": None}
