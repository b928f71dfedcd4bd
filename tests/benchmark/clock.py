# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs what is measured, one after the other in rounds, and keeps the times."""

from __future__ import annotations

import dataclasses
import os
import statistics
import subprocess
import sys
import time
import typing as t


@dataclasses.dataclass(frozen=True)
class Case:
    """One thing to be timed. ``before`` brings about the state that it starts from, ``after`` checks what it did."""

    name: str
    argv: t.Sequence[str]
    before: t.Callable[[], None] | None = None
    after: t.Callable[[], None] | None = None


class Sample(t.NamedTuple):
    """Wall clock in seconds, and the peak of the largest process (not of their sum) in MB."""

    seconds: float
    peak_mb: float


class Failed(Exception):
    """A measured command did not do its work: its time would mean nothing."""


def run(case: Case, env: t.Mapping[str, str], extra: t.Mapping[str, str] | None = None) -> Sample:
    """Run one case and wait for it. Raises Failed when it does not end with 0."""
    if case.before is not None:
        case.before()
    begun = time.monotonic()
    process = subprocess.Popen(
        case.argv,
        env={**env, **(extra or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    errors = t.cast("t.IO[bytes]", process.stderr).read()
    _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"{case.name} ended with {process.returncode}: {errors.decode('utf-8', 'replace')[-2000:]}")
    if case.after is not None:
        case.after()
    return Sample(seconds, usage.ru_maxrss / 1024)


def rounds(cases: t.Sequence[Case], count: int, env: t.Mapping[str, str], warm: Case) -> dict[str, list[Sample]]:
    """Run every case once a round, so that what else the machine does falls on all alike.

    ``warm`` is run before each of them and not timed: it brings into the page cache what was dropped from it.
    """
    samples: dict[str, list[Sample]] = {case.name: [] for case in cases}
    for number in range(1, count + 1):
        for case in cases:
            run(warm, env)
            sample = run(case, env)
            samples[case.name].append(sample)
            print(f"  round {number}/{count}  {case.name:<44} {sample.seconds:8.2f} s", file=sys.stderr, flush=True)
    return samples


def median(samples: t.Sequence[Sample]) -> float:
    return statistics.median(sample.seconds for sample in samples)


def spread(samples: t.Sequence[Sample]) -> tuple[float, float]:
    times = [sample.seconds for sample in samples]
    return min(times), max(times)
