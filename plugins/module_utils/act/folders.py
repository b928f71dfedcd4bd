# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directories of a change, held open: what is done in one is done in the same one throughout. Private to the
collection.
"""

from __future__ import annotations

import collections
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

_HELD = 128

Identity = t.Tuple[int, int]


class Folders:
    """Opens directories by their path below a root, each part by itself and never through a link.

    A directory that is another one than the first time is an error: somebody moved it meanwhile. One of ``barred`` (by
    device and inode) is refused: the state directory is no part of any tree.
    """

    def __init__(self, root_fd: int, barred: t.Iterable[Identity] = ()) -> None:
        self.root_fd = os.dup(root_fd)
        self._barred = frozenset(barred)
        self._open: collections.OrderedDict[str, int] = collections.OrderedDict()
        self._seen: dict[str, Identity] = {}

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, *_error: object) -> None:
        for fd in (self.root_fd, *self._open.values()):
            os.close(fd)

    def fd(self, path: str) -> int:
        """Return the descriptor of a directory, held here: ``""`` is the root. It may close when others are opened.

        Raises OSError (FileNotFoundError when it is not there), Unseen, Refused.
        """
        if not path:
            return self.root_fd
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        above, _slash, name = path.rpartition("/")
        fd = open_dir(self.fd(above), raw(name))
        try:
            self._check(path, fd)
        except (Unseen, Refused):
            os.close(fd)
            raise
        self._open[path] = fd
        if len(self._open) > _HELD:
            os.close(self._open.popitem(last=False)[1])
        return fd

    def forget(self, path: str) -> None:
        """Forget a directory and all below it: the change itself moves it."""
        below = path + "/"
        for known in [known for known in self._seen if known == path or known.startswith(below)]:
            del self._seen[known]
            if known in self._open:
                os.close(self._open.pop(known))

    def _check(self, path: str, fd: int) -> None:
        seen = os.fstat(fd)
        identity = (seen.st_dev, seen.st_ino)
        if identity in self._barred:
            raise Refused(f"{path} is the state directory of evenkeel.drift: no change goes there")
        if self._seen.setdefault(path, identity) != identity:
            raise Unseen(f"the directory {path} was replaced by another one meanwhile")
