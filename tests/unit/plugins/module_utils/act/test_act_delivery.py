# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control node sends is unpacked as it was, or refused: nothing of it names a place."""

from __future__ import annotations

import hashlib
import io
import os
import typing as t
import zlib
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act import delivery
from ansible_collections.evenkeel.drift.plugins.module_utils.act.delivery import unpacked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, open_state
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CONTENTS = [b"", b"one\n", os.urandom(200_000), b"x" * 300_000]


@pytest.fixture(name="state")
def fixture_state(tmp_path: Path) -> t.Iterator[State]:
    opened = open_state(str(tmp_path / "state"), "shop")
    assert opened is not None
    with opened:
        yield opened


def item(content: bytes, sha256: str = "", size: int = -1) -> bytes:
    name = sha256 or hashlib.sha256(content).hexdigest()
    return f"{name}{len(content) if size < 0 else size:016x}".encode() + content


def sizes(contents: t.Iterable[bytes]) -> dict[str, int]:
    return {hashlib.sha256(content).hexdigest(): len(content) for content in contents}


def unpack(state: State, packed: bytes, wanted: t.Mapping[str, int]) -> dict[str, bytes]:
    with unpacked(state, io.BytesIO(packed), wanted) as folder:
        found = {}
        for name in os.listdir(folder):
            fd = os.open(name, os.O_RDONLY, dir_fd=folder)
            with open(fd, "rb") as file:
                found[name] = file.read()
    assert os.listdir(os.path.join(state.path, "incoming")) == []
    return found


def test_contents_arrive_as_they_were(state: State) -> None:
    packed = zlib.compress(b"".join(map(item, CONTENTS)))
    assert unpack(state, packed, sizes(CONTENTS)) == {hashlib.sha256(c).hexdigest(): c for c in CONTENTS}


HOSTILE = {
    "not asked for": b"".join(map(item, [*CONTENTS, b"more"])),
    "twice": item(b"one\n") + item(b"one\n"),
    "larger than asked for": item(b"one\n", size=5) + b"x",
    "another content": item(b"two\n", hashlib.sha256(b"one\n").hexdigest()),
    "a path": item(b"", "../../../../../../etc/" + "x" * 42),
    "an absolute path": item(b"", "/etc/" + "x" * 59),
    "garbage": b"\xff" * 200,
    "a half head": b"0" * 79,
    "a huge size": item(b"one\n", size=1 << 62),
    "a bomb": item(b"one\n") + b"\0" * (1 << 28),
}


@pytest.mark.parametrize("pack", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pack_is_refused(state: State, pack: bytes, tmp_path: Path) -> None:
    before = {path for path in tmp_path.rglob("*") if path.name != "incoming"}
    with pytest.raises(Refused, match="arrived damaged"):
        unpack(state, zlib.compress(pack), sizes(CONTENTS))
    assert {path for path in tmp_path.rglob("*") if path.name != "incoming"} == before


def test_what_is_no_zlib_stream(state: State) -> None:
    with pytest.raises(Refused, match="arrived damaged"):
        unpack(state, b"no zlib", sizes(CONTENTS))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_pack_never_gives_another_content(state: State, data: st.DataObject) -> None:
    contents = [b"one\n", b"two\n" * 1000]
    packed = bytearray(zlib.compress(b"".join(map(item, contents))))
    if data.draw(st.booleans()):
        del packed[data.draw(st.integers(0, len(packed) - 1)) :]
    else:
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = unpack(state, bytes(packed), sizes(contents))
    except Refused:
        return
    assert all(hashlib.sha256(content).hexdigest() == name for name, content in found.items())


def test_what_cannot_be_removed_changes_no_answer(state: State) -> None:
    with unpacked(state, io.BytesIO(zlib.compress(item(b"one\n"))), sizes([b"one\n"])) as folder:
        os.mkdir("in the way", dir_fd=folder)
    (left,) = Path(state.path, "incoming").iterdir()
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    left.rename(left.with_name(f"{gone}-00000000"))
    assert unpacked_names(state) == []


def unpacked_names(state: State) -> list[str]:
    with unpacked(state, io.BytesIO(b""), {}) as folder:
        return os.listdir(folder)


def test_what_a_killed_process_left_is_removed(state: State) -> None:
    os.close(state.folder("incoming"))
    incoming = Path(state.path, "incoming")
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    for pid in (gone, os.getpid()):
        (incoming / f"{pid}-00000000").mkdir(mode=0o700)
        (incoming / f"{pid}-00000000" / "content").write_bytes(b"x")
    with unpacked(state, io.BytesIO(zlib.compress(b"")), {}):
        left = sorted(path.name for path in incoming.iterdir())
    assert f"{gone}-00000000" not in left
    assert f"{os.getpid()}-00000000" in left, "a process beside this one is at work there"


def test_a_recovery_removes_what_a_killed_process_left(state: State) -> None:
    delivery.sweep(state)
    incoming = Path(state.path, "incoming")
    assert not incoming.exists(), "looking makes nothing"
    os.close(state.folder("incoming"))
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    for pid in (gone, os.getpid()):
        (incoming / f"{pid}-00000000").mkdir(mode=0o700)
        (incoming / f"{pid}-00000000" / "content").write_bytes(b"x")
    delivery.sweep(state)
    assert [path.name for path in incoming.iterdir()] == [f"{os.getpid()}-00000000"], "one is at work there"
