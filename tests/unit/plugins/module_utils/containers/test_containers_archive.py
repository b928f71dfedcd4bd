# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of one file: what is in a good one, and that a hostile one gives nothing but a reason."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import time
import tracemalloc
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.archive import BadArchive, Member, only_member
from hypothesis import given, settings
from hypothesis import strategies as st


def one(name: str = "a", content: bytes = b"hi\n", form: int = tarfile.PAX_FORMAT, **more: t.Any) -> bytes:
    """Return an archive of one member."""
    return archive((name, content, more), form=form)


def archive(*members: tuple[str, bytes, dict[str, t.Any]], form: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form, errors="surrogateescape") as tar:
        for name, content, more in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(content), 1_700_000_000, 0o755
            for key, value in more.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def header(**fields: bytes) -> bytes:
    """Return one header with its checksum, of fields that tarfile would not write."""
    known = {"name": b"a", "mode": b"0000644\0", "size": b"00000000003\0", "mtime": b"00000000000\0", "kind": b"0"}
    known.update(fields)
    made = bytearray(512)
    for at, key, length in (
        (0, "name", 100),
        (100, "mode", 8),
        (124, "size", 12),
        (136, "mtime", 12),
        (156, "kind", 1),
    ):
        made[at : at + length] = known[key][:length].ljust(length, b"\0")
    made[157 : 157 + len(known.get("target", b""))] = known.get("target", b"")
    made[257:265] = b"ustar\x0000"
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


def pax(*records: bytes, length: int | None = None) -> bytes:
    content = b"".join(records)
    size = b"%011o\0" % (len(content) if length is None else length)
    return header(name=b"x", kind=b"x", size=size) + content.ljust(-(-len(content) // 512) * 512, b"\0")


def record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    while len(b"%d" % length) + len(key) + len(value) + 3 != length:
        length = len(b"%d" % length) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (length, key, value)


END = bytes(1024)
BODY = b"hi\n".ljust(512, b"\0")


@pytest.mark.parametrize(
    ("data", "member"),
    [
        (one(), Member("file", 0o755, 1_700_000_000, b"hi\n", b"")),
        (one(content=b""), Member("file", 0o755, 1_700_000_000, b"", b"")),
        (one(content=b"x" * 512), Member("file", 0o755, 1_700_000_000, b"x" * 512, b"")),
        (one("a" * 300), Member("file", 0o755, 1_700_000_000, b"hi\n", b"")),
        (one("a" * 300, form=tarfile.GNU_FORMAT), Member("file", 0o755, 1_700_000_000, b"hi\n", b"")),
        (one("\u00e9"), Member("file", 0o755, 1_700_000_000, b"hi\n", b"")),
        (one(mtime=1_700_000_000.75), Member("file", 0o755, 1_700_000_000, b"hi\n", b"")),
        (
            one(content=b"", type=tarfile.SYMTYPE, linkname="../../x"),
            Member("link", 0o755, 1_700_000_000, b"", b"../../x"),
        ),
        (
            one(content=b"", type=tarfile.SYMTYPE, linkname="y" * 300),
            Member("link", 0o755, 1_700_000_000, b"", b"y" * 300),
        ),
        (header() + BODY, Member("file", 0o644, 0, b"hi\n", b"")),
    ],
)
def test_a_file_or_a_link_is_read(data: bytes, member: Member) -> None:
    assert only_member(data) == member


# Names in an archive are of no use to anybody: the content is what was asked for, whatever they say.
NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "a/../../b",
    ".",
    "..",
    "",
    "x\ny",
    "\udcff\udcfe",
    "a" * 255,
    "C:\\x",
    "~/x",
]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_an_archive_leads_anywhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir("/etc"))
    assert only_member(one(name)).content == b"hi\n"
    assert (os.listdir(tmp_path), sorted(os.listdir("/etc"))) == ([], before)


HOSTILE = {
    "empty": b"",
    "zeros": END,
    "cut header": one()[:400],
    "cut content": one(content=b"x" * 2000)[:1500],
    "no archive": b"#!/bin/sh\n" * 200,
    "gzip": gzip.compress(one()),
    "damaged": b"b" + one()[1:],
    "two files": archive(("a", b"1", {}), ("b", b"2", {})),
    "the same twice": archive(("a", b"1", {}), ("a", b"2", {})),
    "other case": archive(("a", b"1", {}), ("A", b"2", {})),
    "link, then a file through it": archive(
        ("a", b"", {"type": tarfile.SYMTYPE, "linkname": "/etc"}), ("a/passwd", b"x", {})
    ),
    "directory": one(content=b"", type=tarfile.DIRTYPE),
    "directory with files": archive(("a", b"", {"type": tarfile.DIRTYPE}), ("a/b", b"1", {})),
    "hard link": one(content=b"", type=tarfile.LNKTYPE, linkname="/etc/shadow"),
    "character device": one(content=b"", type=tarfile.CHRTYPE),
    "block device": one(content=b"", type=tarfile.BLKTYPE),
    "fifo": one(content=b"", type=tarfile.FIFOTYPE),
    "continuous": one(type=tarfile.CONTTYPE),
    "sparse": header(kind=b"S", size=b"00000000000\0") + END,
    "sparse of 1 TB": header(kind=b"S", size=b"\x80\0\0\0\0\0\x01\0\0\0\0\0") + END,
    "sparse by a record": pax(record(b"GNU.sparse.realsize", b"1099511627776")) + header() + BODY + END,
    "size of 8 GB": header(size=b"77777777777\0") + BODY + END,
    "size beyond all": header(size=b"\x80" + b"\xff" * 11) + BODY + END,
    "negative size": header(size=b"\xff" * 12) + BODY + END,
    "size in words": header(size=b"many\0\0\0\0\0\0\0\0") + BODY + END,
    "size by a record": pax(record(b"size", b"99999999999")) + header() + BODY + END,
    "negative size by a record": pax(record(b"size", b"-1")) + header() + BODY + END,
    "size of a thousand digits": pax(record(b"size", b"9" * 1000)) + header() + BODY + END,
    "header of 10 MB": pax(length=10 << 20) + header() + BODY + END,
    "header that does not end": pax(b"99 path=a\n") + header() + BODY + END,
    "record of no length": pax(b"0 path=a\n") + header() + BODY + END,
    "record that goes back": pax(b"5 path=abcdef\n") + header() + BODY + END,
    "record without a sign": pax(b"10 pathaaa\n") + header() + BODY + END,
    "record with a huge length": pax(b"9" * 400 + b" path=a\n") + header() + BODY + END,
    "mtime in words": pax(record(b"mtime", b"soon")) + header() + BODY + END,
    "headers without end": pax(record(b"path", b"a")) * 50_000,
    "long names without end": header(kind=b"L", size=b"00000000001\0") * 1000,
    "link without a target": header(kind=b"2", size=b"00000000000\0") + END,
    "link with content": header(kind=b"2", target=b"a") + BODY + END,
    "link of a megabyte": pax(record(b"linkpath", b"a" * 60_000)) + header(kind=b"2", size=b"0\0") + END,
    "volume": header(kind=b"V") + BODY + END,
    "global header": header(kind=b"g") + BODY + header() + BODY + END,
    "a million members": archive(*[(str(number), b"", {}) for number in range(1000)]) * 2,
    "something after its end": one() + b"more".ljust(512, b"\0"),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_archive_gives_a_reason_soon_and_makes_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = HOSTILE[name]
    begun = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(BadArchive) as refused:
            only_member(data)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(refused.value).startswith(("it", "there", "a ", "its"))
    assert time.monotonic() - begun < 30
    assert most < len(data) * 3 + (1 << 20)
    assert os.listdir(tmp_path) == []


def test_setuid_is_not_kept() -> None:
    assert only_member(one(mode=0o6755)).mode == 0o755


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_gives_the_content_or_a_reason(data: st.DataObject) -> None:
    good = bytearray(data.draw(st.sampled_from([one(), one("a" * 200), one("b", b"x" * 700)])))
    for _time in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(good[: data.draw(st.integers(0, len(good)))])
    try:
        found = only_member(cut)
    except BadArchive:
        return
    assert len(found.content) <= len(cut)


@given(st.binary(max_size=3000))
def test_what_tarfile_writes_is_read_back(content: bytes) -> None:
    assert only_member(one("x" * 150, content)).content == content
