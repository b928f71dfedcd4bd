# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS: certificates that openssl made, right and wrong, and what is said of them."""

from __future__ import annotations

import calendar
import contextlib
import shutil
import socket
import ssl
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.http.ask import Answer, Asked, ask
from ansible_collections.evenkeel.drift.plugins.module_utils.http.certificate import Garbled, read_certificate
from ansible_collections.evenkeel.drift.plugins.module_utils.http.connection import Reader, Trust, certificate_of
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import Failure, Limit
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import parse
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from endpoint_server import Server, answer, serving
from hypothesis import given
from hypothesis import strategies as st

OPENSSL = shutil.which("openssl") or ""
pytestmark = pytest.mark.skipif(not OPENSSL, reason="no openssl on this machine")

_CONFIG = """
[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
x509_extensions = server
unique_subject = no
[any]
commonName = optional
organizationName = optional
[server]
authorityKeyIdentifier = keyid
"""


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "ca.pem"
        (folder / "index.txt").touch()
        (folder / "ca.cnf").write_text(_CONFIG.format(folder=folder))
        self._openssl(
            *("req", "-x509", *self._key("ca"), "-out", str(self.file), "-subj", "/CN=Test Authority", "-days", "3650"),
            # From Python 3.13 on an authority has to say what its key is for.
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def _openssl(self, *words: str) -> None:
        subprocess.run([OPENSSL, *words], check=True, capture_output=True, cwd=self._folder)

    def _key(self, name: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]

    def issue(self, name: str, subject: str, names: str, begin: str, end: str) -> ssl.SSLContext:
        """Return the context of a server whose certificate is valid between two times, ``YYYYMMDDHHMMSSZ``."""
        extension = f"subjectAltName={names}"
        self._openssl(
            *("req", "-new", *self._key(name), "-utf8", "-out", f"{name}.csr", "-subj", subject, "-addext", extension)
        )
        self._openssl(
            *("ca", "-batch", "-utf8", "-notext", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key"),
            *("-in", f"{name}.csr", "-out", f"{name}.pem", "-startdate", begin, "-enddate", end),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self._folder / f"{name}.pem"), str(self._folder / f"{name}.key"))
        return context


@pytest.fixture(name="authority", scope="module")
def fixture_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


IP = "IP:127.0.0.1"
ALWAYS = ("20200101000000Z", "20991231235959Z")


def ok(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(answer(b"ok"))


def get(server: Server, trust: Trust, **more: t.Any) -> Answer:
    asked = Asked("GET", {}, b"", trust, 30, 0)._replace(**more)
    return ask(parse(server.url + "/"), asked, Host("/", 60))


def test_a_valid_certificate_is_told(authority: Authority) -> None:
    with serving(ok, authority.issue("good", "/CN=api.example.org", IP, *ALWAYS)) as server:
        seen = get(server, Trust(str(authority.file), True))
    assert (seen.status, seen.body) == (200, b"ok")
    assert seen.tls is not None
    assert seen.tls["version"].startswith("TLSv1")
    assert {key: seen.tls[key] for key in ("subject", "issuer", "verified", "reason")} == {
        "subject": "api.example.org",
        "issuer": "Test Authority",
        "verified": True,
        "reason": "",
    }
    assert seen.tls["not_before_s"] == calendar.timegm((2020, 1, 1, 0, 0, 0))
    assert seen.tls["not_after_s"] == calendar.timegm((2099, 12, 31, 23, 59, 59))
    assert seen.times_ms["connect"] <= seen.times_ms["tls"] <= seen.times_ms["first_byte"]


@pytest.mark.parametrize(
    ("subject", "names", "end", "own", "text"),
    [
        ("/CN=old", IP, "20200102000000Z", True, "certificate has expired"),
        ("/CN=other", "DNS:other.example.org", ALWAYS[1], True, "IP address mismatch"),
        ("/CN=strange", IP, ALWAYS[1], False, "unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_is_not_valid_says_why_and_is_told(
    authority: Authority, subject: str, names: str, end: str, own: bool, text: str
) -> None:
    with serving(ok, authority.issue("wrong", subject, names, ALWAYS[0], end)) as server:
        with pytest.raises(Failure) as caught:
            get(server, Trust(str(authority.file) if own else None, True))
        facts = certificate_of(parse(server.url), Limit(Host("/", 60), 30))
        assert get(server, Trust(None, False)).body == b"ok"
        assert len(server.requests) == 1
    assert (caught.value.kind, caught.value.stage) == ("certificate", "tls")
    assert text in caught.value.text
    assert facts["subject"] == subject[4:]
    assert facts["verified"] is False


def test_names_in_any_letters_and_without_a_common_name(authority: Authority) -> None:
    for subject, shown in (("/CN=bücher λ", "bücher λ"), ("/O=Only Organisation", "Only Organisation")):
        with serving(ok, authority.issue("named", subject, IP, *ALWAYS)) as server:
            assert (get(server, Trust(str(authority.file), True)).tls or {})["subject"] == shown


def test_what_speaks_no_tls_and_what_is_silent(authority: Authority) -> None:
    with serving(ok) as plain:
        target = parse(plain.url.replace("http:", "https:"))
        with pytest.raises(Failure) as none:
            ask(target, Asked("GET", {}, b"", Trust(None, False), 0.5, 0), Host("/", 60))
        assert (none.value.kind, none.value.stage) == ("timeout", "tls")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        begun = time.monotonic()
        with pytest.raises(Failure, match="no TLS handshake within"):
            ask(
                parse(f"https://127.0.0.1:{listener.getsockname()[1]}/"),
                Asked("GET", {}, b"", Trust(None, True), 0.5, 0),
                Host("/", 60),
            )
        assert time.monotonic() - begun < 30


def test_http_on_a_tls_port_is_a_failure(authority: Authority) -> None:
    with serving(ok, authority.issue("plain", "/CN=x", IP, *ALWAYS)) as server, pytest.raises(Failure) as caught:
        ask(
            parse(server.url.replace("https:", "http:")),
            Asked("GET", {}, b"", Trust(None, True), 30, 0),
            Host("/", 60),
        )
    assert caught.value.kind in ("closed", "protocol")


NO_NOTIFY = "the connection ended without saying that the answer does (no TLS close_notify)"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("data", "said", "partial"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nok", True, ""),
        (b"HTTP/1.1 200 OK\r\n\r\nok", False, NO_NOTIFY),
        # These say themselves where they end; many servers close such a connection without a word.
        (answer(b"ok"), False, ""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", False, ""),
    ],
)
def test_an_answer_until_the_connection_ends_has_an_end_only_when_tls_says_so(
    authority: Authority, version: ssl.TLSVersion, data: bytes, said: bool, partial: str
) -> None:
    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(data)
        if said:
            # It waits for the other side to say the same, which closes instead.
            with contextlib.suppress(OSError):
                t.cast(ssl.SSLSocket, connection).unwrap()

    context = authority.issue("ends", "/CN=x", IP, *ALWAYS)
    context.minimum_version = context.maximum_version = version
    with serving(handler, context) as server:
        seen = get(server, Trust(str(authority.file), True))
    assert (seen.status, seen.body, seen.partial) == (200, b"ok", partial)


@pytest.mark.parametrize(
    ("body", "partial"),
    [
        (b'{"status": "ok"}\n', ""),
        (b"[]", ""),
        (b'{"status": "ok"', NO_NOTIFY),
        # Another digit may have been to come.
        (b"12", NO_NOTIFY),
        (b"", NO_NOTIFY),
    ],
)
def test_an_answer_that_tells_its_own_end_needs_nobody_to_say_so(
    authority: Authority, body: bytes, partial: str
) -> None:
    """As a server of a few lines of Python sends it: no length, and a connection that just closes."""

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body)

    with serving(handler, authority.issue("json", "/CN=x", IP, *ALWAYS)) as server:
        seen = get(server, Trust(str(authority.file), True))
    assert (seen.body, seen.partial) == (body, partial)


class Ending:
    """A connection of an older Python, which ends as OpenSSL 3 says it."""

    def __init__(self, said: str) -> None:
        self._said = said

    def settimeout(self, _seconds: float) -> None:
        pass

    def recv_into(self, _buffer: bytearray) -> int:
        raise ssl.SSLError(ssl.SSL_ERROR_SSL, self._said)


@pytest.mark.parametrize(
    "said",
    [
        "[SSL: UNEXPECTED_EOF_WHILE_READING] unexpected eof while reading (_ssl.c:2635)",
        # Python 3.8 and 3.9 may not know the name.
        "[SSL] unexpected eof while reading (_ssl.c:2635)",
    ],
)
def test_an_end_that_python_has_no_name_for_is_one(said: str) -> None:
    reader = Reader(t.cast(socket.socket, Ending(said)), Limit(Host("/", 60), 30))
    assert (reader.read(1), reader.ragged) == (b"", True)
    with pytest.raises(Failure, match="broke off"):
        Reader(t.cast(socket.socket, Ending("[SSL] bad record mac")), Limit(Host("/", 60), 30)).read(1)


@pytest.mark.parametrize(
    ("data", "stage", "text"),
    [
        (b"", "answer", "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\n", "answer", "broke off in its head"),
        (answer(b"okay")[:-2], "body", "broke off after 2 of 4 bytes"),
    ],
)
def test_an_answer_over_tls_that_breaks_off_says_where(
    authority: Authority, data: bytes, stage: str, text: str
) -> None:
    context = authority.issue("cut", "/CN=x", IP, *ALWAYS)
    with serving(lambda connection, _request: connection.sendall(data), context) as server, pytest.raises(
        Failure, match=text
    ) as caught:
        get(server, Trust(str(authority.file), True))
    assert (caught.value.kind, caught.value.stage) == ("closed", stage)


def test_certificates_that_cannot_be_read_are_unseen(tmp_path: Path) -> None:
    (tmp_path / "garbage.pem").write_text("no certificate")
    for name in ("garbage.pem", "none.pem"):
        with pytest.raises(Unseen, match=name):
            Trust(str(tmp_path / name), True).context()


def test_a_system_that_trusts_nobody_is_unseen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    none = ssl.DefaultVerifyPaths(None, str(tmp_path), "", "", "", "")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: none)
    with pytest.raises(Unseen, match="no certificates of authorities are installed"):
        Trust(None, True).context()
    Trust(None, False).context()


@given(st.data())
def test_a_damaged_certificate_is_garbled_and_nothing_worse(data: st.DataObject) -> None:
    der = bytearray(_DER)
    for _change in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(der) - 1))
        der[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(der)))
    with contextlib.suppress(Garbled):
        read_certificate(bytes(der[:cut] if cut % 3 == 0 else der))


# The self-signed certificate of example.org that openssl makes, without its key.
_DER = ssl.PEM_cert_to_DER_cert(
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", "/dev/null", "-subj", "/CN=example.org", "-days", "1"),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if OPENSSL
    else "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"
)
