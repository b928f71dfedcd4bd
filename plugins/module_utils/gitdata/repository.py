# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what one repository is: its format, settings, index, and the commit it is at. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import config as config_file
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files, index, splitindex
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.config import Config
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import Place, find
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.refs import Refs
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain

OID_SIZES = {"sha1": 20, "sha256": 32}
"""Bytes of an object's name, by object format."""


class IndexFile(t.NamedTuple):
    """An index and the time of its file in nanoseconds: what was modified later is not taken as unchanged."""

    entries: index.Index
    written_ns: int
    exists: bool


def head_commit(work_fd: int) -> str:
    """Return the commit, in hex, that the repository of an open work tree is at. Raises Unseen, with the reason."""
    with find(work_fd) as place:
        commit = Refs(place).head().commit
    if commit is None:
        raise Unseen("it has no commit yet")
    return commit


def read_config(place: Place) -> Config:
    """Return the settings of a repository. Raises Unseen when they cannot be read."""
    config = config_file.parse(files.read(place.common_fd, b"config", config_file.LIMIT) or b"")
    if config.flag("extensions", "worktreeconfig", False):
        config_file.parse(files.read(place.git_fd, b"config.worktree", config_file.LIMIT) or b"", config)
    return config


def object_format(config: Config) -> str:
    """Return ``sha1`` or ``sha256``. Raises Unseen for a format that is not known."""
    name = (config.get("extensions", "objectformat") or b"sha1").lower().decode("utf-8", "backslashreplace")
    if name not in OID_SIZES:
        raise Unseen(f"its object format {name} is not known")
    return name


def read_index(place: Place, oid_size: int) -> IndexFile:
    """Return the index, an empty one when there is none. Raises Unseen when it cannot be read."""
    if files.look(place.git_fd, b"index") is None:
        return IndexFile(index.Index(2, oid_size, b""), 0, False)
    try:
        fd = paths.open_file(place.git_fd, b"index")
    except OSError as error:
        raise Unseen(f"index: {explain(error)}") from None
    try:
        written_ns = os.fstat(fd).st_mtime_ns
        data = paths.read_fd(fd, index.LIMIT)
    except OSError as error:
        raise Unseen(f"index: {explain(error)}") from None
    except Unseen as unseen:
        raise Unseen(f"index: {unseen.reason}") from None
    finally:
        os.close(fd)
    return IndexFile(_whole(place, index.parse(data, oid_size), oid_size), written_ns, True)


def _whole(place: Place, own: index.Parsed, oid_size: int) -> index.Index:
    base = splitindex.base_name(own.link, oid_size) if own.link is not None else None
    whole = own.entries
    if base is not None:
        data = files.read(place.git_fd, base, index.LIMIT)
        if data is None:
            raise Unseen(f"index: its shared half {base.decode('ascii')} does not exist")
        if data[-oid_size:].hex() != base.decode("ascii").rpartition(".")[2]:
            raise Unseen("index: damaged: its shared half is another file")
        whole = splitindex.join(own, index.parse(data, oid_size).entries)
    index.check(whole)
    return whole
