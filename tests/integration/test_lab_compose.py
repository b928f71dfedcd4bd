# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: projects are read as the Docker Compose that is installed there reads them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from compose_corpus import CASES, ours, project, theirs, unescaped
from e2e_lab import Lab

pytestmark = pytest.mark.lab

_FOLDER = "/project"


def said(lab: Lab, folder: Path) -> str:
    """Return what Compose makes of a project. Nothing of it is started."""
    write = [
        f"printf %s {shlex.quote(path.read_text('utf-8'))} > {_FOLDER}/{path.name}" for path in sorted(folder.iterdir())
    ]
    compose = f"docker compose --project-directory {_FOLDER} --project-name shop config --format json"
    run = f"env -i PATH=$PATH HOME=/nonexistent {compose}"
    clean = f"rm -rf {_FOLDER}"
    # Its path is a part of what Compose says, and several tests run at once.
    alone = f"exec 9>{_FOLDER}.lock; flock 9"
    steps = [alone, clean, f"mkdir {_FOLDER}", *write, f"cd {_FOLDER}", run, "cd /", clean]
    return lab.run("staging", "sh", "-ec", "; ".join(steps))


@pytest.mark.parametrize("case", CASES)
def test_a_project_is_read_as_compose_reads_it(lab: Lab, case: str, tmp_path: Path) -> None:
    folder = project(case, tmp_path)
    assert ours(folder) == theirs(folder, unescaped(said(lab, folder)))
