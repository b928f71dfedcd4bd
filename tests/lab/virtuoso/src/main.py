# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitor: looks at all symbols in cycles, and logs how long each took."""

from __future__ import annotations

import concurrent.futures
import time

from core.market import SYMBOLS, signal
from core.settings import logger, settings
from core.tasks import create_tracked_task


def cycle(pool: concurrent.futures.Executor) -> int:
    """Look at all symbols at once; return how many answered."""
    tasks = [create_tracked_task(pool, signal, symbol) for symbol in SYMBOLS]
    concurrent.futures.wait(tasks)
    return sum(task.exception() is None for task in tasks)


def main() -> None:
    log = logger("main")
    interval_s = settings().getfloat("monitoring", "interval_s")
    number = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        while True:
            begun = time.monotonic()
            good, number = cycle(pool), number + 1
            took = time.monotonic() - begun
            log.info("Parallel fetch complete: %d/%d successful, total time: %.3fs", good, len(SYMBOLS), took)
            log.info("Monitoring cycle %d complete in %.3f s", number, took)
            time.sleep(max(0.0, interval_s - took))


if __name__ == "__main__":
    main()
