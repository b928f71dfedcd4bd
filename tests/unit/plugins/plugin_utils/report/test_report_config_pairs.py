# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of several environments in the report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.parts import config_pairs
from report_findings import Audit
from report_hostile import HOSTILE_NAME

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "findings.schema.json").read_text(encoding="utf-8"))
BREAKS = "in prod, taking over the value of local would point URL at crypto, which no service of project bot is called"


def row(key: str, state: str, a: str | None = None, b: str | None = None, **more: Any) -> dict[str, Any]:
    made = {"key": key, "rule": "may_differ", "state": state, "reason": "", "a": a, "b": b, "read_by": {}, "breaks": []}
    return {**made, **more}


def pair(*keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("same", "differs", "only_a", "only_b", "forbidden_same", "unknown"), 0)
    for one in keys:
        counts[one["state"]] += 1
    made = {"component": ".env", "a": "local", "b": "prod", "counts": {**counts, "same": 3}, "keys": list(keys)}
    return {**made, "missing": [], "unseen": [], **more}


def rendered(*pairs: dict[str, Any]) -> list[str]:
    data = {**Audit({"local": ["local-1"], "prod": ["prod-1"]}).done(), "configs": list(pairs)}
    jsonschema.validate(data, SCHEMA)
    return config_pairs.render(Report(data))


def test_the_counts_and_each_key_that_is_not_the_same() -> None:
    both = {"local": ["service bot (compose bot)"], "prod": ["service bot (compose bot)"]}
    lines = rendered(
        pair(
            row("TOKEN", "forbidden_same", rule="must_differ"),
            row("ODD", "unknown", reason="hosts of prod disagree: web1; web2"),
            row("URL", "differs", "crypto:1", "market:1", read_by=both, breaks=[BREAKS]),
            row("SECRET", "differs", read_by={"local": ["unit a"], "prod": ["unit b"]}),
            row("OLD", "only_a", "x"),
            row("NEW", "only_b", None, ""),
        )
    )
    assert "| `local` | `prod` | 3 | 2 | 1 | 1 | \u274c [DRIFT] 1 | \u2753 [UNKNOWN] 1 | - |" in lines
    assert "Not the same in `local` and `prod`: 6 keys" in lines
    assert [line for line in lines if "_differ |" in line] == [
        "| `TOKEN` | must\\_differ | \u274c [DRIFT] the same, and must differ | not shown | not shown | - |",
        "| `ODD` | may\\_differ | \u2753 [UNKNOWN] not known: hosts of prod disagree: web1; web2 | - | - | - |",
        "| `URL` | may\\_differ | different, as it may | `crypto:1` | `market:1` | service bot (compose bot) |",
        "| `SECRET` | may\\_differ | different, as it may | not shown | not shown | local: unit a; prod: unit b |",
        "| `OLD` | may\\_differ | only in local | `x` | - | - |",
        "| `NEW` | may\\_differ | only in prod | - | empty | - |",
    ]
    assert f"- {BREAKS[0].upper()}{BREAKS[1:]}." in lines


def test_what_is_the_same_everywhere_has_one_row() -> None:
    lines = rendered(pair())
    assert "| `local` | `prod` | 3 | 0 | 0 | 0 | 0 | 0 | - |" in lines
    assert not [line for line in lines if "Not the same" in line]


def test_what_was_not_seen_and_what_is_not_listed_is_said() -> None:
    counts = {**pair()["counts"], "differs": 50}
    hidden = [{"host": f"web{number}", "reason": "not reached"} for number in range(7)]
    keys = [row(f"K{number}", "differs") for number in range(45)]
    lines = rendered(pair(*keys, counts=counts, missing=["prod-2"], unseen=hidden))
    assert "- Not there on `prod-2`." in lines
    assert any(line.endswith("| `web0`, `web1`, `web2`, `web3`, `web4` and 2 more |") for line in lines)
    assert "- Not all is known of `web0`: not reached" in lines
    assert "... and 2 more hosts in findings.json." in lines
    assert "... and 10 more keys in findings.json." in lines


def test_of_a_file_that_one_side_does_not_have_no_key_is_listed() -> None:
    lines = rendered(pair(row("A", "only_a", "x"), row("B", "only_a", "x"), missing=["prod-1"]))
    assert "| `local` | `prod` | 3 | 0 | 2 | 0 | 0 | 0 | - |" in lines
    assert "- Not there on `prod-1`." in lines
    assert not [line for line in lines if "Not the same" in line]


def test_hostile_text_stays_text() -> None:
    name = HOSTILE_NAME
    said = {"reason": name, "breaks": [f"in {name}"], "read_by": {name: [name]}, "rule": name}
    lines = rendered(pair(row(name, "differs", name, name, **said), component=name, a=name, missing=[name]))
    assert all(line == "" or re.match(r"(##|###|- |\||Not the same in |Values are )", line) for line in lines)
    assert "<img" not in re.sub(r"`[^\n]*`", "", "\n".join(lines)).replace("\\<img", "")


def test_one_environment_has_no_such_part() -> None:
    assert rendered() == []
