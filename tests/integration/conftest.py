# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every integration test starts with: an operator's machine in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_lab import Lab, find_lab
from e2e_operator import Operator


@pytest.fixture(name="operator")
def fixture_operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path / "operator")


@pytest.fixture(name="lab", scope="session")
def fixture_lab() -> Lab:
    """The lab, where `make lab` has brought it up; tests that need it are marked ``lab``."""
    found = find_lab()
    if found is None:
        pytest.skip("the lab is not up: make lab")
    return found
