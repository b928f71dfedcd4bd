# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``extends`` of Compose files: a service that begins as another one. Private to the collection."""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import Files
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.merge import merge_maps
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Broken, Unsupported, text
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

Json = t.Dict[str, t.Any]

_MAX_DEPTH = 16


class Extends:
    """The services of one file with those that they extend. ``prepare`` makes a file's map of its path and bytes."""

    def __init__(self, files: Files, path: str, content: Json, prepare: t.Callable[[str, bytes], Json]) -> None:
        self._files = files
        self._prepare = prepare
        self._path = path
        self._read: dict[str, Json] = {path: content}

    def resolved(self) -> Json:
        """Return the services by name; one that cannot be resolved is Broken, and only that one."""
        made: Json = {}
        for name in self._read[self._path]["services"]:
            try:
                made[name] = self._service(self._path, name, 0)
            except Unsupported as problem:
                made[name] = Broken(f"extends: {problem.reason}")
        return made

    def _service(self, path: str, name: str, depth: int) -> t.Any:
        service = self._services(path).get(name)
        if not isinstance(service, dict) or service.get("extends") is None:
            return service
        if depth > _MAX_DEPTH:
            raise Unsupported("it goes round in a circle, or deeper than is read here")
        wanted = service["extends"]
        of = wanted if isinstance(wanted, dict) else {"service": wanted}
        where = text(of["file"]) if of.get("file") is not None else path
        if posixpath.dirname(where) != posixpath.dirname(self._path):
            raise Unsupported("a service of a file in another directory is not supported")
        base = self._service(where, text(of.get("service")), depth + 1)
        if not isinstance(base, dict):
            raise Unsupported("the service that it names does not exist")
        own = {key: value for key, value in service.items() if key != "extends"}
        return merge_maps(base, own)

    def _services(self, path: str) -> Json:
        if path not in self._read:
            content = self._files.read(path, "compose")
            try:
                self._read[path] = self._prepare(path, content)
            except Unseen as unseen:
                raise Unsupported(unseen.reason) from None
        services: Json = self._read[path]["services"]
        return services
