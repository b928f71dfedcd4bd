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
import typing as t
from pathlib import Path

_TIMED = Path(__file__).with_name("timed.py")


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
    told, report = os.pipe()
    with open(told, encoding="ascii") as source:
        try:
            process = subprocess.run(
                [sys.executable, "-I", str(_TIMED), str(report), *case.argv],
                env={**env, **(extra or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                pass_fds=[report],
            )
        finally:
            os.close(report)
        measured = source.read().split()
    errors = process.stderr.decode("utf-8", "replace")[-2000:]
    if len(measured) != 3 or measured[0] != "0":
        raise Failed(f"{case.name} ended with {measured[0] if measured else 'nothing measured'}: {errors}")
    if case.after is not None:
        case.after()
    return Sample(float(measured[1]), int(measured[2]) / 1024)


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
