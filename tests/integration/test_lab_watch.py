# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: over SSH, a window sees the unit that systemd starts again and again, the one whose workers the kernel
kills, and that another stays the same.
"""

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
GREEDY, OTHER = "watched-greedy.service", "watched-other.service"
# Its worker takes all that it may have, and is killed; the unit lives on, and starts another one.
WORKERS = "while sleep 1; do tail /dev/zero; done"
COMMANDS = {STEADY: "exec sleep 600", LOOPS: "sleep 2", GREEDY: WORKERS, OTHER: WORKERS}
LITTLE = ("--property=MemoryMax=16M", "--property=MemorySwapMax=0", "--property=OOMPolicy=continue")
TASK = {
    "evenkeel.drift.watch_host": {"window": {"for": "15s", "every": "1s"}, "folder": "{{ watch_folder }}"},
    "register": "watch",
}


@contextlib.contextmanager
def units(lab: Lab, environment: str, *names: str) -> t.Iterator[None]:
    """Units that are gone when they are stopped: the host is as before."""
    try:
        for name in names:
            asked = ["--quiet", "--collect", f"--unit={name}", "--property=Restart=always", "--property=RestartSec=1"]
            asked += LITTLE if COMMANDS[name] == WORKERS else ()
            lab.run(environment, "systemd-run", *asked, "sh", "-c", COMMANDS[name])
        yield
    finally:
        lab.run(environment, "systemctl", "stop", *names)


def watched(lab: Lab, operator: Operator, folder: Path, contract: Json) -> Json:
    """Return the document of a window in the life of the healthy host."""
    host = lab.hosts["staging"]
    play = operator.home / "watch.json"
    play.write_text(json.dumps([{"hosts": host, "gather_facts": False, "tasks": [TASK]}]))
    given = {"watch_folder": str(folder), "drift_contract": contract}
    done = operator.play(play, "-i", str(lab.inventory), "-e", json.dumps(given))
    assert done.code == 0, done.text
    return t.cast(Json, json.loads((folder / "watch" / f"{host}.json").read_text("utf-8")))


def started(lab: Lab, environment: str, name: str) -> int:
    return int(lab.run(environment, "systemctl", "show", "--value", "--property=NRestarts", name))


def test_units_are_watched_over_ssh(lab: Lab, operator: Operator, tmp_path: Path) -> None:
    with units(lab, "staging", STEADY, LOOPS):
        before = started(lab, "staging", LOOPS)
        document = watched(lab, operator, tmp_path, {"units": [{"name": STEADY}, {"name": LOOPS}]})
        after = started(lab, "staging", LOOPS)
        assert started(lab, "staging", STEADY) == 0
    found = {one["subject"]: one for one in checks(document) if one["check"] == "stable"}
    assert {name: one["outcome"] for name, one in found.items()} == {STEADY: "pass", LOOPS: "fail"}
    # What was counted lies between what systemd says before and after the window.
    assert 0 < found[LOOPS]["observed"]["restarts"] <= after - before
    assert "it was restarted " in found[LOOPS]["summary"]
    assert document["window"]["gaps"] == []


def test_what_reaches_a_limit_of_its_own_is_no_want_of_memory_of_the_host(
    lab: Lab, operator: Operator, tmp_path: Path
) -> None:
    with units(lab, "staging", STEADY, GREEDY, OTHER):
        contract = {"units": [{"name": STEADY}, {"name": GREEDY}], "resources": {}}
        document = watched(lab, operator, tmp_path, contract)
        assert started(lab, "staging", GREEDY) == 0
        kind = lab.run("staging", "stat", "-fc", "%T", "/sys/fs/cgroup").strip()
    made = checks(document)
    found = {one["subject"]: one for one in made if one["check"] == "stable"}
    assert {name: one["outcome"] for name, one in found.items()} == {STEADY: "pass", GREEDY: "fail"}
    assert found[GREEDY]["observed"]["oom_kills"] > 0
    assert "of it for want of memory" in found[GREEDY]["summary"]
    (host,) = [one for one in made if one["subject"] == "host"]
    if kind == "cgroup2fs":
        assert host["outcome"] == "observation", host["summary"]
        assert set(host["observed"]["limited"]) == {f"unit {GREEDY}", f"unit {OTHER}"}
    else:
        # The kernel counts for all, and its groups do not say whether they have reached a limit.
        assert host["outcome"] == "fail"
        assert "Whose ran out cannot be told" in host["summary"]
