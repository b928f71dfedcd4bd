# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section configs of a report: the files, the keys that are not as they should be, those that may differ.

Private to the collection.
"""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_words import in_words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    code,
    heading,
    join,
    more,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import (
    component_status,
    findings,
    host_status,
    status,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import severity

SECTION = "configs"

_OF_KEYS = ("value", "present", "absent", "must_differ", "placeholder")
_KINDS = {"process": "environment", "unit": "environment", "container": "environment"}
_NO_FILE = {"missing": "not there", "unknown": "not seen"}


def render(report: Report) -> Lines:
    """Return the configs part: the files, differing keys, other findings, differences that may be."""
    of_keys = [one for one in report.of(SECTION, *_OF_KEYS) if ":" in one["subject"] and "value" in one["observed"]]
    told = {one["id"] for one in of_keys}
    rest = [one for one in report.of(SECTION) if one["id"] not in told]
    lines = [*heading(3, "Configuration"), *_files(report), *_keys(of_keys)]
    if rest or not of_keys:
        lines += findings(report, SECTION, rest)
    return [*lines, *_expected(report)]


def _files(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        if place.facts is None:
            mark = host_status(report, SECTION, place)
            rows.append([place.environment, place.host, None, "not seen", *[None] * 7, mark])
            continue
        for one in place.facts["files"]:
            mark = component_status(report, SECTION, place.host, one["name"])
            rows.append([place.environment, place.host, code(one["name"]), *_file(one), mark])
    titles = (
        *("Environment", "Host", "Configuration", "Format", "Keys", "Secret", "As wanted", "Not as wanted"),
        *("May differ", "Not compared", "No rule", "Status"),
    )
    return table(titles, rows)


def _file(one: Json) -> list[object]:
    if one["outcome"] == "unknown" and one["equal"]:
        return ["not understood, equal to the byte", *[None] * 7]
    if one["outcome"] != "ok":
        return [_NO_FILE[one["outcome"]], *[None] * 7]
    form = _KINDS.get(one["kind"], one["format"])
    hidden = one["hidden"] if one["compared"] else "no reference" if one["asked"] else None
    counted = [one[name] for name in ("keys", "secrets", "held", "failed", "expected")]
    return [form, *counted, hidden, one["unclassified"]]


def _keys(found: list[Json]) -> Lines:
    if not found:
        return []
    rows: list[list[object]] = []
    for one in found:
        name = one["subject"][len(one["component"]) + 1 :]
        seen = code(one["observed"]["value"])
        if one["observed"].get("line") is not None:
            seen = phrase("{} in line {}", seen, one["observed"]["line"])
        place = [where(one), code(one["component"]), code(name), _wanted(one["expected"]), seen]
        rows.append([*place, severity(one["severity"]).markdown(), status(one)])
    titles = ("Where", "Configuration", "Key", "Expected", "Observed", "Severity", "Status")
    return [*heading(4, "Keys that are not as they should be"), *table(titles, rows)]


def _wanted(expected: Json) -> object:
    """Return the rule, what the reference has, and the tests."""
    parts: list[object] = []
    if expected.get("rule"):
        parts.append(expected["rule"])
    if "value" in expected:
        parts.append(code(expected["value"]))
    tests = in_words(expected)
    if tests:
        parts.append(f"must {tests}")
    return join(": ", parts)


def _expected(report: Report) -> Lines:
    """Return the differences that may be: shown, so that nobody looks for them again, and counted as none."""
    rows: list[list[object]] = []
    hidden = 0
    for place in report.facts(SECTION):
        for one in (place.facts or {}).get("expected") or ():
            values = [code(one["here"]), code(one["there"])]
            rows.append([place.environment, place.host, code(one["name"]), code(one["key"]), *values])
        hidden += (place.facts or {}).get("expected_total", 0) - len((place.facts or {}).get("expected") or ())
    if not rows:
        return []
    titles = ("Environment", "Host", "Configuration", "Key", "Here", "Reference")
    return [*heading(4, "Expected differences"), *table(titles, rows), *more(hidden, "expected difference")]
