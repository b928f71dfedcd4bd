# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a run that was judged to a verification that holds together. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import checks, consistency, document, folder, inputs

Json = dict[str, t.Any]


def decide(opened: RunFolder, run: RunFolder) -> tuple[Json, Json]:
    """Return verify.json, and the findings of the run. Raises StoreError, Contradiction."""
    about = opened.read(folder.ABOUT)
    seen = inputs.read(run)
    settings = about["settings"]
    described = document.About(
        opened.id, about["started"], about["controller"], about["deploy"], settings["strict"], settings["again_days"]
    )
    made = document.build(described, seen, checks.of_run(seen.findings), {"gates": about["gates"]})
    consistency.check(made, seen.findings, {**seen.manifest, **folder.files_of(opened)})
    return made, seen.findings
