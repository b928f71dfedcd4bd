# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked of a container engine that changes something, and the streams of images and archives.

A closed list: a container is never removed while it runs, nor with its volumes, and nothing is pulled, built or pruned.
``engine/`` stays the way to look at it. Private to the collection.
"""

from __future__ import annotations

import json
import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Engine, Query, open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.errors import Denied, NoEngine, NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import parse, said, text
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.transport import Answer
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

__all__ = ["Conflict", "NotDone", "Uncertain", "Writer", "open_writer"]

Json = t.Dict[str, t.Any]
Body = t.Union[None, Json, t.Tuple[int, int]]
"""What is sent: nothing, a JSON object, or an open file from where it stands with the bytes that are to be sent."""

_LIMIT = 4 << 20
_LIMIT_S = 60.0
_STREAM_S = 600.0
_GRACE_S = 30.0
_PART = 1 << 20
_NAME = re.compile(r"(sha256:)?[A-Za-z0-9][A-Za-z0-9_.-]{0,250}")

# All that is ever asked: method, path, and the answers that mean that it is so now.
_REQUESTS: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "load an image": ("POST", "/images/load", (200,)),
    "tag an image": ("POST", "/images/{}/tag", (201,)),
    "create a container": ("POST", "/containers/create", (201,)),
    "start a container": ("POST", "/containers/{}/start", (204, 304)),
    "stop a container": ("POST", "/containers/{}/stop", (204, 304)),
    "restart a container": ("POST", "/containers/{}/restart", (204,)),
    "give a container a restart policy": ("POST", "/containers/{}/update", (200,)),
    "rename a container": ("POST", "/containers/{}/rename", (204,)),
    "remove a container": ("DELETE", "/containers/{}", (204,)),
    "create a volume": ("POST", "/volumes/create", (201,)),
    "create a network": ("POST", "/networks/create", (201,)),
    "connect a container": ("POST", "/networks/{}/connect", (200,)),
    "disconnect a container": ("POST", "/networks/{}/disconnect", (200,)),
    "unpack an archive": ("PUT", "/containers/{}/archive", (200,)),
}


class NotDone(ActError):
    """The engine refuses, in its own words, masked: nothing was changed by this request."""


class Conflict(NotDone):
    """The engine refuses because of what is there: a name that is taken, a container that runs."""


class Uncertain(ActError):
    """No proper answer came: what was asked may have happened or not. Look before asking again."""


class _Request(Answer):
    """The answer to a request that has a method and a body of its own."""

    def __init__(self, path: str, method: str, target: str, body: Body, limit_s: float) -> None:
        self._method = method
        self._body = body
        super().__init__(path, target, limit_s)

    def _ask(self, target: str) -> None:
        content: bytes | t.Iterator[bytes] | None = None
        headers = dict(self.HEADERS)
        if isinstance(self._body, tuple):
            content = _pieces(*self._body)
            headers.update({"Content-Type": "application/x-tar", "Content-Length": str(self._body[1])})
        elif self._body is not None:
            content = json.dumps(self._body).encode("utf-8")
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(self._method, target, body=content, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            # It takes no more of the body: its answer, which is waited for next, says why.
            return


class Writer:
    """One engine, asked to change something. Every method raises NotDone (Conflict; with the engine's words), Uncertain
    when no proper answer came, NotFound, Denied, NoEngine, and Unseen when the time is up before anything was asked.

    ``engine`` is the same one to look at. Containers and images are named by their ids, or containers by their names.
    """

    def __init__(self, engine: Engine, host: Host) -> None:
        self.engine = engine
        self._host = host

    def create(self, name: str, config: Json) -> str:
        """Make a container as ``POST /containers/create`` has it, and return its id. It is not started."""
        made = self._ask("create a container", "", {"name": _checked(name)}, config)
        found = made.get("Id") if isinstance(made, dict) else None
        if not isinstance(found, str) or not _NAME.fullmatch(found):
            raise Uncertain(f"the engine at {self.engine.socket} does not say which container it made for {name}")
        return found

    def start(self, container: str) -> None:
        """Start a container; one that runs is left alone."""
        self._ask("start a container", container)

    def stop(self, container: str, grace_s: float | None = None, limit_s: float = 0.0) -> None:
        """Stop a container: it is told to end, and killed after ``grace_s`` seconds, by default after as many as it was
        made with; one that does not run is left alone. Its answer is waited for ``limit_s`` seconds at least.
        """
        self._end("stop a container", container, grace_s, limit_s)

    def restart(self, container: str, grace_s: float | None = None, limit_s: float = 0.0) -> None:
        """Stop and start a container, as :meth:`stop` does the former."""
        self._end("restart a container", container, grace_s, limit_s)

    def _end(self, do: str, container: str, grace_s: float | None, limit_s: float) -> None:
        query: Query = {} if grace_s is None else {"t": int(grace_s)}
        limit_s = max(limit_s, _LIMIT_S + (_GRACE_S if grace_s is None else grace_s))
        self._ask(do, container, query, limit_s=limit_s)

    def set_restart(self, container: str, name: str, maximum: int) -> None:
        """Say when the engine starts a container again by itself: ``no``, ``always``, ``unless-stopped``, or
        ``on-failure``, then ``maximum`` times (0: without end).
        """
        policy = {"Name": name or "no", "MaximumRetryCount": maximum}
        self._ask("give a container a restart policy", container, body={"RestartPolicy": policy})

    def rename(self, container: str, name: str) -> None:
        """Give a container another name. Raises Conflict when that is taken."""
        self._ask("rename a container", container, {"name": _checked(name)})

    def remove(self, container: str) -> None:
        """Remove a container that does not run. Its volumes stay, those without a name as well."""
        self._ask("remove a container", container, {"v": False, "force": False, "link": False})

    def create_network(self, config: Json) -> None:
        """Make a network as ``POST /networks/create`` has it. Raises Conflict when there is one of that name."""
        self._ask("create a network", "", body={**config, "CheckDuplicate": True})

    def create_volume(self, name: str, labels: t.Mapping[str, str]) -> None:
        """Make a volume of the driver local; one that is there stays as it is."""
        self._ask("create a volume", "", body={"Name": _checked(name), "Driver": "local", "Labels": dict(labels)})

    def connect(self, network: str, container: str, endpoint: Json) -> None:
        """Connect a container to a network, with the settings that ``EndpointConfig`` has."""
        body = {"Container": _checked(container), "EndpointConfig": endpoint}
        self._ask("connect a container", network, body=body)

    def disconnect(self, network: str, container: str) -> None:
        """Take a container off a network."""
        self._ask("disconnect a container", network, body={"Container": _checked(container), "Force": False})

    def tag(self, image: str, repository: str, tag: str) -> None:
        """Give an image a name. Another image that had it loses the name, and stays."""
        self._ask("tag an image", image, {"repo": repository, "tag": tag})

    def load(self, source: int, size: int, limit_s: float = _STREAM_S) -> None:
        """Load the images of an archive, ``size`` bytes of an open file from where it stands."""
        # The engine says 200 before it begins, and what went wrong in one of the lines that follow.
        self._ask("load an image", "", {"quiet": True}, (source, size), limit_s)

    def unpack(self, container: str, path: str, source: int, size: int, limit_s: float = _STREAM_S) -> None:
        """Unpack an archive below a directory of a container, owners and modes as they are in it. A directory is never
        replaced by something else, nor the other way round.
        """
        query: Query = {"path": path, "noOverwriteDirNonDir": True, "copyUIDGID": True}
        self._ask("unpack an archive", container, query, (source, size), limit_s)

    def save(self, image: str, write: t.Callable[[bytes], None], most: int, limit_s: float = _STREAM_S) -> int:
        """Hand an archive of an image to ``write``, piece by piece, and return its size in bytes. Nothing is changed.

        Raises Unseen when it has more than ``most`` bytes, or breaks off.
        """
        return self._stream(f"/images/{_checked(image)}/get", None, write, most, limit_s)

    def pack(
        self, container: str, path: str, write: t.Callable[[bytes], None], most: int, limit_s: float = _STREAM_S
    ) -> int:
        """Hand an archive of a path in a container to ``write``, as :meth:`save` does. The container need not run."""
        return self._stream(f"/containers/{_checked(container)}/archive", {"path": path}, write, most, limit_s)

    def _stream(
        self, path: str, query: Query | None, write: t.Callable[[bytes], None], most: int, limit_s: float
    ) -> int:
        self._host.check_time()
        total = 0
        limit_s = min(limit_s, self._host.time_left())
        with Answer(self.engine.socket, self.engine.target(path, query), limit_s) as answer:
            self._require(f"hand over {path}", answer, (200,))
            for piece in answer.pieces(most):
                write(piece)
                total += len(piece)
        return total

    def _ask(
        self, do: str, name: str, query: Query | None = None, body: Body = None, limit_s: float = _LIMIT_S
    ) -> t.Any:
        method, pattern, wanted = _REQUESTS[do]
        path = pattern.format(_checked(name)) if "{}" in pattern else pattern
        self._host.check_time()
        limit_s = min(limit_s, self._host.time_left())
        try:
            with _Request(self.engine.socket, method, self.engine.target(path, query), body, limit_s) as answer:
                self._require(do, answer, wanted)
                return self._told(do, answer.whole(_LIMIT))
        except (Denied, NoEngine, NotFound):
            raise
        except Unseen as unseen:
            raise Uncertain(f"{unseen.reason}; whether it did {do} is not known") from None

    def _require(self, do: str, answer: Answer, wanted: tuple[int, ...]) -> None:
        if answer.status in wanted:
            return
        words = said(answer)
        if answer.status == 404:
            raise NotFound(f"the engine does not {do}: {words}")
        if answer.status < 400:
            raise Uncertain(f"the engine answers {answer.status} when asked to {do}; whether it did is not known")
        kind = Conflict if answer.status == 409 else NotDone
        raise kind(f"the engine at {self.engine.socket} does not {do} (error {answer.status}): {words}")

    def _told(self, do: str, content: bytes) -> t.Any:
        """Return what was answered, of several lines the last. Raises NotDone when a line tells an error."""
        found: t.Any = None
        try:
            for line in content.splitlines():
                if line.strip():
                    found = parse(line)
                    if isinstance(found, dict) and "error" in found:
                        raise NotDone(f"the engine at {self.engine.socket} does not {do}: {text(found['error'])}")
        except (ValueError, RecursionError):
            raise Uncertain(
                f"the engine at {self.engine.socket} answered with what is not JSON; whether it did {do} is not known"
            ) from None
        return found


def open_writer(socket: str | None, host: Host, kind: str | None = None) -> Writer:
    """Return the engine at a socket, or the first where engines usually listen, to be changed.

    Raises NoEngine, Denied, Unseen, as :func:`client.open_engine`.
    """
    return Writer(open_engine(socket, host, kind), host)


def _checked(name: str) -> str:
    """Return a name that is one part of a path. Raises NotDone: no name of a container or image looks otherwise."""
    if not _NAME.fullmatch(name):
        raise NotDone(f"{text(name)!r} is no name of a container, an image or a network")
    return name


def _pieces(source: int, size: int) -> t.Iterator[bytes]:
    left = size
    while left:
        piece = os.read(source, min(_PART, left))
        if not piece:
            raise Unseen("what was to be sent is shorter than it was")
        left -= len(piece)
        yield piece
