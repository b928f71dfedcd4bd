# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section trees of a report: what differs, verified files, structure, code, rules. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, short
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    fence,
    heading,
    more,
    paragraph,
    phrase,
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report, where
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.entry import brief, full
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import (
    component_status,
    findings,
    host_status,
    status,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import OK, severity

SECTION = "trees"
FILES = ("content", "mode", "owner", "mtime")
_APART = ("presence", "forbidden", "imports", "similar")
DIFFS = 20
"""How many text differences are shown whole; each was cut to the contract's size when it was made."""


def render(report: Report) -> Lines:
    """Return the trees part: coverage, differing files, their text, verified files, structure, pollution, rules."""
    others = [one for one in report.of(SECTION) if one["check"] not in (*FILES, *_APART)]
    lines = [*heading(3, "Trees"), *_trees(report), *_files(report), *_diffs(report), *_identical(report)]
    lines += [*_structure(report), *_pollution(report), *_imports(report), *_similar(report)]
    if others:
        lines += [*heading(4, "Rules and waivers"), *findings(report, SECTION, others)]
    return lines


def _trees(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        if place.facts is None:
            mark = host_status(report, SECTION, place)
            rows.append([place.environment, place.host, None, None, None, None, None, "not seen", mark])
        for tree in (place.facts or {}).get("trees") or []:
            counts: Json = tree.get("counts") or {}
            seen = [counts.get(key) for key in ("files", "equal", "ignored")]
            mark = component_status(report, SECTION, place.host, tree["name"])
            rows.append(
                [place.environment, place.host, _name(tree), *seen, tree.get("unknown_total"), _base(tree), mark]
            )
    titles = ("Environment", "Host", "Tree", "Files", "Equal", "Ignored", "Unreadable", "Deployed from", "Status")
    return table(titles, rows)


def _name(tree: Json) -> Markup:
    return phrase("{} ({})", tree["name"], code(tree["path"]))


def _base(tree: Json) -> object:
    """Return the commit that a tree was deployed from; a nearest commit is a guess and told as one."""
    base: Json | None = tree.get("base")
    if base is None:
        return "not known" if tree.get("outcome") == "ok" else phrase("not seen: {}", tree.get("reason"))
    if base.get("source") != "nearest":
        return phrase("{} {}", code(short(base.get("commit"))), base.get("subject"))
    apart = base.get("apart")
    distance = "distance not known" if apart is None else f"{number(apart, 'file')} apart"
    return phrase("looks like {}, {}", code(short(base.get("commit"))), distance)


def _files(report: Report) -> Lines:
    chosen = report.of(SECTION, *FILES)
    lines = heading(4, "Files that differ")
    if not chosen:
        return lines + paragraph("None among what was compared.")
    rows = [
        (
            where(one),
            code(one["subject"]),
            brief(one["expected"]),
            full(one["observed"]),
            status(one),
            severity(one["severity"]).markdown(),
        )
        for one in chosen
    ]
    return lines + table(("Where", "File", "Reference (lines, sha256, mode)", "Host", "Status", "Severity"), rows)


def _diffs(report: Report) -> Lines:
    chosen = [one for one in report.of(SECTION) if (one["observed"] or {}).get("diff")]
    lines = heading(4, "Text differences (secrets masked)") if chosen else []
    for one in chosen[:DIFFS]:
        diff = one["observed"]["diff"]
        cut = Markup(" (cut: the rest was not stored)" if diff.get("truncated") else "")
        lines += paragraph(phrase("Differences of {} on {}{}:", code(one["subject"]), where(one), cut))
        lines += fence(str(diff["text"]), "diff")
    return lines + more(len(chosen) - DIFFS, "text difference")


def _identical(report: Report) -> Lines:
    verified = [
        one
        for one in report.checks
        if one["section"] == SECTION and one["check"] == "content" and one["outcome"] == "pass"
    ]
    lines = heading(4, "Identical files (verified)")
    if not verified:
        return lines + paragraph("No equal file is listed by name: the contract gives none a severity.")
    rows = [(where(one), code(one["subject"]), brief(one["observed"]), OK.markdown()) for one in verified]
    return lines + table(("Where", "File", "Lines, sha256, mode", "Status"), rows)


def _structure(report: Report) -> Lines:
    chosen = report.of(SECTION, "presence")
    lines = heading(4, "Structure: only on one side")
    if not chosen:
        return lines + paragraph("No path was found on one side only.")
    rows = [
        (where(one), _side(one), code(one["subject"]), _what(one), status(one), severity(one["severity"]).markdown())
        for one in chosen
    ]
    return lines + table(("Where", "Only in", "Path", "What", "Status", "Severity"), rows)


def _side(finding: Json) -> str:
    return "the reference" if finding["state"] == "missing" else "the host"


def _what(finding: Json) -> Markup:
    """Return what lies on the one side: a whole directory is counted, with a sample of its names."""
    side: Json = finding["expected" if finding["state"] == "missing" else "observed"] or {}
    if "files" not in side:
        return full(side)
    counted = f"{number(side['files'], 'file')} in {number(side['directories'], 'directory', 'directories')}"
    return phrase("whole directory: {} ({})", counted, _sample(side.get("sample") or [], side["files"]))


def _pollution(report: Report) -> Lines:
    chosen = report.of(SECTION, "forbidden")
    lines = heading(4, "Pollution: files that must not be there")
    if not chosen:
        passed = sum(1 for one in report.checks if one["check"] == "forbidden" and one["section"] == SECTION)
        return lines + paragraph(
            f"No forbidden file was found; patterns that were checked over a whole tree: {passed}."
        )
    rows = [
        (
            where(one),
            code(one["subject"]),
            one["observed"]["count"],
            _sample(one["observed"].get("sample") or [], one["observed"]["count"]),
            status(one),
            severity(one["severity"]).markdown(),
        )
        for one in chosen
    ]
    return lines + table(("Where", "Directory:pattern", "Files", "Such as", "Status", "Severity"), rows)


def _imports(report: Report) -> Lines:
    chosen = report.of(SECTION, "imports")
    lines = heading(4, "Imports that lead nowhere") if chosen else []
    if not chosen:
        return lines
    rows = [
        (
            where(one),
            phrase("{}:{}", code(one["observed"]["file"]), one["observed"]["line"]),
            _imported(one["expected"]),
            some([code(path) for path in one["expected"]["reference_has"]], len(one["expected"]["reference_has"]), 3),
            status(one),
            severity(one["severity"]).markdown(),
        )
        for one in chosen
    ]
    return lines + table(("Where", "Line", "Imports", "In the reference", "Status", "Severity"), rows)


def _imported(expected: Json) -> Markup:
    if expected.get("name"):
        return phrase("{} from {}", code(expected["name"]), code(expected["module"]))
    return code(expected["module"])


def _similar(report: Report) -> Lines:
    chosen = report.of(SECTION, "similar")
    if not chosen:
        return []
    rows = [
        (
            where(one),
            code(one["subject"]),
            f"{one['observed']['share']:.1%}",
            f"{one['expected']['max']:.1%}",
            status(one),
            severity(one["severity"]).markdown(),
        )
        for one in chosen
    ]
    titles = ("Where", "Files", "Equal lines", "At most", "Status", "Severity")
    return [*heading(4, "Files that are too much alike"), *table(titles, rows)]


def _sample(names: t.Sequence[str], total: int) -> Markup:
    return some([code(name) for name in names], total, 3)
