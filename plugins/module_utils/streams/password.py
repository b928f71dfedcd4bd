# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password from a file of settings on the host; it is used and never told. Private to the collection."""

from __future__ import annotations

import os
import re

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_file, read_fd
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

_LIMIT = 1 << 20
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=[ \t]*(.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_password(host: Host, file: str, key: str) -> str:
    """Return the value of a key of a ``.env`` file. Raises Unseen; no reason holds any of the file's text."""
    path = os.path.join(host.root, file)
    try:
        # The links of the path are the operator's own.
        fd = open_file(None, os.path.realpath(path))
    except OSError as error:
        raise Unseen(f"the file {file}, which holds the password, cannot be read: {explain(error)}") from None
    try:
        content = read_fd(fd, _LIMIT)
    except OSError as error:
        raise Unseen(f"the file {file}, which holds the password, cannot be read: {explain(error)}") from None
    finally:
        os.close(fd)
    try:
        value = value_of(content.decode("utf-8-sig"), key)
    except UnicodeDecodeError:
        raise Unseen(f"the file {file}, which holds the password, is not text in UTF-8") from None
    except ValueError as reason:
        raise Unseen(f"the password {key} in {file} cannot be read: {reason}") from None
    if value is None:
        raise Unseen(f"there is no {key} in {file}, which should hold the password")
    if not value:
        raise Unseen(f"the password {key} in {file} is empty")
    return value


def value_of(text: str, key: str) -> str | None:
    """Return the value that a ``.env`` file gives a key, the last one counts; None when it has none.

    Raises ValueError, which names no value, when the file does not spell the value out.
    """
    found = None
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match and match[1] == key:
            found = match[2]
    return None if found is None else _unquoted(found.strip())


def _unquoted(value: str) -> str:
    quote = value[:1]
    if quote not in ("'", '"'):
        plain = re.split(r"(?:^|\s)#", value, maxsplit=1)[0].rstrip()
        if re.search(r"\$[{A-Za-z_]", plain):
            raise ValueError("it is put together from other variables")
        return plain
    pattern = r"'([^']*)'" if quote == "'" else r'"((?:[^"\\]|\\.)*)"'
    match = re.match(pattern + r"\s*(?:#.*)?\Z", value)
    if not match:
        raise ValueError("its quotes do not end on its line")
    if quote == "'":
        return match[1]
    if re.search(r"(?<!\\)\$[{A-Za-z_]", match[1]):
        raise ValueError("it is put together from other variables")
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), match[1])
