# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers: every message arrives, however it is cut; whatever becomes of one is said."""

from __future__ import annotations

import os
import signal
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import workers
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked
from held import children, descriptors
from hypothesis import given
from hypothesis import strategies as st

if t.TYPE_CHECKING:
    Messages = list[tuple[bytes, bytes]]


def run(host: Host, *jobs: workers.Job) -> tuple[list[str], Messages]:
    received: Messages = []
    problems = run_forked(jobs, host, lambda kind, payload: received.append((kind, payload)))
    return problems, received


@pytest.fixture(name="_no_child_is_left", autouse=True)
def fixture_no_child_is_left() -> t.Iterator[None]:
    before = children()
    yield
    assert children() <= before


@given(
    st.lists(st.tuples(st.sampled_from([b"A", b"B"]), st.binary(max_size=40)), max_size=8),
    st.lists(st.integers(1, 30), min_size=1, max_size=8),
)
def test_messages_survive_any_cut(messages: Messages, cuts: list[int]) -> None:
    worker = workers._Worker.__new__(workers._Worker)
    worker.pending = b""
    stream = b"".join(workers._FRAME.pack(kind, len(payload)) + payload for kind, payload in messages)
    received: Messages = []
    while stream:
        received += worker.frames(stream[: cuts[0]])
        stream, cuts = stream[cuts[0] :], [*cuts[1:], cuts[0]]
    assert received == messages
    assert worker.pending == b""


def test_more_than_a_pipe_holds_arrives_from_every_worker() -> None:
    def job(channel: Channel, name: bytes) -> None:
        for number in range(300):
            channel.send(name, b"%d " % number + b"x" * 1000)

    problems, received = run(Host("/", 60), lambda c: job(c, b"A"), lambda c: job(c, b"B"))
    assert problems == []
    for name in (b"A", b"B"):
        assert [int(payload.split()[0]) for kind, payload in received if kind == name] == list(range(300))


def test_one_that_stops_says_why_and_loses_nothing_that_it_said() -> None:
    def job(channel: Channel) -> None:
        channel.send(b"A", b"said")
        raise Unseen("the disk is \udcff gone")

    problems, received = run(Host("/", 60), job)
    assert problems == ["a worker stopped: the disk is \\udcff gone"]
    assert received == [(b"A", b"said")]


@pytest.mark.parametrize("flush", [True, False])
def test_one_that_is_killed_is_not_taken_for_done(flush: bool) -> None:
    def job(channel: Channel) -> None:
        channel.send(b"A", b"said")
        if flush:
            channel.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    problems, received = run(Host("/", 60), job, lambda channel: channel.send(b"B"))
    assert problems == ["a worker died before it was done"]
    assert sorted(received) == ([(b"A", b"said")] if flush else []) + [(b"B", b"")]


def test_one_that_fails_is_not_taken_for_done(capfd: pytest.CaptureFixture[str]) -> None:
    def job(_channel: Channel) -> None:
        raise RuntimeError("a mistake of ours")

    assert run(Host("/", 60), job)[0] == ["a worker died before it was done"]
    said = capfd.readouterr().err
    assert said.startswith("RuntimeError in ") and "a mistake of ours" not in said


def hang(channel: Channel) -> None:
    channel.send(b"A", b"said")
    channel.flush()
    os.kill(os.getpid(), signal.SIGSTOP)


def sleep(channel: Channel) -> None:
    channel.send(b"A", b"said")
    channel.flush()
    time.sleep(600)


def talk(channel: Channel) -> None:
    channel.send(b"A", b"said")
    while True:
        channel.send(b"N", b"x" * 1000)


@pytest.mark.parametrize("job", [hang, sleep, talk])
def test_one_that_never_ends_costs_no_more_than_the_time_limit(
    job: workers.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_GRACE_S", 0.1)
    begun = time.monotonic()
    problems, received = run(Host("/", 2), job, lambda channel: channel.send(b"B", b"done"))
    assert time.monotonic() - begun < 30
    assert problems == ["a worker was still busy at the time limit of 2 s"]
    assert {(b"A", b"said"), (b"B", b"done")} <= set(received)


def test_when_receiving_fails_nobody_is_left_behind() -> None:
    def receive(_kind: bytes, _payload: bytes) -> t.NoReturn:
        raise ValueError("cannot be read")

    with pytest.raises(ValueError, match="cannot be read"):
        run_forked([talk, sleep], Host("/", 60), receive)


def test_no_descriptor_stays_open() -> None:
    before = descriptors()
    run(Host("/", 60), lambda channel: channel.send(b"A"))
    assert descriptors() <= before
