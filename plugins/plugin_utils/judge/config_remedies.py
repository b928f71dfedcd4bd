# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about configuration that is not as it should be. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy, saving

RESTART = remedy("restart", "Make sure that the file is right, then restart what reads it: it runs with older values.")
RECREATE = remedy(
    "recreate", "Make sure that the file is right, then recreate the container: a restart keeps the values."
)
OVERRIDDEN = remedy(
    "fix_setting", "Find what sets it besides this file, such as the unit, the Compose file or a shell."
)
DECLARE = remedy("declare", "Give each of these keys a rule, or the file a default: until then nothing judges them.")
ALLOWED = remedy(
    "fix_setting", "Set a value that the contract allows and restart what reads it, or correct the contract."
)
DOUBLE = remedy("fix_setting", "Keep the line that is meant: of several lines the last one counts, for most programs.")

BY_CAUSE = {
    "missing_key": remedy("fix_setting", "Set the key, and restart what reads the file."),
    "only_on_host": saving(
        "fix_setting", "Commit the key to the reference when the host needs it, remove it otherwise, or let it differ."
    ),
    "forbidden_key": remedy("fix_setting", "Remove the key, and restart what reads the file."),
    "value_differs": saving(
        "fix_setting", "Decide which value is right: set it here, commit it to the reference, or let the key differ."
    ),
    "same_value": remedy(
        "fix_setting", "Make a value for this environment alone, and revoke the shared one where it is a secret."
    ),
    "empty_value": remedy("fix_setting", "Set a value, and restart what reads the file."),
    "placeholder": remedy("fix_setting", "Put the real value in its place, and restart what reads the file."),
}
