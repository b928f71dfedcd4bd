# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to an endpoint: name, TCP, TLS, each under the time limit of its request. Private to the collection."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import socket
import ssl
import threading
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.http.certificate import Garbled, read_certificate
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import Failure, Limit
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import Target
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain

_REFUSED = frozenset({errno.ECONNREFUSED})
_AWAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.EHOSTDOWN})
_CLOSED = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN})
_ADDRESSES = 8
_RAGGED = re.compile("unexpected[ _]eof[ _]while[ _]reading", re.IGNORECASE)
"""What OpenSSL 3 calls it; a Python before 3.10 has no exception for that, and may not know its name."""

Address = t.Tuple[int, t.Any]


class Trust(t.NamedTuple):
    """Whose certificates are taken: those that the host trusts, or that the file ``ca`` vouches for, or any."""

    ca: str | None
    verify: bool

    def context(self) -> ssl.SSLContext:
        """Return what a handshake needs; reading the certificates takes its time. Raises Unseen."""
        if self.verify and self.ca is None and not _authorities():
            raise Unseen("no certificates of authorities are installed to check a server's with: name a file as ca")
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            raise Unseen(f"the certificates in {self.ca} cannot be read: {explain(error)}") from None
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        # With OpenSSL 3 a Python before 3.10 cannot tell a connection that breaks off from one that is at its end.
        context.options &= ~ssl.Options(getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0))
        return context


def _authorities() -> bool:
    """Say whether the system has any certificates to trust."""
    places = ssl.get_default_verify_paths()
    try:
        return places.cafile is not None or (places.capath is not None and bool(os.listdir(places.capath)))
    except OSError:
        return False


class Connection(t.NamedTuple):
    """An open connection. ``times_ms`` are milliseconds since the request began; ``tls`` is null without TLS."""

    sock: socket.socket
    address: str
    times_ms: dict[str, float]
    tls: dict[str, t.Any] | None


def connect(target: Target, context: ssl.SSLContext | None, limit: Limit) -> Connection:
    """Open a connection, with TLS when there is a ``context``. Raises Failure, Unseen."""
    times: dict[str, float] = {}
    addresses = _resolve(target, limit)
    times["resolve"] = limit.passed_ms()
    sock, address = _open(addresses, target, limit)
    times["connect"] = limit.passed_ms()
    if context is None:
        return Connection(sock, address, times, None)
    with contextlib.ExitStack() as unless_done:
        unless_done.callback(sock.close)
        wrapped = _handshake(sock, target, context, limit)
        unless_done.pop_all()
    times["tls"] = limit.passed_ms()
    return Connection(wrapped, address, times, {**_facts(wrapped), "verified": context.verify_mode != ssl.CERT_NONE})


def certificate_of(target: Target, limit: Limit) -> dict[str, t.Any]:
    """Return the facts of a certificate that was not trusted. Nothing is asked over such a connection. Raises Failure,
    Unseen.
    """
    connection = connect(target, Trust(None, False).context(), limit)
    connection.sock.close()
    return connection.tls or {}


def _resolve(target: Target, limit: Limit) -> list[Address]:
    """Return the addresses of a name, in the system's order.

    The system's resolver has no time limit: it is asked by a thread, which is left behind when it takes too long.
    """
    answers: list[t.Any] = []

    def ask() -> None:
        try:
            answers.append(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(limit.left("resolve"))
    if not answers:
        raise limit.over("resolve")
    found = answers[0]
    if isinstance(found, UnicodeError):
        raise Failure("name", "resolve", f"{target.host} is no name that can be resolved")
    if isinstance(found, OSError):
        raise Failure("name", "resolve", f"the name {target.host} is not resolved: {explain(found)}")
    return [(one[0], one[4]) for one in found[:_ADDRESSES]]


def _open(addresses: t.Sequence[Address], target: Target, limit: Limit) -> tuple[socket.socket, str]:
    """Connect to the first address that answers; when none does, the first reason is told.

    No address gets more than its share of the time: one that is silent must not hide the next.
    """
    problems: list[Exception] = []
    for number, (family, address) in enumerate(addresses):
        share_s = limit.left("connect") / (len(addresses) - number)
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            problems.append(_no_socket(error))
            continue
        try:
            sock.settimeout(share_s)
            sock.connect(address)
            return sock, str(address[0])
        except socket.timeout:
            sock.close()
            problems.append(limit.over("connect"))
        except OSError as error:
            sock.close()
            problems.append(_not_connected(error, target, str(address[0])))
    raise problems[0] if problems else Failure("name", "resolve", f"the name {target.host} has no address")


def _no_socket(error: OSError) -> Exception:
    if error.errno == errno.EAFNOSUPPORT:
        return Failure("unreachable", "connect", "this host does not speak the protocol of its address")
    return Unseen(f"no socket can be opened: {explain(error)}")


def _not_connected(error: OSError, target: Target, address: str) -> Exception:
    where = f"{address} port {target.port}"
    if error.errno in _REFUSED:
        return Failure("refused", "connect", f"the connection to {where} is refused")
    if error.errno in _AWAY:
        return Failure("unreachable", "connect", f"{where} cannot be reached: {explain(error)}")
    if error.errno == errno.ETIMEDOUT:
        return Failure("timeout", "connect", f"{where} does not answer")
    if error.errno in _CLOSED:
        return Failure("closed", "connect", f"{where} closed the connection")
    # Such as a lack of files or of rights: this says something about us.
    return Unseen(f"a connection to {where} cannot be tried: {explain(error)}")


def _handshake(sock: socket.socket, target: Target, context: ssl.SSLContext, limit: Limit) -> ssl.SSLSocket:
    sock.settimeout(limit.left("tls"))
    try:
        return context.wrap_socket(sock, server_hostname=target.host, suppress_ragged_eofs=False)
    except ssl.SSLCertVerificationError as error:
        raise Failure("certificate", "tls", error.verify_message or "its certificate is not valid") from None
    except socket.timeout:
        raise limit.over("tls") from None
    except ssl.SSLError as error:
        reason = (error.reason or "no TLS is spoken there").replace("_", " ").lower()
        raise Failure("tls", "tls", f"the TLS handshake failed: {reason}") from None
    except ValueError as error:
        raise Failure("tls", "tls", f"the TLS handshake failed: {error}") from None
    except OSError as error:
        raise Failure("closed", "tls", f"the TLS handshake failed: {explain(error)}") from None


def _facts(sock: ssl.SSLSocket) -> dict[str, t.Any]:
    der = sock.getpeercert(True)
    facts: dict[str, t.Any] = {"version": sock.version() or "", "reason": ""}
    try:
        if not der:
            raise Garbled("the server showed no certificate")
        return {**facts, **read_certificate(der)._asdict()}
    except Garbled as garbled:
        empty = {"subject": "", "issuer": "", "not_before_s": None, "not_after_s": None}
        return {**facts, **empty, "reason": str(garbled)}


class Reader(io.RawIOBase):
    """Reads from a connection under the time limit of all of its request, not of each read alone.

    ``ragged`` says that a connection with TLS ended as one that breaks off does (RFC 8446 6.1).
    """

    def __init__(self, sock: socket.socket, limit: Limit) -> None:
        super().__init__()
        self._sock = sock
        self._limit = limit
        self._stage = "answer"
        self.ragged = False
        self.first_ms: float | None = None

    def readable(self) -> bool:
        return True

    def body(self) -> None:
        """Note that the head of the answer is read."""
        self._stage = "body"

    def readinto(self, buffer: t.Any) -> int:
        self._sock.settimeout(self._limit.left(self._stage))
        try:
            size = self._sock.recv_into(buffer)
        except socket.timeout:
            raise self._limit.over(self._stage) from None
        except ssl.SSLError as error:
            if not isinstance(error, ssl.SSLEOFError) and not _RAGGED.search(str(error)):
                raise self._broken(error) from None
            self.ragged = True
            return 0
        except OSError as error:
            raise self._broken(error) from None
        if size and self.first_ms is None:
            self.first_ms = self._limit.passed_ms()
        return size

    def _broken(self, error: OSError) -> Failure:
        return Failure("closed", self._stage, f"the connection broke off: {explain(error)}")
