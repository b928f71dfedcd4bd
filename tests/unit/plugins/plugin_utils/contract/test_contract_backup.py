# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup_restic: what is right is complete, and what is wrong is named with its place."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import backup
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.spec import rows

DOCS = Path(__file__).parents[5] / "docs/backup.md"
GOOD = {"repository": "/srv/restic", "password_file": "/etc/restic/password"}


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_none_is_none(nothing: t.Any) -> None:
    assert backup.restic(nothing, "web1") is None


def test_what_is_left_out_has_its_default() -> None:
    assert backup.restic(GOOD, "web1") == {
        **GOOD,
        "env_file": None,
        "host": "web1",
        "keep": 30,
        "keep_days": None,
        "timeout": 3600,
    }


@pytest.mark.parametrize(
    "address",
    ["sftp:backup@192.0.2.7:/srv/restic", "rest:https://backup.example.org:8000/web/", "s3:s3.example.org/points"],
)
def test_an_address_without_a_password_is_taken(address: str) -> None:
    assert (backup.restic({**GOOD, "repository": address}, "web1") or {})["repository"] == address


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("/srv/restic", "backup_restic: expected a map"),
        ({"repository": "/srv/restic"}, "backup_restic.password_file: is missing"),
        ({"password_file": "/etc/p"}, "names no repository"),
        ({**GOOD, "pasword_file": "/etc/p"}, 'did you mean "password_file"'),
        ({**GOOD, "password_file": "secrets/p"}, "backup_restic.password_file: expected an absolute path on the host"),
        ({**GOOD, "repository": "srv/restic"}, "backup_restic.repository: expected a repository of restic"),
        ({**GOOD, "repository": "rest:https://me:c4n4ry-88@192.0.2.7/"}, "backup_restic.repository: holds a password"),
        ({**GOOD, "keep": 0}, "backup_restic.keep: expected a whole number"),
        ({**GOOD, "host": "a,b"}, "backup_restic.host: expected a name"),
        ({**GOOD, "timeout": "soon"}, "backup_restic.timeout: expected seconds"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_is_told(given: t.Any, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        backup.restic(given, "web1")
    assert said in str(caught.value)
    assert "c4n4ry-88" not in str(caught.value)


def test_where_points_are_fetched_to_starts_where_the_operator_stands() -> None:
    read = backup.fetch({"to": "kept", "recipient": "/etc/backup.pem"}, "/home/me")
    assert read == {"to": "/home/me/kept", "recipient": "/etc/backup.pem", "keep": 10, "timeout": 3600}
    with pytest.raises(ContractError, match=r"backup_fetch\.recipient: is missing"):
        backup.fetch({"to": "kept"}, "/home/me")


@pytest.mark.parametrize("table", sorted(backup.documented_keys()))
def test_each_key_is_documented_with_its_type_and_default(table: str) -> None:
    match = re.search(rf"<!-- table: {table} -->\n(.*?)\n<!-- end -->", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None
    assert match[1].splitlines() == rows(backup.documented_keys()[table])
