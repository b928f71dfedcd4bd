# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose restore points, and where they are kept. Private to the collection."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import NoPoint
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import default_folder
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import POINTS, State, open_state
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths


class Asked(t.NamedTuple):
    """Whose points, where they are kept, and who asks: ``state_dir`` None is the default of this user."""

    root: str
    application: str
    state_dir: str | None
    who: str
    why: str
    run: str


@contextlib.contextmanager
def root(asked: Asked) -> t.Iterator[int]:
    """Yield a descriptor of the application's root. Raises Unseen, OSError."""
    fd = paths.open_root(asked.root)
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def opened(asked: Asked, create: bool = True) -> t.Iterator[tuple[State, int]]:
    """Yield the state directory and a descriptor of its points. Raises NoPoint when there is none and none is made."""
    state = open_state(asked.state_dir or default_folder(), asked.application, create)
    if state is None:
        raise NoPoint(f"there is no restore point of {asked.application} on this host: none was ever made")
    with state:
        points_fd = state.folder(POINTS)
        try:
            yield state, points_fd
        finally:
            os.close(points_fd)


def existing(asked: Asked) -> t.ContextManager[tuple[State, int]]:
    """Yield what :func:`opened` does, of a state directory that is there. Raises NoPoint."""
    return opened(asked, create=False)
