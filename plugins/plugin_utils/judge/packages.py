# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section packages: what is installed against what was asked for. Private to the collection."""

from __future__ import annotations

import fnmatch
import hashlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.package_environment import (
    EnvironmentRules,
    Level,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

SECTION = "packages"

DEFAULTS = {
    "version": "high",
    "installed": "high",
    "declared": "low",
    "metadata": "medium",
    "environment": "critical",
}
"""The checks of this section and their severities where the contract gives none."""

_BUILD = remedy(
    "rebuild_environment", "Make the environment from its requirements, or correct the path in the contract."
)
_INSTALL = remedy("install", "Install the wanted version with the host's package manager, or correct the contract.")
_FINISH = remedy("install", "Let the package manager finish or repeat the installation, and look at why it did not.")
_UNSEEN: Details = {"outcome": "unknown", "reason": "the answer does not hold it", "packages": []}


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge all entries of one host. ``evidence`` is the ``data`` of packages.json (docs/design.md)."""
    made = Judgement(facts={"environments": [], "systems": []})
    environments = {one["path"]: one for one in evidence["environments"]}
    systems = {one["kind"]: one for one in evidence["systems"]}
    for entry in sorted(contract, key=lambda one: str(one.get("venv") or one.get("system"))):
        component = entry.get("venv") or entry["system"]
        scope = Scope(context, SECTION, component, entry, "operational")
        if entry.get("venv"):
            _environment(scope, _level(entry), entry, environments.get(component, _UNSEEN), made)
        else:
            _system(scope, _level(entry), entry, systems.get(component, _UNSEEN), made)
    made.cover()
    return made


def _level(entry: Details) -> Level:
    given: t.Mapping[str, str] = entry.get("severity") or {}
    return lambda check: given.get(check) or DEFAULTS[check]


def _environment(scope: Scope, level: Level, entry: Details, seen: Details, made: Judgement) -> None:
    path = scope.component
    checks: list[Check]
    if seen["outcome"] == "missing":
        summary = f"There is no environment at {path} on {scope.context.host}: {seen['reason']}"
        checks = [
            scope.failed(
                "environment",
                path,
                level("environment"),
                summary,
                state="missing",
                cause="not_installed",
                expected={"environment": path},
                observed={"reason": seen["reason"]},
                remedy=_BUILD,
            )
        ]
    elif seen["outcome"] != "ok":
        summary = f"The packages of {path} were not seen: {seen['reason']}"
        checks = [scope.unknown("environment", path, level("environment"), summary)]
    else:
        checks = EnvironmentRules(scope, level, seen, bool(entry.get("only_declared"))).judge()
        if not seen["unread"]:
            made.marks[path] = _mark(seen.get("python", ""), _versions(seen["packages"]))
    made.checks += checks
    made.cells[path] = "in_sync" if seen["outcome"] == "ok" else "unknown"
    failed = [check for check in checks if check.outcome == "fail"]
    made.facts["environments"].append(
        {
            "path": path,
            "outcome": seen["outcome"],
            "reason": seen["reason"],
            "python": seen.get("python", ""),
            "packages": len(seen["packages"]),
            "required": len({check.subject for check in checks if check.check in ("installed", "version")}),
            "differ": len({check.subject for check in failed if check.check in ("installed", "version", "declared")}),
            "broken": len(seen.get("broken") or []),
            "newest": seen.get("newest"),
        }
    )


def _versions(packages: t.Iterable[Details]) -> list[str]:
    return sorted(f"{package['name']}=={package['version']}" for package in packages)


def _mark(python: str, versions: t.Sequence[str]) -> str:
    """Return a text that is equal for equal packages of equal Pythons."""
    digest = hashlib.sha256("\n".join(versions).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return ", ".join([*([f"Python {python}"] if python else []), number(len(versions), "package"), digest])


def _system(scope: Scope, level: Level, entry: Details, seen: Details, made: Judgement) -> None:
    kind, names = scope.component, entry.get("names") or {}
    made.facts["systems"].append(
        {"kind": kind, "outcome": seen["outcome"], "reason": seen["reason"], "names": len(names)}
    )
    made.cells[kind] = "in_sync" if seen["outcome"] == "ok" else "unknown"
    if seen["outcome"] != "ok":
        summary = f"The packages of {kind} were not seen: {seen['reason']}"
        made.checks.append(scope.unknown("environment", kind, level("environment"), summary))
        return
    for name in sorted(names):
        made.checks += _system_package(scope, level, name, names[name], seen)
    held = [f"{name}=={version}" for name in sorted(names) for version in seen["packages"].get(name, ["none"])]
    made.marks[kind] = _mark("", held)


def _system_package(scope: Scope, level: Level, name: str, pattern: str, seen: Details) -> list[Check]:
    kind, host = scope.component, scope.context.host
    expected = {"version": pattern}
    versions: list[str] = seen["packages"].get(name, [])
    state = seen["unfinished"].get(name.partition(":")[0])
    made = []
    if state:
        summary = f"{name} is {state} on {host}, says {kind}: its installation was not finished"
        made.append(
            scope.failed(
                "metadata",
                name,
                level("metadata"),
                summary,
                state="failed",
                cause="broken_metadata",
                observed={"state": state},
                remedy=_FINISH,
            )
        )
    if not versions:
        summary = f"{name} is not installed on {host}, says {kind}: version {pattern} is wanted"
        missing = scope.failed(
            "installed",
            name,
            level("installed"),
            summary,
            state="missing",
            cause="not_installed",
            expected=expected,
            observed={"version": None},
            remedy=_INSTALL,
        )
        return made if state else [missing]
    shown = " and ".join(versions)
    observed = {"version": shown}
    summary = f"{name} is installed on {host}, says {kind}"
    made.append(scope.passed("installed", name, level("installed"), summary, observed=observed))
    if all(fnmatch.fnmatchcase(version, pattern) for version in versions):
        summary = f"{name} is {shown} on {host}, as wanted ({pattern})"
        passed = scope.passed("version", name, level("version"), summary, expected=expected, observed=observed)
        return [*made, passed]
    wrong = scope.failed(
        "version",
        name,
        level("version"),
        f"{name} is {shown} on {host}, but the contract wants {pattern}",
        state="differs",
        cause="wrong_version",
        expected=expected,
        observed=observed,
        remedy=_INSTALL,
    )
    return [*made, wrong]
