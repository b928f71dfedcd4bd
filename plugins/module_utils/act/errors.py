# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a change can end other than well. Private to the collection."""

from __future__ import annotations

import typing as t


class ActError(Exception):
    """What a change cannot do, in one sentence for the operator."""

    @property
    def reason(self) -> str:
        return str(self)


class Refused(ActError):
    """Nothing was touched: the reason names the path, and what to do where something can be done."""


class Busy(ActError):
    """Another change holds the lock. ``holder`` is ``{pid, who, why, since}`` as far as it told."""

    def __init__(self, reason: str, holder: t.Mapping[str, t.Any]) -> None:
        super().__init__(reason)
        self.holder = dict(holder)


class Unfinished(ActError):
    """An earlier change was interrupted, and has to be finished first. ``journal`` says which."""

    def __init__(self, reason: str, journal: t.Mapping[str, t.Any]) -> None:
        super().__init__(reason)
        self.journal = dict(journal)


class Moved(ActError):
    """Nothing was touched: what the change was made for is not so any more.

    ``paths`` are ``{path, expected, found}``, the two as entries.
    """

    def __init__(self, paths: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        self.paths = [dict(moved) for moved in paths]
        first = self.paths[0]["path"]
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        super().__init__(f"{first}{more} changed since this was made out: nothing was touched")


class RolledBack(ActError):
    """The change failed in the middle, and everything is as it was before but for what is ``left``, where somebody else
    has put something meanwhile: ``{path, reason}``.
    """

    def __init__(self, reason: str, path: str, left: t.Sequence[t.Mapping[str, str]]) -> None:
        but = f", but for {', '.join(item['path'] for item in left)}" if left else ""
        super().__init__(f"{reason}: everything is as it was before{but}")
        self.path = path
        self.left = [dict(item) for item in left]


class Stuck(ActError):
    """The change failed, and so did undoing or finishing it: its journal is open, and a recovery ends it."""

    def __init__(self, reason: str, path: str) -> None:
        super().__init__(reason)
        self.path = path


class ServicesMoved(ActError):
    """Nothing was touched: a service is not as the plan saw it. ``moved`` are ``{path, expected, found}``, in words."""

    def __init__(self, moved: t.Sequence[t.Mapping[str, str]]) -> None:
        self.moved = [dict(one) for one in moved]
        super().__init__(f"{self.moved[0]['path']} is not as it was when this was made out: nothing was touched")


class ServicesFailed(ActError):
    """The files are in place, and a step on the services failed. ``steps`` are those that were run, with their states,
    ``direction`` where they led (``forward`` or ``back``), ``point`` the restore point that was made before.
    """

    def __init__(
        self, reason: str, steps: t.Sequence[t.Mapping[str, t.Any]], direction: str, point: str | None
    ) -> None:
        super().__init__(reason)
        self.steps = [dict(step) for step in steps]
        self.direction = direction
        self.point = point
