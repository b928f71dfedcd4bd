# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value of a file in the style of ``.env``, for what a contract must not hold itself. Private to the collection."""

from __future__ import annotations

import os

from ansible_collections.evenkeel.drift.plugins.module_utils.dotenv import decode, statements
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain

_MAX_BYTES = 1 << 20


def read_value(root: str, file: str, key: str) -> str:
    """Return the value of ``key`` in a file as :func:`find_value` does; none raises Unseen as well."""
    found = find_value(root, file, key)
    if not found:
        raise Unseen(f"{file} has no value for {key}")
    return found


def find_value(root: str, file: str, key: str) -> str:
    """Return the value of ``key`` in a file, the last one when it has several, empty text when it has none.

    ``file`` is absolute, or relative to ``root``; links are followed, as the application follows them. Raises Unseen
    with a reason that never holds a value.
    """
    found = ""
    for one in statements(_text(os.path.join(root, file), file)):
        if one.name == key and not one.problem:
            # What begins like a comment is one: no password is guessed out of it.
            found = "" if not one.quoted and (one.value or "").startswith("#") else one.value or ""
    return found


def _text(path: str, name: str) -> str:
    try:
        fd = paths.open_target(path)
        try:
            return decode(paths.read_fd(fd, _MAX_BYTES))
        finally:
            os.close(fd)
    except OSError as error:
        raise Unseen(f"{name} cannot be read: {explain(error)}") from None
    except ValueError:
        raise Unseen(f"{name} is not text in UTF-8") from None
    except Unseen as unseen:
        raise Unseen(f"{name} cannot be read: {unseen.reason}") from None
