# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that takes its place when it is whole. Private to the collection."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs


@contextlib.contextmanager
def prepared(own_fd: int, own: fs.Name, dir_fd: int, name: fs.Name) -> t.Iterator[int]:
    """Give a new file called ``own``, which becomes ``name`` when the block has ended well, in the place of what had
    that name. Else nothing is left of it, but by a process that is killed. Raises FileExistsError, OSError.
    """
    fd = fs.create(own_fd, own)
    try:
        yield fd
        fs.rename(own_fd, own, dir_fd, name)
    except OSError:
        # The error is what counts: what cannot be removed either is removed by who finds it.
        with contextlib.suppress(OSError):
            fs.unlink(own_fd, own)
        raise
    finally:
        os.close(fd)
