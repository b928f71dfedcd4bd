# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's pipeline and catalogue."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings, resolve


def read(**overviews: t.Any) -> Settings:
    return resolve({"drift_root": "/srv/app", "drift_contract": {"git": None, **overviews}}, cwd="/")


def test_they_are_read_and_are_no_sections() -> None:
    settings = read(
        pipeline=[{"stage": "intake", "of": "processes: main"}, {"stage": "out", "of": ["git:repository"]}],
        catalogue={"core": "processes:*"},
    )
    assert settings.contract["pipeline"] == [
        {"stage": "intake", "of": ["processes:main"]},
        {"stage": "out", "of": ["git:repository"]},
    ]
    assert settings.contract["catalogue"] == {"core": ["processes:*"]}
    assert settings.sections == ["git"]


@pytest.mark.parametrize(
    ("overviews", "message"),
    [
        ({"pipeline": []}, "drift_contract.pipeline: expected a list of map, found an empty list"),
        ({"pipeline": [{"stage": "a"}]}, "drift_contract.pipeline[0].of"),
        ({"pipeline": [{"stage": "a", "of": "main"}]}, "drift_contract.pipeline[0].of[0]: expected section:component"),
        ({"pipeline": [{"stage": "a", "of": "procesess:main"}]}, 'did you mean "processes"'),
        ({"pipeline": [{"stage": "a", "of": "units:"}]}, "expected section:component"),
        ({"pipeline": [{"stage": "a", "of": "units:a"}] * 2}, "drift_contract.pipeline[1]"),
        ({"pipelin": []}, "drift_contract.pipelin"),
        ({"catalogue": ["units:a"]}, "drift_contract.catalogue: expected a map of category"),
        ({"catalogue": {"core": "a"}}, "drift_contract.catalogue.core[0]: expected section:component"),
    ],
)
def test_a_mistake_is_named(overviews: dict[str, t.Any], message: str) -> None:
    with pytest.raises(ContractError) as caught:
        read(**overviews)
    assert message in str(caught.value)


def test_alone_they_are_no_contract() -> None:
    with pytest.raises(ContractError, match="names no section"):
        resolve({"drift_root": "/", "drift_contract": {"catalogue": {"core": "git:repository"}}}, cwd="/")
