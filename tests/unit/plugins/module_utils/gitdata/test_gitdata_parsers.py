# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parsers on their own: configuration against git's reading of it, index and refs against random bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import config, index, refs, repository, splitindex
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import find
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata.git_oracle import create, git
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

PIECES = st.sampled_from(
    [
        *("[a]", '[a "b c"]', '[A "x\\"y"]', "[a.B]", "[core", "]", "\n", "\n", " ", "\t", "=", "= ", "#", ";", "\r\n"),
        *("key", "Key-2", "k9 = v", "v w", "true", '"', "\\n", "\\\n", "\\\\", '\\"', "\\q", "é"),
        "[include]\npath = /etc/passwd\n",
    ]
)


def _flat(parsed: config.Config) -> list[tuple[bytes, bytes | None]]:
    found = []
    for (section, sub, key), values in parsed.values.items():
        middle = b"" if sub is None else sub + b"."
        start = section.encode() + b"." if section else b""
        found += [(start + middle + key.encode(), value) for value in values]
    return sorted(found, key=repr)


def _by_git(text: bytes, folder: Path) -> list[tuple[bytes, bytes | None]] | None:
    (folder / "c").write_bytes(text)
    argv = ["git", "config", "--file", "c", "--no-includes", "-z", "--list"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        return None
    rows = [record.partition(b"\n") for record in done.stdout.split(b"\0") if record]
    return sorted([(name, value if mark else None) for name, mark, value in rows], key=repr)


@given(st.lists(PIECES, max_size=14).map("".join))
@example('[remote "origin"]\n\turl = "https://example.org/x" ; c\n\tfetch = a  b   # c\n[core]bare\n')
@example('[a]\nk = one \\\n   two  "three  " four\\tx\n[a "B\\\\c"]\nk="a;b"#x\n')
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_config_is_read_as_git_reads_it(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    expected = _by_git(text.encode(), tmp_path_factory.mktemp("config"))
    if expected is None:
        return  # what git refuses may be refused, or read, but must not end in another error
    assert _spaced(_flat(config.parse(text.encode()))) == _spaced(expected)


def _spaced(rows: list[tuple[bytes, bytes | None]]) -> list[tuple[bytes, bytes | None]]:
    """Tabs within a value were blanks to git before 2.45, and are tabs since."""
    return sorted([(name, value and value.replace(b"\t", b" ")) for name, value in rows], key=repr)


@given(st.binary(max_size=60) | st.lists(PIECES, max_size=14).map(lambda parts: "".join(parts).encode()))
@settings(deadline=None)
def test_no_config_ends_in_another_error(text: bytes) -> None:
    try:
        config.parse(text)
    except Unseen as unseen:
        assert unseen.reason.startswith("config: line ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bare", True),
        ("bare = yes", True),
        ("bare=On", True),
        ("bare = 1", True),
        ("bare =", False),
        ("bare=no", False),
    ],
)
def test_truth_values(text: str, value: bool) -> None:
    assert config.parse(f"[core]\n{text}\n".encode()).flag("core", "bare", not value) is value


def _sealed(body: bytes) -> bytes:
    return body + hashlib.sha1(body).digest()


@given(st.sampled_from([2, 3, 4]), st.integers(0, 3), st.binary(max_size=300))
@settings(deadline=None)
def test_no_index_ends_in_another_error(version: int, count: int, rest: bytes) -> None:
    data = _sealed(b"DIRC" + version.to_bytes(4, "big") + count.to_bytes(4, "big") + rest)
    try:
        parsed = index.parse(data, 20)
        index.check(parsed.entries)
        assert len(parsed.entries.paths) == count
        if parsed.link is not None:
            splitindex.join(parsed, parsed.entries)
    except Unseen as unseen:
        assert unseen.reason.startswith("index: ")


@given(st.binary(max_size=200), st.integers(0, 100))
@settings(deadline=None)
def test_no_split_index_ends_in_another_error(bitmaps: bytes, count: int) -> None:
    empty = index.Index(2, 20, b"")
    shared = index.Index(2, 20, bytes(100))
    shared.paths = [b"%d" % number for number in range(count)]
    shared.offsets.extend([0] * count)
    try:
        splitindex.join(index.Parsed(empty, bytes(20) + bitmaps), shared)
    except Unseen as unseen:
        assert unseen.reason.startswith("index: damaged")


@given(st.sets(st.integers(0, 120), max_size=40), st.sets(st.integers(0, 120), max_size=10))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_split_index_is_joined_as_git_joins_it(
    tmp_path_factory: pytest.TempPathFactory, gone: set[int], changed: set[int]
) -> None:
    where = create(tmp_path_factory.mktemp("split") / "r")
    names = [f"d{number % 7}/f{number}" for number in range(121)]
    for name in names:
        (where / name).parent.mkdir(exist_ok=True)
        (where / name).write_text("x")
    git(where, "add", "-A")
    git(where, "config", "splitIndex.maxPercentChange", "100")
    git(where, "update-index", "--split-index")
    for number in changed:
        (where / names[number]).write_text("changed")
    git(where, "add", "-A")
    if gone:
        git(where, "rm", "-q", "-f", "--cached", *[names[number] for number in sorted(gone)])
    work_fd = _open(where)
    with find(work_fd) as place:
        read = repository.read_index(place, 20).entries
    os.close(work_fd)
    rows = [
        b"%06o %s 0\t%s" % (read.mode(entry), read.oid(entry).hex().encode(), path)
        for entry, path in enumerate(read.paths)
    ]
    assert rows == git(where, "ls-files", "--stage", "-z").split(b"\0")[:-1]


def _open(where: Path) -> int:
    return os.open(where, os.O_RDONLY)


NAMES = st.text(st.sampled_from("ab/.@{~^:\\ -\x7f*?[") | st.characters(max_codepoint=40), min_size=1, max_size=8)


@given(NAMES.filter(lambda name: "\0" not in name))
@settings(max_examples=100, deadline=None)
def test_ref_names_are_judged_as_git_judges_them(name: str) -> None:
    done = subprocess.run(["git", "check-ref-format", f"refs/{name}"], capture_output=True, check=False)
    assert refs.is_valid(f"refs/{name}".encode()) == (done.returncode == 0)


def test_head_commit_of_a_nested_repository(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    fd = _open(where)
    assert repository.head_commit(fd) == git(where, "rev-parse", "HEAD").decode().strip()
    (where / ".git" / "refs" / "heads" / "main").unlink()
    with pytest.raises(Unseen, match="it has no commit yet"):
        repository.head_commit(fd)
    os.close(fd)
