# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: over SSH, a window sees the unit that systemd starts again and again, and that another stays the same."""

from __future__ import annotations

import contextlib
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched import checks
from e2e_lab import Lab
from e2e_operator import Operator

pytestmark = pytest.mark.lab

Json = dict[str, t.Any]

STEADY, LOOPS = "watched-steady.service", "watched-loops.service"
COMMANDS = {STEADY: "exec sleep 600", LOOPS: "sleep 2"}
TASK = {
    "evenkeel.drift.watch_host": {"window": {"for": "15s", "every": "1s"}, "folder": "{{ watch_folder }}"},
    "register": "watch",
}


@contextlib.contextmanager
def units(lab: Lab, environment: str) -> t.Iterator[None]:
    """Units that are gone when they are stopped: the host is as before."""
    try:
        for name, command in COMMANDS.items():
            asked = ["--quiet", "--collect", f"--unit={name}", "--property=Restart=always", "--property=RestartSec=1"]
            lab.run(environment, "systemd-run", *asked, "sh", "-c", command)
        yield
    finally:
        lab.run(environment, "systemctl", "stop", *COMMANDS)


def started(lab: Lab, environment: str, name: str) -> int:
    return int(lab.run(environment, "systemctl", "show", "--value", "--property=NRestarts", name))


def test_units_are_watched_over_ssh(lab: Lab, operator: Operator, tmp_path: Path) -> None:
    host = lab.hosts["staging"]
    play = operator.home / "watch.json"
    play.write_text(json.dumps([{"hosts": host, "gather_facts": False, "tasks": [TASK]}]))
    entries = [{"name": name} for name in COMMANDS]
    given = {"watch_folder": str(tmp_path), "drift_contract": {"units": entries}}
    with units(lab, "staging"):
        before = started(lab, "staging", LOOPS)
        done = operator.play(play, "-i", str(lab.inventory), "-e", json.dumps(given))
        after = started(lab, "staging", LOOPS)
        assert started(lab, "staging", STEADY) == 0
    assert done.code == 0, done.text
    document = json.loads((tmp_path / "watch" / f"{host}.json").read_text("utf-8"))
    found = {one["subject"]: one for one in checks(document) if one["check"] == "stable"}
    assert {name: one["outcome"] for name, one in found.items()} == {STEADY: "pass", LOOPS: "fail"}
    # What was counted lies between what systemd says before and after the window.
    assert 0 < found[LOOPS]["observed"]["restarts"] <= after - before
    assert "it was restarted " in found[LOOPS]["summary"]
    assert document["window"]["gaps"] == []
