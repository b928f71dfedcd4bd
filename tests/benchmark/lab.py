# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: one host that runs everything, and twenty small ones, both over SSH."""

from __future__ import annotations

import contextlib
import json
import subprocess
import typing as t
from collections.abc import Iterator
from pathlib import Path

import clock
import peers
from bars import Bar
from clock import Case
from workshop import Workshop

_CHECKOUT = Path(__file__).resolve().parents[2]
_LAB = _CHECKOUT / "tests" / "lab"
_STATE = _CHECKOUT / ".cache" / "lab"
_COUNT = 20

SETUP, EVERYTHING = "ansible -m setup, the lab's host", "audit, all that the lab's host runs"
PING, FLEET = f"{peers.PING}, {_COUNT} hosts", f"audit, {_COUNT} hosts of 2,000 files"


@contextlib.contextmanager
def fleet(tree: Path, count: int = _COUNT) -> Iterator[dict[str, str]]:
    """Run small hosts, each with the tree at ``/srv/app``; yield their addresses by name."""
    try:
        subprocess.run([_LAB / "fleet.sh", "up", str(count), str(tree)], check=True)
        yield dict(line.split() for line in (_STATE / "fleet").read_text("utf-8").splitlines())
    finally:
        subprocess.run([_LAB / "fleet.sh", "down"], check=True)


def reached(address: str) -> dict[str, t.Any]:
    """Return what the inventory says of how to reach a host of the lab."""
    return {
        "ansible_connection": "ssh",
        "ansible_host": address,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(_STATE / "keys" / "lab"),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={_STATE / 'known_hosts'} -o IdentitiesOnly=yes",
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def _host(name: str, address: str, reference: Path) -> dict[str, t.Any]:
    """Return what the inventory says of a small host: how to reach it, and that it is as it should be."""
    return {
        **reached(address),
        "drift_root": "/srv/app",
        "drift_reference": {"git": {"repo": str(reference), "ref": "main"}},
        "drift_contract": {
            "trees": [{"name": "source"}],
            "processes": [{"name": "dbus", "match": "dbus-daemon --system", "unit": "dbus.service"}],
            "ports": [{"port": 22, "process": "sshd"}],
            "units": [{"name": "ssh.service", "enabled": True}, {"name": "dbus.service"}],
            # They have one engine between them, each asks about its own container. What changed inside is left out: the
            # engine works that out twenty times on this one machine, where each host of a fleet has an engine.
            "containers": {"socket": "/lab/docker.sock", "names": [name], "no_layer_changes": False},
        },
    }


def _check(shop: Workshop, count: int) -> None:
    shop.check_in_sync()
    seen = sum(len(environment["hosts"]) for environment in shop.findings()["environments"])
    if seen != count:
        raise clock.Failed(f"{seen} hosts are in the findings, not {count}")


def _everything(shop: Workshop) -> list[Case]:
    """Return the cases of the healthy host with everything on it, and with the contract of the lab."""
    inventory = str(_STATE / "inventory")
    output = ["-e", json.dumps({"drift_output_dir": str(shop.runs), "drift_nice": 0}), "--limit", "*-staging"]
    ansible = [str(shop.bin / "ansible"), "*-staging", "-i", inventory, "-m", "ansible.builtin.setup"]
    return [Case(SETUP, ansible), Case(EVERYTHING, shop.audit(inventory, *output), None, lambda: _check(shop, 1))]


def _many(shop: Workshop, addresses: t.Mapping[str, str]) -> list[Case]:
    reference = shop.application.reference
    inventory = shop.inventory("lab-fleet", {name: _host(name, at, reference) for name, at in addresses.items()})
    forks = ["--forks", str(_COUNT)]
    ping = [str(shop.bin / "ansible"), "all", "-i", inventory, "-m", "ansible.builtin.ping", *forks]
    audit = Case(FLEET, shop.audit(inventory, *forks), None, lambda: _check(shop, len(addresses)))
    return [Case(PING, ping), audit]


def measure(shop: Workshop, count: int) -> tuple[list[Bar], dict[str, list[clock.Sample]]]:
    """Return the promises, and the times of each case. The lab must be up: ``tests/lab/with.sh``."""
    nothing = Case("nothing", ["true"])
    cases = _everything(shop)
    # The manifest is made, and the cache is warm.
    clock.run(cases[-1], shop.env())
    taken = clock.rounds(cases, count, shop.env(), nothing)
    with fleet(shop.application.host) as addresses:
        cases = _many(shop, addresses)
        for case in cases:
            clock.run(case, shop.env())
        taken.update(clock.rounds(cases, count, shop.env(), nothing))
    medians = {name: clock.median(samples) for name, samples in taken.items()}
    return [
        Bar(f"{EVERYTHING} / {SETUP}", medians[EVERYTHING] / medians[SETUP], 2.5),
        Bar(f"{FLEET} / {PING}", medians[FLEET] / medians[PING], 2.0),
    ], taken
