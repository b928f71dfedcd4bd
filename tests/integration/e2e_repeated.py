# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a verification repeated by hand: each command that it prints is run as an operator would, by ``sh``."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

from e2e_operator import Operator

VERIFY = "evenkeel.drift.verify"

Json = dict[str, t.Any]


class Repeated:
    """What a verification of one host printed, and what came of it."""

    def __init__(self, made: Json, root: Path, environment: t.Mapping[str, str]) -> None:
        self.checks: list[Json] = made["checks"]
        self.root = root
        self.words: dict[str, str] = {}
        """What stands in a table for what is not known before, such as a port."""
        self._environment = environment

    def one(self, section: str, check: str, subject: str) -> Json:
        """Return the one check that is called so."""
        found = [
            one for one in self.checks if (one["section"], one["check"], one["subject"]) == (section, check, subject)
        ]
        others = sorted({(one["check"], one["subject"]) for one in self.checks if one["section"] == section})
        assert len(found) == 1, f"{section} {check} {subject} is not one of {others}"
        return found[0]

    def said(self, one: Json) -> str:
        """Return what the command of a check prints, on either stream."""
        assert one["command"], f"{one['section']} {one['check']}: {one['instead']}"
        return self.run(one["command"])

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.root,
            env=dict(self._environment),
            timeout=120,
        )
        return done.stdout.decode("utf-8", "backslashreplace")


def verified(operator: Operator, root: Path, contract: Json, **variables: t.Any) -> Repeated:
    """Verify one local host called web1."""
    inventory = operator.inventory({"web1": {"drift_root": str(root), "drift_contract": contract}}, **variables)
    extra = {"drift_output_dir": str(operator.runs), "drift_allow_commands": True}
    done = operator.play(VERIFY, "-i", str(inventory), "-e", json.dumps(extra))
    latest = operator.runs / "verifications" / "latest" / "verify.json"
    assert latest.is_file(), done.text
    return Repeated(json.loads(latest.read_text()), root, operator.environment())
