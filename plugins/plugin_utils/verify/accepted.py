# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification is compared with: a verification or a run that somebody accepted. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import checks, document, figures, inputs, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.folder import DOCUMENT, FOLDER

FILE = "accepted.json"
"""Where the folder of a verification has what it is compared with."""

Json = dict[str, t.Any]


def id_of(name: str, output_dir: str) -> str:
    """Return the id of what a name means, also where it is a path, or a link such as ``latest``."""
    for path in (os.path.join(output_dir, FOLDER, name), name, os.path.join(output_dir, name)):
        if os.path.isfile(os.path.join(path, "run.json")):
            return os.path.basename(os.path.realpath(path))
    return name


def read(name: str, output_dir: str) -> Json:
    """Return ``{name, application, environments, figures}`` of what was accepted. Raises StoreError.

    ``name`` is the id of a verification or of a run below ``output_dir``, or the path of its folder.
    """
    below = os.path.join(output_dir, FOLDER)
    is_verification = os.path.isfile(os.path.join(below, name, "run.json"))
    found = RunFolder.existing(name, below if is_verification else output_dir, "verify_accepted", "verification or run")
    try:
        return _verification(found) if os.path.isfile(found.join(DOCUMENT)) else _run(found)
    except StoreError as error:
        raise StoreError(f"verify_accepted: {error}") from error


def _verification(found: RunFolder) -> Json:
    found.verify()
    made = found.read(DOCUMENT)
    if made["schema"] != document.SCHEMA:
        raise StoreError(f"{found.join(DOCUMENT)} is of {made['schema']}, and this release reads {document.SCHEMA}")
    if made["overall"]["verdict"] == verdicts.FAIL:
        raise StoreError(f"{found.path} is FAIL: nobody accepts that; name one that passed, or a run")
    return {"name": found.id, **{key: made[key] for key in ("application", "environments", "figures")}}


def _run(found: RunFolder) -> Json:
    seen = inputs.read(found)
    return {
        "name": found.id,
        "application": seen.findings["run"]["application"],
        "environments": [env["name"] for env in seen.findings["environments"]],
        "figures": figures.of(seen, checks.of_run(seen.findings)),
    }


def comparable(found: Json, findings: Json) -> None:
    """Check that what was accepted is of the same application and environments. Raises StoreError."""
    application = findings["run"]["application"]
    environments = [env["name"] for env in findings["environments"]]
    if found["application"] != application:
        raise StoreError(
            f"verify_accepted: {found['name']} is of the application {found['application']}, and this is {application}"
        )
    strangers = [name for name in environments if name not in found["environments"]]
    if strangers:
        raise StoreError(
            f"verify_accepted: {found['name']} is of {', '.join(found['environments'])}, and this is of {strangers[0]}"
        )
