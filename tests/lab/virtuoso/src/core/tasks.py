# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that runs beside the main loop, and is told of when it fails."""

from __future__ import annotations

import concurrent.futures
import logging
import typing as t

LOG = logging.getLogger("core.tasks")


def monitor_task_completion(task: concurrent.futures.Future[t.Any]) -> None:
    """Log what a task died of."""
    failure = task.exception()
    if failure is not None:
        LOG.error("task failed: %s: %s", type(failure).__name__, failure)


def create_tracked_task(
    pool: concurrent.futures.Executor, work: t.Callable[..., t.Any], *arguments: t.Any
) -> concurrent.futures.Future[t.Any]:
    """Start work in the pool, and log its failure."""
    task = pool.submit(work, *arguments)
    task.add_done_callback(monitor_task_completion)
    return task
