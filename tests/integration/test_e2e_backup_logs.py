# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs archived by the playbook backup: those of the contract, when it is asked for, and nothing is done to a log."""

from __future__ import annotations

import json
import tarfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.action.log_archive import chosen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from e2e_operator import Operator, Outcome

BACKUP = "evenkeel.drift.backup"
CANARY = "s3cr3t-canary-77b2"
LOGS = [
    {"name": "main", "path": "logs/main.log"},
    {"name": "shop.service", "path": None},
    {"name": "/var/log/x.log", "path": "/var/log/x.log"},
]


@pytest.mark.parametrize(
    ("wanted", "paths", "apart"),
    [
        (["*"], ["logs/main.log", "/var/log/x.log"], ["shop.service"]),
        (["ma*"], ["logs/main.log"], []),
        (["logs/*"], ["logs/main.log"], []),
        (["/var/log/*", "main"], ["logs/main.log", "/var/log/x.log"], []),
        (["shop.service"], [], ["shop.service"]),
        ([], [], []),
    ],
)
def test_logs_are_chosen_by_name_and_path(wanted: list[str], paths: list[str], apart: list[str]) -> None:
    found, left = chosen(LOGS, wanted)
    assert (found, [one["path"] for one in left]) == (paths, apart)


def test_a_log_that_there_is_not_is_named_with_the_nearest() -> None:
    with pytest.raises(ContractError, match=r'logs\[1\]: the contract has no log "mian", did you mean "main"\?'):
        chosen(LOGS, ["*", "mian"])
    assert chosen([], ["*"]) == ([], [])


def test_a_backup_archives_logs_when_it_is_asked_to(tmp_path: Path, operator: Operator) -> None:
    root = tmp_path / "shop"
    (root / "logs").mkdir(parents=True)
    (root / "app.py").write_text("app\n")
    log = root / "logs/main.log"
    log.write_text(f"token={CANARY}\n" * 100)
    before = log.stat()
    contract = {"trees": [{"name": "app", "path": ".", "exclude": ["logs/"]}], "logs": [{"path": "logs/*.log"}]}
    variables = {"drift_root": str(root), "drift_contract": contract, "drift_state_dir": str(tmp_path / "state")}
    inventory = operator.inventory({"web1": variables})

    def backup(*arguments: str, **more: t.Any) -> Outcome:
        return operator.play(BACKUP, "-i", str(inventory), "-e", json.dumps(more), *arguments)

    def archives() -> list[Path]:
        return sorted((tmp_path / "state").glob("*/logs/*"))

    assert backup().code == 0
    assert archives() == []
    checked = backup("--check", backup_logs=True)
    assert (checked.code, archives()) == (0, []), checked.text
    assert "an archive of logs would have 1 log" in checked.text
    for _number in range(2):
        # As -e backup_logs=true gives it: text.
        outcome = operator.play(BACKUP, "-i", str(inventory), "-e", "backup_logs=true", "-e", "backup_logs_keep=1")
        assert outcome.code == 0, outcome.text
    (made,) = archives()
    with tarfile.open(made) as tar:
        assert [one.name for one in tar] == ["root/logs/main.log"]
    assert "1 log, 2." in outcome.text and "removed, older than is kept: 1 archive" in outcome.text
    assert CANARY not in outcome.text
    after = log.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    wrong = backup(backup_logs=["man"])
    assert wrong.code == 2 and "the contract has no log" in wrong.text
    assert backup(backup_logs=["logs/*.log"], backup_logs_keep=0).code == 2
    assert archives() == [made]
