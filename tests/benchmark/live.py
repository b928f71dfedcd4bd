# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on a host: all sections on an ordinary one, and the processes of a crowded one."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import clock
import crowd
import peers
from bars import Bar
from clock import Case
from workshop import Workshop

SETUP, PS = "ansible -m setup", "ps -eo pid,lstart,args"
ALL, CROWDED = "audit, all sections", "audit, 20,000 processes"
_COUNT = 20_000

# A process that no machine has: every command line is looked at, and the audit is in sync.
_NOBODY = {"name": "nobody", "match": "evenkeel-benchmark-that-is-not-there", "instances": 0}
# Looked at and not judged: a benchmark is no reason for a machine to be idle.
_RESOURCES: dict[str, t.Any] = {"memory_percent": {}, "disk_percent": {}}


def _contract() -> dict[str, t.Any]:
    contract: dict[str, t.Any] = {
        "git": {},
        "trees": [{"name": "source"}],
        "processes": [_NOBODY],
        "ports": [{"port": 1, "closed": True}],
        "packages": [{"venv": sys.prefix}],
        "resources": _RESOURCES,
    }
    if Path("/run/systemd/system").is_dir():
        contract["units"] = [{"name": "dbus.service"}]
    return contract


def _case(shop: Workshop, name: str, contract: dict[str, t.Any], reference: bool) -> Case:
    corpus = shop.application
    host: dict[str, t.Any] = {"drift_root": str(corpus.checkout), "drift_contract": contract}
    if reference:
        host["drift_reference"] = {"git": {"repo": str(corpus.reference), "ref": "main"}}
    inventory = shop.inventory(name.replace(" ", "-").replace(",", ""), {"live": host})
    return Case(name, shop.audit(inventory), None, shop.check_in_sync)


def measure(shop: Workshop, count: int) -> tuple[list[Bar], dict[str, list[clock.Sample]]]:
    """Return the promises, and the times of each case."""
    local = shop.inventory("peers", {"tree": {}})
    ansible = [str(shop.bin / "ansible"), "all", "-i", local, "-m"]
    everything = _case(shop, ALL, _contract(), True)
    processes = _case(shop, CROWDED, {"processes": [_NOBODY]}, False)
    nothing = Case("nothing", ["true"])
    # The manifest is made, and the cache is warm.
    clock.run(everything, shop.env())
    taken = clock.rounds([Case(SETUP, [*ansible, "ansible.builtin.setup"]), everything], count, shop.env(), nothing)
    with crowd.crowd(_COUNT):
        alone = Case(PS, ["ps", "-eo", "pid,lstart,args"])
        floor = Case(peers.PING, [*ansible, "ansible.builtin.ping"])
        taken.update(clock.rounds([alone, floor, processes], count, shop.env(), nothing))
    medians = {name: clock.median(samples) for name, samples in taken.items()}
    allowed = medians[peers.PING] + 2 * medians[PS]
    return [
        Bar(f"{ALL} / {SETUP}", medians[ALL] / medians[SETUP], 1.5),
        Bar(f"{CROWDED} / ({peers.PING} + 2 {PS})", medians[CROWDED] / allowed, 1.0),
    ], taken
