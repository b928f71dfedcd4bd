# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value of a file in the style of ``.env``, for what a contract must not hold itself. Private to the collection."""

from __future__ import annotations

import os
import re

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain

_MAX_BYTES = 1 << 20
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.*?)\s*", re.ASCII)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'")


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
    for line in _text(os.path.join(root, file), file).splitlines():
        match = _LINE.fullmatch(line)
        if match is not None and match.group(1) == key:
            found = _plain(match.group(2))
    return found


def _text(path: str, name: str) -> str:
    folder, base = os.path.split(os.path.realpath(path))
    try:
        parent = paths.open_root(folder)
        try:
            fd = paths.open_file(parent, base)
        finally:
            os.close(parent)
        try:
            return paths.read_fd(fd, _MAX_BYTES).decode("utf-8")
        finally:
            os.close(fd)
    except OSError as error:
        raise Unseen(f"{name} cannot be read: {explain(error)}") from None
    except UnicodeDecodeError:
        raise Unseen(f"{name} is not text in UTF-8") from None
    except Unseen as unseen:
        raise Unseen(f"{name} cannot be read: {unseen.reason}") from None


def _plain(text: str) -> str:
    quoted = _QUOTED.match(text)
    if quoted is None:
        return _COMMENT.sub("", text).strip()
    if quoted.group(2) is not None:
        return quoted.group(2)
    return re.sub(r"\\(.)", r"\1", quoted.group(1))
