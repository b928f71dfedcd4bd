# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a configuration: found, opened and read on its host. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import MAX_BYTES
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed_parts
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

MAX_DIGESTED = 256 << 20
"""How large a file may be of which the whole content is compared."""

_PART = 1 << 20
_ATTEMPTS = 3


class Missing(Exception):
    """There is no such configuration. The message says what there is instead."""


class Content(t.NamedTuple):
    """``head`` is the whole content unless it is longer than any format may be; ``digest`` is that of all of it under
    the run's key, None without a key and of a file that is too large.
    """

    head: bytes
    digest: str | None
    size: int
    mtime_s: float
    target: str


def read_content(path: str, host: Host) -> Content:
    """Return the content of the file at a path (``text.show``), absolute or below the root of ``host``.

    Links are followed, as the application follows them. Raises Missing, and Unseen when it cannot be read or does not
    hold still.
    """
    try:
        place = os.path.join(host.root, os.fsdecode(raw(path)))
    except ValueError:
        raise Unseen("this is not the spelling of a path") from None
    for _attempt in range(_ATTEMPTS):
        host.check_time()
        found = _once(place, host)
        if found is not None:
            return found
    raise Unseen("it changed each time that it was read")


def _once(place: str, host: Host) -> Content | None:
    """Return the content, None when it changed while it was read."""
    try:
        fd = paths.open_target(place)
    except (FileNotFoundError, NotADirectoryError):
        raise Missing("it is a link that leads nowhere" if os.path.islink(place) else "it does not exist") from None
    except OSError as error:
        raise Unseen(f"it cannot be opened: {explain(error)}") from None
    except ValueError:
        raise Unseen("a path holds no NUL") from None
    try:
        before = os.fstat(fd)
        head = b"".join(_pieces(fd, MAX_BYTES + 1, host))
        digest = None
        if before.st_size <= MAX_DIGESTED:
            digest = keyed_parts(host.key, _all(head, fd, host))
        after = os.fstat(fd)
    except OSError as error:
        raise Unseen(f"it cannot be read: {explain(error)}") from None
    finally:
        os.close(fd)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return None
    return Content(head, digest, after.st_size, after.st_mtime, os.path.realpath(place))


def _all(head: bytes, fd: int, host: Host) -> t.Iterator[bytes]:
    yield head
    yield from _pieces(fd, MAX_DIGESTED, host)


def _pieces(fd: int, limit: int, host: Host) -> t.Iterator[bytes]:
    while limit > 0:
        host.check_time()
        part = os.read(fd, min(_PART, limit))
        if not part:
            return
        limit -= len(part)
        yield part
