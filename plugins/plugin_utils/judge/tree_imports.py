# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree's code as checks: imports that lead nowhere, and files that are more alike than they may be. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.path_severity import PathSeverity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, reference_name

_FIX = remedy("fix_code", "Add the module that is missing, install the package that has it, or correct the import.")
_SHARE = remedy(
    "fix_code", "Look at what both files hold, and keep it in one place; or raise the share in the contract."
)
_COST = "Whatever imports this file fails with ImportError, at the latest when the line is reached."


def imports(scope: Scope, severities: PathSeverity, tree: Details) -> list[Check]:
    """Return a check for each import that leads nowhere, or one that says that all lead somewhere."""
    seen: Details | None = tree.get("imports")
    if seen is None:
        return []
    path = tree["path"]
    if seen["outcome"] != "ok":
        return [scope.unknown("imports", path, "high", f"The imports of {path} were not seen: {seen['reason']}")]
    made = [_unresolved(scope, severities, one) for one in seen["unresolved"]]
    made += [_unread(scope, severities, one) for one in _joined(seen["unknown"])]
    more = max(seen["unresolved_total"] - len(seen["unresolved"]), 0) + max(
        seen["unknown_total"] - len(seen["unknown"]), 0
    )
    if more:
        summary = f"{number(more, 'more import or file', 'more imports or files')} of {path} are not listed"
        made.append(scope.unknown("imports", f"{path}:more", "high", summary))
    if not made and not seen["files"]:
        made.append(scope.not_exercised("imports", path, f"There is no Python file in {path} whose imports could fail"))
    if not made:
        where = f", with the packages of {seen['venv']}" if seen["venv"] else ""
        files, checked = number(seen["files"], "file"), number(seen["checked"], "import")
        summary = f"All {checked} in {files} of {path} lead somewhere{where}"
        observed = {key: seen[key] for key in ("files", "checked", "optional", "venv", "python")}
        made.append(scope.passed("imports", path, "high", summary, observed=observed))
    return made


def _joined(unread: t.Sequence[Details]) -> list[Details]:
    """Return one entry for each path: a file can have several lines that cannot be told."""
    reasons: dict[str, list[str]] = {}
    for one in unread:
        reasons.setdefault(one["path"], []).append(one["reason"])
    return [{"path": path, "reason": "; ".join(reasons[path][:5])} for path in sorted(reasons)]


def _unread(scope: Scope, severities: PathSeverity, one: Details) -> Check:
    summary = f"The imports of {one['path']} cannot be told: {one['reason']}"
    return scope.unknown("imports", one["path"], severities.of(one["path"], "high"), summary)


def _unresolved(scope: Scope, severities: PathSeverity, one: Details) -> Check:
    """Return the finding of one module, or one name, that a file imports in vain.

    The other environments, and the reference, are asked for ``expected.candidates``.
    """
    path, module, name = one["path"], one["module"], one["name"]
    line = f"{path}:{one['line']} imports {name} from {module}" if name else f"{path}:{one['line']} imports {module}"
    if one["found"]:
        said = f"{line}, but {one['found']} does not define it"
    elif name:
        said = f"{line}, but nothing there has that name"
    elif module.startswith("."):
        said = f"{line}, which is not in the tree"
    else:
        said = f"{line}, which is neither in the tree, nor in its environment, nor in the standard library"
    has: t.Sequence[str] = one["reference_has"]
    remedy_of = _FIX
    if has:
        reference = reference_name(scope.context.reference)
        other = "has another" if has[0] == one["found"] else "has"
        said = f"{said}; {reference} {other} {has[0]}"
        remedy_of = remedy("deploy", f"Deploy {reference}, which {other} {has[0]}.")
    subject = f"{path}:{module}" + (f":{name}" if name else "")
    return scope.failed(
        "imports",
        subject,
        severities.of(path, "high"),
        said,
        state="missing",
        cause="unresolved_import",
        direction="reference_ahead" if has else "none",
        expected={"module": module, "name": name, "candidates": list(one["candidates"]), "reference_has": list(has)},
        observed={"file": path, "line": one["line"], "lines": list(one["lines"]), "found": one["found"]},
        remedy=remedy_of,
        impact=_COST,
    )


def similar(scope: Scope, severities: PathSeverity, tree: Details) -> list[Check]:
    """Return one check for each pair of files that must not have much in common."""
    return [_pair(scope, severities, pair) for pair in tree.get("similar") or []]


def _pair(scope: Scope, severities: PathSeverity, pair: Details) -> Check:
    a, b, share = pair["a"], pair["b"], pair["share"]
    subject, level = f"{a}:{b}", severities.of(a, severities.of(b, "medium"))
    if pair["outcome"] != "ok":
        return scope.unknown("similar", subject, level, f"{a} and {b} could not be compared: {pair['reason']}")
    first, second = pair["lines"]
    summary = (
        f"{share:.1%} of the lines of {a if first <= second else b} are in {b if first <= second else a} as well; "
        f"{pair['max']:.1%} may be ({first} and {number(second, 'line')} without blanks and comments)"
    )
    expected, observed = {"max": pair["max"]}, {"share": share, "lines": list(pair["lines"])}
    if share <= pair["max"]:
        return scope.passed("similar", subject, level, summary, expected=expected, observed=observed)
    return scope.failed(
        "similar",
        subject,
        level,
        summary,
        state="failed",
        cause="too_similar",
        expected=expected,
        observed=observed,
        remedy=_SHARE,
    )
