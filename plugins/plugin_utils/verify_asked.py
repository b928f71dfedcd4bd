# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of a play ask of a verification, checked before anything is done. Private to the collection."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import verify
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import accepted

Json = dict[str, t.Any]


class Asked(t.NamedTuple):
    """The settings of a verification, those of an audit that count for it, and what it is compared with, or None."""

    settings: verify.VerifySettings
    general: Settings
    before: Json | None


def read(variables: Json, hosts: t.Sequence[str], template: t.Callable[[t.Any], t.Any]) -> Asked:
    """Return what is asked, which is the same for all hosts. Raises ContractError, StoreError."""
    known = verify.variables()
    given = control.prefixed(variables, verify.PREFIX, known, template)
    problems = control.unequal(known, hosts, variables["hostvars"], "verification")
    if problems:
        raise ContractError(problems)
    settings = verify.resolve(given, cwd=os.getcwd(), now_s=time.time())
    general = control.settings_without_host(variables, template, "drift_output_dir", "drift_keep_verifications")
    return Asked(
        settings, general, None if settings.accepted is None else accepted.read(settings.accepted, general.output_dir)
    )
