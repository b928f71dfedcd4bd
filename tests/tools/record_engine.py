# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what an engine answers as test data: ``record_engine.py SOCKET FILE PATTERN…`` asks what the section
containers asks about those that the patterns choose.

Answers in JSON are kept as they are, logs in base64. They hold environments and labels: look at them before you keep
what it wrote.
"""

from __future__ import annotations

import base64
import json
import sys
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.engine import client
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.containers import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host


class _Recorded(client.Answer):
    """An answer that is kept."""

    kept: t.ClassVar[dict[str, t.Any]] = {}

    def __init__(self, path: str, target: str, limit_s: float) -> None:
        super().__init__(path, target, limit_s)
        self._asked = target.partition("?")[0]

    def pieces(self, limit: int) -> t.Iterator[bytes]:
        body = b"".join(super().pieces(limit))
        name = "/" + self._asked.partition("/v1.")[2].partition("/")[2] if "/v1." in self._asked else self._asked
        try:
            self.kept[name] = json.loads(body)
        except ValueError:
            self.kept[name] = {"base64": base64.b64encode(body).decode()}
        yield body


def record(socket: str, file: str, patterns: list[str]) -> None:
    client.Answer = _Recorded  # type: ignore[misc]  # the client has no other way in
    seen = collect({"socket": socket, "names": patterns}, Host("/", 60))
    names = {one["name"] for one in seen["containers"]}
    listed = _Recorded.kept["/containers/json"]
    _Recorded.kept["/containers/json"] = [one for one in listed if one["Names"][0].lstrip("/") in names]
    Path(file).write_text(json.dumps(_Recorded.kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    record(sys.argv[1], sys.argv[2], sys.argv[3:])
