# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the name of a systemd unit says. Private to the collection."""

from __future__ import annotations


def is_service(unit: str | None) -> bool:
    """Return whether a unit is a service of its own, and not the session of somebody who is logged in."""
    return unit is not None and unit.endswith(".service") and not unit.startswith("user@")
