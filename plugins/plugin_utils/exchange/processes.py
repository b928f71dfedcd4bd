# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section processes: what is asked of a host, and whether its answer is one. Private to the collection."""

from __future__ import annotations

import re

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    ByName,
    GarbledAnswer,
    OneOf,
    require,
)

_ASKED = ("name", "match", "containers", "reads", "cwd", "venv")
_TEXT = OneOf([None, str])
_NUMBER = OneOf([int, float])
_MOMENT = {"path": str, "mtime": str, "mtime_s": _NUMBER, "within_s": _NUMBER}
_PROCESS = {
    "pid": int,
    "ppid": int,
    "name": str,
    "uid": OneOf([None, int]),
    "user": _TEXT,
    "started": str,
    "started_s": _NUMBER,
    "state": str,
    "command": str,
    "argv": [str],
    "exe": _TEXT,
    "cwd": _TEXT,
    "replaced": [str],
    "venv": _TEXT,
    "unit": _TEXT,
    "unit_user": OneOf([None, int]),
    "unit_key": _TEXT,
    "container": _TEXT,
    "namespace_foreign": bool,
    "cpu_percent": _NUMBER,
    "rss_kb": int,
    "threads": int,
    "unread": ByName(str),
}
_DATA = {
    "root": str,
    "boot": re.compile("[0-9a-f-]{36}|"),
    "booted": str,
    "booted_s": _NUMBER,
    "now_s": _NUMBER,
    "clock_reason": str,
    "tolerance_s": _NUMBER,
    "total": int,
    "hidden": str,
    "matches": ByName([int]),
    "foreign": ByName([int]),
    "processes": [_PROCESS],
    "unread": [{"pid": int, "what": str, "reason": str}],
    "unread_total": int,
    "files": ByName(
        {
            "outcome": OUTCOME,
            "reason": str,
            "mtime": _TEXT,
            **dict.fromkeys(("mtime_s", "within_s"), OneOf([None, int, float])),
        },
    ),
    "paths": ByName(str),
    "unit_files": ByName({"outcome": OUTCOME, "reason": str, "files": [_MOMENT]}),
    "environments": ByName({"outcome": OUTCOME, "reason": str, "newest": OneOf([None, _MOMENT])}),
}


class ProcessesExchange(Exchange):
    """Ships what to look for; what it must be like stays here."""

    def request(self) -> Json:
        return {"processes": [{key: entry[key] for key in _ASKED} for entry in self.contract], "all": False}

    def read(self, data: Json) -> Json:
        what = "the answer about the processes"
        require(data, _DATA, what)
        for entry in self.contract:
            for kind in ("matches", "foreign"):
                if entry["name"] not in data[kind]:
                    raise GarbledAnswer(f"{what} is garbled: it does not say which are {entry['name']}")
            missing = [path for path in entry["reads"] if path not in data["files"]]
            missing += [entry[key] for key in ("cwd", "venv") if entry[key] and entry[key] not in data["paths"]]
            if missing:
                raise GarbledAnswer(f"{what} is garbled: it does not say anything about {missing[0]}")
        return data
