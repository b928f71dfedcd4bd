# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier rescues hold. Private to the collection."""

from __future__ import annotations

import os

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

FOLDER = "rescues"
"""Where rescues lie, beside the run folders."""
ABOUT = "rescue.json"


def rescued(output_dir: str, application: str) -> set[str]:
    """Return the SHA-256 of every content in a rescue of an application. One that is damaged does not count."""
    found: set[str] = set()
    top = os.path.join(output_dir, FOLDER)
    names = sorted(os.listdir(top)) if os.path.isdir(top) else []
    for name in names:
        folder = RunFolder(os.path.join(top, name))
        if not os.path.isfile(folder.join(ABOUT)):
            continue
        try:
            folder.verify()
            about = folder.read(ABOUT)
        except StoreError:
            continue
        if about.get("application") == application:
            found.update(about["files"].values())
    return found
