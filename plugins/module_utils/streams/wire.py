# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection with a time limit for each answer, over TCP, TLS or a UNIX socket. Private to the collection."""

from __future__ import annotations

import errno
import functools
import json
import socket
import ssl
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked

LIMIT_S = 5.0
"""How long a connection, and each answer, may take."""

# Each that does not answer costs the limit.
_ADDRESSES = 4
_ANSWER, _FAILURE = b"A", b"F"


class Silent(Unseen):
    """Nothing listens there: the service does not run, or runs elsewhere."""


class Place(t.NamedTuple):
    """Where a service is: ``path`` of a UNIX socket, or ``name`` (a name or an address) and ``port``."""

    name: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


class Tls(t.NamedTuple):
    """How TLS is spoken: ``ca`` is a file, else the host's own authorities count; ``name`` is what the certificate must
    be for, else the name that was connected to.
    """

    ca: str | None = None
    verify: bool = True
    name: str | None = None


class Wire:
    """An open connection. Each `send` begins a question; its whole answer must have come within ``limit_s``."""

    def __init__(self, sock: socket.socket, place: Place, host: Host, limit_s: float) -> None:
        self._socket = sock
        self._place = place
        self._host = host
        self._limit_s = limit_s
        self._until = 0.0

    @property
    def local(self) -> bool:
        """Whether the other end is on this machine: a connection to itself has one address at both ends."""
        if self._socket.family == socket.AF_UNIX:
            return True
        try:
            return bool(self._socket.getpeername()[0] == self._socket.getsockname()[0])
        except OSError:
            return False

    def send(self, data: bytes) -> None:
        """Send a question. Raises Unseen."""
        self._host.check_time()
        self._until = time.monotonic() + min(self._limit_s, self._host.time_left())
        self._limited(lambda: self._socket.sendall(data))

    def receive(self, size: int) -> bytes:
        """Return one to ``size`` bytes of the answer. Raises Unseen when it ended or takes too long."""
        data: bytes = self._limited(lambda: self._socket.recv(size))
        if not data:
            raise Unseen(f"{self._place} closed the connection in the middle of an answer")
        return data

    def rest(self, limit: int) -> bytes:
        """Return what comes until the other side closes the connection, at most ``limit`` bytes. Raises Unseen."""
        parts: list[bytes] = []
        size = 0
        while size < limit:
            part = self._limited(functools.partial(self._socket.recv, min(limit - size, 1 << 16)))
            if not part:
                break
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _limited(self, work: t.Callable[[], t.Any]) -> t.Any:
        left = self._until - time.monotonic()
        if left > 0:
            self._socket.settimeout(left)
            try:
                return work()
            except socket.timeout:
                pass
            except OSError as error:
                raise Unseen(f"the connection to {self._place} broke: {explain(error)}") from None
        raise Unseen(f"{self._place} did not answer within {self._limit_s:g} s")


def connect(place: Place, host: Host, tls: Tls | None = None, limit_s: float = LIMIT_S) -> Wire:
    """Return a connection. Raises Silent when nothing listens there, Unseen when that cannot be told."""
    host.check_time()
    sock = _unix(place, host, limit_s) if place.path else _tcp(place, host, limit_s)
    if tls is not None:
        sock = _secured(sock, place, tls, min(limit_s, max(host.time_left(), 0.01)))
    return Wire(sock, place, host, limit_s)


def _unix(place: Place, host: Host, limit_s: float) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    return _connected(sock, place.path, place, min(limit_s, max(host.time_left(), 0.01)))


def _tcp(place: Place, host: Host, limit_s: float) -> socket.socket:
    silent: Silent | None = None
    failed: Unseen | None = None
    for family, address in resolve(place.name, place.port, host, limit_s)[:_ADDRESSES]:
        host.check_time()
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            return _connected(sock, address, place, min(limit_s, max(host.time_left(), 0.01)))
        except Silent as unseen:
            silent = unseen
        except Unseen as unseen:
            failed = unseen
    raise failed or silent or Unseen(f"{place.name} has no address")


def _connected(sock: socket.socket, address: t.Any, place: Place, limit_s: float) -> socket.socket:
    try:
        sock.settimeout(limit_s)
        sock.connect(address)
    except (ConnectionRefusedError, FileNotFoundError):
        sock.close()
        raise Silent(f"nothing listens at {place}") from None
    except socket.timeout:
        sock.close()
        raise Unseen(f"{place} takes no connection within {limit_s:g} s: it hangs, or a firewall drops it") from None
    except OSError as error:
        sock.close()
        if error.errno == errno.ENOTSOCK:
            raise Silent(f"{place} is not a socket") from None
        raise Unseen(f"there is no way to {place}: {explain(error)}") from None
    return sock


def resolve(name: str, port: int, host: Host, limit_s: float) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Return the addresses of a name. Raises Unseen.

    The system's resolver has no time limit: a process of its own asks it, and ends with the limit.
    """
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except OSError:
            continue
        return [(family, (name, port))]
    answers: dict[bytes, bytes] = {}

    def work(channel: Channel) -> None:
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = explain(error) if isinstance(error, OSError) else "it is not a name"
            channel.send(_FAILURE, reason.encode("utf-8"))
            return
        known = dict.fromkeys((int(one[0]), str(one[4][0])) for one in found)
        channel.send(_ANSWER, json.dumps(list(known)).encode("ascii"))

    limited = Host("/", min(limit_s, max(host.time_left(), 0.01)))
    failures = run_forked([work], limited, answers.__setitem__)
    if _FAILURE in answers:
        raise Unseen(f"the name {name} has no address: {answers[_FAILURE].decode('utf-8')}")
    if _ANSWER not in answers:
        raise Unseen(f"the address of {name} was not found out: {'; '.join(failures)}")
    return [(socket.AddressFamily(family), (address, port)) for family, address in json.loads(answers[_ANSWER])]


def _secured(sock: socket.socket, place: Place, tls: Tls, limit_s: float) -> socket.socket:
    try:
        context = ssl.create_default_context(cafile=tls.ca)
    except (OSError, ssl.SSLError) as error:
        sock.close()
        raise Unseen(f"the authorities in {tls.ca} cannot be read: {explain(error)}") from None
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        sock.settimeout(limit_s)
        return context.wrap_socket(sock, server_hostname=tls.name or place.name)
    except ssl.SSLCertVerificationError as error:
        reason = f"the certificate of {place} is not accepted: {_plain(error.verify_message)}"
    except socket.timeout:
        reason = f"{place} did not finish the TLS handshake within {limit_s:g} s"
    except ssl.SSLError as error:
        reason = f"TLS with {place} fails: {_plain(error.reason or 'no reason given')}"
    except (OSError, ValueError) as error:
        reason = f"TLS with {place} fails: {explain(error) if isinstance(error, OSError) else error}"
    sock.close()
    raise Unseen(reason)


def _plain(words: t.Any) -> str:
    return mask(show(str(words)[:200])).lower().replace("_", " ")
