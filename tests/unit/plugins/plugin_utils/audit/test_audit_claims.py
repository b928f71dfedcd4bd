# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which inventories may be read together. The folders need not exist: a path without one is taken for a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.claims import check_claims
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from hypothesis import given
from hypothesis import strategies as st

_NAMES = st.text(min_size=1, max_size=12)


def refusal(hosts_of: dict[str, list[str]], environments: dict[str, str]) -> str:
    with pytest.raises(ContractError) as raised:
        check_claims({source: set(hosts) for source, hosts in hosts_of.items()}, environments)
    return str(raised.value)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """Two inventory directories and one more that has the name of the first."""
    made = {name: tmp_path / name for name in ("staging", "prod", "other/prod")}
    for folder in made.values():
        folder.mkdir(parents=True)
    return {name: str(folder) for name, folder in made.items()}


@pytest.mark.parametrize(
    ("hosts_of", "environments"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"/i/prod": ["a", "b"]}, {"a": "prod", "b": "prod"}, id="one inventory"),
        pytest.param({"/i/prod": ["a", "b"]}, {"a": "blue", "b": "green"}, id="two environments of one inventory"),
        pytest.param({"/i/x.yml": ["a"], "/i/y.yml": ["b"]}, {"a": "prod", "b": "prod"}, id="files of one folder"),
        pytest.param({"/i/x.yml": ["a"], "/j/y.yml": ["b"]}, {"a": "one", "b": "two"}, id="files of two folders"),
        pytest.param({"a,b": ["a", "b"]}, {"a": "default", "b": "default"}, id="host list"),
        pytest.param({"a,": ["a"], "b,": ["b"]}, {"a": "default", "b": "default"}, id="two host lists"),
        pytest.param({"/i/x.yml": []}, {"made": "prod"}, id="a host that no source names"),
        pytest.param({"/i/x.yml": ["a"], "/j/y.yml": ["a", "b"]}, {"b": "prod"}, id="a shared host out of the play"),
    ],
)
def test_allowed(hosts_of: dict[str, list[str]], environments: dict[str, str]) -> None:
    check_claims(hosts_of, environments)


def test_directories_with_environments_of_their_own(folders: dict[str, str]) -> None:
    check_claims({folders["staging"]: ["s1"], folders["prod"]: ["p1"]}, {"s1": "staging", "p1": "prod"})


def test_one_host_in_two_inventories_names_the_host_and_both() -> None:
    said = refusal({"/i/staging": ["app"], "/i/prod": ["app", "db"]}, {"app": "prod", "db": "prod"})
    assert 'host "app" is in two inventories, "/i/prod" and "/i/staging"' in said


def test_the_environment_of_another_inventory(folders: dict[str, str]) -> None:
    said = refusal({folders["staging"]: ["s1"], folders["prod"]: ["p1"]}, {"s1": "prod", "p1": "prod"})
    assert 'host "s1"' in said and 'the drift_environment "prod"' in said
    assert folders["staging"] in said and folders["prod"] in said


def test_one_environment_from_two_directories(folders: dict[str, str]) -> None:
    said = refusal({folders["prod"]: ["p1"], folders["other/prod"]: ["q1"]}, {"p1": "prod", "q1": "prod"})
    assert 'the environment "prod" is claimed by two inventories' in said
    assert '"p1"' in said and '"q1"' in said


def test_one_environment_for_all_is_refused(folders: dict[str, str]) -> None:
    said = refusal({folders["staging"]: ["s1"], folders["prod"]: ["p1"]}, {"s1": "everything", "p1": "everything"})
    assert 'the environment "everything" is claimed by two inventories' in said


@given(host=_NAMES, sources=st.lists(_NAMES, min_size=2, max_size=2, unique=True), environment=_NAMES)
def test_a_shared_host_is_refused_on_one_line_whatever_the_names(
    host: str, sources: list[str], environment: str
) -> None:
    said = refusal({source: [host] for source in sources}, {host: environment})
    assert len(said.splitlines()) == 1


@given(st.permutations(["/i/x.yml", "/j/y.yml", "/k/z.yml"]))
def test_the_order_of_the_sources_changes_nothing(sources: list[str]) -> None:
    hosts_of = {source: [source[1]] for source in sources}
    assert refusal(hosts_of, dict.fromkeys("ijk", "prod")) == refusal(
        dict(sorted(hosts_of.items())), dict.fromkeys("kji", "prod")
    )
