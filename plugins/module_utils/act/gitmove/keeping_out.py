# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps git out of a repository while files in it are put back. Private to the collection."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove import incoming
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.sweep import sweep
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import NoRepository, Place, find
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show

_WAIT_S = 10.0
_PAUSE_S = 0.1
_WITHIN = ".git/"


@contextlib.contextmanager
def kept_out(root: str, changed: t.Iterable[str], host: Host) -> t.Iterator[None]:
    """Hold git's own lock of the repository at ``root`` when any of the paths ``changed`` lies in it, and let nobody
    else hold one of them. What git is just doing is waited for, a few seconds at most.

    Raises Refused, which names the lock, Unseen, OSError.
    """
    names = [raw(path)[len(_WITHIN) :] for path in changed if path.startswith(_WITHIN)]
    with contextlib.ExitStack() as held:
        if names:
            sweep(root)
            root_fd = paths.open_root(root)
            held.callback(os.close, root_fd)
            # Where the repository itself is gone nobody works in it.
            with contextlib.suppress(NoRepository):
                place = held.enter_context(find(root_fd))
                _wait(lambda: _enter(held, place, names), host)
        yield


def _enter(held: contextlib.ExitStack, place: Place, names: t.Sequence[bytes]) -> None:
    """Take the lock, unless another one is there. Raises Refused."""
    with contextlib.ExitStack() as taken:
        taken.enter_context(incoming.locked(place))
        for name in names:
            lock = name + b".lock"
            if name != b"index" and files.look(place.git_fd, lock) is not None:
                raise Refused(
                    f"git works in its repository: {_WITHIN}{show(lock)} is there. Wait until it has ended; when no "
                    "git runs any more, remove that file; then try again"
                )
        held.push(taken.pop_all())


def _wait(enter: t.Callable[[], None], host: Host) -> None:
    end = time.monotonic() + min(_WAIT_S, host.time_left())
    while True:
        try:
            enter()
            return
        except Refused:
            if time.monotonic() >= end:
                raise
        time.sleep(_PAUSE_S)
