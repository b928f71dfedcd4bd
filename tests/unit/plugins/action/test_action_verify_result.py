# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a host fails a verification: by what is FAIL or UNKNOWN, and by all else only where nothing is."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.action import verify_result
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts


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
    every = verdicts.counts(given)
    made = verify_result._verdict("v-1", {"reasons": reasons, "verdict": "FAIL", "failure": None, "counted": every})
    assert made["more"] == 0
    assert [one["severity"] for one in made["reasons"]] == counted


def test_of_more_than_are_listed_all_are_counted() -> None:
    reasons = [{"check": "x", "verdict": "FAIL", "sentence": "it is"}] * 50
    counted = {**verdicts.counts([]), "FAIL": 120, "UNKNOWN": 3, "OBSERVATION": 70}
    about = {"reasons": reasons, "verdict": "FAIL", "failure": None, "counted": counted}
    made = verify_result._verdict("v-1", about)
    assert (len(made["reasons"]), made["more"]) == (50, 73)
