# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a line of a requirements file asks of one environment. Private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

with contextlib.suppress(ImportError):
    # ansible-core brings it; ansible-test's import test looks at each file where it is not.
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
    from packaging.version import InvalidVersion

_OPTIONS = re.compile(
    r"(?:-i|-f|--index-url|--extra-index-url|--no-index|--find-links|--no-binary|--only-binary|--prefer-binary|"
    r"--require-hashes|--pre|--trusted-host|--use-feature|--use-pep517|--no-use-pep517|--no-build-isolation)"
    r"(?:[=\s].*|\Z)",
    re.DOTALL,
)
_EDITABLE = re.compile(r"(?:-e\s*|--editable(?:=|\s+))")
_OWN_OPTIONS = re.compile(r"\s--(?:hash|global-option|install-option|config-settings?)(?:=|\s).*\Z", re.DOTALL)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+\Z")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_MARKER_NAMES = (
    *("implementation_name", "implementation_version", "os_name", "platform_machine", "platform_release"),
    *("platform_python_implementation", "platform_system", "platform_version", "python_full_version"),
    *("python_version", "sys_platform"),
)


class NotUnderstood(Exception):
    """Nobody can say what a line asks for. The message says why."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A package that a line asks for.

    ``name`` is normalised, empty for one that is only known by the directory ``target`` that it is installed from.
    ``specifier`` is empty when any version will do; ``by_url`` tells that an address, not a version, was asked for. A
    ``constraint`` binds only what is installed.
    """

    name: str
    specifier: SpecifierSet
    file: str
    line: int
    constraint: bool
    by_url: bool = False
    target: str = ""

    @property
    def place(self) -> str:
        """Where it stands: ``requirements.txt:12``."""
        return f"{self.file}:{self.line}"


def wanted(line: Details, platform: t.Mapping[str, str | None]) -> Wanted | None:
    """Return what a line asks of an environment; None for an option, or for what its marker keeps away from it.

    ``line`` is one of ``requirements`` in the evidence, ``platform`` the environment's own. Raises NotUnderstood.
    """
    if line["problem"]:
        raise NotUnderstood(line["problem"])
    text = line["text"]
    editable = _EDITABLE.match(text)
    if editable:
        text = text[editable.end() :]
    elif text.startswith("-"):
        if _OPTIONS.match(text):
            return None
        raise NotUnderstood("it is an option that is not known")
    if line["target"]:
        return _made(line, "", by_url=True, target=line["target"])
    if "${" in text:
        raise NotUnderstood("it depends on an environment variable")
    text = _OWN_OPTIONS.sub("", text).strip()
    if _URL.match(text):
        return _made(line, _name_in(text), by_url=True)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise NotUnderstood(str(error).strip().splitlines()[0].rstrip(":")) from None
    if not _applies(requirement, platform):
        return None
    return _made(line, requirement.name, requirement.specifier, by_url=requirement.url is not None)


def _made(
    line: Details, name: str, specifier: SpecifierSet | None = None, by_url: bool = False, target: str = ""
) -> Wanted:
    place = (line["file"], line["line"], line["constraint"])
    return Wanted(canonicalize_name(name), specifier or SpecifierSet(), *place, by_url=by_url, target=target)


def _name_in(url: str) -> str:
    """Return the name of the package that an address gives."""
    egg = _EGG.search(url)
    if egg:
        return egg[1]
    file = url.partition("#")[0].partition("?")[0].rpartition("/")[2]
    try:
        return parse_wheel_filename(file)[0] if file.endswith(".whl") else _unnamed()
    except InvalidWheelFilename:
        return _unnamed()


def _unnamed() -> str:
    raise NotUnderstood("it is an address that does not tell the name of the package")


def _applies(requirement: Requirement, platform: t.Mapping[str, str | None]) -> bool:
    if requirement.marker is None:
        return True
    text = str(requirement.marker)
    unknown = [name for name in _MARKER_NAMES if re.search(rf"\b{name}\b", text) and platform.get(name) is None]
    if unknown:
        raise NotUnderstood(f"its marker needs {' and '.join(unknown)}, which is not known of this environment")
    environment = {name: platform.get(name) or "" for name in _MARKER_NAMES}
    try:
        return requirement.marker.evaluate({**environment, "extra": ""})
    except (UndefinedComparison, UndefinedEnvironmentName, InvalidVersion) as error:
        raise NotUnderstood(f"its marker cannot be evaluated: {error}") from None
