# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a restore point. Private to the collection."""

from __future__ import annotations

import re

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError

_DIGEST = re.compile("([0-9a-f]{12})[0-9a-f]{52}")


def shortened(reason: str) -> str:
    """Return a reason with as much of each digest as it takes to find the file: of a small secret the whole digest
    would be as good as the secret.
    """
    return _DIGEST.sub(r"\1...", reason)


class PointError(ActError):
    """A restore point cannot be made or used, for the reason given: one sentence."""


class NoPoint(PointError):
    """There is no such point."""


class Damaged(PointError):
    """A point is not as it was made: nothing of it is used. Digests in the reason are shortened."""

    def __init__(self, reason: str) -> None:
        super().__init__(shortened(reason))


class NoRoom(PointError):
    """There is not enough space for a point; nothing of it was left."""


class OnlyHere(PointError):
    """A point was made and is good, and could not be kept in the second place that was declared."""

    HOW = "on this host alone"

    def __init__(self, point: str, reason: str) -> None:
        super().__init__(f"the restore point {point} is good, and {self.HOW}: {reason}")
        self.point = point


class NotSealed(OnlyHere):
    """A point was made and is good, and could not be encrypted so that it can be fetched."""

    HOW = "was not fetched"
