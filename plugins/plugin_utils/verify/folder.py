# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of one verification, beside those of deploys: made first, so that a window can be observed into it, and
sealed when all is decided. Private to the collection.
"""

from __future__ import annotations

import datetime
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import (
    INCOMPLETE,
    RunFolder,
    StoreError,
    past_runs,
    point_latest,
    prune,
)

FOLDER = "verifications"
DOCUMENT = "verify.json"
REPORT = "verify-report.md"
ABOUT = "run.json"
_LONGEST = datetime.timedelta(days=2)
"""What began before that is not under way any more: a window is a day at most."""

Json = dict[str, t.Any]


def open_verification(output_dir: str, label: str, about: Json) -> RunFolder:
    """Make the folder of a verification. Raises StoreError. ``about`` stands in run.json.

    Its id says what it is: its run begins in the same second, and has the same label.
    """
    started = utc_now()
    folder = RunFolder.create(os.path.join(output_dir, FOLDER), started, f"verify-{label}")
    folder.write(ABOUT, {**about, "id": folder.id, "kind": "verification", "started": started})
    return folder


def rests_on(folder: RunFolder, run: RunFolder) -> None:
    """Note which run is decided when a watch is over. Raises StoreError.

    A watch may be kept in any folder: one that is of no verification is left as it is.
    """
    if not os.path.isfile(folder.join(ABOUT)):
        return
    about, name = folder.read(ABOUT), os.path.basename(os.path.realpath(run.path))
    if about.get("run") != name:
        folder.write(ABOUT, {**about, "run": name})


def runs_under_way(output_dir: str, now: str) -> list[str]:
    """Return the runs that verifications of any play need that have not ended. ``now`` is a time as evidence has it."""
    oldest = datetime.datetime.strptime(now, "%Y-%m-%dT%H:%M:%SZ") - _LONGEST
    named = []
    for folder in past_runs(os.path.join(output_dir, FOLDER)):
        if not folder.complete() and folder.id[:16] >= oldest.strftime("%Y%m%dT%H%M%SZ"):
            try:
                named.append(folder.read(ABOUT).get("run"))
            except (FileNotFoundError, StoreError):
                # It was removed meanwhile, or nobody can go on with it: it needs no run, and keeps no other from it.
                continue
    return [name for name in named if name]


def files_of(folder: RunFolder) -> dict[str, str]:
    """Return the checksums, by name, of what was observed into the folder itself."""
    return {name: folder.checksum(name) for name in folder.files() if name not in (ABOUT, DOCUMENT, REPORT)}


def decided(folder: RunFolder) -> Json | None:
    """Return what a verification has decided, None where it did not come to that, or cannot be read any more."""
    try:
        made: Json = folder.read(DOCUMENT) if folder.complete() else {}
    except (FileNotFoundError, StoreError):
        return None
    return made or None


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
    prune(os.path.dirname(folder.path), int(about["keep"]), folder, ended=True, needed=about.get("needed") or ())
