# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the kernel's tables of sockets. Private to the collection."""

from __future__ import annotations

import os

from ansible_collections.evenkeel.drift.plugins.module_utils.net.table import Socket, parse_table
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc

_LIMIT = 256 << 20


def read_table(proc: Proc, table: str) -> tuple[list[Socket], str]:
    """Return the listening sockets of a table (``net.table.PROTOCOLS``), or why it is rightly empty. Raises Unseen."""
    folder = f"{proc.root}/self/net"
    path = f"{folder}/{table}"
    try:
        with open(path, encoding="ascii", errors="backslashreplace") as file:
            text = file.read(_LIMIT + 1)
    except FileNotFoundError:
        if table.endswith("6") and os.path.exists(f"{folder}/{table[:3]}") and not os.path.exists(f"{folder}/if_inet6"):
            return [], "this kernel has no IPv6"
        raise Unseen(f"{path} does not exist") from None
    except OSError as error:
        raise Unseen(f"{path} cannot be read: {explain(error)}") from None
    if len(text) > _LIMIT:
        raise Unseen(f"{path} is larger than {_LIMIT >> 20} MiB")
    try:
        return parse_table(table, text), ""
    except ValueError as error:
        raise Unseen(f"{path} has another form than Linux gives it: {error}") from None
