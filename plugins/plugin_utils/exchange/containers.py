# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section containers: what is asked of a host, and whether its answer is one. Private to the collection."""

from __future__ import annotations

import math
import re

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.compose import SETTINGS, check_lengths
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    ByName,
    GarbledAnswer,
    OneOf,
    require,
)

_TEXT = OneOf([None, str])
_NUMBER = OneOf([int, float])
_NULL_OR_INT = OneOf([None, int])
_NULL_OR_NUMBER = OneOf([None, int, float])
_ID = re.compile("[0-9a-zA-Z]{1,64}")
_STATE = re.compile("[a-z]{1,32}")

_IMAGE = {
    "name": str,
    "id": str,
    "digests": [str],
    **dict.fromkeys(("revision", "version", "created", "now"), _TEXT),
    "named": bool,
    "now_reason": str,
}
_HEALTH = {
    "status": _STATE,
    "failing": int,
    "exit_code": _NULL_OR_INT,
    "ended": _TEXT,
    "output": str,
}
_COMPOSE = {
    "project": str,
    "service": str,
    "number": _NULL_OR_INT,
    "config_files": [str],
    "working_dir": str,
    "config_hash": str,
    "oneoff": bool,
}
_BINDING = {"port": str, "address": str, "host_port": _NULL_OR_INT, "wildcard": bool}
_USAGE = {
    "memory": _NULL_OR_INT,
    "limit": _NULL_OR_INT,
    "cpu_s": _NULL_OR_NUMBER,
    "cpu_percent": _NULL_OR_NUMBER,
    "pids": _NULL_OR_INT,
}
_CHANGE = {
    "path": str,
    "kind": re.compile("modified|added|deleted"),
    "type": _TEXT,
    "size": _NULL_OR_INT,
    "mtime": _TEXT,
}
_CONTAINER = {
    "id": _ID,
    "name": str,
    "created": _TEXT,
    "state": _STATE,
    "pid": _NULL_OR_INT,
    "exit_code": int,
    "oom_killed": bool,
    "error": str,
    "started": _TEXT,
    "started_s": _NULL_OR_NUMBER,
    "finished": _TEXT,
    "finished_s": _NULL_OR_NUMBER,
    "restarts": int,
    "restart_policy": {"name": str, "maximum": int},
    "health": OneOf([None, _HEALTH]),
    "health_check": bool,
    "image": _IMAGE,
    "compose": OneOf([None, _COMPOSE]),
    **dict.fromkeys(("user", "working_dir", "hostname", "network_mode"), str),
    **dict.fromkeys(("tty", "privileged"), bool),
    "entrypoint": [str],
    "command": [str],
    "words": int,
    "environment": [{"key": str, "secret": bool, "empty": bool, "digest": _TEXT}],
    "labels": ByName(str),
    "networks": [{"name": str, "aliases": [str], "address": _TEXT}],
    "ports": {"declared": [str], "published": [_BINDING], "bound": [_BINDING]},
    "mounts": [{"type": str, "name": _TEXT, "source": str, "target": str, "read_only": bool}],
    "limits": {"memory": _NULL_OR_INT, "cpus": _NULL_OR_NUMBER, "pids": _NULL_OR_INT},
    "cut": ByName(int),
    "usage": OneOf([None, _USAGE]),
    "layer": OneOf([None, {"changed": [_CHANGE], "total": int, "ignored": int}]),
    "log": OneOf([None, [str]]),
}
_ABOUT = {
    **dict.fromkeys(("name", "system", "storage_driver", "cgroup_version", "cgroup_driver", "root"), str),
    "live_restore": bool,
    "warnings": [str],
}
_ENGINE = {
    **dict.fromkeys(("socket", "version", "api", "min_api", "used_api", "kind", "os", "arch"), str),
    "components": ByName(str),
}
_WHAT = re.compile("container|image|usage|layer|log|about")
_SHAPE = {
    "engine": _ENGINE,
    "about": OneOf([None, _ABOUT]),
    "elsewhere": [{"socket": str, "state": re.compile("denied|not_running|hidden|not_asked"), "reason": str}],
    "now_s": _NUMBER,
    "total": int,
    "ignored": int,
    "layers": bool,
    "containers": [_CONTAINER],
    "outside": [{"id": _ID, "name": str, "reason": str}],
    "gone": [str],
    "unread": [{"container": str, "what": _WHAT, "reason": str}],
}
_OUTSIDE = {"defaults": OneOf([None, SETTINGS]), "defaults_reason": str, "unsaid": [str], **SETTINGS}
_ABOUT_IT = "the answer about the containers"


class ContainersExchange(Exchange):
    """Ships what to look at; what it must be like stays here."""

    def request(self) -> Json:
        asked = {key: self.contract[key] for key in ("socket", "engine", "names", "ignore")}
        return {**asked, "layers": self.contract["no_layer_changes"] is not False}

    def read(self, data: Json) -> Json:
        require(data, _SHAPE, _ABOUT_IT)
        for one in data["outside"]:
            if not one["reason"]:
                require(one, _OUTSIDE, _ABOUT_IT)
                check_lengths(one)
        names = [one["name"] for one in data["containers"]]
        if len(set(names)) != len(names):
            raise GarbledAnswer(f"{_ABOUT_IT} is garbled: it names a container twice")
        told = len(names) + len(data["gone"]) + sum(one["what"] == "container" for one in data["unread"])
        if told != data["total"] - data["ignored"]:
            raise GarbledAnswer(f"{_ABOUT_IT} is garbled: it does not tell of each container")
        for one in data["containers"]:
            usage = one["usage"] or {}
            numbers = (one["started_s"], one["finished_s"], usage.get("cpu_s"), usage.get("cpu_percent"))
            if not all(math.isfinite(number) for number in numbers if number is not None):
                raise GarbledAnswer(f"{_ABOUT_IT} is garbled: it holds what is no number")
        return data
