# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy ``git``: a request of the control node that moves a repository with its files. Private to the
collection.
"""

from __future__ import annotations

import contextlib
import functools
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs, service
from ansible_collections.evenkeel.drift.plugins.module_utils.act.delivery import folder_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove import moving
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.act.strategy import Work
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, explain

Json = t.Dict[str, t.Any]


def answer(request: Json) -> Json:
    """Return what ``act/service.py`` answers."""
    return service.answer(request, functools.partial(git, request["git"]))


@contextlib.contextmanager
def git(
    move: t.Any, planned: Work, state: State | None, about: t.Mapping[str, t.Any], host: Host, check: bool
) -> t.Iterator[Work]:
    """Give the operations of a plan and those that move the repository. Raises BadOperations, ActError, Unseen,
    OSError.
    """
    check = check or state is None
    notes: list[str] = []
    applied = False
    ended: ActError | None = None
    try:
        with moving.prepared(move, planned.root, planned.sources, about, host, check) as more:
            if check or state is None or not more.operations:
                yield planned._replace(paths=more.paths)
                return
            with folder_of(state) as folder:
                _keep(folder, more.contents)
                sources = [*(planned.sources or ()), folder]
                try:
                    yield Work(planned.root, [*planned.operations, *more.operations], sources, notes=notes)
                except ActError as error:
                    ended = error
                    raise
                applied = True
    except OSError as error:
        if ended is not None:
            # A disk that fails in the middle of a change fails here as well: how the change ended is what counts.
            raise ended from error
        if not applied:
            raise
        notes.append(
            f"the repository was moved, and clearing up after it failed: {explain(error)}. When .git/index.lock is "
            "still there it keeps git out: the next deploy removes it"
        )


def _keep(folder: int, made: t.Mapping[str, bytes]) -> None:
    for sha256, content in sorted(made.items()):
        fd = fs.create(folder, sha256)
        try:
            fs.write(fd, content)
        finally:
            os.close(fd)
