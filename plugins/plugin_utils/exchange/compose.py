# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section compose: which projects are looked at, whether the answer is one, and what the reference has of them.

Private to the collection. The reference's files are read on this machine, under the run's key: their text is not sent
to hosts.
"""

from __future__ import annotations

import posixpath
import re

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    GarbledAnswer,
    OneOf,
    require,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable

_TEXT = OneOf([None, str])
_NUMBER = OneOf([None, int, float])
_DIGEST = re.compile("[0-9a-f]{64}|")
_SEEN = {"outcome": OUTCOME, "reason": str}
_UNKNOWN = {"key": str, "reason": str}
_VARIABLE = {
    "name": str,
    "value": _TEXT,
    "digest": OneOf([None, _DIGEST]),
    "empty": bool,
    "assumed": [str],
}
SETTINGS = {
    "settings": [{"key": str, "value": [str], "digests": [_DIGEST], "assumed": [str]}],
    "environment": [_VARIABLE],
    "labels": [_VARIABLE],
    "unknown": [_UNKNOWN],
}
"""How settings of a service, a container or an image are told."""
_SERVICE = {
    "name": str,
    "enabled": bool,
    "scale": OneOf([None, int]),
    "container_name": _TEXT,
    "image": _TEXT,
    "builds": bool,
    "networks": [{"name": str, "external": bool, "aliases": [str]}],
    "hidden_mounts": [str],
    "hosts": [{"variable": str, "host": str}],
    "extra_hosts": [str],
    "env_files": [str],
    "depends_on": [str],
    "within": [str],
    "not_compared": [str],
    **SETTINGS,
}
_CONTAINER = {
    "id": re.compile("[0-9a-f]{64}"),
    "name": str,
    "service": str,
    "number": int,
    "oneoff": bool,
    "state": str,
    "created": _TEXT,
    "created_s": _NUMBER,
    "image_id": str,
    "working_dir": str,
    "config_hash": str,
    "config_files": str,
    "defaults": OneOf([None, SETTINGS]),
    "defaults_reason": str,
    **SETTINGS,
}
_WRITTEN = {
    **_SEEN,
    "services": [{"name": str, "keys": [{"key": str, "value": _TEXT, "digest": _DIGEST}], "reason": str}],
}
_PROJECT = {
    "project": str,
    "directory": str,
    "engine": {**_SEEN, "socket": str, "kind": str, "version": str},
    "neighbours": [{"network": str, "names": [str]}],
    "model": {
        **_SEEN,
        "partial": str,
        "files": [{"path": str, "kind": re.compile("compose|env|env_file"), "mtime": _TEXT, "mtime_s": _NUMBER}],
        "services": [_SERVICE],
        "broken": [{"name": str, "reason": str}],
    },
    "written": _WRITTEN,
    "containers": {**_SEEN, "items": [_CONTAINER]},
    "images": [{"name": str, "id": _TEXT, "reason": str}],
}
_SHAPE = {"now_s": int, "projects": [_PROJECT]}


class ComposeExchange(Exchange):
    """Asks about the projects of the contract, and adds what the reference has."""

    def request(self) -> Json:
        return {"projects": [self._asked(entry) for entry in self.contract]}

    def read(self, data: Json) -> Json:
        require(data, _SHAPE, "the answer about the Compose projects")
        asked = self.request()["projects"]
        if [one["project"] for one in data["projects"]] != [one["project"] for one in asked]:
            raise GarbledAnswer("the answer about the Compose projects names other projects than were asked about")
        for spec, project in zip(asked, data["projects"], strict=True):
            for one in (*project["model"]["services"], *project["containers"]["items"]):
                check_lengths(one)
            project["reference"] = self._reference(spec)
        return data

    def _asked(self, entry: Json) -> Json:
        side = self.context.side
        kept = {name: entry[name] for name in ("project", "files", "env_file", "profiles")}
        # The engine is that of the section containers, unless the project has one of its own.
        engine = self.context.contract.get("containers") or {}
        kept["socket"] = entry["socket"] or engine.get("socket")
        return {**kept, "directory": show(entry["directory"]), "reference": entry["reference"] and side is not None}

    def _reference(self, spec: Json) -> Json | None:
        """Return the project as the reference's files have it; None when it is not compared with a reference."""
        if not spec["reference"] or self.context.side is None:
            return None
        directory = posixpath.relpath(posixpath.join(self.context.root, spec["directory"]), self.context.root)
        if directory.split("/")[0] == "..":
            return None
        try:
            return self.context.side.compose({**spec, "directory": directory}, self.context.key)
        except ReferenceUnavailable as error:
            # What runs is compared with the host's own files all the same.
            return {"outcome": "unknown", "reason": error.reason, "services": []}


def check_lengths(settings: Json) -> None:
    """Raise GarbledAnswer where a value of some settings has no digest."""
    for one in (settings, settings.get("defaults") or {"settings": []}):
        if any(len(setting["value"]) != len(setting["digests"]) for setting in one["settings"]):
            raise GarbledAnswer("the answer about how containers were made is garbled: a value without its digest")
