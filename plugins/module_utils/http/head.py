# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of an answer, and what it says of where the body ends. Private to the collection."""

from __future__ import annotations

import http.client
import io
import re
import socket
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.http.connection import Reader
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import Failure
from ansible_collections.evenkeel.drift.plugins.module_utils.http.lines import Lines

_PART = 1 << 16
_MOST_INTERIM = 16
_PROTOCOL = b"HTTP/"
_FRAMING = re.compile("content-length|transfer-encoding", re.IGNORECASE)


class _Kept(Lines):
    """What is left in it is the next answer's: a response closes its file when nobody has it any more."""

    def close(self) -> None:
        """Leave it open: the connection is closed by who opened it."""

    def flush(self) -> None:
        """Do nothing: it is only read, and what it reads from may be gone when a response is thrown away."""


class _Socket:
    """As much of a socket as ``HTTPResponse`` wants."""

    def __init__(self, reader: Reader) -> None:
        self._file = _Kept(reader, _PART)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return self._file

    def speaks_http(self) -> bool:
        """Say whether what comes next can be an answer, or is nothing at all."""
        return _PROTOCOL.startswith(self._file.peek()[: len(_PROTOCOL)])


def read_head(reader: Reader, method: str) -> http.client.HTTPResponse:
    """Return the answer, without the interim ones before it (103 Early Hints), which are none. Raises Failure,
    Unseen.
    """
    sock = _Socket(reader)
    for _number in range(_MOST_INTERIM):
        response = _begun(sock, method)
        if response.status >= 200 or response.status == http.client.SWITCHING_PROTOCOLS:
            return response
    raise Failure("protocol", "answer", f"{_MOST_INTERIM} interim answers came, and no answer")


def _begun(sock: _Socket, method: str) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(t.cast(socket.socket, sock), method=method)
    no_http = Failure("protocol", "answer", "it does not speak HTTP")
    if not sock.speaks_http():
        raise no_http
    try:
        response.begin()
    except http.client.RemoteDisconnected:
        raise Failure("closed", "answer", "the connection was closed without an answer") from None
    except http.client.IncompleteRead:
        raise Failure("closed", "answer", "its answer broke off in its head") from None
    except http.client.BadStatusLine:
        raise no_http from None
    except http.client.LineTooLong:
        raise Failure("protocol", "answer", "a line of its head is too long") from None
    except (http.client.HTTPException, ValueError) as error:
        raise Failure("protocol", "answer", f"its head cannot be read: {error}") from None
    return response


def doubt(response: http.client.HTTPResponse) -> str:
    """Return why it is not known where the body ends, though the head says something of it; else nothing."""
    headers = response.headers
    if response.length == 0:
        return ""
    # A line without a colon, and all that stands after it, is a body to the parser of mails that reads the headers.
    rest = headers.get_payload()
    if isinstance(rest, str) and _FRAMING.search(rest):
        return "where the answer ends is not known: a line of its head is no header"
    if response.chunked:
        return ""
    if headers.get("transfer-encoding", "identity").strip().lower() != "identity":
        return "where the answer ends is not known: its Transfer-Encoding is not known here"
    lengths = set(headers.get_all("content-length", []))
    if len(lengths) > 1 or (lengths and response.length is None):
        return "where the answer ends is not known: its Content-Length is not one number"
    return ""
