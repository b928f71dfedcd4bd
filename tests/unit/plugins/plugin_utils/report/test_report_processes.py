# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report shows of processes, from findings.json alone."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import processes
from report_findings import Audit


@pytest.mark.parametrize(("rss_kb", "mib"), [(6036, "6"), (6188, "6"), (11_912, "12"), (30_000, "29")])
def test_memory_is_the_nearest_number_of_mib(rss_kb: int, mib: str) -> None:
    """The key figures of a verification have it with its decimals: 5.895 MiB are not 5."""
    instance = {"pid": 7, "started": "2026-11-21T18:04:00Z", "user": "app", "cwd": "/srv/app", "venv": "", "unit": None}
    instance |= {"container": "", "cpu_percent": 0.1, "rss_kb": rss_kb, "command": "python main.py"}
    row = {"name": "main", "wanted": 1, "running": 1, "containers": 0, "instances": [instance]}
    audit = Audit({"prod": ["prod-1"]})
    audit.facts("prod-1", "processes", {"processes": [row]})
    (line,) = [line for line in processes.render(Report(audit.done())) if line.startswith("| prod-1 | main")]
    assert f"| 0.1 | {mib} |" in line
