# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists the restore points of a host's application, where its variables say that they are kept."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.action.restore_point import ActionModule as PointModule
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.service import INFO_ARGUMENTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points import copies
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused

Json = dict[str, t.Any]


class ActionModule(PointModule):
    """Reads alone."""

    MODULE = "evenkeel.drift.restore_point_info"
    LISTS = True
    SPEC: t.ClassVar[Json] = {"argument_spec": INFO_ARGUMENTS}

    def _filled(self, given: Json, settings: Settings) -> Json:
        return {"root": settings.root, "application": settings.application, "state_dir": settings.state_dir}

    def _told(self, variables: Json, request: Json, result: Json) -> Json:
        try:
            folder = self._copies(variables, request)
        except ContractError as error:
            raise Refused(error, str(variables["inventory_hostname"])) from error
        return {**result, "fetched": copies.listed(folder, {one["id"] for one in result["points"]})}

    def _show(self, host: str, request: Json, result: Json) -> None:
        """Show nothing: who asks for information does with it as they like."""
