# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose projects, and what ``docker compose config --format json`` said of them, in one form to compare."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import HostFiles
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.project import Project, read_project
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.service import Declared, declared_service
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

CORPUS = Path(__file__).parent / "unit" / "plugins" / "module_utils" / "compose" / "corpus"
CASES = sorted(path.name for path in CORPUS.iterdir() if path.is_dir())
KEY = b"key"

Json = t.Dict[str, t.Any]


def project(case: str, folder: Path) -> Path:
    """Write a case into a folder of its own and return that.

    Its files end in ``.txt`` where they are kept: they are to be read as Compose reads them, not as linters want them.
    """
    made = folder / case
    made.mkdir()
    for path in sorted((CORPUS / case).glob("*.txt")) + sorted((CORPUS / case).glob(".*.txt")):
        (made / path.stem).write_bytes(path.read_bytes())
    return made


def ours(folder: Path, **spec: t.Any) -> Json:
    """Return the services of a project as they are read here, by name; those of profiles not in use are left out."""
    files = HostFiles(str(folder), ".")
    project = read_project(files, {"project": "shop", **spec})
    assert project.broken == {}
    return declared(project, files, spec.get("profiles", []))


def theirs(folder: Path, said: str) -> Json:
    """Return the same of what Compose made of it."""
    config = json.loads(said)
    project = Project(config["services"], {}, config.get("networks", {}), config.get("volumes", {}), "", {})
    for service in project.services.values():
        # An empty list is what the file had, or what Compose makes of nothing.
        for key in ("command", "entrypoint"):
            if service.get(key) in (None, []):
                service.pop(key, None)
    return declared(project, HostFiles(str(folder), "."), ["*"])


def declared(project: Project, files: HostFiles, profiles: t.Sequence[str]) -> Json:
    asked = frozenset(profiles or project.variables.get("COMPOSE_PROFILES", "").split(","))
    of = Declared("shop", "/project", project, files, asked)
    made = {}
    for name in project.services:
        service = declared_service(of, name, Host("/", 60, key=KEY))
        if not service["enabled"]:
            continue
        settings = {one["key"]: one["value"] for one in service["settings"]}
        pairs = {
            kind: {one["name"]: one["digest"] for one in service[kind] if one["digest"] is not None}
            for kind in ("environment", "labels")
        }
        made[name] = {**settings, **pairs, "scale": service["scale"]}
    return made


def unescaped(said: str) -> str:
    """Return what Compose prints with its escapes undone: it doubles each dollar."""
    return said.replace("$$", "$")
