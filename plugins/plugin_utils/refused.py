# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an action of the collection fails: with one message that is whole. Private to the collection."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal


class Refused(AnsibleActionFail):  # type: ignore[misc]  # ansible-core ships no types
    """``raise Refused(error) from error`` says what went wrong once: ansible-core would add the message of each cause,
    which ours has already. Mistakes in variables are told one a line.
    """

    _include_cause_message = False

    def __init__(self, said: str | Exception, host: str = "") -> None:
        told = said.errors if isinstance(said, ContractError) else [str(said)]
        before = f"{host}: " if host else ""
        super().__init__("\n".join(terminal(f"{before}{one}") for one in told))
