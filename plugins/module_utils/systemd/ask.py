# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks systemd about units with ``systemctl show``, which only reads. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.command import find, run
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

# What sd_booted(3) asks.
_BOOTED = "/run/systemd/system"


def absent() -> str:
    """Return why there is no systemd to ask; nothing when there is."""
    return "" if os.path.isdir(_BOOTED) else f"this host does not run systemd: there is no {_BOOTED}"


def version(host: Host) -> str:
    """Return systemd's version, empty when it does not tell one. Raises Unseen."""
    words = run([_systemctl(), "--version"], host).partition(b"\n")[0].split()
    return words[1].decode("ascii", "backslashreplace") if len(words) > 1 else ""


def show(units: t.Sequence[str], properties: t.Sequence[str], host: Host) -> bytes:
    """Return what systemctl says of some properties of units, one paragraph for each. Raises Unseen."""
    asked = [_systemctl(), "--no-pager", "--no-ask-password", "show", f"--property={','.join(properties)}"]
    return run([*asked, "--", *units], host)


def _systemctl() -> str:
    found = find("systemctl")
    if found is None:
        raise Unseen("this host runs systemd and has no systemctl to ask it with")
    return found
