# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of Docker and of Podman, read with GET alone. Private to the collection."""

from __future__ import annotations

import contextlib
import typing as t
import urllib.parse

from ansible_collections.evenkeel.drift.plugins.module_utils.engine import frames, sockets
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.errors import (
    Denied,
    NoEngine,
    NotFound,
    OtherKind,
    TooMuch,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import parse, said
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.transport import Answer, as_they_come
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.version import about
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

__all__ = ["Denied", "Engine", "NoEngine", "NotFound", "TooMuch", "open_engine"]

Query = t.Mapping[str, t.Union[str, int, bool]]

_LIMIT = 32 << 20
_LIMIT_S = 30.0
_SHOWN_ID = 12
_ANOTHER = "it is another engine's: name it as socket in the contract to have that one looked at"


class Engine:
    """One engine that answers.

    ``socket`` is its path, ``kind`` is ``docker`` or ``podman``, ``version`` is ``{version, api, min_api, used_api,
    kind, os, arch, components: {name: version}}`` with the API that is spoken with it as ``used_api``. ``elsewhere``
    lists the sockets that were not asked, ``[{socket, state: denied|not_running|hidden|not_asked, reason}]``.
    """

    def __init__(self, socket: str, host: Host) -> None:
        """Ask an engine for its version. Raises NoEngine, Denied, Unseen."""
        self.socket = socket
        self.elsewhere: list[dict[str, str]] = []
        self._host = host
        self._prefix = ""
        self.version: dict[str, t.Any] = about(self.get("/version", limit=1 << 20), socket)
        self.kind: str = self.version["kind"]
        self._prefix = f"/v{self.version['used_api']}"

    def get(self, path: str, query: Query | None = None, limit: int = _LIMIT, limit_s: float = _LIMIT_S) -> t.Any:
        """Return the JSON that the engine answers with. Nothing in it was masked.

        ``limit`` is in bytes, ``limit_s`` in seconds for the whole answer, within the host's own. Raises NotFound,
        Denied, NoEngine, TooMuch, and Unseen when the answer comes too late, is broken, or is an error of the
        engine, whose words are then the reason, masked.
        """
        return self._read(path, self._ask(path, query, limit_s), limit)

    def container(self, name: str) -> t.Any:
        """Return what the engine says of the container of a name. Raises like :meth:`get`.

        Where none has the name, an engine takes it for the beginning of an id: that of ``db`` or ``cafe`` would be
        somebody else's. It is not found then; what is as long as an id that engines show is meant as one.
        """
        about = self.get(f"/containers/{urllib.parse.quote(name, safe='')}/json")
        called = about.get("Name") if isinstance(about, dict) else None
        if isinstance(called, str) and called.lstrip("/") != name and len(name) < _SHOWN_ID:
            raise NotFound(f"the engine does not know it: no container is called {name}")
        return about

    def get_each(
        self, paths: t.Mapping[str, str], query: Query | None = None, limit: int = _LIMIT, limit_s: float = _LIMIT_S
    ) -> dict[str, t.Any]:
        """Return the answers to questions that are asked all at once, by their names; in the place of one that did not
        come is what :meth:`get` would have raised. ``limit_s`` is for all of them together.

        Some engines measure once a second, and answer one after the other only when they are asked so. Not more than a
        hundred or so: each takes a descriptor.
        """
        found: dict[str, t.Any] = {}
        asked: dict[int, tuple[str, Answer]] = {}
        with contextlib.ExitStack() as stack:
            for name, path in paths.items():
                try:
                    answer = stack.enter_context(self._ask(path, query, limit_s))
                    asked[id(answer)] = (name, answer)
                except Unseen as unseen:
                    found[name] = unseen
            for answer in as_they_come([answer for _name, answer in asked.values()], limit_s):
                name = asked[id(answer)][0]
                try:
                    found[name] = self._read(paths[name], answer, limit)
                except Unseen as unseen:
                    found[name] = unseen
        return found

    def lines(
        self,
        path: str,
        query: Query | None = None,
        limit_bytes: int = _LIMIT,
        limit_s: float = _LIMIT_S,
        tty: bool | None = None,
    ) -> t.Iterator[tuple[str, bytes]]:
        """Yield (``stdout``, ``stderr`` or, with a terminal, nothing; line) of a container's log. Nothing is masked.

        ``path`` is ``/containers/<id>/logs``, ``query`` has ``stdout`` and ``stderr``, and may have ``tail``,
        ``since`` and ``timestamps``, never ``follow``. ``tty`` is the container's ``Config.Tty``; None: the first
        bytes tell. Raises like :meth:`get`, TooMuch after ``limit_bytes``; whole lines that came before are yielded.
        """
        with self._ask(path, query, limit_s) as answer:
            self._require(path, answer)
            yield from frames.lines(answer.pieces(limit_bytes), tty)

    def whole(self, path: str, query: Query | None, limit: int, limit_s: float = _LIMIT_S) -> bytes:
        """Return the body of an answer as it is, such as an archive. Raises like :meth:`get`."""
        with self._ask(path, query, limit_s) as answer:
            self._require(path, answer)
            return answer.whole(limit)

    def target(self, path: str, query: Query | None = None) -> str:
        """Return a path of the API with its version and its query, quoted."""
        asked = {name: _parameter(value) for name, value in sorted((query or {}).items())}
        quoted = urllib.parse.quote(spelled(path), safe="/:@")
        return self._prefix + quoted + (f"?{urllib.parse.urlencode(asked)}" if asked else "")

    def _ask(self, path: str, query: Query | None, limit_s: float) -> Answer:
        self._host.check_time()
        return Answer(self.socket, self.target(path, query), min(limit_s, self._host.time_left()))

    def _read(self, path: str, answer: Answer, limit: int) -> t.Any:
        with answer:
            self._require(path, answer)
            body = answer.whole(limit)
        try:
            return parse(body)
        except (ValueError, RecursionError):
            raise Unseen(
                f"the engine at {self.socket} answers {path} with what is not JSON, or not all of it"
            ) from None

    def _require(self, path: str, answer: Answer) -> None:
        """Raise Unseen unless the engine answers the question."""
        if answer.status == 200:
            return
        message = said(answer)
        if answer.status == 404:
            raise NotFound(f"the engine does not know it: {message}")
        raise Unseen(f"the engine at {self.socket} answers {path} with the error {answer.status}: {message}")


def open_engine(socket: str | None, host: Host, kind: str | None = None) -> Engine:
    """Return the engine at a socket, or the first that answers where engines usually listen.

    ``kind`` (``docker``, ``podman``) narrows the search and is required of the engine that answers. Raises NoEngine
    when there is none, Denied when it may not be asked, Unseen when it gives no proper answer.
    """
    if socket is None:
        return _search(host, kind)
    state, reason = sockets.look(socket)
    if state == sockets.ABSENT:
        raise NoEngine(reason)
    if state == sockets.HIDDEN:
        raise Denied(reason)
    return _expected(Engine(socket, host), kind)


def _search(host: Host, kind: str | None) -> Engine:
    found: Engine | None = None
    refused: Denied | None = None
    elsewhere: list[dict[str, str]] = []
    for place in sockets.usual(kind):
        state, reason = sockets.look(place.path)
        if state == sockets.HIDDEN:
            elsewhere.append({"socket": place.path, "state": "hidden", "reason": reason})
        elif state == sockets.THERE and found is not None:
            if not sockets.same(place.path, found.socket):
                elsewhere.append({"socket": place.path, "state": "not_asked", "reason": _ANOTHER})
        elif state == sockets.THERE:
            try:
                found = _expected(Engine(place.path, host), kind)
            except NoEngine as missing:
                elsewhere.append({"socket": place.path, "state": "not_running", "reason": missing.reason})
            except Denied as error:
                refused = refused or error
                elsewhere.append({"socket": place.path, "state": "denied", "reason": error.reason})
    elsewhere += [
        {"socket": place.path, "state": "not_asked", "reason": _ANOTHER}
        for place in sockets.others(kind)
        if found is None or not sockets.same(place.path, found.socket)
    ]
    if found is None:
        raise refused or _nothing(kind, elsewhere)
    found.elsewhere = elsewhere
    return found


def _nothing(kind: str | None, elsewhere: t.Sequence[t.Mapping[str, str]]) -> Unseen:
    """Return why no engine of the usual places answers."""
    named = " or ".join(one.title() for one in (sockets.KINDS if kind is None else (kind,)))
    hidden = [one["reason"] for one in elsewhere if one["state"] == "hidden"]
    silent = [one["reason"] for one in elsewhere if one["state"] == "not_running"]
    foreign = [one["socket"] for one in elsewhere if one["state"] == "not_asked"]
    program = sockets.installed(kind)
    if silent:
        return NoEngine("; ".join(silent))
    if foreign:
        return NoEngine(f"no {named} of this user answers; other users have {', '.join(foreign)}: name one as socket")
    if hidden:
        return Denied(hidden[0])
    if program:
        return NoEngine(
            f"{program} is installed, and no engine listens where engines do: it does not run, or elsewhere"
        )
    return NoEngine(f"no {named} is installed on this host, and none listens where engines do")


def _expected(engine: Engine, kind: str | None) -> Engine:
    if kind not in (None, engine.kind):
        raise OtherKind(f"the engine at {engine.socket} is {engine.kind}, not {kind}")
    return engine


def _parameter(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
