# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section name -> its rules. A new section is one line here. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import (
    commands,
    compose,
    configs,
    containers,
    endpoints,
    git,
    logs,
    packages,
    ports,
    processes,
    resources,
    streams,
    trees,
    units,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement

Judge = t.Callable[[t.Any, t.Mapping[str, t.Any], Context], Judgement]

JUDGES: dict[str, Judge] = {
    containers.SECTION: containers.judge,
    compose.SECTION: compose.judge,
    configs.SECTION: configs.judge,
    git.SECTION: git.judge,
    logs.SECTION: logs.judge,
    packages.SECTION: packages.judge,
    resources.SECTION: resources.judge,
    streams.SECTION: streams.judge,
    units.SECTION: units.judge,
    ports.SECTION: ports.judge,
    processes.SECTION: processes.judge,
    trees.SECTION: trees.judge,
    endpoints.SECTION: endpoints.judge,
    commands.SECTION: commands.judge,
}
