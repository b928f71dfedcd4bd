# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions share that work on the control node alone. Private to the collection."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

_NARROWEST, _WIDEST = 80, 120


class ControlAction(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """An action that connects to no host, and says by itself what it would do in check mode."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False


def columns() -> int:
    """Return how many columns what is shown may have: those of the terminal, within what can be read well."""
    of_terminal: int = Display().columns
    return max(_NARROWEST, min(_WIDEST, of_terminal))
