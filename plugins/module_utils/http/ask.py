# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to an endpoint, and what came back. Private to the collection.

No proxy is used whatever the environment says, and no more is read than the limits allow: an endpoint may stream for
ever.
"""

from __future__ import annotations

import http.client
import socket
import time
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.document import NotJson, read_json
from ansible_collections.evenkeel.drift.plugins.module_utils.http.connection import Connection, Reader, Trust, connect
from ansible_collections.evenkeel.drift.plugins.module_utils.http.head import doubt, read_head
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import Failure, Limit
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import BadUrl, Target, follow
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, explain

MAX_BODY = 1 << 20
_PART = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GZIP = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Asked(t.NamedTuple):
    """What is sent. Only a GET and a HEAD follow redirects."""

    method: str
    headers: t.Mapping[str, str]
    body: bytes
    trust: Trust
    timeout_s: float
    redirects: int


class Answer(t.NamedTuple):
    """What came back. ``partial`` says why the body is not all of it, ``late`` that it did not end in time.

    ``times_ms`` are since the request began.
    """

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    partial: str
    late: bool
    url: str
    redirects: list[str]
    address: str
    times_ms: dict[str, float]
    tls: dict[str, t.Any] | None
    at_s: float


def ask(target: Target, asked: Asked, host: Host) -> Answer:
    """Send a request and read its answer. Raises Failure, Unseen."""
    context = asked.trust.context() if target.scheme == "https" else None
    limit = Limit(host, asked.timeout_s)
    trail: list[str] = []
    while True:
        connection = connect(target, context, limit)
        try:
            answer = _exchange(connection, target, asked, limit, trail)
        finally:
            connection.sock.close()
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or location is None or len(trail) >= asked.redirects:
            return answer
        asked, target = _redirected(asked, target, location)
        trail.append(target.url)


def _redirected(asked: Asked, base: Target, location: str) -> tuple[Asked, Target]:
    try:
        target = follow(base, location)
    except BadUrl as error:
        raise Failure("redirect", "answer", f"its redirect is not followed: {error}") from None
    if target.origin != base.origin:
        # What the contract's headers say is meant for the endpoint that it names.
        asked = asked._replace(headers={})
    return asked, target


def _exchange(connection: Connection, target: Target, asked: Asked, limit: Limit, trail: t.Sequence[str]) -> Answer:
    reader = Reader(connection.sock, limit)
    _send(connection.sock, _request(target, asked), limit)
    response = read_head(reader, asked.method)
    first_ms = reader.first_ms or limit.passed_ms()
    reader.body()
    body, partial, late = _body(response, reader, limit)
    times = {**connection.times_ms, "first_byte": first_ms, "total": limit.passed_ms()}
    headers = {name.lower(): value for name, value in reversed(response.getheaders())}
    body, partial = _decoded(body, partial, headers.get("content-encoding", ""))
    return Answer(
        response.status,
        response.reason,
        headers,
        body,
        partial,
        late,
        target.url,
        list(trail),
        connection.address,
        times,
        connection.tls,
        time.time(),
    )


def _request(target: Target, asked: Asked) -> bytes:
    headers = {
        "Host": target.authority,
        "User-Agent": "evenkeel.drift",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if asked.body or asked.method in ("POST", "PUT"):
        headers["Content-Length"] = str(len(asked.body))
    own = {name.lower() for name in asked.headers}
    kept = {name: value for name, value in headers.items() if name.lower() not in own}
    lines = [f"{asked.method} {target.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in (*kept.items(), *asked.headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + asked.body


def _send(sock: socket.socket, data: bytes, limit: Limit) -> None:
    sock.settimeout(limit.left("answer"))
    try:
        sock.sendall(data)
    except socket.timeout:
        raise limit.over("answer") from None
    except OSError as error:
        raise Failure("closed", "answer", f"the request could not be sent: {explain(error)}") from None


def _body(response: http.client.HTTPResponse, reader: Reader, limit: Limit) -> tuple[bytes, str, bool]:
    """Return the body up to the limit, why that is not all of it, and whether it did not end in time.

    It may be endless. Raises Failure, Unseen.
    """
    # Of what has no body (204, 304) it is 0, also where it says that it is chunked; of all else that is, not known.
    wanted = response.length
    parts: list[bytes] = []
    size = 0
    partial, late = doubt(response), False
    while size <= MAX_BODY and (wanted is None or size < wanted):
        try:
            part = response.read1(_PART if wanted is None else min(_PART, wanted - size))
        except Failure as failure:
            if failure.kind != "timeout":
                raise
            partial, late = f"the answer did not end: {failure.text}", True
            break
        except (http.client.HTTPException, ValueError):
            raise Failure("closed", "body", "its answer broke off, or its chunks are garbled") from None
        if not part:
            if wanted is not None:
                raise Failure("closed", "body", f"its answer broke off after {size} of {wanted} bytes")
            if reader.ragged:
                partial = partial or "the connection ended without saying that the answer does (no TLS close_notify)"
            break
        parts.append(part)
        size += len(part)
    body = b"".join(parts)[:MAX_BODY]
    if size > MAX_BODY:
        partial = f"only the first {MAX_BODY >> 20} MiB of the answer was read"
    elif partial and not late and _tells_its_end(body):
        partial = ""
    return body, partial, late


def _tells_its_end(body: bytes) -> bool:
    """Say whether a body is a whole object or list of JSON: nothing but blanks can follow it."""
    try:
        return isinstance(read_json(body), (dict, list))
    except NotJson:
        return False


def _decoded(body: bytes, partial: str, coding: str) -> tuple[bytes, str]:
    """Return the body without a compression that was not asked for."""
    coding = coding.strip().lower()
    if not body or coding in ("", "identity"):
        return body, partial
    if coding not in _GZIP:
        return body, partial or "the answer is compressed in a way that is not known here"
    unpacker = zlib.decompressobj(_GZIP[coding])
    try:
        plain = unpacker.decompress(body, MAX_BODY)
    except zlib.error:
        return b"", partial or f"the answer says that it is {coding}, and is not"
    if not unpacker.eof or unpacker.unused_data:
        partial = partial or "only the beginning of the compressed answer was read"
    return plain, partial
