# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the small files of a git directory: bounded, regular files only, never through a link. Private to the
collection.
"""

from __future__ import annotations

import os
import re
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

SMALL = 4096
"""Largest HEAD, loose ref, ``.git`` file and the like, in bytes."""

_HEX = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def read(dir_fd: int, path: bytes, limit: int = SMALL) -> bytes | None:
    """Return the content of the file at ``path`` below ``dir_fd``, or None when there is none.

    Raises Unseen, naming the file, when it cannot be read, is no regular file, or is larger than ``limit`` bytes.
    """
    try:
        fd = paths.open_beneath(dir_fd, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unseen(f"{show(path)}: {explain(error)}") from None
    except Unseen:
        raise Unseen(f"{show(path)} is not a regular file") from None
    try:
        return paths.read_fd(fd, limit)
    except OSError as error:
        raise Unseen(f"{show(path)}: {explain(error)}") from None
    except Unseen as unseen:
        raise Unseen(f"{show(path)}: {unseen.reason}") from None
    finally:
        os.close(fd)


def look(dir_fd: int, path: bytes) -> os.stat_result | None:
    """Return the lstat of ``path`` below ``dir_fd``, None when there is nothing. Raises Unseen, naming it."""
    try:
        return os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unseen(f"{show(path)}: {explain(error)}") from None


def is_dir(dir_fd: int, path: bytes) -> bool:
    """Return whether ``path`` is a directory, and no link to one. Raises Unseen."""
    seen = look(dir_fd, path)
    return seen is not None and stat.S_ISDIR(seen.st_mode)


def names(dir_fd: int, path: bytes) -> list[bytes]:
    """Return the sorted names in the directory ``path``, an empty list when there is none. Raises Unseen, naming it."""
    try:
        fd = paths.open_dir(dir_fd, path)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unseen(f"{show(path)}: {explain(error)}") from None
    try:
        return sorted(os.fsencode(name) for name in os.listdir(fd))
    except OSError as error:
        raise Unseen(f"{show(path)}: {explain(error)}") from None
    finally:
        os.close(fd)


def object_id(text: bytes) -> str | None:
    """Return an object's name in lower-case hex, None when ``text`` is none."""
    return text.decode("ascii") if _HEX.fullmatch(text) else None


def guarded(unknown: list[dict[str, str]], path: str, make: t.Callable[[], t.Any], instead: t.Any) -> t.Any:
    """Return ``make()``; when that raises Unseen, add ``{path, reason}`` to ``unknown`` and return ``instead``."""
    try:
        return make()
    except Unseen as unseen:
        unknown.append({"path": path, "reason": unseen.reason})
        return instead
