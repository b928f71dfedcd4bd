# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of the deploy that is verified, each as it stood when the plan was applied. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

Json = dict[str, t.Any]


def read(deploy: RunFolder) -> list[Json]:
    """Return ``[{host|null, name, state, sentence}]`` of a deploy. Raises StoreError, PlanError.

    What was not declared is told as that, and blocks nothing.
    """
    deploy.verify()
    plan = document.load(deploy.join(document.PLAN))
    return [
        *({"host": None, **gate} for gate in plan["gates"]),
        *({"host": host["host"], **gate} for host in plan["hosts"] for gate in host["gates"]),
    ]
