# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored directories and the cache: what is read is what was written, or it is not used."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache, default_folder, key_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import (
    CorruptStore,
    Directories,
    Directory,
    write_private,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError
from hypothesis import given
from hypothesis import strategies as st

_HEX = st.binary(min_size=16, max_size=16).map(bytes.hex)
_ENTRIES = st.none() | st.lists(st.lists(st.text(max_size=4), min_size=8, max_size=8), max_size=3).map(
    lambda entries: json.dumps(entries, separators=(",", ":")).encode("ascii")
)
_DIRECTORY = st.builds(Directory, st.text(max_size=6), _HEX, _HEX, st.text(max_size=4), st.integers(0, 9), _ENTRIES)
_SOME = st.lists(_DIRECTORY, max_size=5, unique_by=lambda directory: directory.path)


def example() -> Directories:
    entries = b'[["a","f","644","%s",1,2,"root","root"]]' % (b"0" * 64)
    return Directories(
        {"hashed": 17},
        [Directory("b/", "22" * 16, "", "", 0, None), Directory("", "11" * 16, "33" * 8, "755", 1, entries)],
    )


@given(_SOME, st.dictionaries(st.text(max_size=3), st.integers()))
def test_what_is_parsed_is_what_was_dumped(directories: list[Directory], meta: dict[str, int]) -> None:
    kept = Directories(meta, directories)
    parsed = Directories.parse(kept.dump(), "x")
    assert list(parsed) == list(kept)
    assert parsed.meta == meta
    assert parsed.dump() == kept.dump()


@given(_SOME)
def test_the_order_in_which_directories_come_does_not_matter(directories: list[Directory]) -> None:
    assert Directories({}, directories).dump() == Directories({}, reversed(directories)).dump()


def test_every_changed_byte_and_every_cut_is_noticed() -> None:
    whole = example().dump()
    for at in range(len(whole)):
        for other in (whole[at] ^ 1, whole[at] ^ 0x20, 0x0A, 0x20):
            if other != whole[at]:
                with pytest.raises(CorruptStore, match="the-file is corrupt"):
                    Directories.parse(whole[:at] + bytes([other]) + whole[at + 1 :], "the-file")
        with pytest.raises(CorruptStore):
            Directories.parse(whole[:at], "the-file")
    with pytest.raises(CorruptStore):
        Directories.parse(whole + b"\n", "the-file")


def test_entries_that_are_not_known_are_not_none_at_all() -> None:
    parsed = Directories.parse(example().dump(), "x")
    assert [directory.parsed() for directory in parsed][1] is None
    assert len(next(iter(parsed)).parsed() or []) == 1


def test_a_private_file_is_its_owners_alone_and_replaces_the_old_one(tmp_path: Path) -> None:
    os.umask(os.umask(0))
    target = tmp_path / "file"
    target.write_bytes(b"old")
    target.chmod(0o666)
    write_private(str(target), b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("step", ["fdopen", "replace"])
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        write_private(str(target), b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_cache_gives_back_what_it_was_given(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "cache"))
    assert cache.directories("hosts", "a") is None
    cache.keep_directories("hosts", "a", example())
    kept = cache.directories("hosts", "a")
    assert kept is not None and kept.dump() == example().dump()
    assert stat.S_IMODE((tmp_path / "cache" / "hosts").stat().st_mode) == 0o700


def test_a_corrupt_file_is_made_again(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path))
    cache.keep_directories("hosts", "a", example())
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"number": len(made)}

    assert cache.remembered("special", "b", make) == cache.remembered("special", "b", make) == {"number": 1}
    for file in (tmp_path / "hosts" / "a", tmp_path / "special" / "b"):
        file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert cache.directories("hosts", "a") is None
    assert cache.remembered("special", "b", make) == cache.remembered("special", "b", make) == {"number": 2}
    (tmp_path / "special" / "b").write_bytes(b"")
    assert cache.remembered("special", "b", make) == {"number": 3}


def test_a_cache_that_cannot_be_used_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cache folder .*file/hosts cannot be made: Not a directory"):
        Cache(str(tmp_path / "file")).directories("hosts", "a")
    cache = Cache(str(tmp_path))
    (tmp_path / "hosts" / "a").mkdir(parents=True)
    with pytest.raises(StoreError, match="hosts/a cannot be used"):
        cache.directories("hosts", "a")
    with pytest.raises(StoreError, match="hosts/a cannot be used"):
        cache.keep_directories("hosts", "a", example())
    with pytest.raises(StoreError, match="hosts/a cannot be used"):
        cache.remembered("hosts", "a", dict)


def test_keys_tell_apart_what_they_are_made_of() -> None:
    assert key_of("a", "bc") != key_of("ab", "c")
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    assert default_folder({"XDG_CACHE_HOME": "/x"}) == "/x/evenkeel-drift"
    assert default_folder({}).endswith("/.cache/evenkeel-drift")
