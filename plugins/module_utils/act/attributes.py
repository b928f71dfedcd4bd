# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving an open file or directory its attributes. Private to the collection."""

from __future__ import annotations

import base64
import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import xattrs_of
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

# Every file has its label where SELinux is on, and none can be without.
_STAYS = "security.selinux"


def give(fd: int, wanted: t.Mapping[str, t.Any], also_mode: int = 0) -> None:
    """Give ``mode``, ``uid``, ``gid``, ``xattrs``, ``mtime_ns`` to an open file or directory; null leaves one as it is.

    ``also_mode`` are permission bits that it gets besides. Only what differs is set. The order matters: a new owner
    costs setuid bits and capabilities, an access list changes the mode. Raises OSError.
    """
    seen = os.fstat(fd)
    uid = seen.st_uid if wanted.get("uid") is None else wanted["uid"]
    gid = seen.st_gid if wanted.get("gid") is None else wanted["gid"]
    if (uid, gid) != (seen.st_uid, seen.st_gid):
        try:
            fs.chown(fd, uid, gid)
        except PermissionError as error:
            who = f"user {os.geteuid()} cannot give it to user {uid} and group {gid}"
            raise PermissionError(error.errno, f"{explain(error)}: {who}") from error
    if wanted.get("xattrs") is not None:
        _give_xattrs(fd, wanted["xattrs"])
    if wanted.get("mode") is not None:
        mode = int(wanted["mode"], 8) | also_mode
        if stat.S_IMODE(os.fstat(fd).st_mode) != mode:
            fs.chmod(fd, mode)
    mtime_ns = wanted.get("mtime_ns")
    if mtime_ns is not None and seen.st_mtime_ns != mtime_ns:
        fs.set_times(fd, seen.st_atime_ns, mtime_ns)


def same_xattrs(wanted: t.Mapping[str, str], has: t.Mapping[str, str]) -> bool:
    """Return whether a file has the extended attributes that are wanted; a label that cannot be taken away is no
    more.
    """
    return dict(wanted) == {name: value for name, value in has.items() if name in wanted or name != _STAYS}


def _give_xattrs(fd: int, wanted: t.Mapping[str, str]) -> None:
    has = xattrs_of(fd)
    for name in sorted(has.keys() - wanted.keys() - {_STAYS}):
        fs.remove_xattr(fd, os.fsdecode(raw(name)))
    for name in sorted(wanted):
        if has.get(name) != wanted[name]:
            fs.set_xattr(fd, os.fsdecode(raw(name)), base64.b64decode(wanted[name]))
