# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that are given and empty: what names something is refused then, and not taken for unset."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import backup, settings, sync, verify
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError

REFUSED = [
    "drift_allowed_signers",
    "drift_application",
    "drift_environment",
    "drift_output_dir",
    "drift_plan",
    "drift_reference",
    "drift_repo",
    "drift_run",
    "drift_save_baseline",
    "drift_signing_key",
    "drift_state_dir",
    "sync_after",
    "sync_approve",
    "sync_branch",
    "sync_classified",
    "sync_clean_reference",
    "sync_rehearsed",
    "sync_rehearsed_within",
    "sync_require_approval",
    "sync_restart",
    "sync_serial",
    "sync_tests",
    "sync_tests_timeout",
    "sync_window",
    "verify_accepted",
    "verify_deploy",
    "verify_strict",
    "verify_watch",
]


def resolved(name: str, value: t.Any) -> t.Any:
    if name.startswith("sync_"):
        return sync.resolve({name: value})
    if name.startswith("verify_"):
        return verify.resolve({name: value}, cwd="/home/me/ops", now_s=0.0)
    return settings.resolve({"drift_root": "/srv/app", name: value}, cwd="/home/me/ops")


@pytest.mark.parametrize("empty", ["", "  "])
@pytest.mark.parametrize("name", REFUSED)
def test_what_names_something_is_not_empty(name: str, empty: str) -> None:
    with pytest.raises(ContractError) as caught:
        resolved(name, empty)
    (error,) = caught.value.errors
    assert error.startswith(f"{name}: is empty, ")


@pytest.mark.parametrize(
    "name", sorted({*settings.variables(), *sync.variables(), *verify.variables()} - {"drift_root", *REFUSED})
)
def test_all_others_count_as_unset(name: str) -> None:
    assert resolved(name, "") == resolved(name, None)


@pytest.mark.parametrize("name", REFUSED)
def test_null_counts_as_unset(name: str) -> None:
    assert resolved(name, None) == resolved("drift_nice" if name.startswith("drift_") else name, None)


def test_the_message_says_what_to_do() -> None:
    with pytest.raises(ContractError) as caught:
        resolved("drift_plan", "")
    assert caught.value.errors == [
        "drift_plan: is empty, like a variable of the shell that was never set: give it a value (path on the control "
        "node), or leave drift_plan out"
    ]
    with pytest.raises(ContractError, match='leave drift_output_dir out for the default, "drift-runs"'):
        resolved("drift_output_dir", "")


def test_a_restore_point_without_a_name_is_not_the_newest_one() -> None:
    backup.check_point(None, "rollback_to")
    backup.check_point("20261121T154500Z-3f9a1c", "rollback_to")
    with pytest.raises(ContractError, match=r"rollback_to: is empty, .* leave rollback_to out"):
        backup.check_point("", "rollback_to")
