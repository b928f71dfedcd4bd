# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert channels among the contract's endpoints: their addresses are looked at, never used.

Private to the collection.
"""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.http.webhooks import ANY, KINDS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import REQUIRED, Key, Map
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = ("configured", "well_formed", "distinct")
"""The checks of an alert channel, whose severity can be set."""

_PLACE = Map(
    {
        "file": Key(shapes.AnyPath(), REQUIRED, "the file of the host that holds it, in the style of .env"),
        "key": Key(shapes.Text(), REQUIRED, "its name in the file"),
    }
)

WEBHOOK = Map(
    {
        "name": Key(shapes.Text(), None, "its name in reports, unique; unset: the key"),
        "webhook": Key(_PLACE, REQUIRED, "where the host has its address, which is a secret"),
        "kind": Key(shapes.Choice((ANY, *KINDS)), ANY, "what its address must be of"),
        "distinct": Key(
            shapes.Boolean(), True, "whether no other one of the host, or of another environment, may have its address"
        ),
        "required": Key(shapes.Boolean(), True, "false: that it is not set is told and is no drift"),
        **terms(CHECKS),
    }
)
