# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A missing module is looked for where other hosts have it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.elsewhere import place_imports
from hypothesis import given
from hypothesis import strategies as st

SAID = "src/app.py imports core.feed, which is nowhere"
CANDIDATES = ("src/core/feed.py", "src/core/feed/__init__.py")


def unresolved(host: str = "prod-1", **more: Any) -> dict[str, Any]:
    made = {
        "environment": "prod",
        "host": host,
        "section": "trees",
        "cause": "unresolved_import",
        "state": "failed",
        "subject": "core.feed",
        "summary": SAID,
        "expected": {"candidates": list(CANDIDATES)},
        "observed": {"line": 3},
    }
    return {**made, **more}


def beyond(path: str, host: str = "local-1", environment: str = "local", **more: Any) -> dict[str, Any]:
    made = {
        "environment": environment,
        "host": host,
        "section": "trees",
        "cause": "only_on_host",
        "state": "unexpected",
        "subject": path,
        "summary": f"{path} is only on {host}",
        "expected": {},
        "observed": {},
    }
    return {**made, **more}


def test_the_environment_that_has_a_candidate_is_named() -> None:
    one = unresolved()
    place_imports([beyond(CANDIDATES[0]), one])
    assert one["observed"] == {
        "line": 3,
        "found_in": [{"environment": "local", "host": "local-1", "path": CANDIDATES[0]}],
    }
    assert one["summary"] == f"{SAID}; local-1 (local) has {CANDIDATES[0]}"


def test_several_are_sorted_and_counted() -> None:
    one = unresolved()
    place_imports([beyond(CANDIDATES[1], "s-1", "staging"), beyond(CANDIDATES[0]), one, beyond(CANDIDATES[1])])
    assert [(place["host"], place["path"]) for place in one["observed"]["found_in"]] == [
        ("local-1", CANDIDATES[0]),
        ("local-1", CANDIDATES[1]),
        ("s-1", CANDIDATES[1]),
    ]
    assert one["summary"].endswith(f"local-1 (local) has {CANDIDATES[0]} and 2 more")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(beyond("src/core/other.py"), id="another path"),
        pytest.param(beyond(CANDIDATES[0], "prod-1", "prod"), id="the host itself"),
        pytest.param(beyond(CANDIDATES[0], state="missing"), id="missing there too"),
        pytest.param(beyond(CANDIDATES[0], state="differs"), id="in the reference"),
        pytest.param(beyond(CANDIDATES[0], section="git"), id="another section"),
        pytest.param(unresolved("staging-1"), id="missing there as well"),
    ],
)
def test_nothing_else_counts(other: dict[str, Any]) -> None:
    one = unresolved()
    before = copy.deepcopy([one, other])
    place_imports([one, other])
    assert [one, other] == before


def test_an_observation_that_others_may_hold_is_not_changed_in_place() -> None:
    observed = {"line": 3}
    place_imports([unresolved(observed=observed), beyond(CANDIDATES[0])])
    assert observed == {"line": 3}


_HOSTS = st.sampled_from(["prod-1", "local-1", "s-1"])
_FINDINGS = st.lists(
    st.one_of(
        st.builds(unresolved, _HOSTS),
        st.builds(beyond, st.sampled_from([*CANDIDATES, "src/x.py"]), _HOSTS, st.sampled_from(["local", "staging"])),
    ),
    max_size=8,
)


@given(_FINDINGS, st.randoms())
def test_each_place_is_true_and_the_order_changes_nothing(findings: list[dict[str, Any]], random: Any) -> None:
    shuffled = copy.deepcopy(findings)
    order = list(range(len(findings)))
    random.shuffle(order)
    place_imports(findings)
    place_imports([shuffled[place] for place in order])
    assert shuffled == findings
    having = {(one["host"], one["subject"]) for one in findings if one["state"] == "unexpected"}
    for one in findings:
        for place in one["observed"].get("found_in", []):
            assert (place["host"], place["path"]) in having and place["host"] != one["host"]
            assert place["path"] in one["expected"]["candidates"]
