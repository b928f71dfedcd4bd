# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when on an observation reads logs whose contract does not say so. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings

KEY = "since"
"""Where run.json has it: seconds before the observation, a time in UTC, or ``deploy``. An audit has none."""


def applied(settings: Settings, since: t.Any) -> Settings:
    """Return the settings with every log read from then on that the contract gives no ``since`` of its own."""
    logs = settings.contract.get("logs")
    if since is None or not logs:
        return settings
    windows = [entry if entry["since"] is not None else _windowed(entry, since) for entry in logs]
    return dataclasses.replace(settings, contract={**settings.contract, "logs": windows})


def _windowed(entry: dict[str, t.Any], since: t.Any) -> dict[str, t.Any]:
    return {**entry, "since": since, "lines": None, "bytes": None}
