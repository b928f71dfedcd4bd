# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of requirements files, and what a host's system has installed."""

from __future__ import annotations

import codecs
import json
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.packages import system
from ansible_collections.evenkeel.drift.plugins.module_utils.packages.requirements import Requirements
from hypothesis import given
from hypothesis import strategies as st

Json = t.Dict[str, t.Any]


def read(root: Path, *files: str) -> list[Json]:
    requirements = Requirements(Host(str(root), 60))
    requirements.read(files or ("r.txt",))
    return requirements.lines


def said(root: Path, *files: str) -> list[tuple[str, int, str]]:
    return [(line["file"], line["line"], line["text"]) for line in read(root, *files)]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a==1\n\n# c\nb # why\n", [(1, "a==1"), (4, "b")]),
        (b"a==1 \\\n  --hash=sha256:00 \\\n  --hash sha256:11\nb\n", [(1, "a==1"), (4, "b")]),
        (b"a \\\n# c\nb", [(1, "a"), (3, "b")]),
        (b"a ; python_version < '3.8' \\", [(1, "a ; python_version < '3.8'")]),
        (b"a @ https://example.org/a#egg=a\r\n", [(1, "a @ https://example.org/a#egg=a")]),
        (codecs.BOM_UTF8 + b"a", [(1, "a")]),
        (codecs.BOM_UTF16_LE + "a\n".encode("utf-16-le"), [(1, "a")]),
        (b"-i https://u:hunter2pw@example.org/", [(1, "-i https://u:<masked>@example.org/")]),
        (b"", []),
    ],
)
def test_lines(tmp_path: Path, content: bytes, lines: list[tuple[int, str]]) -> None:
    (tmp_path / "r.txt").write_bytes(content)
    assert said(tmp_path) == [("r.txt", *line) for line in lines]


def test_includes_are_followed_once_and_beside_their_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "r.txt").write_text("-r sub/a.txt\n--constraint=sub/c.txt\n-r r.txt\nx\n")
    (tmp_path / "sub/a.txt").write_text("a\n-r ../r.txt\n-rb.txt\n")
    (tmp_path / "sub/b.txt").write_text("b\n")
    (tmp_path / "sub/c.txt").write_text("c<2\n-r d.txt\n")
    (tmp_path / "sub/d.txt").write_text("d\n")
    found = [(line["text"], line["constraint"], line["problem"]) for line in read(tmp_path)]
    assert found == [("a", False, ""), ("b", False, ""), ("c<2", True, ""), ("d", True, ""), ("x", False, "")]


@pytest.mark.parametrize(
    ("include", "problem"),
    [
        ("-r ../x.txt", "what it includes is outside of drift_root"),
        ("-r /etc/passwd", "what it includes has an absolute path, and only files below drift_root are read"),
        ("-r https://example.org/r.txt", "what it includes is not a file of this host, and nothing is fetched"),
        ("-r gone.txt", "gone.txt does not exist"),
        ("-r link.txt", "link.txt cannot be read: too many levels of symbolic links"),
        ("-r .env", ".env is a secret-class file, which is not shown"),
        ("-r sub", "sub is not a regular file"),
    ],
)
def test_what_may_not_be_included_is_said(tmp_path: Path, include: str, problem: str) -> None:
    (tmp_path / "r.txt").write_text(f"a\n{include}\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / ".env").write_text("b\n")
    (tmp_path / "link.txt").symlink_to("r.txt")
    assert [(line["line"], line["problem"].replace("'", "")) for line in read(tmp_path)] == [(1, ""), (2, problem)]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xff", b"a\xe9"])
def test_a_file_that_cannot_be_read_is_unseen(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "r.txt").write_bytes(content)
    with pytest.raises(Unseen, match=r"r\.txt"):
        read(tmp_path)


def test_a_local_path_has_its_directory(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/r.txt").write_text("-e .\n../lib[extra]\nfile:///srv/lib\nname\n")
    targets = [line["target"] for line in read(tmp_path, "sub/r.txt")]
    top = str(tmp_path.resolve())
    assert targets == [f"{top}/sub", f"{top}/lib", "/srv/lib", ""]


@given(st.binary(max_size=200))
def test_any_file_is_read_or_said(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.mktemp("any")
    (root / "r.txt").write_bytes(content)
    try:
        json.dumps(read(root)).encode("utf-8")
    except Unseen as unseen:
        assert "r.txt" in unseen.reason


STATUS = b"""Package: one
Status: install ok installed
Architecture: amd64
Version: 1:1.0-1
Description: x
 Version: 9

Package: one
Status: install ok installed
Architecture: i386
Version: 1:1.0-2

Package: held
Status: hold ok installed
Architecture: all
Version: 3

Package: removed
Status: deinstall ok config-files
Version: 4

Package: half
Status: install ok half-configured
Architecture: all
Version: 5
"""


def test_dpkg_has_installed_what_is_installed() -> None:
    found, unfinished = system.parse_status(STATUS)
    assert found == {
        "one": ["1:1.0-1", "1:1.0-2"],
        "one:amd64": ["1:1.0-1"],
        "one:i386": ["1:1.0-2"],
        "held": ["3"],
        "held:all": ["3"],
    }
    assert unfinished == {"half": "half-configured"}


def test_dpkg_at_work_is_unseen(tmp_path: Path) -> None:
    (tmp_path / "updates").mkdir()
    (tmp_path / "status").write_bytes(STATUS)
    assert "held" in system.dpkg(Host("/", 60), str(tmp_path))[0]
    (tmp_path / "updates/0001").touch()
    with pytest.raises(Unseen, match="dpkg is at work"):
        system.dpkg(Host("/", 60), str(tmp_path))
    (tmp_path / "updates/0001").unlink()
    (tmp_path / "status").write_bytes(b"")
    with pytest.raises(Unseen, match="names no package"):
        system.dpkg(Host("/", 60), str(tmp_path))
    with pytest.raises(Unseen, match="it has no dpkg"):
        system.dpkg(Host("/", 60), str(tmp_path / "none"))


def test_it_says_what_dpkg_says() -> None:
    query = shutil.which("dpkg-query")
    if query is None:
        pytest.skip("there is no dpkg on this machine")
    form = "${Package}\t${Version}\t${db:Status-Status}\n"
    lines = subprocess.run([query, "-W", "-f", form], check=True, capture_output=True, text=True).stdout.splitlines()
    said: dict[str, list[str]] = {}
    for name, version, state in (line.split("\t") for line in lines):
        if state == "installed":
            said.setdefault(name, []).append(version)
    found, _unfinished = system.dpkg(Host("/", 60))
    assert {name: found[name] for name in found if ":" not in name} == {name: sorted(said[name]) for name in said}
