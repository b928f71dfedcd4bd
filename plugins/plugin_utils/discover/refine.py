# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a draft fit what was observed with it: what an audit would report right away is left out, and the draft says
so. Private to the collection.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.draft import Draft, anchored, relative
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories

Json = dict[str, t.Any]

# What changes while an application runs, by the names that it commonly has.
_CACHES = re.compile(r"__pycache__|\.cache|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.hypothesis")
_MOVING_FOLDERS = re.compile(r"logs?|tmp")
# Packages of code are called log, too.
_CODE = re.compile(r".*\.(?:py|js|mjs|ts|rb|go)")
_MOVING_FILES = {
    "*.pyc": re.compile(r".*\.pyc"),
    "*.log": re.compile(r".*\.log"),
    "*.pid": re.compile(r".*\.pid"),
    "*.sock": re.compile(r".*\.sock"),
}
_CHANGES = ("modified", "untracked", "staged", "stash", "conflicted", "unverified", "operation", "read")
_LIMITS = {"memory": "memory_percent", "disk": "disk_percent", "clock": "clock_skew_s"}
_JUDGED = ("fail", "unknown")
# Of these sections a part can be left out without the rest, and each finding of one component asks for a part.
_STEPWISE = ("git", "processes", "packages")


def learn(draft: Draft, sections: t.Mapping[str, Json], directories: Directories | None) -> bool:
    """Add what only an observation of the draft's own contract tells. Returns whether the draft changed.

    ``sections`` are the evidence of that observation, ``directories`` its whole tree if it was wholly seen.
    """
    before = (draft.git, dict(draft.exclude), set(draft.enabled))
    git = _data(sections, "git")
    if draft.git is not None and git.get("repository") == "present":
        draft.git = git["head"]["branch"] or ""
    for unit in _data(sections, "units").get("units", ()):
        if unit.get("enabled") == "enabled" and unit["name"] in draft.units:
            draft.enabled.add(unit["name"])
    for directory in directories or ():
        names = [entry[0] for entry in directory.parsed() or ()]
        _exclude_moving(draft, directory.path, names)
        for name in names:
            _exclude_file(draft, directory.path, name)
    return (draft.git, draft.exclude, draft.enabled) != before


def _data(sections: t.Mapping[str, Json], name: str) -> Json:
    section = sections.get(name)
    return section["data"] if section is not None and section["outcome"] == "ok" else {}


def _exclude_moving(draft: Draft, path: str, names: t.Sequence[str]) -> None:
    folder = path.rstrip("/")
    name = folder.rpartition("/")[2]
    why = "changes while the application runs"
    if _CACHES.fullmatch(name):
        draft.exclude.setdefault(f"{name}/", why)
    elif _MOVING_FOLDERS.fullmatch(name) and not any(map(_CODE.fullmatch, names)):
        draft.exclude.setdefault(anchored(folder) + "/", why)


def _exclude_file(draft: Draft, folder: str, name: str) -> None:
    if is_secret_file(folder + name):
        why = "of a secret class: a baseline never holds its content, so it could only be unknown"
        draft.exclude.setdefault(anchored(folder + name), why)
    for pattern, fits in _MOVING_FILES.items():
        if fits.fullmatch(name):
            draft.exclude.setdefault(pattern, "changes while the application runs")


def refine(draft: Draft, findings: t.Sequence[Json]) -> list[str]:
    """Leave out what an audit with the draft has found. Returns the summaries of what cannot be left out.

    One step at a time: two instances that are older than the code, or two packages of another version, are one reason
    to ask less. What is still wrong then, the next audit finds.
    """
    remaining = []
    stepped: set[tuple[str, str]] = set()
    for finding in findings:
        section = finding["section"]
        if finding["outcome"] not in _JUDGED:
            continue
        if (section, finding["component"]) in stepped:
            _note(draft, finding, f"{section} {finding['component']}")
            continue
        change = _CHANGE.get(section)
        if change is None or not change(draft, finding):
            remaining.append(str(finding["summary"]))
        elif section in _STEPWISE:
            stepped.add((section, finding["component"]))
    return remaining


def _note(draft: Draft, finding: Json, what: str) -> None:
    """Say that something is left out, and why: because it is drift, or because it was not seen."""
    sentence = f"{what}: {finding['summary']}"
    if finding["outcome"] == "unknown":
        draft.not_seen(sentence)
    else:
        draft.leave_out(sentence)


def _git(draft: Draft, finding: Json) -> bool:
    if draft.clean and finding["check"] in _CHANGES:
        draft.clean, draft.clean_why = False, finding["summary"]
    elif draft.git is not None:
        draft.git = None
        _note(draft, finding, "section git")
    return True


def _trees(draft: Draft, finding: Json) -> bool:
    subject = finding["subject"]
    pattern = anchored(subject)
    if subject in ("", ".") or pattern in draft.exclude:
        return False
    if finding["outcome"] == "unknown":
        draft.not_seen(finding["summary"])
        draft.exclude[pattern] = f"not seen: {finding['summary']}"
    else:
        draft.exclude[pattern] = "changed while it was being looked at"
    return True


def _processes(draft: Draft, finding: Json) -> bool:
    name = finding["component"]
    _note(draft, finding, f"processes {name}")
    if finding["check"] == "code" and name in draft.young:
        draft.young.discard(name)
        return True
    draft.services = [service for service in draft.services if service.name != name]
    draft.ports = [port for port in draft.ports if port.process != name]
    return True


def _ports(draft: Draft, finding: Json) -> bool:
    proto, _slash, rest = finding["subject"].partition("/")
    number = rest.rpartition("/")[2]
    kept = [port for port in draft.ports if (port.proto, str(port.port)) != (proto, number)]
    if len(kept) == len(draft.ports):
        # The section as a whole: nothing of it could be seen.
        kept = []
    _note(draft, finding, f"port {finding['subject']}")
    draft.ports = kept
    return True


def _units(draft: Draft, finding: Json) -> bool:
    name = finding["component"]
    _note(draft, finding, f"unit {name}")
    if finding["check"] == "enabled" and name in draft.enabled:
        draft.enabled.discard(name)
    elif draft.units.pop(name, None) is None:
        draft.units.clear()
    return True


def _packages(draft: Draft, finding: Json) -> bool:
    _note(draft, finding, f"packages {finding['component']}")
    names = (finding["component"], finding["subject"])
    hit = [one for one in draft.environments if one.path in names or relative(one.path, draft.root) in names]
    for one in hit or list(draft.environments):
        if one.requirements:
            one.requirements = None
        else:
            draft.environments.remove(one)
    return True


def _resources(draft: Draft, finding: Json) -> bool:
    _note(draft, finding, "resources")
    limit = _LIMITS.get(finding["check"])
    if limit is None or limit in draft.unjudged:
        draft.resources = False
    else:
        draft.unjudged.add(limit)
    return True


_CHANGE: dict[str, t.Callable[[Draft, Json], bool]] = {
    "git": _git,
    "trees": _trees,
    "processes": _processes,
    "ports": _ports,
    "units": _units,
    "packages": _packages,
    "resources": _resources,
}
