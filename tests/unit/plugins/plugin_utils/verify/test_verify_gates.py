# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which gates of a deploy stand in the report of a verification."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import gates

Json = dict[str, t.Any]


def gate(name: str) -> Json:
    return {"name": name, "state": "not_asked", "sentence": f"{name} is asked"}


def test_a_batch_has_the_gates_of_its_own_hosts_and_those_of_all(tmp_path: Path) -> None:
    hosts: list[Json] = [
        {"host": name, "actions": [{}], "gates": [gate("journal")]} for name in ("web1", "web2", "web3")
    ]
    plan = {"gates": [gate("window")], "hosts": hosts}
    found = gates.of_deploy(RunFolder(str(tmp_path)), plan, ["web1", "web3"])
    assert [(one["host"], one["name"]) for one in found] == [
        (None, "window"),
        ("web1", "journal"),
        ("web3", "journal"),
    ]
