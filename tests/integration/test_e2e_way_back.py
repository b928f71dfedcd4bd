# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is to be verified or to go back, and cannot just then: the next remediation sees to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator
from e2e_shop import BAD, Shop, fingerprint, opened


@pytest.fixture(name="shop")
def fixture_shop(tmp_path: Path, operator: Operator) -> Iterator[Shop]:
    with opened(tmp_path / "shop", operator) as shop:
        yield shop


def test_a_host_whose_way_back_failed_goes_back_when_it_is_run_again(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD, "src/new.py": "new\n"})
    state = shop.folder / "state"

    def out_of_reach() -> None:
        for points in state.glob("*/points") if (root / "src/app.py").read_text() == BAD else ():
            points.rename(points.with_name("away"))

    shop.meanwhile = out_of_reach
    outcome = shop.remediate()
    assert (outcome.code, shop.ended()["outcomes"]) == (2, {"web1": "failed"}), outcome.text
    assert "bringing it back failed as well" in shop.result("web1")["reason"]
    assert (root / "src/app.py").read_text() == BAD
    shop.meanwhile = dict
    (away,) = state.glob("*/away")
    away.rename(away.with_name("points"))
    (deploy,) = shop.deploys()
    outcome = shop.remediate()
    assert (outcome.code, fingerprint(root)) == (2, before), outcome.text
    result = shop.result("web1")
    assert (result["outcome"], result["of"]) == ("rolled_back", deploy.name)
    assert "verified again: nothing is worse than before the change" in result["reason"]


def test_a_host_whose_verification_did_not_come_to_an_end_is_verified_when_it_is_run_again(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD})

    def damage() -> None:
        # That of the batch, and not that of the end.
        begun = sorted((shop.operator.runs / "verifications").glob("2*/run.json"))
        if len(begun) == 1:
            begun[0].write_text("{")

    shop.meanwhile = damage
    outcome = shop.remediate()
    assert (outcome.code, shop.ended()["outcomes"]) == (2, {"web1": "failed"}), outcome.text
    assert "its verification did not come to an end" in shop.result("web1")["reason"]
    assert (root / "src/app.py").read_text() == BAD
    shop.meanwhile = dict
    (deploy,) = shop.deploys()
    outcome = shop.remediate()
    assert (outcome.code, fingerprint(root)) == (2, before), outcome.text
    result = shop.result("web1")
    assert (result["outcome"], result["of"]) == ("rolled_back", deploy.name)
