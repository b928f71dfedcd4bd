# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines that are broken on purpose: a test that they pass as well proves nothing."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs


def in_place(
    operations: t.Sequence[t.Mapping[str, t.Any]], sources: t.Sequence[int], root: str, *_rest: t.Any, **_options: t.Any
) -> dict[str, t.Any]:
    """Write into the files themselves, by their names: what many a script does."""
    for operation in operations:
        path = os.path.join(root, operation["path"])
        if operation["do"] == "write" and os.path.isfile(path):
            source = os.open(operation["sha256"], os.O_RDONLY, dir_fd=sources[0])
            fd = os.open(path, os.O_WRONLY)
            fs.overwrite(fd, b"")
            fs.write(fd, os.read(source, 1 << 20))
            os.close(source)
            os.close(fd)
    return {}
