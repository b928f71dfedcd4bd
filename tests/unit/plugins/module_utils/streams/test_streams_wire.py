# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections and addresses: every failure one reason, every wait with an end, and certificates that count."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import typing as t
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.binding import bound_to
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Place, Silent, Tls, connect, resolve

_MAKE = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext"


def host() -> Host:
    return Host("/", 60, workers=1)


@pytest.fixture(name="certificate", scope="module")
def fixture_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate of this machine's own, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine")
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "localhost.pem"
    argv = [
        "openssl",
        *_MAKE.split(),
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout",
        str(key),
        "-out",
        str(made),
    ]
    subprocess.run(argv, check=True, capture_output=True)
    made.write_text(made.read_text() + key.read_text())
    return made


@contextmanager
def listening(certificate: Path | None = None, answers: bool = True) -> t.Iterator[Place]:
    """Say hello to whoever connects, over TLS or without; or nothing at all."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate is not None:
        context.load_cert_chain(certificate)

    def serve() -> None:
        while True:
            try:
                peer, _address = listener.accept()
            except OSError:
                return
            with peer:
                if not answers:
                    peer.recv(1 << 16)
                    over.wait(30)
                    continue
                try:
                    with context.wrap_socket(peer, server_side=True) if certificate else peer as spoken:
                        spoken.recv(100)
                        spoken.sendall(b"hello")
                except OSError:
                    continue

    over = threading.Event()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Place("127.0.0.1", listener.getsockname()[1])
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def said(place: Place, tls: Tls | None = None, limit_s: float = 5.0) -> bytes:
    wire = connect(place, host(), tls, limit_s)
    try:
        wire.send(b"?")
        return wire.rest(100)
    finally:
        wire.close()


def test_plain_and_secured(certificate: Path) -> None:
    with listening() as place:
        assert said(place) == b"hello"
        assert said(place._replace(name="localhost")) == b"hello"
    with listening(certificate) as place:
        assert said(place, Tls(ca=str(certificate))) == b"hello"
        assert said(place, Tls(verify=False)) == b"hello"


@pytest.mark.parametrize(
    ("ca", "name", "reason"),
    [
        (False, None, "is not accepted: self"),
        (True, "other.example.org", "is not accepted: hostname mismatch"),
    ],
)
def test_a_certificate_that_is_not_good_is_said(ca: bool, name: str | None, reason: str, certificate: Path) -> None:
    with listening(certificate) as place, pytest.raises(Unseen, match=reason):
        said(place, Tls(ca=str(certificate) if ca else None, name=name))


def test_authorities_that_cannot_be_read_are_said() -> None:
    with listening() as place, pytest.raises(Unseen, match="the authorities in /nonexistent cannot be read"):
        said(place, Tls(ca="/nonexistent"))


def test_tls_where_none_is_spoken() -> None:
    with listening() as place, pytest.raises(Unseen, match="TLS with"):
        said(place, Tls(verify=False))


@pytest.mark.parametrize("tls", [None, Tls(verify=False)])
def test_one_that_takes_connections_and_says_nothing(tls: Tls | None) -> None:
    with listening(answers=False) as place, pytest.raises(Unseen, match=r"within 0\.2 s"):
        said(place, tls, limit_s=0.2)


def test_where_nothing_listens() -> None:
    # A port that is taken, so that nobody else gets it.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Silent, match="nothing listens at"):
            connect(Place("127.0.0.1", taken.getsockname()[1]), host())


def test_names() -> None:
    assert (socket.AF_INET, ("127.0.0.1", 1)) in resolve("localhost", 1, host(), 10)
    assert resolve("::1", 1, host(), 10) == [(socket.AF_INET6, ("::1", 1))]
    with pytest.raises(Unseen, match=r"the name nothing.invalid has no address|was not found out"):
        resolve("nothing.invalid", 1, host(), 10)
    with pytest.raises(Unseen, match="it is not a name"):
        resolve("a" * 300, 1, host(), 10)


def test_a_deadline_that_has_passed_ends_everything() -> None:
    with pytest.raises(Unseen, match="time limit"):
        connect(Place("127.0.0.1", 1), Host("/", -1, workers=1))


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.mark.parametrize(
    ("lines", "addresses", "is_open"),
    [
        (["0100007F:18EB"], ["127.0.0.1"], False),
        (["00000000:18EB"], ["0.0.0.0"], True),
        (["0100007F:18EB", "0A0200C0:18EB"], ["127.0.0.1", "192.0.2.10"], True),
        (["0100007F:0001"], [], None),
    ],
)
def test_where_a_port_is_served(lines: list[str], addresses: list[str], is_open: bool | None, tmp_path: Path) -> None:
    folder = tmp_path / "self" / "net"
    folder.mkdir(parents=True)
    rows = [f"   0: {line} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7 1 0 100\n" for line in lines]
    (folder / "tcp").write_text(HEAD + "".join(rows))
    seen = bound_to(6379, Proc(str(tmp_path)))
    assert (seen["addresses"], seen["open"]) == (addresses, is_open)
    assert (seen["outcome"] == "ok") == bool(addresses)
    assert bool(seen["reason"]) != bool(addresses)


def test_a_table_that_cannot_be_read_is_not_a_closed_port(tmp_path: Path) -> None:
    seen = bound_to(6379, Proc(str(tmp_path)))
    assert (seen["outcome"], seen["open"]) == ("unknown", None)
