# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add up the JUnit reports of a test run: one line a suite, then the total in pytest's own form.

summary.py REPORTS SUITE...: fails when one of the named suites ran no test.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

KINDS = ("tests", "failures", "errors", "skipped")


def read(report: Path) -> tuple[dict[str, int], float]:
    counts = dict.fromkeys(KINDS, 0)
    seconds = 0.0
    for suite in ET.parse(report).getroot().iter("testsuite"):
        for kind in KINDS:
            counts[kind] += int(suite.get(kind, "0"))
        seconds += float(suite.get("time", "0"))
    return counts, seconds


def words(counts: dict[str, int]) -> str:
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    parts = [(failed, "failed"), (passed, "passed"), (counts["skipped"], "skipped")]
    return ", ".join(f"{number} {word}" for number, word in parts if number or word == "passed")


def main(folder: Path, needed: list[str]) -> int:
    suites = {report.stem: read(report) for report in sorted(folder.glob("*.xml"))}
    total = dict.fromkeys(KINDS, 0)
    for name, (counts, seconds) in suites.items():
        print(f"{name}: {words(counts)} in {seconds:.2f}s")
        total = {kind: total[kind] + counts[kind] for kind in KINDS}
    missing = [name for name in needed if name not in suites or suites[name][0]["tests"] == 0]
    if missing:
        print(f"no test ran in: {', '.join(missing)}", file=sys.stderr)
    print(f"===== {words(total)} in {sum(suite[1] for suite in suites.values()):.2f}s =====")
    return 1 if missing or total["failures"] or total["errors"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
