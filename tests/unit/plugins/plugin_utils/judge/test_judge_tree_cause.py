# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth table of causes and directions."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import tree_cause
from judge_builders import difference, entry

A, B, C = entry("a"), entry("b"), entry("c")
RUN = entry("a", mode="0755")
SECRET = {"type": "file", "mode": "0600", "secret": True}
NOT_TOLD = (None, "none")


@pytest.mark.parametrize(
    ("host", "reference", "base", "expected"),
    [
        (A, B, A, ("behind", "reference_ahead")),
        (A, B, B, ("edited_on_host", "host_ahead")),
        (A, B, C, ("both_changed", "both")),
        (A, B, None, ("both_changed", "both")),
        (A, None, None, ("only_on_host", "host_ahead")),
        (A, None, A, ("behind", "reference_ahead")),
        (A, None, B, ("both_changed", "both")),
        (None, B, None, ("never_deployed", "reference_ahead")),
        (None, B, B, ("deleted_on_host", "host_ahead")),
        (None, B, C, ("deleted_on_host", "both")),
        (SECRET, SECRET, SECRET, NOT_TOLD),
        (SECRET, None, SECRET, NOT_TOLD),
        ({"type": "link", "target": "x"}, B, B, ("edited_on_host", "host_ahead")),
        (
            {"type": "link", "target": "x"},
            {"type": "link", "target": "y"},
            {"type": "link", "target": "x"},
            ("behind", "reference_ahead"),
        ),
        (
            {"type": "submodule", "commit": "1"},
            {"type": "submodule", "commit": "2"},
            {"type": "submodule", "commit": "3"},
            ("both_changed", "both"),
        ),
        (entry("p", lfs={"oid": "b" * 64}), B, B, ("lfs_pointer", "reference_ahead")),
    ],
)
def test_three_sides(host: object, reference: object, base: object, expected: tuple[object, str]) -> None:
    assert tuple(tree_cause.of_difference(difference("a", host, reference, base=base))) == expected


@pytest.mark.parametrize(("host", "reference"), [(A, B), (A, None), (None, B)])
def test_without_a_base_nothing_is_claimed(host: object, reference: object) -> None:
    assert tuple(tree_cause.of_difference(difference("a", host, reference))) == NOT_TOLD


@pytest.mark.parametrize(
    ("host", "reference", "base", "direction"),
    [(RUN, A, A, "host_ahead"), (RUN, A, RUN, "reference_ahead"), (A, entry(mode="0600"), A, "none")],
)
def test_mode_alone(host: object, reference: object, base: object, direction: str) -> None:
    found = tree_cause.of_difference(difference("a", host, reference, "mode", base=base))
    assert tuple(found) == ("mode_changed", direction)


@pytest.mark.parametrize(
    ("side", "base", "expected"),
    [
        ("host", "none", ("only_on_host", "host_ahead")),
        ("host", "same", ("behind", "reference_ahead")),
        ("host", "unknown", NOT_TOLD),
        ("reference", "none", ("never_deployed", "reference_ahead")),
        ("reference", "same", ("deleted_on_host", "host_ahead")),
        ("reference", "unknown", NOT_TOLD),
    ],
)
def test_whole_directories(side: str, base: str, expected: tuple[object, str]) -> None:
    assert tuple(tree_cause.of_group(side, base)) == expected
