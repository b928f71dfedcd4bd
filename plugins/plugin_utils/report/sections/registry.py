# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section name -> its tables in the report. A section without a line here is shown by its findings alone.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import Lines, heading
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import (
    commands,
    compose,
    configs,
    containers,
    endpoints,
    git,
    logs,
    packages,
    plain,
    ports,
    processes,
    resources,
    streams,
    trees,
    units,
)

RENDERERS: dict[str, t.Callable[[Report], Lines]] = {
    containers.SECTION: containers.render,
    compose.SECTION: compose.render,
    configs.SECTION: configs.render,
    git.SECTION: git.render,
    logs.SECTION: logs.render,
    packages.SECTION: packages.render,
    resources.SECTION: resources.render,
    streams.SECTION: streams.render,
    units.SECTION: units.render,
    ports.SECTION: ports.render,
    processes.SECTION: processes.render,
    trees.SECTION: trees.render,
    endpoints.SECTION: endpoints.render,
    commands.SECTION: commands.render,
}


def render(report: Report) -> Lines:
    """Return the detailed findings of every section that this run is about."""
    lines = heading(2, "Detailed findings")
    for section in report.sections:
        renderer = RENDERERS.get(section)
        lines += renderer(report) if renderer else plain.render(report, section)
    return lines
