# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times the audit against its peers, side by side in one run: ``make bench``, or ``python tests/benchmark --help``."""

from __future__ import annotations

import argparse
import os
import sys
import time
import typing as t
from pathlib import Path

import audits
import bars
import clock
import fleet
import judging
import lab
import live
import logs
import page
import peers
import syncing
from workshop import Workshop

_DEFAULT = Path(__file__).resolve().parents[2] / ".cache" / "bench"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/benchmark", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is run (default: 5)")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--fleet", action="store_true", help="measure many hosts at once instead")
    part.add_argument("--live", action="store_true", help="measure what runs on a host instead")
    part.add_argument("--logs", action="store_true", help="measure a log of 1 GB instead")
    part.add_argument("--lab", action="store_true", help="measure the hosts of the lab instead")
    part.add_argument("--sync", action="store_true", help="measure changes of a host of the lab instead")
    part.add_argument("--judge", action="store_true", help="judge and report a thousand stored hosts instead")
    parser.add_argument("--quick", action="store_true", help="leave out the peers that take long")
    parser.add_argument("--dry-run", action="store_true", help="leave docs/benchmarks.md as it is")
    return parser.parse_args()


def _wire(probed: t.Mapping[str, dict[str, t.Any]]) -> tuple[str, int]:
    """Return the table of bytes and memory, and how many bytes the second audit needs beyond code."""
    rows = []
    for name, seen in probed.items():
        code = bars.code_bytes(audits.sections(name))
        own = "-" if name == peers.PING else f"{(seen['sent'] - code + seen['answered']) / 1000:.0f}"
        sizes = [f"{seen[key] / 1000:.0f}" for key in ("sent", "answered")]
        memory = [f"{seen[key]:.0f}" for key in ("together_mb", "largest_mb")]
        rows.append([name, *sizes, own, *memory])
    head = ["", "sent, KB", "answered, KB", "without code, KB", "all processes, MB", "largest, MB"]
    second = probed[audits.SECOND]
    code = bars.code_bytes(audits.sections(audits.SECOND))
    return page.table(head, rows), second["sent"] - code + second["answered"]


def _probe(shop: Workshop) -> dict[str, dict[str, t.Any]]:
    """Run what is counted rather than timed: bytes on the wire, and memory on the host."""
    cases = [peers.ping_probed(shop), *audits.cases(shop, probed=True)]
    return {case.name: shop.probed(case) for case in cases}


def _measure(shop: Workshop, rounds: int, quick: bool) -> str:
    manifest = clock.run(audits.manifest(shop), shop.env())
    clock.run(audits.application_manifest(shop), shop.env())
    others = [case for case in peers.cases(shop) if not quick or case.name not in peers.SLOW]
    samples = clock.rounds([*others, *audits.cases(shop)], rounds, shop.env(), peers.warm(shop))
    wire, own = _wire(probed := _probe(shop))
    medians = {name: clock.median(taken) for name, taken in samples.items()}
    together = max(probed[name]["together_mb"] for name in (audits.FIRST, audits.SECOND))
    making = manifest.seconds - medians[audits.FIRST]
    size = f"{shop.tree.shape.files:,} files, {shop.tree.bytes / 1e9:.2f} GB"
    return "\n\n".join(
        [
            f"{size}, medians of {rounds} rounds. {page.machine()}.",
            page.promises(bars.bars(medians, together, own)),
            page.times(samples, peers.XARGS),
            f"The manifest of the commit is made once, by a checkout: {making:.1f} s beyond the first audit.",
            wire,
        ]
    )


def _live(shop: Workshop, rounds: int) -> str:
    promised, samples = live.measure(shop, rounds)
    times = page.times(samples, live.SETUP)
    return "\n\n".join([f"Medians of {rounds} rounds. {page.machine()}.", page.promises(promised), times])


def _logs(shop: Workshop, rounds: int) -> str:
    promised, samples = logs.measure(shop, rounds)
    times = page.times(samples, logs.GREP)
    return "\n\n".join([f"Medians of {rounds} rounds. {page.machine()}.", page.promises(promised), times])


def _lab(shop: Workshop, rounds: int) -> str:
    promised, samples = lab.measure(shop, rounds)
    times = page.times(samples, lab.PING)
    return "\n\n".join([f"Medians of {rounds} rounds. {page.machine()}.", page.promises(promised), times])


def _sync(shop: Workshop, rounds: int) -> str:
    promised, samples, moved = syncing.measure(shop, rounds)
    times = page.times(samples, syncing.SYNCHRONIZE)
    bytes_moved = page.table(["", "on the wire, KB"], moved)
    return "\n\n".join([f"Medians of {rounds} rounds. {page.machine()}.", page.promises(promised), times, bytes_moved])


def _judge(shop: Workshop) -> str:
    promised, findings = judging.measure(shop.folder / "judge")
    return f"{findings:,} findings. {page.machine()}.\n\n{page.promises(promised)}"


def main() -> int:
    options = _options()
    shop = Workshop(Path(os.environ.get("BENCH_DIR", _DEFAULT)).resolve())
    print(f"building what is missing in {shop.folder}", file=sys.stderr)
    shop.prepare(*([shop.application] if options.sync else []))
    begun = time.monotonic()
    if options.fleet:
        block, content = "fleet", f"{page.machine()}.\n\n{page.fleets(fleet.measure(shop))}"
    elif options.live:
        block, content = "live", _live(shop, options.rounds)
    elif options.logs:
        block, content = "logs", _logs(shop, options.rounds)
    elif options.lab:
        block, content = "lab", _lab(shop, options.rounds)
    elif options.sync:
        block, content = "sync", _sync(shop, options.rounds)
    elif options.judge:
        block, content = "judge", _judge(shop)
    else:
        block, content = "figures", _measure(shop, options.rounds, options.quick)
    print(content)
    print(f"measured in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    if not options.dry_run and not options.quick:
        page.PAGE.write_text(page.replace_block(page.PAGE.read_text("utf-8"), block, content), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
