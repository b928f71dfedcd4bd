# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the code of a change in the state directory, so that the next change need not bring it. Private to the
collection.

It is never trusted: whoever uses it asks for its digest, and compares that with what was read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.prepared import prepared
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import CODE, default_folder
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import open_state

Json = t.Dict[str, t.Any]


def keep(change: Json, version: str, packs: t.Iterable[bytes]) -> None:
    """Put packs of code into the state directory of a change, and remove those of other versions.

    What cannot be kept is sent again: an error here is nobody's loss. Where there is no state directory none is made.
    """
    with contextlib.suppress(OSError, Refused):
        state = open_state(change.get("state_dir") or default_folder(), change["application"], create=False)
        if state is not None:
            with state:
                _keep(state.folder(CODE), version, packs)


def _keep(folder: int, version: str, packs: t.Iterable[bytes]) -> None:
    try:
        for name in sorted(os.listdir(folder)):
            # What is prepared begins with a dot: a process that was killed left it.
            if not name.startswith(f"{version}-"):
                fs.unlink(folder, name)
        for pack in packs:
            _put(folder, f"{version}-{hashlib.sha256(pack).hexdigest()}", pack)
    finally:
        os.close(folder)


def _put(folder: int, name: str, pack: bytes) -> None:
    # Not brought to the disk: what a power cut takes is not there, and is sent again.
    with prepared(folder, f".{name}", folder, name) as fd:
        fs.write(fd, pack)
