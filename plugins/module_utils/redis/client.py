# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a Redis server that can only read. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.known import Masker
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.commands import allowed, name_of
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.resp import (
    Reader,
    Reply,
    ServerError,
    TooMuch,
    encode,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Wire
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

LIMIT = 4 << 20
"""The largest answer in bytes."""

_SHOWN = 200
_SEARCHED = 4096

_REASONS = {
    "NOAUTH": "it asks for a password, and the contract names none (password_from)",
    "WRONGPASS": "it does not accept the user and password that the contract names (user, password_from)",
    "NOPERM": "its user may not run {command}",
    "LOADING": "it still loads its data into memory, and answers nothing until then",
    "BUSY": "it runs a script that takes long, and answers nothing until then",
    "DENIED": "it is in protected mode: it answers only to its own machine, as long as it has no password",
    "MASTERDOWN": "it is a replica without a connection to its master, and set to answer nothing until then",
    "CLUSTERDOWN": "it is a node of a cluster that is down",
}
# Redis up to 5 has one word for many errors.
_OLD_WRONG = b"ERR invalid password"
_NOT_NEEDED = (b"ERR Client sent AUTH, but no password is set", b"ERR AUTH <password> called without any password")


class Refused(Unseen):
    """The server answers with an error. ``code`` is its first word, ``NOPERM`` or ``ERR``."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Access(t.NamedTuple):
    """How to get in: user and password may be None, ``database`` is a number."""

    user: str | None = None
    password: str | None = None
    database: int = 0


class Redis:
    """One server. ``auth_required`` says whether it answers nobody without a password, None while that is not known."""

    def __init__(self, connect: t.Callable[[], Wire], access: Access) -> None:
        self._connect = connect
        self._access = access
        self._masker = Masker([access.password] if access.password else [])
        self._wire: Wire | None = None
        self._reader: Reader | None = None
        self._lost = ""
        self.auth_required: bool | None = None

    @property
    def peer_is_local(self) -> bool:
        """Whether the server is on this machine, by the addresses of the open connection."""
        return self._wire is not None and self._wire.local

    def open(self) -> None:
        """Connect, and get in. Raises Silent when nothing listens there, Refused, Unseen."""
        self.close()
        self._wire = self._connect()
        self._reader = Reader(self._wire.receive)
        try:
            self._get_in()
        except Unseen:
            self.close()
            raise

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._wire is not None:
            self._wire.close()
        self._wire = self._reader = None

    def ask(self, *words: str | bytes | int, limit: int = LIMIT) -> Reply:
        """Return the reply to a command; only what ``commands.py`` lists is ever sent.

        A connection that was given up because an answer was too large is opened again; one that was lost, or hung, is
        not, so that a server that hangs costs its time limit once. Raises Refused when the reply is an error, TooMuch,
        Silent, Unseen.
        """
        if self._lost:
            raise Unseen(self._lost)
        if self._wire is None:
            self.open()
        return self._exchange([_raw(word) for word in words], limit)

    def text(self, said: bytes, limit: int = _SHOWN) -> str:
        """Return text of the server for people to read: masked, and cut to about ``limit`` characters."""
        shown = mask(self._masker.mask(show(said[:_SEARCHED])))
        return shown if len(shown) <= limit and len(said) <= _SEARCHED else f"{shown[:limit]}..."

    def _get_in(self) -> None:
        try:
            self._exchange([b"PING"], LIMIT)
            self.auth_required = False
        except Refused as refused:
            if refused.code not in ("NOAUTH", "NOPERM"):
                raise
            # Who may not even PING was let in, and to what is not known.
            self.auth_required = True if refused.code == "NOAUTH" else None
            if self._access.password is None and self.auth_required:
                raise
        if self._access.password is not None:
            self._authenticate(self._access.user, self._access.password)
        if self._access.database:
            self._exchange([b"SELECT", b"%d" % self._access.database], LIMIT)

    def _authenticate(self, user: str | None, password: str) -> None:
        words = [b"AUTH", *([] if user is None else [_raw(user)]), _raw(password)]
        try:
            self._exchange(words, LIMIT)
        except Refused as refused:
            # A password where none is needed opens nothing and closes nothing.
            if refused.code != "UNNEEDED":
                raise

    def _exchange(self, words: list[bytes], limit: int) -> Reply:
        wire, reader = self._wire, self._reader
        if wire is None or reader is None or not allowed(words):
            raise ValueError(f"not a command that an audit sends: {name_of(words)}")
        try:
            wire.send(encode(words))
            reply = reader.read(limit)
        except Unseen as unseen:
            # What is left of the answer would be taken for the answer to the next question.
            self.close()
            if not isinstance(unseen, TooMuch):
                self._lost = unseen.reason
            raise
        if isinstance(reply, ServerError):
            raise self._refused(reply, name_of(words))
        return reply

    def _refused(self, error: ServerError, command: str) -> Refused:
        if error.text.startswith(_NOT_NEEDED):
            return Refused("UNNEEDED", "it has no password, and was given one")
        code = "WRONGPASS" if error.text.startswith(_OLD_WRONG) else error.code
        if code in _REASONS:
            return Refused(code, _REASONS[code].format(command=command))
        if code in ("MOVED", "ASK"):
            node = self.text(error.text.rpartition(b" ")[2])
            return Refused(code, f"it is a node of a cluster, and what was asked for is at another: {node}")
        return Refused(code, f"it answers {command} with the error: {self.text(error.text)}")


def _raw(word: str | bytes | int) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogateescape")
