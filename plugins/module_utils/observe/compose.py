# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section compose: what the Compose files of a project declare, and what its containers run with.

Private to the collection. Files and the engine's socket are read; Compose itself never runs.
"""

from __future__ import annotations

import os
import posixpath
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.engine import Engines
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import Files, HostFiles
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.project import Project, read_project
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.service import Declared, declared_service
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.written import written_services
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show

Json = t.Dict[str, t.Any]

ARGUMENTS: Json = {
    "project": {"type": "str", "required": True},
    "directory": {"type": "path", "required": True},
    "files": {"type": "list", "elements": "str", "default": []},
    "env_file": {"type": "str"},
    "profiles": {"type": "list", "elements": "str", "default": []},
    "socket": {"type": "path"},
    "timeout": {"type": "int", "default": 60},
}
"""The options of the module ``compose_info``."""


def collect(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return ``{now_s, projects}``, one project for each of ``spec``, in its order (``docs/design.md``)."""
    engines: dict[str | None, _Asked] = {}
    projects = []
    for one in spec["projects"]:
        socket = one.get("socket")
        if socket not in engines:
            engines[socket] = _Asked(socket, host)
        projects.append(_project(one, host, engines[socket]))
    return {"now_s": int(time.time()), "projects": projects}


class _Asked:
    """The engine at a socket, once for all projects: ``engines`` is None when it cannot be asked, as ``about`` says."""

    def __init__(self, socket: str | None, host: Host) -> None:
        self.engines: Engines | None = None
        self.about: Json = {"outcome": "ok", "reason": "", "socket": "", "kind": "", "version": ""}
        try:
            engine = open_engine(socket, host)
            self.about.update(socket=engine.socket, kind=engine.kind, version=str(engine.version["version"]))
            self.engines = Engines(engine, host)
        except Unseen as unseen:
            self.about.update(outcome="unknown", reason=unseen.reason)


def _project(spec: t.Mapping[str, t.Any], host: Host, asked: _Asked) -> Json:
    directory = os.fsdecode(raw(spec["directory"]))
    made: Json = {
        "project": spec["project"],
        "directory": mask(spec["directory"]),
        "engine": asked.about,
        "neighbours": [],
        "model": _model(spec, HostFiles(host.root, directory, host.check_time), host),
        "written": _written(spec, HostFiles(host.root, directory, host.check_time), host),
        "containers": {"outcome": "unknown", "reason": asked.about["reason"], "items": []},
        "images": [],
    }
    if asked.engines is None:
        return made
    try:
        made["neighbours"] = asked.engines.neighbours()
        items = asked.engines.of_project(spec["project"], posixpath.normpath(posixpath.join(host.root, directory)))
        made["containers"] = {"outcome": "ok", "reason": "", "items": items}
        made["images"] = _images(made["model"], asked.engines)
    except Unseen as unseen:
        made["containers"]["reason"] = unseen.reason
    return made


def _images(model: Json, engines: Engines) -> list[Json]:
    """Return the ids that the names of the declared images stand for now, ``[{name, id|null, reason}]``."""
    found = []
    for name in sorted({one["image"] for one in model["services"] if one["image"]}):
        if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._/:@-]{0,255}", name):
            continue
        try:
            found.append({"name": name, "id": engines.image_id(name), "reason": ""})
        except Unseen as unseen:
            found.append({"name": name, "id": None, "reason": unseen.reason})
    return found


def _model(spec: t.Mapping[str, t.Any], files: HostFiles, host: Host) -> Json:
    return declared_model(spec, files, files.whole, host)


def declared_model(spec: t.Mapping[str, t.Any], files: Files, directory: str, host: Host) -> Json:
    """Return what a project's files declare, their variables replaced: ``model`` in docs/design.md.

    ``spec`` is that of one project, ``directory`` its absolute path on the host.
    """
    made: Json = {"outcome": "ok", "reason": "", "partial": "", "files": [], "services": [], "broken": []}
    try:
        project = read_project(files, spec)
        of = Declared(spec["project"], directory, project, files, _profiles(spec, project))
        for name in project.services:
            host.check_time()
            made["services"].append(declared_service(of, name, host))
        made["broken"] = [{"name": name, "reason": mask(reason)} for name, reason in sorted(project.broken.items())]
        made["partial"] = project.partial
    except Unseen as unseen:
        made.update(outcome="unknown", reason=mask(unseen.reason), services=[], broken=[])
    made["files"] = [{**one, "path": mask(show(one["path"]))} for one in files.read_files]
    return made


def _profiles(spec: t.Mapping[str, t.Any], project: Project) -> frozenset[str]:
    asked = list(spec.get("profiles") or [])
    return frozenset(asked or filter(None, project.variables.get("COMPOSE_PROFILES", "").split(",")))


def _written(spec: t.Mapping[str, t.Any], files: HostFiles, host: Host) -> Json:
    """Return the services of the files on this host as they are written; nothing unless they are compared."""
    made: Json = {"outcome": "ok", "reason": "", "services": []}
    if not spec.get("reference"):
        return made
    try:
        made["services"] = written_services(read_project(files, spec, interpolated=False), host)
    except Unseen as unseen:
        made.update(outcome="unknown", reason=mask(unseen.reason))
    return made
