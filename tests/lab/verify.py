# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold the findings of an audit of the lab against the faults that were planted: all of them, and nothing else.

verify.py FINDINGS: says what is missing and what is too much, and fails then.
"""

from __future__ import annotations

import json
import re
import sys
import typing as t
from pathlib import Path

import yaml

FAULTS = Path(__file__).resolve().parent / "faults.yml"

Fault = t.Mapping[str, str]


def fits(fault: Fault, finding: t.Mapping[str, t.Any]) -> bool:
    subject = ".*".join(map(re.escape, fault["subject"].split("*")))
    same = all(finding[key] == fault[key] for key in ("section", "check", "cause"))
    return same and re.fullmatch(subject, finding["subject"], re.DOTALL) is not None


def complaints(findings: t.Mapping[str, t.Any], faults: t.Mapping[str, t.Sequence[Fault]]) -> list[str]:
    """Return what is wrong, a sentence each."""
    said = []
    if not findings["verdict"]["complete"]:
        said.append("the audit could not see everything")
    drift = [one for one in findings["findings"] if one["outcome"] != "observation"]
    for environment, planted in faults.items():
        here = [one for one in drift if one["environment"] == environment]
        for fault in planted:
            if not any(fits(fault, one) for one in here):
                said.append(f"{environment}: not found: {json.dumps(fault)}")
        for one in here:
            if not any(fits(fault, one) for fault in planted):
                what = {key: one[key] for key in ("section", "check", "subject", "cause", "summary")}
                said.append(f"{environment}: found, and not planted: {json.dumps(what)}")
    others = {one["environment"] for one in drift} - set(faults)
    return said + [f"findings of an environment that the lab has not: {name}" for name in sorted(map(str, others))]


def main(findings: Path) -> int:
    said = complaints(json.loads(findings.read_text("utf-8")), yaml.safe_load(FAULTS.read_text("utf-8")))
    print("\n".join(said) or "every planted fault was found, and nothing else")
    return 1 if said else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main(Path(sys.argv[1])))
