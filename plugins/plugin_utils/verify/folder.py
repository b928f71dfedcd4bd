# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of one verification, beside those of deploys: made first, so that a window can be observed into it, and
sealed when all is decided. Private to the collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import (
    INCOMPLETE,
    RunFolder,
    point_latest,
    prune,
)

FOLDER = "verifications"
DOCUMENT = "verify.json"
REPORT = "verify-report.md"
ABOUT = "run.json"

Json = dict[str, t.Any]


def open_verification(output_dir: str, label: str, about: Json) -> RunFolder:
    """Make the folder of a verification. Raises StoreError. ``about`` stands in run.json.

    Its id says what it is: its run begins in the same second, and has the same label.
    """
    started = utc_now()
    folder = RunFolder.create(os.path.join(output_dir, FOLDER), started, f"verify-{label}")
    folder.write(ABOUT, {**about, "id": folder.id, "kind": "verification", "started": started})
    return folder


def files_of(folder: RunFolder) -> dict[str, str]:
    """Return the checksums, by name, of what was observed into the folder itself."""
    return {name: folder.checksum(name) for name in folder.files() if name not in (ABOUT, DOCUMENT, REPORT)}


def refuse(folder: RunFolder, reason: str) -> None:
    """Say in the folder why there is no result. Raises StoreError."""
    folder.write_bytes(INCOMPLETE, f"{reason}\n".encode("utf-8", "backslashreplace"))


def finish(folder: RunFolder, document: Json, report: str) -> None:
    """Write the result, seal the folder, and remove the oldest. Raises StoreError."""
    about = folder.read(ABOUT)
    folder.write(DOCUMENT, document)
    folder.write_bytes(REPORT, report.encode("utf-8"))
    ended = {"finished": utc_now(), "run": document["run"], "verdict": document["overall"]["verdict"]}
    folder.write(ABOUT, {**about, **ended})
    folder.seal()
    point_latest(folder)
    prune(os.path.dirname(folder.path), int(about["keep"]), folder, needed=about.get("needed") or ())
