# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment has installed, against pip itself, and metadata that is not whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import typing as t
import venv
import zipfile
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import packages
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from hypothesis import given
from hypothesis import strategies as st

Json = t.Dict[str, t.Any]


def see(root: Path, path: str = "venv") -> Json:
    spec = {"environments": [{"path": path, "requirements": []}], "systems": []}
    answer: Json = packages.collect(spec, Host(str(root), 60))["environments"][0]
    return answer


def names(answer: Json) -> list[tuple[str, str]]:
    return [(package["name"], package["version"]) for package in answer["packages"]]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An environment of Python 3.11 with one package."""
    folder = tmp_path / "venv/lib/python3.11/site-packages"
    folder.mkdir(parents=True)
    (tmp_path / "venv/bin").mkdir()
    (tmp_path / "venv/bin/python").symlink_to(sys.executable)
    (tmp_path / "venv/pyvenv.cfg").write_text(
        "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.7\n"
    )
    install(folder, "one", "1.0")
    return folder


def install(folder: Path, name: str, version: str, **files: str) -> Path:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: other\n")
    for file, text in files.items():
        (info / file.replace("__", ".")).write_text(text)
    return info


def test_a_time_beyond_the_calendar_stops_nothing(site: Path) -> None:
    info = site / "one-1.0.dist-info"
    beyond = 10**17
    # Of the usual file systems tmpfs, btrfs and ZFS keep such a time.
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    try:
        shutil.copytree(site.parents[3], folder / "host", symlinks=True)
        info = folder / "host" / info.relative_to(site.parents[3])
        os.utime(info, (beyond, beyond))
        if info.stat().st_mtime != beyond:
            pytest.skip("no file system on this machine keeps such a time")
        assert see(folder / "host")["newest"]["mtime"] == "9999-12-31T23:59:59Z"
    finally:
        shutil.rmtree(folder)


def wheel(folder: Path, name: str, version: str) -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name.lower()}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_it_says_what_pip_says(tmp_path: Path) -> None:
    root = tmp_path / "venv"
    venv.create(root, symlinks=True, with_pip=False)
    wheels = [wheel(tmp_path, "Zope_Like", "5.0.post1"), wheel(tmp_path, "plain", "1!2.0rc1")]
    pip = [sys.executable, "-m", "pip", "--python", str(root / "bin/python"), "--disable-pip-version-check"]
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1"}
    done = subprocess.run(
        [*pip, "install", "-q", "--no-index", "--no-deps", *map(str, wheels)], check=False, env=environment
    )
    if done.returncode:
        pytest.skip("there is no pip that can install a wheel on this machine")
    listed = subprocess.run([*pip, "list", "--format=json"], check=True, capture_output=True, env=environment)
    said = {(one["name"].lower().replace("_", "-"), one["version"]) for one in json.loads(listed.stdout)}
    answer = see(tmp_path)
    assert set(names(answer)) == said
    assert ("zope-like", "5.0.post1") in said
    assert (answer["outcome"], answer["broken"], answer["unread"], answer["interpreter"]) == ("ok", [], [], "")
    assert answer["python"] == ".".join(map(str, sys.version_info[:3]))
    assert answer["newest"]["mtime"].endswith("Z")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone-1.dist-info", None, "it has no METADATA"),
        ("nameless-1.dist-info", "Version: 1\n\n", "it states no name"),
        ("open-1.dist-info", "Name: open\n\nVersion: 1\n", "it states no version"),
        ("odd-1.dist-info", "Name: o d d\nVersion: 1\n", "what it states as its name is none"),
        ("~one-0.9.dist-info", None, "left over from an installation that was interrupted"),
        ("one-0.9.dist-info", "Name: One\nVersion: 0.9\n", "one is there 2 times: 0.9, 1.0"),
    ],
)
def test_metadata_that_is_not_whole_is_broken(
    tmp_path: Path, site: Path, name: str, content: str | None, reason: str
) -> None:
    (site / name).mkdir()
    if content is not None:
        (site / name / "METADATA").write_text(content)
    assert [item["reason"] for item in see(tmp_path)["broken"]] == [reason]


def test_a_link_is_not_followed_and_said(tmp_path: Path, site: Path) -> None:
    (tmp_path / "secret").write_text("Name: secret\nVersion: 1\n")
    (site / "two-1.dist-info").mkdir()
    (site / "two-1.dist-info/METADATA").symlink_to(tmp_path / "secret")
    answer = see(tmp_path)
    assert names(answer) == [("one", "1.0")]
    assert [item["path"] for item in answer["unread"]] == ["venv/lib/python3.11/site-packages/two-1.dist-info"]


@pytest.mark.parametrize(
    ("path", "outcome", "reason"),
    [
        ("nothing", "missing", "nothing does not exist"),
        ("file", "missing", "file is not a directory"),
        ("plain", "missing", "plain is no virtual environment: it has no pyvenv.cfg"),
        ("empty", "unknown", "empty holds no metadata of any package"),
        ("bare", "unknown", "bare has no site-packages directory that can be read"),
        ("other", "unknown", "other is of Python 3.12.1, but has no site-packages directory of it"),
    ],
)
def test_what_is_no_environment(tmp_path: Path, path: str, outcome: str, reason: str) -> None:
    (tmp_path / "file").touch()
    for name in ("plain/lib", "empty/lib/python3.11/site-packages", "bare", "other/lib/python3.9/site-packages"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bare/pyvenv.cfg").write_text("version = 3.11.7\n")
    (tmp_path / "other/pyvenv.cfg").write_text("version_info = 3.12.1.final.0\n")
    answer = see(tmp_path, path)
    assert (answer["outcome"], answer["reason"], answer["packages"]) == (outcome, reason, [])


def test_an_interpreter_that_is_gone_is_said(tmp_path: Path, site: Path) -> None:
    (tmp_path / "venv/bin/python").unlink()
    (tmp_path / "venv/bin/python").symlink_to("/nonexistent/python3.11")
    assert see(tmp_path)["interpreter"] == "venv/bin/python leads to /nonexistent/python3.11, which does not exist"


def test_packages_of_the_system_count_where_they_are_seen(tmp_path: Path, site: Path) -> None:
    shared = tmp_path / "base/lib/python3.11/site-packages"
    install(shared, "one", "0.5")
    install(shared, "two", "2.0")
    config = f"home = {tmp_path}/base/bin\ninclude-system-site-packages = true\nversion = 3.11.7\n"
    (tmp_path / "venv/pyvenv.cfg").write_text(config)
    assert names(see(tmp_path)) == [("one", "1.0"), ("two", "2.0")]


def test_older_forms_of_metadata(tmp_path: Path, site: Path) -> None:
    (site / "flat-1.egg-info").write_text("Name: flat\nVersion: 1\n")
    (site / "deep-2.egg-info").mkdir()
    (site / "deep-2.egg-info/PKG-INFO").write_text("Name: deep\r\nVersion: 2\r\n\r\n")
    (site / "egg-3-py3.egg/EGG-INFO").mkdir(parents=True)
    (site / "egg-3-py3.egg/EGG-INFO/PKG-INFO").write_text("Name: egg\nVersion: 3\n")
    (tmp_path / "work/linked.egg-info").mkdir(parents=True)
    (tmp_path / "work/linked.egg-info/PKG-INFO").write_text("Name: linked\nVersion: 4\n")
    (site / "linked.egg-link").write_text(f"{tmp_path}/work\n.")
    install(site, "direct", "5", direct_url__json=json.dumps({"url": f"file://{tmp_path}/work"}))
    answer = see(tmp_path)
    assert names(answer) == [
        ("deep", "2"),
        ("direct", "5"),
        ("egg", "3"),
        ("flat", "1"),
        ("linked", "4"),
        ("one", "1.0"),
    ]
    sources = {package["name"]: package["source"] for package in answer["packages"]}
    assert sources["linked"] == sources["direct"] == os.path.realpath(tmp_path / "work")


@pytest.mark.parametrize(
    ("told", "source"),
    [
        ('{"url": "git+https://u:hunter2pw@example.org/a.git"}', "git+https://u:<masked>@example.org/a.git"),
        ('{"url": "file:///srv/a%20b/../c"}', "/srv/c"),
        ('{"url": "file:///\\ud800"}', ""),
        ('{"url": "file:///a%00b"}', ""),
        ('{"url": 5}', ""),
        ("[]", ""),
        ("{", ""),
    ],
)
def test_where_a_package_came_from(tmp_path: Path, site: Path, told: str, source: str) -> None:
    install(site, "two", "2.0", direct_url__json=told)
    assert see(tmp_path)["packages"][1]["source"] == source


def test_a_configuration_of_any_form(tmp_path: Path, site: Path) -> None:
    (tmp_path / "venv/pyvenv.cfg").write_bytes(
        b"home = /none/a\0b\xff\ninclude-system-site-packages=TRUE\nversion=3.11\nx"
    )
    answer = see(tmp_path)
    assert (names(answer), len(answer["unread"])) == ([("one", "1.0")], 1)


@given(st.binary(max_size=300))
def test_any_metadata_is_read_or_said(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.mktemp("any")
    info = install(root / "venv/lib/python3.11/site-packages", "any", "1")
    (info / "METADATA").write_bytes(content)
    answer = see(root)
    assert len(answer["packages"]) + len(answer["broken"]) + len(answer["unread"]) == 1
    json.dumps(answer).encode("utf-8")
