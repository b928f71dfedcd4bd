# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of one virtual environment against its requirements files. Private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.package_wanted import NotUnderstood, Wanted, wanted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

with contextlib.suppress(ImportError):
    # ansible-core brings it; ansible-test's import test looks at each file where it is not.
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

_INSTALL = remedy("install", "Install what the requirements ask for into this environment, or correct them.")
_REBUILD = remedy("rebuild_environment", "Make the environment anew from its requirements; do not repair it by hand.")
_DECLARE = remedy("declare", "Add the package to the requirements if it is needed; remove it otherwise.")
_TOOLS = frozenset({"pip", "setuptools", "wheel"})
"""What an environment is made with: nobody declares these."""

Level = t.Callable[[str], str]


class EnvironmentRules:
    """Judges one environment that was seen. ``path`` is its component; ``level`` gives the severity of a check."""

    def __init__(self, scope: Scope, level: Level, seen: Details, only_declared: bool) -> None:
        self._scope = scope
        self._level = level
        self._seen = seen
        self._path = scope.component
        self._only_declared = only_declared
        self._installed: dict[str, list[str]] = {}
        self._sources: dict[str, list[str]] = {}
        for package in seen["packages"]:
            versions = self._installed.setdefault(package["name"], [])
            if package["version"] not in versions:
                versions.append(package["version"])
            if package["source"]:
                self._sources.setdefault(package["source"], []).append(package["name"])
        self._wanted: dict[str, list[Wanted]] = {}
        self._unclear: list[str] = []

    def judge(self) -> list[Check]:
        """Return all checks of the environment."""
        made = [*self._environment(), *self._metadata(), *self._lines()]
        for name in sorted(self._wanted):
            made += self._package(name, self._wanted[name])
        return made + (self._declared() if self._only_declared else [])

    def _environment(self) -> list[Check]:
        level, path, reason = self._level("environment"), self._path, self._seen["interpreter"]
        observed = {"python": self._seen["python"], "packages": len(self._installed)}
        if not reason:
            held = number(len(self._installed), "package")
            summary = f"{path} is an environment of Python {self._seen['python'] or 'of unknown version'} with {held}"
            return [self._scope.passed("environment", path, level, summary, observed=observed)]
        summary = f"Nothing can run in the environment {path}: {reason}"
        return [
            self._scope.failed(
                "environment",
                path,
                level,
                summary,
                state="failed",
                cause="broken_metadata",
                observed={**observed, "reason": reason},
                remedy=_REBUILD,
            )
        ]

    def _metadata(self) -> list[Check]:
        level = self._level("metadata")
        made = [
            self._scope.failed(
                "metadata",
                item["path"],
                level,
                f"The metadata {item['path']} is broken: {item['reason']}; nobody can tell what is installed there",
                state="failed",
                cause="broken_metadata",
                observed={"reason": item["reason"]},
                remedy=_REBUILD,
            )
            for item in self._seen["broken"]
        ]
        made += [
            self._scope.unknown("metadata", item["path"], level, f"{item['path']} could not be read: {item['reason']}")
            for item in self._seen["unread"]
        ]
        if not made:
            held = number(len(self._installed), "package")
            made.append(self._scope.passed("metadata", self._path, level, f"The metadata of {held} is whole"))
        return made

    def _lines(self) -> list[Check]:
        """Sort the lines by the package that they ask for; return the checks of those that nobody understands."""
        made, level = {}, self._level("version")
        if self._seen["requirements_outcome"] != "ok":
            reason = self._seen["requirements_reason"]
            self._unclear.append(reason)
            summary = f"The requirements of {self._path} could not be read: {reason}"
            made[""] = self._scope.unknown("requirements", self._path, level, summary, observed={"reason": reason})
        for line in self._seen["requirements"]:
            place = f"{line['file']}:{line['line']}"
            try:
                found = wanted(line, self._seen["platform"])
                if found is not None:
                    for name in self._names(found):
                        self._wanted.setdefault(name, []).append(found)
            except NotUnderstood as problem:
                self._unclear.append(place)
                summary = f"{place} asks for something that cannot be told: {line['text']} ({problem})"
                observed = {"text": line["text"], "reason": str(problem)}
                made[place] = self._scope.unknown("requirements", place, level, summary, observed=observed)
        return list(made.values())

    def _names(self, found: Wanted) -> list[str]:
        if found.name:
            return [found.name]
        names = self._sources.get(found.target)
        if not names:
            raise NotUnderstood(f"no package says that it was installed from {found.target}")
        return sorted(set(names))

    def _package(self, name: str, lines: list[Wanted]) -> list[Check]:
        required = [one for one in lines if not one.constraint]
        versions = self._installed.get(name)
        if versions is None:
            return [self._absent(name, required[0])] if required else []
        made = []
        if required:
            summary = f"{name} is installed in {self._path}, as {required[0].place} asks"
            observed = {"version": ", ".join(versions)}
            made.append(self._scope.passed("installed", name, self._level("installed"), summary, observed=observed))
        bound = [one for one in lines if len(one.specifier)]
        return [*made, self._version(name, versions, bound)] if bound else made

    def _absent(self, name: str, line: Wanted) -> Check:
        level, path = self._level("installed"), self._path
        expected = {"specifier": str(line.specifier), "file": line.file, "line": line.line}
        for item in self._seen["unread"]:
            if _may_hide(item["path"], name):
                summary = f"Whether {name} is installed in {path} cannot be told: {item['path']}: {item['reason']}"
                return self._scope.unknown("installed", name, level, summary, observed={"reason": item["reason"]})
        return self._scope.failed(
            "installed",
            name,
            level,
            f"{name} is not installed in {path}: {line.place} asks for {name}{line.specifier}",
            state="missing",
            cause="not_installed",
            expected=expected,
            observed={"version": None},
            remedy=_INSTALL,
        )

    def _version(self, name: str, versions: list[str], bound: list[Wanted]) -> Check:
        level, path = self._level("version"), self._path
        shown = " and ".join(versions)
        try:
            wrong = [
                one
                for one in bound
                if not all(one.specifier.contains(_comparable(one, v), prereleases=True) for v in versions)
            ]
        except InvalidVersion:
            summary = f"Whether {name} {shown} in {path} is what {bound[0].place} asks for cannot be told: "
            return self._scope.unknown("version", name, level, f"{summary}{shown} is no version that can be compared")
        first = wrong[0] if wrong else bound[0]
        expected = {"specifier": str(first.specifier), "file": first.file, "line": first.line}
        observed = {"version": shown}
        if not wrong:
            summary = f"{name} {shown} in {path} is what {first.place} asks for ({first.specifier})"
            return self._scope.passed("version", name, level, summary, expected=expected, observed=observed)
        others = ", ".join(f"{one.place} ({one.specifier})" for one in wrong[1:4])
        summary = f"{name} is {shown} in {path}, but {first.place} asks for {first.specifier}"
        return self._scope.failed(
            "version",
            name,
            level,
            f"{summary}; so does {others}" if others else summary,
            state="differs",
            cause="wrong_version",
            expected=expected,
            observed=observed,
            remedy=_INSTALL,
        )

    def _declared(self) -> list[Check]:
        level, path = self._level("declared"), self._path
        declared = {name for name, lines in self._wanted.items() if not all(one.constraint for one in lines)}
        extra = sorted(self._installed.keys() - declared - _TOOLS - self._of_the_system())
        if not extra:
            return [self._scope.passed("declared", path, level, f"{path} holds only packages that are declared")]
        if self._unclear:
            summary = f"Whether {number(len(extra), 'package')} in {path} may be there cannot be told: "
            summary += f"not all requirements are understood ({self._unclear[0]})"
            return [self._scope.unknown("declared", path, level, summary, observed={"packages": extra[:50]})]
        return [
            self._scope.failed(
                "declared",
                name,
                level,
                f"{name} {' and '.join(self._installed[name])} is installed in {path}, and no requirement names it",
                state="unexpected",
                cause="undeclared_package",
                observed={"version": ", ".join(self._installed[name])},
                remedy=_DECLARE,
            )
            for name in extra
        ]

    def _of_the_system(self) -> set[str]:
        """Return what is only seen through the environment, in the Python that it was made from."""
        inside = {one["name"] for one in self._seen["packages"] if one["path"].startswith(f"{self._path}/")}
        # Without a single one inside, the path is spelled in another way: then nothing tells them apart.
        return self._installed.keys() - inside if inside else set()


def _comparable(line: Wanted, version: str) -> str | Version:
    """Return a version as the specifier takes it: ``===`` compares the text itself."""
    if all(one.operator == "===" for one in line.specifier):
        return version
    return Version(version)


def _may_hide(path: str, name: str) -> bool:
    """Return whether what could not be read may be the metadata of a package, or may be anything."""
    file = path.rpartition("/")[2]
    return not file.endswith(("-info", ".egg", ".egg-link")) or canonicalize_name(file).startswith(name)
