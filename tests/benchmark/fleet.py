# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts at once: the time, and what the control node needs for it."""

from __future__ import annotations

import subprocess
import time
import typing as t

import audits
import clock
import memory
from workshop import Workshop

_HOSTS = 500
_LARGE = (10, 20)
_FORKS = "5"
_EVERY_S = 0.05


class Seen(t.NamedTuple):
    """One audit: seconds, MB of the control node's processes together and of the largest, size of the run folder."""

    name: str
    seconds: float
    together_mb: float
    largest_mb: float
    folder_mb: float


def _audit(shop: Workshop, case: clock.Case, hosts: int) -> Seen:
    if case.before is not None:
        case.before()
    begun = time.monotonic()
    process = subprocess.Popen(
        [*case.argv, "--forks", _FORKS],
        env=shop.env(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # The hosts are on this machine too: only the control node's own processes are called ansible-playbook.
    with memory.Peak(process.pid, _EVERY_S, b"ansible-playbook") as peak:
        code = process.wait()
    seconds = time.monotonic() - begun
    if code:
        raise clock.Failed(f"{case.name} ended with {code}")
    shop.check_in_sync()
    seen = sum(len(environment["hosts"]) for environment in shop.findings()["environments"])
    if seen != hosts:
        raise clock.Failed(f"{case.name}: {seen} hosts are in the findings")
    folder = (shop.runs / "latest").resolve()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Seen(case.name, seconds, peak.together_mb, peak.largest_mb, size / 2**20)


def measure(shop: Workshop) -> list[Seen]:
    """Run every fleet once, its manifests already made. Raises Failed when a host is missing or not in sync."""
    for case in (audits.fleet(shop, 1), audits.large_hosts(shop, 1)):
        clock.run(case, shop.env())
    fleets = [(audits.fleet(shop, _HOSTS), _HOSTS), *((audits.large_hosts(shop, count), count) for count in _LARGE)]
    return [_audit(shop, case, hosts) for case, hosts in fleets]
