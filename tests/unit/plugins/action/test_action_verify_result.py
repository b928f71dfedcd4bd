# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a host fails a verification: by what is FAIL or UNKNOWN, and by all else only where nothing is."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.action import verify_result


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        (["FAIL", "UNKNOWN", "NOT_EXERCISED", "OBSERVATION"], ["FAIL", "UNKNOWN"]),
        (["NOT_EXERCISED", "OBSERVATION"], ["NOT_EXERCISED", "OBSERVATION"]),
        ([], ["FAIL"]),
    ],
)
def test_only_what_fails_a_host_is_counted(given: list[str], counted: list[str]) -> None:
    reasons = [{"check": name, "verdict": name, "sentence": f"it is {name}"} for name in given]
    made = verify_result._verdict("v-1", {"reasons": reasons, "verdict": "FAIL", "failure": None})
    assert [one["severity"] for one in made["reasons"]] == counted
