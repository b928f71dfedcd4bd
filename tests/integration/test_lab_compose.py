# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: projects are read as the Docker Compose that is installed there reads them."""

from __future__ import annotations

import shlex

import pytest
from compose_corpus import CASES, CORPUS, ours, theirs, unescaped
from e2e_lab import Lab

pytestmark = pytest.mark.lab

_FOLDER = "/project"


def said(lab: Lab, case: str) -> str:
    """Return what Compose makes of a project of the corpus. Nothing of it is started."""
    files = [path for path in (CORPUS / case).iterdir() if not path.name.startswith("config-")]
    write = [f"printf %s {shlex.quote(path.read_text('utf-8'))} > {_FOLDER}/{path.name}" for path in files]
    compose = f"docker compose --project-directory {_FOLDER} --project-name shop config --format json"
    run = f"env -i PATH=$PATH HOME=/nonexistent {compose}"
    clean = f"rm -rf {_FOLDER}"
    return lab.run(
        "staging", "sh", "-ec", "; ".join([clean, f"mkdir {_FOLDER}", *write, f"cd {_FOLDER}", run, "cd /", clean])
    )


@pytest.mark.parametrize("case", CASES)
def test_a_project_is_read_as_compose_reads_it(lab: Lab, case: str) -> None:
    assert ours(CORPUS / case) == theirs(CORPUS / case, unescaped(said(lab, case)))
