# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report shows of endpoints and commands, from findings.json alone."""

from __future__ import annotations

from typing import Any

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import commands, endpoints
from report_findings import Audit


def endpoint(name: str, **more: Any) -> dict[str, Any]:
    made = {
        "name": name,
        "url": "http://127.0.0.1:8002/health",
        "method": "GET",
        "from": "host",
        "required": True,
        "outcome": "pass",
        "status": 200,
        "failure": "",
        "reason": "",
        "median_ms": 12.4,
        "first_byte_ms": 11.0,
        "samples": 1,
        "under_ms": None,
        "size": 2,
        "partial": "",
        "data": {"asserted": 0, "hold": 0, "age_s": None, "live": None},
        "not_after": None,
    }
    return {**made, **more}


def report(section: str, facts: dict[str, Any]) -> Report:
    audit = Audit({"prod": ["prod-1", "prod-2"]})
    audit.facts("prod-1", section, facts)
    audit.unknown("prod-2", section, "observed", section, "high", "not seen")
    return Report(audit.done())


def rows(lines: list[str]) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| prod | ")]


def test_endpoints_stand_with_time_and_data_quality() -> None:
    fresh = {"asserted": 3, "hold": 2, "age_s": 75.0, "live": True}
    facts = [
        endpoint("/health", under_ms=500, samples=3, data=fresh),
        endpoint("slow", median_ms=1300.0, outcome="fail", data={**fresh, "live": False}, partial="cut"),
        endpoint(
            "none",
            not_after="2026-12-12T12:00:00Z",
            status=None,
            failure="refused",
            median_ms=None,
            outcome="fail",
            **{"from": "control"},
        ),
        endpoint("a|b`c", required=False, status=404, outcome="observation", method="HEAD"),
    ]
    lines = endpoints.render(report("endpoints", {"endpoints": facts, "total": 7}))
    first, second, third, fourth, unseen = rows(lines)
    assert first[2:] == [
        "GET `/health`",
        "the host",
        "200",
        "12 ms (median of 3), limit 500 ms",
        "live: 1 min 15 s old; 2 of 3 assertions hold",
        "\u2705 [OK]",
    ]
    assert second[5:7] == ["1300 ms", "stale: 1 min 15 s old; 2 of 3 assertions hold; not wholly read"]
    assert third[3:6] == ["the control node", "none: refused", "-"]
    assert third[6] == "certificate until 2026-12-12"
    assert fourth[2].startswith("HEAD ")
    assert "(optional)" in "|".join(fourth)
    assert unseen[1:3] == ["prod-2", "not seen"]
    text = "\n".join(lines)
    assert "Required endpoints that pass every check: 1 of 3." in text
    assert "3 more endpoints" in text
    assert text.index("`slow` on prod-1: 1300 ms") < text.index("`/health` on prod-1: 12 ms")


def test_commands_stand_with_how_they_ended() -> None:
    facts = [
        {
            "name": "check",
            "command": "./check 'a b'",
            "outcome": "pass",
            "exit_code": 0,
            "seconds": 0.25,
            "asserted": 1,
            "hold": 1,
        },
        {
            "name": "never",
            "command": "",
            "outcome": "unknown",
            "exit_code": None,
            "seconds": None,
            "asserted": 0,
            "hold": 0,
        },
    ]
    lines = commands.render(report("commands", {"commands": facts, "total": 2, "allowed": True}))
    first, second, unseen = rows(lines)
    assert first[2:7] == ["check", "`./check 'a b'`", "0", "0.2 s", "1 of 1 assertion holds"]
    assert second[2:7] == ["never", "-", "-", "-", "-"]
    assert unseen[1:3] == ["prod-2", "not seen"]
