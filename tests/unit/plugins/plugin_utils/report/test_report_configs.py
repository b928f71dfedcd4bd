# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration part of a report: files, keys that are not as they should be, differences that may be."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import configs
from report_findings import Audit

Json = dict[str, t.Any]


def file(**more: t.Any) -> Json:
    made: Json = {"name": "app.yaml", "kind": "path", "source": "app.yaml", "format": "yaml", "outcome": "ok"}
    made |= {
        "reason": "",
        "secret": False,
        "mtime": None,
        "keys": 9,
        "secrets": 1,
        "asked": True,
        "compared": True,
        "equal": None,
    }
    return {**made, "held": 6, "failed": 2, "expected": 1, "hidden": 0, "unclassified": 3, **more}


def audited(*files: Json, **more: t.Any) -> Audit:
    audit = Audit({"prod": ["web1"]})
    audit.facts("web1", "configs", {"files": list(files), "expected": [], "expected_total": 0, **more})
    return audit


def rendered(audit: Audit) -> str:
    return "\n".join(configs.render(Report(audit.done())))


def cells(text: str, name: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if f"| `{name}` |" in line]
    return [cell.strip().replace("\\", "") for cell in line.strip("|").split("|")]


def test_each_file_has_a_row_and_what_was_not_seen_has_no_numbers() -> None:
    text = rendered(
        audited(
            file(),
            file(name="alone", compared=False),
            file(name="apart", compared=False, asked=False),
            file(name="gone", outcome="missing"),
            file(name="blind", outcome="unknown"),
            file(name="same", outcome="unknown", equal=True),
            file(name="main", kind="process"),
        )
    )
    assert cells(text, "app.yaml")[3:11] == ["yaml", "9", "1", "6", "2", "1", "0", "3"]
    assert cells(text, "alone")[9] == "no reference"
    assert cells(text, "apart")[9] == "-"
    assert cells(text, "gone")[3:11] == ["not there", *["-"] * 7]
    assert cells(text, "blind")[3:11] == ["not seen", *["-"] * 7]
    assert cells(text, "same")[3:11] == ["not understood, equal to the byte", *["-"] * 7]
    assert cells(text, "main")[3] == "environment"


def test_each_file_has_a_status_of_its_own() -> None:
    audit = audited(file(), file(name="other"), file(name="blind"))
    audit.fail("web1", "configs", "duplicate", "app.yaml:d", "medium", "d stands twice", component="app.yaml")
    audit.unknown("web1", "configs", "file", "blind", "high", "not read", component="blind")
    text = rendered(audit)
    statuses = [cells(text, name)[-1].split()[1] for name in ("app.yaml", "other", "blind")]
    assert statuses == ["[DRIFT]", "[OK]", "[UNKNOWN]"]


def test_a_host_that_was_not_seen_says_so() -> None:
    assert "| prod | web1 | - | not seen |" in rendered(Audit({"prod": ["web1"]}))


def test_keys_stand_in_a_table_of_their_own_and_other_findings_in_another() -> None:
    audit = audited(file())
    told: Json = {"component": "app.yaml", "expected": {"rule": "must_match", "value": "1"}}
    audit.fail("web1", "configs", "value", "app.yaml:a|b", "high", "x", observed={"value": "`2`", "line": 4}, **told)
    tested: Json = {"component": "app.yaml", "expected": {"min": 1, "max": 5}, "observed": {"value": "9"}}
    audit.fail("web1", "configs", "value", "app.yaml:c", "high", "x", **tested)
    audit.fail("web1", "configs", "duplicate", "app.yaml:d", "medium", "d stands twice", component="app.yaml")
    text = rendered(audit)
    (row,) = [line for line in text.splitlines() if "must\\_match" in line]
    assert "a\\|b" in row
    assert "in line 4" in row
    assert "must be at least 1 and be at most 5" in text
    assert "d stands twice" in text
    assert text.count("| Where |") == 2


def test_differences_that_may_be_are_told_as_such() -> None:
    one = {"name": "app.yaml", "key": "log.level", "here": "DEBUG", "there": "INFO"}
    text = rendered(audited(file(), expected=[one], expected_total=3))
    assert "#### Expected differences" in text
    assert "| `log.level` | `DEBUG` | `INFO` |" in text
    assert "2 more expected differences" in text
    assert "Expected differences" not in rendered(audited(file()))
