# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a plan that moves a host's repository, made of evidence and the reference's repository. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync import SyncSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates, packing, repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable

Json = dict[str, t.Any]


def move(
    found: Json | None, contract: Json | None, about: Json, settings: SyncSettings
) -> tuple[list[Json], list[Json]]:
    """Return the actions, one or none, and the gates. ``found`` is the evidence of the section git, ``contract`` that
    section of the contract, ``about`` the reference.
    """
    wish = repository.Wish(settings.branch, settings.detached, settings.overwrite_host_work)
    seen = repository.gate(found, contract, about["commit"], wish, ())
    if found is None or gates.refusals([seen]):
        return [], [seen]
    behind = repository.left_behind(found, about["commit"], wish)
    try:
        known = packing.history(about, repository.having(found), behind)
    except ReferenceUnavailable as error:
        return [], [gates.refused("repository", f"the reference could not be read: {error.reason}")]
    action = repository.action(found, about, known.tree, known.known, wish)
    strange = known.strange if action is not None else []
    checked = repository.gate(found, contract, about["commit"], wish, strange)
    return ([] if action is None else [action]), [checked]
