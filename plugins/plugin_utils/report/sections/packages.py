# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section packages of a report: environments, systems, and what differs in them. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import findings, host_status, status
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import severity

SECTION = "packages"
PACKAGES = ("version", "installed", "declared")


def render(report: Report) -> Lines:
    """Return the packages part: environments and systems, the packages that differ, everything else."""
    others = [one for one in report.of(SECTION) if one["check"] not in PACKAGES]
    lines = [*heading(3, "Packages"), *_places(report), *_packages(report)]
    if others:
        lines += [*heading(4, "Environments and metadata"), *findings(report, SECTION, others)]
    return lines


def _places(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        mark = host_status(report, SECTION, place)
        start: list[object] = [place.environment, place.host]
        if place.facts is None:
            rows.append([*start, None, "not seen", None, None, None, None, mark])
        facts: Json = place.facts or {}
        for one in facts.get("environments") or []:
            counts = [one.get(key) for key in ("packages", "required", "differ")]
            newest: Json = one.get("newest") or {}
            rows.append([*start, code(one["path"]), _python(one), *counts, newest.get("mtime"), mark])
        for one in facts.get("systems") or []:
            said = "as recorded" if one["outcome"] == "ok" else phrase("not seen: {}", one.get("reason"))
            rows.append([*start, code(one["kind"]), said, None, one.get("names"), None, None, mark])
    titles = ("Environment", "Host", "Where", "Python", "Packages", "Asked for", "Differ", "Last installed", "Status")
    return table(titles, rows)


def _python(one: Json) -> object:
    if one.get("outcome") != "ok":
        return phrase("{}: {}", "missing" if one.get("outcome") == "missing" else "not seen", one.get("reason"))
    return one.get("python") or "not known"


def _packages(report: Report) -> Lines:
    chosen = report.of(SECTION, *PACKAGES)
    lines = heading(4, "Packages that differ")
    if not chosen:
        return lines + paragraph("None among what was compared.")
    rows = [
        (
            where(one),
            code(one["component"]),
            code(one["subject"]),
            _wanted(one["expected"] or {}),
            (one["observed"] or {}).get("version") or "not installed",
            status(one),
            severity(one["severity"]).markdown(),
        )
        for one in chosen
    ]
    return lines + table(("Where", "In", "Package", "Wanted", "Installed", "Status", "Severity"), rows)


def _wanted(expected: Json) -> Markup:
    """Return the wanted version, and the line that asks for it."""
    if "file" in expected:
        version: t.Any = code(expected["specifier"]) if expected.get("specifier") else "any version"
        return phrase("{} ({}:{})", version, code(expected["file"]), expected.get("line"))
    return code(expected["version"]) if expected.get("version") else Markup("not declared")
