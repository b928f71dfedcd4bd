# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services of a Compose project a plan concerns: by the files that it changes, and by what drifted already.

Private to the collection. Pure: evidence and findings in, names and reasons out.
"""

from __future__ import annotations

import json
import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import NAMES, OVERRIDES
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES

Json = dict[str, t.Any]

_BY_SERVICE = ("service", "scale")
_BY_CONTAINER = ("setting", "image")
_WHY = {
    "service": "none of its containers runs",
    "scale": "another number of containers runs than its Compose file wants",
    "setting": "it runs with another configuration than its Compose file has",
    "image": "a newer image of its name is there and does not run",
    "image_current": "a newer image of its name is there and does not run",
}


class Wanted(t.NamedTuple):
    """Why one service is to be brought up: in words, the findings that this repairs, and the worst of them."""

    why: str
    findings: list[str]
    severity: str


class Project(t.NamedTuple):
    """A Compose project: its part of the contract, of the evidence, and the directory that it lies in."""

    entry: Json
    seen: Json
    directory: str

    @property
    def name(self) -> str:
        return str(self.entry["project"])

    def path(self, name: str) -> str:
        """Return the absolute path of a file of the project; both as ``text.show`` spells them."""
        return posixpath.normpath(posixpath.join(self.directory, name))

    def services(self) -> dict[str, Json]:
        """Return what the files on the host declare, by name."""
        return {one["name"]: one for one in self.seen["model"]["services"]}

    def containers(self, service: str) -> list[Json]:
        items = self.seen["containers"]["items"]
        return [one for one in items if one["service"] == service and not one["oneoff"]]


def projects(contract: t.Sequence[Json], data: Json, root: str) -> list[Project]:
    """Return the projects of a host. ``data`` is the evidence of the section compose, ``root`` is spelled as it."""
    return [
        Project(entry, seen, posixpath.normpath(posixpath.join(root, show(entry["directory"]))))
        for entry, seen in zip(contract, data["projects"], strict=True)
    ]


def compose_files(project: Project) -> list[str]:
    """Return where the Compose files of a project are or can come to be, as absolute paths."""
    known = [one["path"] for one in project.seen["model"]["files"] if one["kind"] == "compose"]
    possible = project.entry["files"] or [*NAMES, *OVERRIDES]
    return [project.path(name) for name in [*map(show, possible), *known]]


def changed_files(project: Project, changed: t.Container[str]) -> list[str]:
    """Return which Compose files of a project the plan changes; ``changed`` are absolute paths."""
    return sorted({path for path in compose_files(project) if path in changed})


def by_files(project: Project, changed: t.Container[str]) -> tuple[dict[str, str], str]:
    """Return the services whose declaration the plan changes, each with the reason, and why that cannot be told, or
    nothing.

    Both sides are compared as they are written, so that no variable is needed for it.
    """
    found: dict[str, str] = {}
    variables = project.path(show(project.entry["env_file"] or ".env"))
    if variables in changed:
        why = f"{posixpath.basename(variables)} of its project changes"
        found.update((name, why) for name, one in project.services().items() if one["enabled"])
    for name, one in project.services().items():
        files = [path for path in one["env_files"] if project.path(path) in changed]
        if files and one["enabled"]:
            found[name] = f"{files[0]} changes, which gives it variables"
    files = changed_files(project, changed)
    if files:
        more, doubt = _declared_anew(project)
        what = ", ".join(posixpath.basename(path) for path in files)
        if doubt:
            return found, f"{what} of {project.name} changes, and {doubt}"
        found.update((name, why.format(file=what)) for name, why in more.items())
    return found, ""


def _declared_anew(project: Project) -> tuple[dict[str, str], str]:
    """Return the services that the reference's files declare otherwise, and why that cannot be told."""
    written, wanted = project.seen["written"], project.seen["reference"]
    if wanted is None:
        every = [name for name, one in project.services().items() if one["enabled"]]
        return dict.fromkeys(every, "{file} changes, and it is not compared with the reference"), ""
    if wanted["outcome"] != "ok":
        return {}, f"it cannot be read: {wanted['reason']}"
    theirs = {one["name"]: one for one in wanted["services"] if _in_use(one, project)}
    broken = next((one for one in theirs.values() if one["reason"]), None)
    if broken is not None:
        return {}, f"{broken['name']} in it cannot be read: {broken['reason']}"
    if written["outcome"] != "ok":
        return dict.fromkeys(theirs, "{file} changes, and what it says now cannot be read"), ""
    ours = {one["name"]: one for one in written["services"]}
    return {
        name: "{file} declares it otherwise" if name in ours else "{file} adds it"
        for name, one in theirs.items()
        if name not in ours or _digests(one) != _digests(ours[name])
    }, ""


def _digests(service: Json) -> dict[str, str]:
    return {one["key"]: one["digest"] for one in service["keys"]}


def _in_use(service: Json, project: Project) -> bool:
    """Say whether a service, as it is written, belongs to no profile or to one that is in use."""
    said = written_value(service, "profiles")
    if not isinstance(said, list) or not said:
        return True
    known = project.services().get(service["name"])
    in_use = set(project.entry["profiles"])
    return bool(in_use & set(map(str, said))) or bool(known and known["enabled"])


def written_value(service: Json, key: str) -> t.Any:
    """Return a value of a service as it is written, None where it has none or it is not shown."""
    said = next((one["value"] for one in service["keys"] if one["key"] == key), None)
    try:
        return None if said is None else json.loads(said)
    except ValueError:
        return None


def by_findings(project: Project, findings: t.Iterable[Json], labelled: t.Mapping[str, Json]) -> dict[str, Wanted]:
    """Return the services that drifted, from the findings of the sections compose and containers.

    ``labelled`` says of which project and service each container of the section containers is. What could not be
    compared is no reason to change anything.
    """
    found: dict[str, list[Json]] = {}
    for one in findings:
        if one["outcome"] != "fail":
            continue
        service = _service_of(project, one, labelled)
        if service is not None:
            found.setdefault(service, []).append(one)
    return {name: _wanted(ones) for name, ones in found.items()}


def _service_of(project: Project, finding: Json, labelled: t.Mapping[str, Json]) -> str | None:
    check, subject = finding["check"], finding["subject"]
    if finding["section"] == "containers":
        label = labelled.get(finding["component"]) or {}
        if check == "image_current" and finding["cause"] == "image_moved" and label.get("project") == project.name:
            return str(label["service"])
        return None
    if finding["section"] != "compose" or finding["component"] != project.name:
        return None
    if check in _BY_SERVICE:
        return str(subject)
    if check in _BY_CONTAINER:
        return container_service(project, subject)
    return None


def container_service(project: Project, subject: str) -> str | None:
    """Return the service of the container that a finding is about; the longest name is meant."""
    items = sorted(project.seen["containers"]["items"], key=lambda one: -len(one["name"]))
    return next(
        (one["service"] for one in items if subject == one["name"] or subject.startswith(f"{one['name']}.")), None
    )


def _wanted(ones: t.Sequence[Json]) -> Wanted:
    worst = min(ones, key=lambda one: SEVERITIES.index(one["severity"]))
    reasons = list(dict.fromkeys(_WHY[one["check"]] for one in ones))
    return Wanted("; ".join(reasons), sorted(one["id"] for one in ones), worst["severity"])


def ordered(names: t.Iterable[str], services: t.Mapping[str, Json]) -> list[str]:
    """Return services so that each comes after those that it depends on; a circle is broken by name."""
    wanted = set(names)
    made: dict[str, None] = {}
    begun: set[str] = set()
    for name in sorted(wanted):
        # No recursion: a host can tell of a chain of any length.
        path = [name]
        while path:
            begun.add(path[-1])
            others = (services.get(path[-1]) or {}).get("depends_on", ())
            first = next((other for other in others if other in wanted and other not in begun), None)
            if first is not None:
                path.append(first)
            else:
                made.setdefault(path.pop())
    return list(made)
