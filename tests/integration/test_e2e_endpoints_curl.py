# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl as the oracle: what it is told, we are told."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.http.ask import Asked, ask
from ansible_collections.evenkeel.drift.plugins.module_utils.http.connection import Trust
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import parse
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from endpoint_server import answer, path_of, serving

CURL = shutil.which("curl") or ""
pytestmark = pytest.mark.skipif(not CURL, reason="no curl is installed")

Json = dict[str, t.Any]
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: yes\r\n\r\n"
ANSWERS = {
    "/plain": answer(b"plain", Content_Type="text/plain"),
    "/empty": answer(b""),
    "/none": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/error": answer(b"oh", "503 Service Unavailable", Retry_After="7"),
    "/old": b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    "/chunks": CHUNKS,
    "/moved": answer(b"", "302 Found", Location="/plain"),
    "/again": answer(b"", "301 Moved Permanently", Location="moved"),
    "/zipped": answer(gzip.compress(b"zipped"), Content_Encoding="gzip"),
    "/quoted?a=%20b&c=d": answer(b"quoted"),
    "/odd": b"HTTP/1.1 200\r\nContent-Length: 2\r\nX-Odd:\tvalue \r\n\r\nok",
}


def handler(connection: socket.socket, request: bytes) -> None:
    connection.sendall(ANSWERS.get(path_of(request), answer(b"no", "404 Not Found")))


def curl(url: str, folder: Path, *words: str) -> Json:
    body = folder / "body"
    done = subprocess.run(
        [CURL, "-q", "-sS", "--noproxy", "*", "--compressed", "-o", str(body), "-w", "%{json}", *words, "--", url],
        capture_output=True,
        check=True,
    )
    content = body.read_bytes() if body.exists() else b""
    return {**json.loads(done.stdout), "body": content}


@pytest.mark.parametrize("path", [*ANSWERS, "/missing"])
@pytest.mark.parametrize("redirects", [0, 5])
def test_status_body_and_redirects_are_those_of_curl(path: str, redirects: int, tmp_path: Path) -> None:
    with serving(handler) as server:
        ours = ask(parse(server.url + path), Asked("GET", {}, b"", Trust(None, True), 30, redirects), Host("/", 60))
        words = ["-L", "--max-redirs", str(redirects)] if redirects else []
        theirs = curl(server.url + path, tmp_path, *words)
    assert (ours.status, ours.body, ours.url) == (theirs["http_code"], theirs["body"], theirs["url_effective"])
    assert (len(ours.redirects), ours.partial, ours.address) == (theirs["num_redirects"], "", theirs["remote_ip"])


def test_times_stand_for_the_same_steps(tmp_path: Path) -> None:
    with serving(handler) as server:
        ours = ask(parse(server.url + "/plain"), Asked("GET", {}, b"", Trust(None, True), 30, 0), Host("/", 60))
        theirs = curl(server.url + "/plain", tmp_path)
    for times in (
        [ours.times_ms[step] for step in ("resolve", "connect", "first_byte", "total")],
        [theirs[f"time_{step}"] for step in ("namelookup", "connect", "starttransfer", "total")],
    ):
        assert times == sorted(times)
        assert times[0] >= 0
