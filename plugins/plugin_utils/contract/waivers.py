# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of ``drift_waivers``. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import SectionName
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import REQUIRED, Key, ListOf, Map

SHAPE = ListOf(
    Map(
        {
            "section": Key(SectionName(), REQUIRED, "the section of the accepted findings"),
            "subject": Key(shapes.Text(), REQUIRED, "their subject; `*`, `?` and `[a-z]` are wildcards"),
            "environment": Key(shapes.Text(), "*", "their environment, with wildcards"),
            "host": Key(shapes.Text(), "*", "their host, with wildcards"),
            "component": Key(shapes.Text(), "*", "their component, such as the tree's name, with wildcards"),
            "check": Key(shapes.Text(), "*", "their check, with wildcards"),
            "reason": Key(shapes.Text(lines=True), REQUIRED, "why the difference is accepted"),
            "owner": Key(shapes.Text(), REQUIRED, "who accepted it"),
            "expires": Key(shapes.Date(), REQUIRED, "the last day on which it counts"),
        }
    )
)
