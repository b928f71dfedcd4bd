# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening a run: one folder for all hosts, with the key that lives as long as the run. Private to the collection."""

from __future__ import annotations

import os
import pwd
import secrets
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import (
    PRIVATE,
    RunFolder,
    StoreError,
    past_runs,
)

FINDINGS = "findings.json"
_KEY = f"{PRIVATE}/key"
_KEY_BYTES = 32

Json = dict[str, t.Any]


def open_run(output_dir: str, label: str, started: str, about: Json) -> RunFolder:
    """Make the folder of a new run and write down who runs it. Raises StoreError.

    ``about`` holds ``kind``, ``hosts``, ``controller`` and the run-wide ``settings``.
    """
    folder = RunFolder.create(output_dir, started, label)
    folder.write_bytes(_KEY, secrets.token_bytes(_KEY_BYTES))
    folder.write("run.json", {"id": folder.id, "started": started, "as_of": started, **about})
    folder.write("first_seen.json", _first_seen(output_dir, folder, set(about["environments"].values())))
    return folder


def run_key(folder: RunFolder) -> bytes:
    """Return the key under which this run compares secret content."""
    with open(folder.join(_KEY), "rb") as file:
        return file.read()


def _first_seen(output_dir: str, current: RunFolder, environments: t.Collection[str]) -> dict[str, str]:
    """Return when each finding of the last complete run of each environment was first seen, by finding id.

    It is kept in the new run's folder, so that judging it again does not depend on a run that may be pruned by then.
    """
    found: dict[str, str] = {}
    wanted = set(environments)
    for folder in reversed(past_runs(output_dir)):
        if not wanted:
            break
        if folder.id == current.id or not folder.complete():
            continue
        try:
            past = folder.read(FINDINGS)
        except (FileNotFoundError, StoreError):
            continue
        here = wanted & {environment["name"] for environment in past["environments"]}
        found.update(
            {finding["id"]: finding["first_seen"] for finding in past["findings"] if finding["environment"] in here}
        )
        wanted -= here
    return found


def owner_of(environ: t.Mapping[str, str]) -> str:
    """Return the name of the person who runs this, as far as the environment tells."""
    told = environ.get("SUDO_USER") or environ.get("USER") or environ.get("LOGNAME")
    if told:
        return told
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
