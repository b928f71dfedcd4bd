# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of operations that makes no sense is refused, and the message names the place."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations, checked, differs

SHA = "0" * 64
ABSENT = {"type": "absent"}
FILE = {"type": "file", "sha256": SHA, "size": 0, "mode": "0644"}
DIRECTORY = {"type": "directory"}

Json = t.Dict[str, t.Any]


def write(path: str, **more: t.Any) -> Json:
    return {"do": "write", "path": path, "sha256": SHA, "size": 0, "before": ABSENT, **more}


GOOD: list[list[Json]] = [
    [],
    [write("a")],
    [write("a", mode="4755", uid=0, gid=0, mtime_ns=-1, xattrs={"user.a": "AA=="}, before=FILE)],
    [write("a", before={"type": "file", "secret": True, "mode": "0600"})],
    [{"do": "directory", "path": "a", "before": ABSENT}, write("a/b")],
    [{"do": "remove", "path": "a/b", "before": FILE}, {"do": "remove_directory", "path": "a", "before": DIRECTORY}],
    [{"do": "remove", "path": "a/b", "before": FILE}, write("a", before=DIRECTORY)],
    [{"do": "directory", "path": "a", "before": FILE}, write("a/b")],
    [{"do": "link", "path": "a", "target": "../anywhere", "before": ABSENT}],
    [{"do": "attributes", "path": "a", "mode": "0600", "before": FILE}],
    [{"do": "attributes", "path": "a", "mode": "0700", "before": DIRECTORY}, write("a/b")],
]

BAD: list[tuple[t.Any, str]] = [
    ({}, "operations: expected a list, found dict"),
    ([1], r"operations\[0\]: expected a dictionary, found int"),
    ([{"do": "chmod", "path": "a"}], r"operations\[0\].do: 'chmod' is none of attributes, directory, link"),
    ([write("../a")], r"operations\[0\].path: not a plain path below the root"),
    ([write("/a")], r"operations\[0\].path: not a plain path"),
    ([write("a\0")], r"operations\[0\].path: a name cannot hold a zero byte"),
    ([write("n" * 256)], r"operations\[0\].path: a name is longer than 255 bytes"),
    ([write("a/.evenkeel-1-2")], r"operations\[0\].path: .* belong to changes in progress"),
    ([{**write("a"), "path": 1}], r"operations\[0\].path: expected text, found int"),
    ([write("a"), write("a")], r"operations\[1\].path: 'a' has an operation already"),
    ([write("a"), write("a/b")], r"operations\[1\].path: 'a/b' comes after 'a', which is to be file"),
    (
        [{"do": "remove_directory", "path": "a", "before": DIRECTORY}, {"do": "remove", "path": "a/b", "before": FILE}],
        r"operations\[1\].path: 'a/b' comes after 'a', which is to be absent: the removals below",
    ),
    ([write("a", colour="red")], r"operations\[0\]: write has no 'colour'"),
    ([write("a", sha256="0")], r"operations\[0\].sha256: expected 64 hexadecimal digits, found '0'"),
    ([write("a", sha256=None)], r"operations\[0\]: a write needs the sha256 and the size"),
    ([write("a", mode="644")], r"operations\[0\].mode: expected four octal digits in quotes"),
    ([write("a", mode=420)], r"operations\[0\].mode: expected four octal digits in quotes"),
    ([write("a", uid=-1)], r"operations\[0\].uid: expected a whole number, found -1"),
    ([write("a", gid=True)], r"operations\[0\].gid: expected a whole number, found True"),
    ([write("a", size=1.5)], r"operations\[0\].size: expected a whole number"),
    ([write("a", xattrs={"user.a": "%"})], r"operations\[0\].xattrs: expected base64 text by name"),
    ([write("a", before=None)], r"operations\[0\].before: expected a dictionary with a type"),
    (
        [write("a", before={"type": "fifo"})],
        r"operations\[0\].before: expected a dictionary with a type, one",
    ),
    ([write("a", before={"type": "file"})], r"operations\[0\].before: a file is known by its sha256"),
    ([write("a", before={"type": "link"})], r"operations\[0\].before: a link is known by its target"),
    ([write("a", before={**ABSENT, "sha256": SHA})], r"operations\[0\].before: the type absent has no 'sha256'"),
    ([{"do": "link", "path": "a", "before": ABSENT}], r"operations\[0\]: a link needs its target"),
    ([{"do": "link", "path": "a", "target": "\\", "before": ABSENT}], r"operations\[0\].target: expected the target"),
    ([{"do": "remove", "path": "a", "before": DIRECTORY}], r"before.type: remove needs file or link, found directory"),
    ([{"do": "remove_directory", "path": "a", "before": FILE}], r"before.type: remove_directory needs directory"),
    ([{"do": "attributes", "path": "a", "before": ABSENT}], r"before.type: attributes needs file or directory"),
]


@pytest.mark.parametrize("operations", GOOD)
def test_what_makes_sense(operations: list[Json]) -> None:
    assert checked(operations) == operations


@pytest.mark.parametrize(("operations", "message"), BAD)
def test_what_makes_none(operations: t.Any, message: str) -> None:
    with pytest.raises(BadOperations, match=message):
        checked(operations)


@pytest.mark.parametrize(
    ("before", "found", "moved"),
    [
        (ABSENT, {"type": "absent"}, False),
        (ABSENT, {"type": "file", "sha256": SHA, "mode": "0644"}, True),
        (FILE, {"type": "file", "sha256": SHA, "size": 0, "mode": "0644", "uid": 5}, False),
        (FILE, {"type": "file", "sha256": "1" * 64, "size": 0, "mode": "0644"}, True),
        (FILE, {"type": "file", "sha256": SHA, "size": 0, "mode": "0600"}, True),
        ({"type": "file", "secret": True, "mode": "0600"}, {"type": "file", "sha256": SHA, "mode": "0600"}, False),
        ({"type": "link", "target": "a"}, {"type": "link", "target": "b"}, True),
        ({"type": "directory", "mode": None}, {"type": "directory", "mode": "0700"}, False),
    ],
)
def test_what_has_moved(before: Json, found: Json, moved: bool) -> None:
    assert differs(before, found) is moved
