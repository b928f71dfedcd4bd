# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchanges of the sections that need more than the default. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context, Exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.commands import CommandsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.compose import ComposeExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.configs import ConfigsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.containers import ContainersExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.endpoints import EndpointsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.git import GitExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.logs import LogsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.packages import PackagesExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.ports import PortsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.processes import ProcessesExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.resources import ResourcesExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.streams import StreamsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.trees import TreesExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.units import UnitsExchange

_EXCHANGES: dict[str, type[Exchange]] = {
    "containers": ContainersExchange,
    "compose": ComposeExchange,
    "configs": ConfigsExchange,
    "git": GitExchange,
    "logs": LogsExchange,
    "packages": PackagesExchange,
    "resources": ResourcesExchange,
    "streams": StreamsExchange,
    "units": UnitsExchange,
    "ports": PortsExchange,
    "processes": ProcessesExchange,
    "trees": TreesExchange,
    "endpoints": EndpointsExchange,
    "commands": CommandsExchange,
}


def exchange(section: str, contract: t.Any, context: Context) -> Exchange:
    """Return the control node's half of a section."""
    return _EXCHANGES.get(section, Exchange)(contract, context)
