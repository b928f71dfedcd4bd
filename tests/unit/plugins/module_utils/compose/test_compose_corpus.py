# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects are read as Docker Compose reads them: its own recorded words are the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest
from compose_corpus import CASES, CORPUS, ours, project, theirs, unescaped

# What is told as not supported there, and so is not compared here.
LEFT_OUT = {("forms", "list"): {"command"}}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("version", ["2.26.1"])
def test_a_project_is_read_as_compose_reads_it(case: str, version: str, tmp_path: Path) -> None:
    folder = project(case, tmp_path)
    wanted = theirs(folder, unescaped((CORPUS / case / f"config-{version}.json").read_text(encoding="utf-8")))
    found = ours(folder)
    assert found.keys() == wanted.keys()
    for service in wanted:
        assert found[service] == wanted[service], service
