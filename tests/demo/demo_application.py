# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration's application: a small trading system, as the commits that made it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Change:
    """One commit: whole files, then (file, old text, new text) edits."""

    subject: str
    files: dict[str, str] = field(default_factory=dict)
    edits: tuple[tuple[str, str, str], ...] = ()


def source(purpose: str, *names: str) -> str:
    """Return a Python file that has the given functions and is long enough to be worth counting."""
    parts = [f'"""{purpose}"""\n\nimport asyncio\nimport logging\n\nlog = logging.getLogger(__name__)\n']
    for name in names:
        parts.append(
            f"\n\nasync def {name}(market, timeout_s=10):\n"
            f'    """{name.replace("_", " ").capitalize()} for one market."""\n'
            f'    log.debug("{name} %s", market)\n'
            f"    await asyncio.wait_for(market.ready(), timeout_s)\n"
            f"    return market.{name}\n"
        )
    return "".join(parts)


def script(purpose: str, *lines: str) -> str:
    return "\n".join(["#!/bin/sh", f"# {purpose}", "set -eu", *lines, ""])


def page(title: str, *paragraphs: str) -> str:
    return "\n\n".join([f"# {title}", *paragraphs]) + "\n"


GITIGNORE = """__pycache__/
*.pyc
/logs/
.env
venv*/
"""

CONFIG = """system:
  name: virtuoso
  environment: production
exchanges:
  bybit: {enabled: true, testnet: false, rate_limit_per_s: 10}
monitoring:
  interval_s: 10
  port: 8001
storage:
  path: data/ticks
  batch: 500
"""

MAIN = '''"""Start the exchange connections, the monitor and the web server."""

import asyncio

from src.core.exchanges.manager import connect
from src.monitoring.monitor import watch


async def main():
    exchanges = await connect("config/config.yaml")
    await watch(exchanges)


if __name__ == "__main__":
    asyncio.run(main())
'''

MANAGER = '''"""Connect the configured exchanges."""

import logging

log = logging.getLogger(__name__)


class Exchanges:
    """The exchanges that are connected."""

    def __init__(self, configuration):
        self.configuration = configuration

    def markets(self):
        """Return the markets of all exchanges; the demonstration has none."""
        return []


async def connect(path):
    """Connect the exchanges that the configuration enables."""
    with open(path, encoding="utf-8") as file:
        configuration = file.read()
    log.info("connected")
    return Exchanges(configuration)
'''

MONITORING_API = '''"""Serve the monitor's state."""

import argparse
import asyncio


async def answer(reader, writer):
    """Say that the monitor is there."""
    await reader.readline()
    writer.write(b"HTTP/1.0 200 OK\\r\\n\\r\\nhealthy\\n")
    await writer.drain()
    writer.close()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    options = parser.parse_args()
    server = await asyncio.start_server(answer, options.host, options.port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
'''

MONITOR = '''"""Watch the markets and tell the alert manager what matters."""

import asyncio
import logging

log = logging.getLogger(__name__)


async def watch(exchanges):
    """Watch all markets of all exchanges until cancelled."""
    while True:
        for market in exchanges.markets():
            await asyncio.wait_for(inspect(market), timeout=30)
        await asyncio.sleep(10)


async def inspect(market):
    """Look at one market once."""
    whales = await market.large_trades()
    asyncio.create_task(report(whales))


async def report(whales):
    """Log large trades."""
    for whale in whales:
        log.info("whale %s %s", whale.symbol, whale.size)
'''

ERROR_HANDLER = '''"""Retry what may work next time, and give up on what will not."""

import asyncio

MAX_RETRIES = 3


async def retry(action):
    """Run an action until it works, at most MAX_RETRIES times."""
    for attempt in range(MAX_RETRIES):
        try:
            return await action()
        except ConnectionError:
            await asyncio.sleep(2**attempt)
    raise ConnectionError(f"gave up after {MAX_RETRIES} attempts")
'''

COMMITS = (
    Change(
        "Start the trading system: configuration, exchanges, main loop",
        {
            ".gitignore": GITIGNORE,
            "README.md": page("Virtuoso", "Watches crypto markets and reports what matters."),
            "requirements.txt": "aiohttp==3.9.5\nccxt==4.3.27\nnumpy==1.26.4\npydantic==2.7.1\nuvicorn==0.29.0\n",
            "config/config.yaml": CONFIG,
            "config/logging.yaml": "version: 1\nroot: {level: INFO}\n",
            "src/__init__.py": "",
            "src/main.py": MAIN,
            "src/core/__init__.py": "",
            "src/core/market.py": source("One market of one exchange.", "ready", "last_price"),
            "src/core/exchanges/__init__.py": "",
            "src/core/exchanges/base.py": source(
                "What every exchange can do.", "fetch_ticker", "fetch_trades", "close"
            ),
            "src/core/exchanges/bybit.py": source(
                "Bybit.", "fetch_ticker", "fetch_trades", "fetch_open_interest", "sign", "close"
            ),
            "src/core/exchanges/manager.py": MANAGER,
        },
    ),
    Change(
        "Add market monitoring and the alert manager",
        {
            "src/monitoring/__init__.py": "",
            "src/monitoring/monitor.py": MONITOR,
            "src/monitoring/alert_manager.py": source("Send alerts, none of them twice.", "send", "suppress_duplicate"),
            "src/monitoring/optimized_alpha_scanner.py": source(
                "Score markets by expected alpha.", "scan", "score", "rank"
            ),
            "src/monitoring/health.py": source("Answer whether the system works.", "health"),
        },
    ),
    Change(
        "Store ticks in batches and retry on connection errors",
        {
            "src/data_processing/__init__.py": "",
            "src/data_processing/error_handler.py": ERROR_HANDLER,
            "src/data_processing/storage_manager.py": source("Keep ticks on disk.", "store", "load", "prune").replace(
                "import logging\n", "import logging\n\nfrom src.data_processing.batch_writer import append, flush\n"
            ),
            "src/data_processing/batch_writer.py": source("Write ticks in batches.", "append", "flush"),
        },
    ),
    Change(
        "Add the web server and the monitoring API",
        {
            "src/web/__init__.py": "",
            "src/web/web_server.py": source("Serve the dashboard on port 8002.", "dashboard", "static"),
            "src/web/monitoring_api.py": MONITORING_API,
            "src/web/templates/index.html": "<!doctype html>\n<title>Virtuoso</title>\n<h1>Markets</h1>\n",
        },
    ),
    Change(
        "Add scripts for start, stop, restart and deployment",
        {
            "scripts/start.sh": script("Start the trading system.", "exec ./venv311/bin/python src/main.py"),
            "scripts/stop.sh": script("Stop the trading system.", 'kill "$(cat run/main.pid)"'),
            "scripts/restart.sh": script("Restart the trading system.", "scripts/stop.sh", "scripts/start.sh"),
            "scripts/deploy_to_vps.sh": script(
                "Deploy the current commit.", "git fetch origin", "git merge --ff-only origin/main"
            ),
        },
    ),
    Change(
        "Describe the architecture, the deployment and the alerts",
        {
            "docs/architecture.md": page("Architecture", "One process an exchange, one monitor, one web server."),
            "docs/deployment.md": page("Deployment", "Run `scripts/deploy_to_vps.sh` on the server."),
            "docs/alerts.md": page("Alerts", "An alert is sent once, and again when it is worse."),
            "docs/runbooks/restart.md": page("Restart", "Run `scripts/restart.sh`, then look at `/health`."),
        },
    ),
    Change(
        "Deploy comprehensive trading system stability fixes",
        {
            "src/core/analysis/__init__.py": "",
            "src/core/analysis/confluence.py": source("Join signals of several sources.", "confluence", "weigh"),
            "tests/test_confluence.py": source("Tests of the confluence.", "test_confluence"),
        },
        (
            (
                "src/core/exchanges/manager.py",
                '"""Connect the exchanges that the configuration enables."""',
                '"""Connect the exchanges that the configuration enables, again when one is lost."""',
            ),
        ),
    ),
    Change(
        "Fix monitor timeouts cascading into missed cycles",
        {
            "docs/runbooks/timeouts.md": page(
                "Timeouts", "A cycle that is late is skipped, and the next one is not late."
            )
        },
        (
            (
                "src/monitoring/optimized_alpha_scanner.py",
                '"""Scan for one market."""',
                '"""Scan one market within its time."""',
            ),
        ),
    ),
    Change(
        "CRITICAL: Fix whale detection asyncio task execution failure",
        {"src/core/tasks.py": source("Tasks that are not lost when nobody awaits them.", "create_tracked_task")},
        (
            (
                "src/monitoring/monitor.py",
                "import logging\n",
                "import logging\n\nfrom src.core.tasks import create_tracked_task\n",
            ),
            (
                "src/monitoring/monitor.py",
                "asyncio.create_task(report(whales))",
                'create_tracked_task(report(whales), "whales")',
            ),
        ),
    ),
    Change(
        "Prune stored ticks after 30 days instead of never",
        {},
        (
            (
                "src/data_processing/storage_manager.py",
                '"""Prune for one market."""',
                '"""Prune ticks older than 30 days."""',
            ),
        ),
    ),
    Change(
        "Update ccxt for the new Bybit rate limits",
        {},
        (
            ("requirements.txt", "ccxt==4.3.27", "ccxt==4.3.95"),
            ("config/config.yaml", "rate_limit_per_s: 10", "rate_limit_per_s: 8"),
            ("docs/deployment.md", "on the server.", "on the server, never by hand."),
        ),
    ),
)
