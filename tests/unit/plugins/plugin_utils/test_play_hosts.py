# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a task that runs once: all of the play, or those of a batch; never with hosts that go their own ways."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.play_hosts import hosts_of

# web1 has failed before, web3 is of a later batch.
VARIABLES = {"ansible_play_hosts_all": ["web1", "web2", "web3"], "ansible_play_batch": ["web2"]}


def task(strategy: str, serial: list[t.Any]) -> t.Any:
    play = types.SimpleNamespace(strategy=strategy, serial=serial)
    return types.SimpleNamespace(get_play=lambda: play)


@pytest.mark.parametrize("strategy", ["linear", "ansible.builtin.linear", "debug", "mitogen.mitogen.mitogen_linear"])
def test_all_hosts_of_the_play_count_or_those_of_a_batch(strategy: str) -> None:
    assert hosts_of(task(strategy, []), VARIABLES) == ["web1", "web2", "web3"]
    assert hosts_of(task(strategy, [1, "100%"]), VARIABLES) == ["web2"]


def test_a_task_without_a_play_counts_for_all() -> None:
    assert hosts_of(types.SimpleNamespace(get_play=lambda: None), VARIABLES) == ["web1", "web2", "web3"]


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.free", "ansible.builtin.host_pinned", "mitogen_free"])
def test_hosts_that_go_their_own_ways_are_refused(strategy: str) -> None:
    with pytest.raises(ContractError, match=f"strategy: is {strategy}"):
        hosts_of(task(strategy, []), VARIABLES)
