# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forked workers that stream their results, under one deadline. Private to the collection.

Processes, not threads: hashing small files is bound by the interpreter's lock. A worker sends what it has as it goes,
so that one that hangs in the kernel (a dead network file system) or is killed at the deadline loses only what it had
not reached.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import struct
import sys
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.crash import describe_crash
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_FRAME = struct.Struct(">cI")
_FLUSH = 1 << 15
_GRACE_S = 1.0
_REAP_S, _REAP_ATTEMPTS = 0.01, 50
DONE = b"."
FAILED = b"!"
_LEARNED = b"*"

Message = t.Tuple[bytes, bytes]


class Channel:
    """A worker's side of its pipe: ``send(kind, payload)`` with a one-byte kind."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._parts: list[bytes] = []
        self._size = 0

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        self._parts.append(_FRAME.pack(kind, len(payload)) + payload)
        self._size += _FRAME.size + len(payload)
        if self._size >= _FLUSH:
            self.flush()

    def flush(self) -> None:
        view = memoryview(b"".join(self._parts))
        self._parts, self._size = [], 0
        while view:
            view = view[os.write(self._fd, view) :]


Job = t.Callable[[Channel], None]


class _Worker:
    def __init__(self, job: Job, host: Host) -> None:
        self.fd, write_fd = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.fd)
            _work(job, write_fd, host)
        os.close(write_fd)
        self.pending = b""
        self.outcome = "died before it was done"
        self.late = False

    def frames(self, data: bytes) -> t.Iterator[Message]:
        """Yield the whole messages in what has arrived, and keep the rest."""
        data = self.pending + data
        at = 0
        while len(data) - at >= _FRAME.size:
            kind, size = _FRAME.unpack_from(data, at)
            end = at + _FRAME.size + size
            if end > len(data):
                break
            yield kind, data[at + _FRAME.size : end]
            at = end
        self.pending = data[at:]


def _work(job: Job, write_fd: int, host: Host) -> None:
    """Run the job in the child and leave without the parent's exit handlers, whatever happens."""
    code = 1
    try:
        channel = Channel(write_fd)
        try:
            job(channel)
            channel.send(_LEARNED, json.dumps(sorted(host.learned)).encode("ascii"))
            channel.send(DONE)
        except Unseen as unseen:
            channel.send(FAILED, unseen.reason.encode("utf-8", "backslashreplace"))
        channel.flush()
        code = 0
    finally:
        if code:
            kind, _error, trace = sys.exc_info()
            sys.stderr.write(describe_crash(kind, trace) + "\n")
        os._exit(code)


def run_forked(jobs: t.Sequence[Job], host: Host, receive: t.Callable[[bytes, bytes], None]) -> list[str]:
    """Run each job in a process of its own and pass every message to ``receive(kind, payload)``.

    Returns, for each job that did not end by itself with everything said, a sentence that says why; an empty list means
    complete.
    """
    workers: list[_Worker] = []
    selector = selectors.DefaultSelector()
    try:
        for job in jobs:
            worker = _Worker(job, host)
            workers.append(worker)
            selector.register(worker.fd, selectors.EVENT_READ, worker)
        while selector.get_map():
            for key, _mask in selector.select(max(0.0, host.time_left() + _GRACE_S)):
                _drain(key.data, selector, host, receive)
            # Whether they still speak or not: one that never ends may never fall silent either.
            if host.time_left() + _GRACE_S <= 0:
                _late(selector, host)
                break
    finally:
        selector.close()
        for worker in workers:
            os.kill(worker.pid, signal.SIGKILL)
            os.close(worker.fd)
        for worker in workers:
            _reap(worker)
    return [f"a worker {worker.outcome}" for worker in workers if worker.outcome]


def _reap(worker: _Worker) -> None:
    """Take a killed worker's status. One that hangs in the kernel dies only when that lets go: it is not waited for."""
    attempts = _REAP_ATTEMPTS if worker.late else 0
    while attempts and os.waitpid(worker.pid, os.WNOHANG)[0] == 0:
        time.sleep(_REAP_S)
        attempts -= 1
    if not worker.late:
        os.waitpid(worker.pid, 0)


def _late(selector: selectors.BaseSelector, host: Host) -> None:
    for key in list(selector.get_map().values()):
        key.data.late = True
        key.data.outcome = f"was still busy at the time limit of {host.timeout_s:g} s"


def _drain(
    worker: _Worker, selector: selectors.BaseSelector, host: Host, receive: t.Callable[[bytes, bytes], None]
) -> None:
    data = os.read(worker.fd, 1 << 20)
    if not data:
        selector.unregister(worker.fd)
        return
    for kind, payload in worker.frames(data):
        if kind == DONE:
            worker.outcome = ""
        elif kind == FAILED:
            worker.outcome = f"stopped: {payload.decode('utf-8')}"
        elif kind == _LEARNED:
            host.learn(json.loads(payload))
        else:
            receive(kind, payload)
