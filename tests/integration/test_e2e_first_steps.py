# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of docs/first-steps.md, as they stand there, say what the page says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from e2e_operator import Operator

PAGE = Path(__file__).parents[2] / "docs/first-steps.md"
_BLOCK = re.compile(r"^```(sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The hashes of commits depend on when they are made, and how long something takes on the machine.
_VARIES = re.compile(r"(?<=@)[0-9a-f]{7}\b|(?<= looked at ).+(?= after the change)")


def steps() -> list[tuple[str, list[str]]]:
    """Return the commands of each block, and the lines that the page shows of what they say."""
    found: list[tuple[str, list[str]]] = []
    for kind, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "sh":
            found.append((text, []))
        else:
            found[-1][1].extend(_VARIES.sub("", line) for line in text.splitlines())
    return found


def test_the_commands_say_what_the_page_says(operator: Operator) -> None:
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
    environment = operator.environment(**who)
    shown = 0
    for commands, lines in steps():
        done = subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=operator.desk,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        said = _VARIES.sub("", done.stdout).splitlines()
        assert done.returncode == 0, done.stdout
        assert [line for line in lines if line not in said] == [], done.stdout
        shown += len(lines)
    assert shown > 10
