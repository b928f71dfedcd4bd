# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a task is for that runs once for all, in plays of others too. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError

# Also under the names of other collections, such as mitogen_free. These run a task with run_once for each host.
_EACH_FOR_ITSELF = ("free", "host_pinned")


def hosts_of(task: t.Any, variables: t.Mapping[str, t.Any]) -> list[str]:
    """Return the hosts of the play, also those that have failed in it before; with ``serial`` those of the batch that
    have not, as a host of another batch must not be told as one that was not seen. Raises ContractError where the
    strategy of the play would make a run of each host.
    """
    play = task.get_play()
    if play is not None and str(play.strategy).endswith(_EACH_FOR_ITSELF):
        raise ContractError(
            [
                f"strategy: is {play.strategy}, with which each host goes its own way. All hosts of a run are judged "
                "together: give the play strategy: ansible.builtin.linear"
            ]
        )
    batches = play is not None and bool(play.serial)
    return [str(host) for host in variables["ansible_play_batch" if batches else "ansible_play_hosts_all"]]
