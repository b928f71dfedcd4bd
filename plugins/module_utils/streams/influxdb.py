# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an InfluxDB server says of itself over HTTP. Private to the collection.

Asked are ``/ping`` (1.x and 2.x), ``/health`` (1.8 and 2.x), ``/metrics`` (2.x, for its uptime) and, of a 1.x, whether
it lists its databases to anybody.
"""

from __future__ import annotations

import http.client
import io
import json
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.http.lines import Lines
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Place, Wire
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]

_LIMIT = 1 << 20
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r?\n)")
_LENGTH = re.compile(r"[0-9]{1,18}")
_UPTIME = re.compile(rb"^influxdb_uptime_seconds(?:\{[^}\n]*\})? ([0-9.e+]{1,20})$", re.MULTILINE)


class Answer(t.NamedTuple):
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def describe(connect: t.Callable[[], Wire], place: Place) -> Json:
    """Return what a server says of itself (``docs/design.md``). Raises Silent, Unseen."""
    ping = get(connect, place, "/ping")
    version = ping.headers.get("x-influxdb-version", "")
    health = _json(get(connect, place, "/health"))
    version = version or str(health.get("version") or "")
    if not version:
        raise Unseen("what answers there tells no X-Influxdb-Version: it is not InfluxDB, or is told to hide")
    number = version.lstrip("v")
    first = number.startswith("1.")
    return {
        "version": mask(show(number[:60])),
        "ready": ping.status in (200, 204),
        "health": mask(show(str(health["status"])[:60])) if "status" in health else None,
        "message": mask(show(str(health["message"])[:200])) if "message" in health else None,
        "uptime_s": None if first else _uptime(get(connect, place, "/metrics")),
        "auth_required": _closed(get(connect, place, "/query?q=SHOW%20DATABASES")) if first else True,
    }


def get(connect: t.Callable[[], Wire], place: Place, path: str) -> Answer:
    """Return the answer to a GET: one connection each, no redirect, no proxy. Raises Silent, Unseen."""
    wire = connect()
    try:
        head = f"GET {path} HTTP/1.0\r\nHost: {place}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        wire.send(head.encode("ascii", "backslashreplace"))
        return parse(wire.rest(_LIMIT))
    finally:
        wire.close()


def parse(said: bytes) -> Answer:
    """Return an answer that was read until the connection was closed. Raises Unseen."""
    status = _STATUS.match(said)
    if status is None:
        raise Unseen("it does not speak HTTP")
    file = Lines(t.cast(io.RawIOBase, io.BytesIO(said)))
    try:
        file.readline()
        found = http.client.parse_headers(file)
    except http.client.IncompleteRead:
        raise Unseen("its answer broke off in its head") from None
    except http.client.HTTPException:
        raise Unseen("it answers with headers that HTTP does not have") from None
    headers, body = {name.lower(): str(value) for name, value in found.items()}, file.read()
    length = _LENGTH.fullmatch(headers.get("content-length", ""))
    if length and len(body) < int(length[0]) and len(said) < _LIMIT:
        raise Unseen(f"its answer broke off after {len(body)} of {length[0]} bytes")
    return Answer(int(status[1]), headers, body)


def _json(answer: Answer) -> Json:
    """Return what a 2.x says of its health; nothing for one that has no such page."""
    if answer.status not in (200, 503):
        return {}
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _uptime(answer: Answer) -> int | None:
    match = _UPTIME.search(answer.body) if answer.status == 200 else None
    try:
        return int(float(match[1])) if match else None
    except (ValueError, OverflowError):
        return None


def _closed(answer: Answer) -> bool | None:
    """Return whether a query without user is refused; None when the answer does not say."""
    return {200: False, 401: True, 403: True}.get(answer.status)
