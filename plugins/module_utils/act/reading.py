# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a state directory: where it is, whose it must be, and its documents. Nothing here changes anything: an audit
may use it. Private to the collection.
"""

from __future__ import annotations

import json
import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir, open_file, read_fd
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

CODE = "code"
HISTORY = "history"
LOG = "log.jsonl"
SYSTEM = "/var/lib/evenkeel"
_MAX_DOCUMENT = 256 << 20


def default_folder() -> str:
    """Return where the state of all applications is kept when nothing else is said."""
    if os.geteuid() == 0:
        return SYSTEM
    home = os.environ.get("XDG_STATE_HOME", "")
    return os.path.join(home if home.startswith("/") else os.path.expanduser("~/.local/state"), "evenkeel")


def open_own(parent_fd: int, name: str, path: str) -> int:
    """Return a descriptor of a folder that is this user's, or root's, and closed to all others.

    Raises FileNotFoundError, and Refused with what to do for any other folder.
    """
    try:
        fd = open_dir(parent_fd, name)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Refused(f"the state directory {show(path)} cannot be used: {explain(error)}") from None
    seen = os.fstat(fd)
    problem = ""
    if seen.st_uid not in (os.geteuid(), 0):
        problem = f"belongs to user {seen.st_uid}: chown it to user {os.geteuid()}"
    elif stat.S_IMODE(seen.st_mode) & 0o077:
        problem = f"is open to others (mode {stat.S_IMODE(seen.st_mode):04o}): chmod 0700 it"
    if problem:
        os.close(fd)
        raise Refused(f"the state directory {show(path)} {problem}, or name another one with drift_state_dir")
    return fd


def read_document(dir_fd: int, name: str) -> t.Any:
    """Return a JSON document in an open directory, None when there is none. Raises OSError, Unseen, ValueError."""
    try:
        fd = open_file(dir_fd, name)
    except FileNotFoundError:
        return None
    try:
        return json.loads(read_fd(fd, _MAX_DOCUMENT))
    finally:
        os.close(fd)
