# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes without a name of their own: an engine makes up an id for each. Private to the collection."""

from __future__ import annotations

import re

ID = re.compile("[0-9a-f]{64}")


def left_behind(volume: str, container: str, place: str) -> str:
    """Return a sentence about one that a container had at a place, and that nothing uses any more."""
    return (
        f"the volume without a name of {container} at {place} is no longer used, and stays with its content until it "
        f"is removed: docker volume inspect {volume}"
    )
