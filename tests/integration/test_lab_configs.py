# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: ``.env`` files of all sorts are read as the Docker Compose that is installed there reads them."""

from __future__ import annotations

import json
import random
import shlex

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import read_keys
from e2e_lab import Lab

pytestmark = pytest.mark.lab

_NAMES = 120
# Without a dollar: what Compose makes of variables is compared with the files of whole projects.
_PLAIN = [*"aZ0_./:@%+,-=;&|<>()*?!~é'\"\\", " ", "\t", "#", " #"]
_SINGLE = [*'aZ0 #="é\n\t', "\\'", "\\n"]
_DOUBLE = [*"aZ0 #='é\n\t", '\\"', "\\\\", "\\n", "\\t", "\\a", "\\q", "\\'", "\\0101", "\\08", "\\0", "\\01", "\\0777"]


def written(seed: int) -> str:
    """Return a file with many names, the same for a seed."""
    draw = random.Random(seed)

    def some(pieces: list[str]) -> str:
        return "".join(draw.choice(pieces) for _piece in range(draw.randint(0, 12)))

    lines = []
    for number in range(_NAMES):
        plain = some(_PLAIN).strip()
        values = ("" if plain[:1] in ("'", '"') else plain, f"'{some(_SINGLE)}'", f'"{some(_DOUBLE)}"')
        sign = draw.choice(("=", " = ", ": ", "=\t"))
        lines.append(
            f"{draw.choice(('', 'export ', '  '))}V{number}{sign}{draw.choice(values)}{draw.choice(('', ' # c'))}"
        )
    return draw.choice(("\n", "\r\n")).join([*lines, "# end", ""])


@pytest.mark.parametrize("seed", range(10))
def test_an_env_file_is_read_as_compose_reads_it(lab: Lab, seed: int) -> None:
    text = written(seed)
    project = json.dumps({"services": {"web": {"image": "x", "env_file": "a.env"}}})
    folder = f"/env-files-{seed}"
    compose = f"docker compose --project-directory {folder} --project-name shop config --format json"
    steps = [
        f"rm -rf {folder}",
        f"mkdir {folder}",
        f"printf %s {shlex.quote(text)} > {folder}/a.env",
        f"printf %s {shlex.quote(project)} > {folder}/compose.yaml",
        f"cd {folder}",
        f"env -i PATH=$PATH HOME=/nonexistent {compose}",
        "cd /",
        f"rm -rf {folder}",
    ]
    said = lab.json("staging", "sh", "-ec", "; ".join(steps))["services"]["web"]["environment"]
    assert {str(item.path[0]): item.value for item in read_keys(text.encode(), "env").keys} == said
