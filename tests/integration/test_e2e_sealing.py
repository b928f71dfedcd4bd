# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator meets when a run may not be sealed, and how it gets sealed; end to end over the local connection."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_project import write

PASSWORD = "Qx7-plain-W9zz"
ADDRESS = "http://127.0.0.1:1/hooks/telegram"

Json = dict[str, t.Any]


@pytest.fixture(name="host")
def fixture_host(tmp_path: Path) -> Path:
    host = tmp_path / "host"
    write(
        host,
        {
            "conf/app.yaml": f"db:\n  password: {PASSWORD}\n",
            "app.log": f"2026-03-01T10:00:00Z INFO connected with {PASSWORD}\n",
        },
    )
    return host


def kept(operator: Operator, outcome: Outcome) -> str:
    """Return all that an audit left behind, on the terminal too."""
    files = [path for path in operator.runs.rglob("*") if path.is_file()]
    return outcome.text + "".join(path.read_text("utf-8", "replace") for path in files)


@pytest.mark.parametrize("sections", [None, ["logs"]])
def test_an_audit_of_fewer_sections_knows_the_same_secrets(
    operator: Operator, host: Path, sections: list[str] | None
) -> None:
    contract = {
        "configs": [{"path": "conf/app.yaml", "keys": {"*": "must_be_present"}}],
        "logs": [{"path": "app.log", "forbid": ["connected"]}],
    }
    outcome = operator.audit_one(host, drift_contract=contract, drift_sections=sections)
    assert outcome.brief("logs") == {("forbid", "app.log:connected", "forbidden_pattern")}, outcome.text
    assert PASSWORD not in kept(operator, outcome)


def audit(operator: Operator, host: Path, address: str, **more: t.Any) -> Outcome:
    write(host, {".env": f"WEBHOOK_URL={address}\n"})
    contract: Json = {
        "configs": [{"path": ".env", "keys": {"WEBHOOK_URL": "must_be_present"}}],
        "endpoints": [{"name": "hook", "url": address, "required": False}],
    }
    return operator.audit_one(host, drift_contract=contract, **more)


def test_a_public_address_in_the_contract_does_not_stop_an_audit(operator: Operator, host: Path) -> None:
    outcome = audit(operator, host, ADDRESS)
    assert "is not sealed" not in outcome.text and outcome.findings["run"], outcome.text


def test_a_refused_run_says_which_secret_it_was_and_how_to_go_on(operator: Operator, host: Path) -> None:
    address = f"{ADDRESS}?part=Ab3xxYz91"
    refused = audit(operator, host, address)
    assert refused.code != 0 and "held WEBHOOK_URL of .env (web1) in clear text" in refused.text, refused.text
    assert "contract.endpoints[0].url" in refused.text and "drift_public_values" in refused.text
    assert "Ab3xxYz91" not in kept(operator, refused)
    sealed = audit(operator, host, address, drift_public_values=[address])
    assert "is not sealed" not in sealed.text, sealed.text
    assert json.dumps(sealed.findings)
