# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted restore points on their way to the control node: whole and as the host wrote them, or not there."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.action.restore_point import ActionModule
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points import fetching

POINT = "20261121T154500Z-3f9a1c"
PARTS = (b"first" * 1000, b"second", os.urandom(9000))
Json = dict[str, t.Any]


class FakeHost:
    """A folder that stands for a host; its answers can be bent."""

    def __init__(self, top: Path, parts: t.Sequence[bytes] = PARTS) -> None:
        self.folder = top / "it's a state/app/outgoing" / POINT
        self.folder.mkdir(parents=True)
        (self.folder / "recipient.pem").write_text("certificate\n")
        self.asked: list[str] = []
        self.told: Json = {"folder": str(self.folder), "parts": []}
        for number, content in enumerate(parts):
            name = f"{number:05d}.cms"
            (self.folder / name).write_bytes(content)
            sha256 = hashlib.sha256(content).hexdigest()
            self.told["parts"].append({"name": name, "size": len(content), "sha256": sha256})

    def ask(self, words: str) -> str:
        self.asked.append(words)
        return subprocess.run(["/bin/sh", "-c", words], check=True, capture_output=True, text=True).stdout


@pytest.fixture(name="host")
def fixture_host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


@pytest.mark.parametrize("block", [1, 5000, 1 << 24])
def test_what_comes_is_what_the_host_wrote(
    host: FakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(fetching, "_BLOCK", max(block, 700))
    kept = tmp_path / "kept"
    os.utime(host.folder, (0, 0))
    told = fetching.fetch(host.told, POINT, host.ask, str(kept), 10)
    assert (told["path"], told["parts"], told["bytes"]) == (str(kept / POINT), 3, sum(map(len, PARTS)))
    assert [(kept / POINT / f"{number:05d}.cms").read_bytes() for number in range(3)] == list(PARTS)
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=kept / POINT, check=True)
    assert {one.stat().st_mode & 0o777 for one in kept.rglob("*")} == {0o700, 0o600}
    assert all(words.startswith("touch -c -- ") for words in host.asked), "no other backup takes it for left over"
    assert time.time() - host.folder.stat().st_mtime < 600
    assert fetching.cleared(host.told, POINT, host.ask) == []
    assert not host.folder.exists()


def test_a_point_that_was_fetched_counts_also_when_its_copy_stays_on_the_host(host: FakeHost, tmp_path: Path) -> None:
    def ask(words: str) -> str:
        if " rm " in words:
            raise fetching.FetchError("the host said: Read-only file system")
        return host.ask(words)

    action: t.Any = object.__new__(ActionModule)
    action._to, action._ask = {"to": str(tmp_path / "kept"), "keep": 10}, ask
    request = {"options": {"application": "shop"}}
    told = action._fetched({"inventory_hostname": "web1"}, request, {"sealed": host.told, "point": POINT, "notes": []})
    assert "failed" not in told and Path(told["fetched"]["path"]).is_dir()
    [note] = told["notes"]
    assert "stays on the host, and a backup an hour later removes it: the host said: Read-only" in note
    # What went wrong first is told, and not what followed.
    host.told["parts"][0]["sha256"] = "0" * 64
    told = action._fetched({"inventory_hostname": "web1"}, request, {"sealed": host.told, "point": POINT, "notes": []})
    assert told["failed"] is True and "00000.cms is not what the host wrote" in told["msg"]


def parts(**change: t.Any) -> t.Callable[[Json], None]:
    return lambda told: told["parts"][1].update(change)


HOSTILE: dict[str, t.Callable[[Json], None]] = {
    "another name": parts(name="../../outside"),
    "a name twice": parts(name="00000.cms"),
    "no size": parts(size=0),
    "a size that is none": parts(size=True),
    "a huge size": parts(size=1 << 40),
    "a size that is text": parts(size="7"),
    "no digest": parts(sha256="x"),
    "no parts": lambda told: told.update(parts=[]),
    "parts that are none": lambda told: told.update(parts=7),
    "another folder": lambda told: told.update(folder="/etc"),
    "a folder above": lambda told: told.update(folder=f"/a/../outgoing/{POINT}"),
    "a folder with lines": lambda told: told.update(folder=f"/a\n/outgoing/{POINT}"),
    "nothing": lambda told: told.clear(),
    "a longer part": parts(size=len(PARTS[1]) - 1),
    "a shorter part": parts(size=len(PARTS[1]) + 1),
    "another content": parts(sha256=hashlib.sha256(b"another").hexdigest()),
}


@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_what_is_not_right_is_refused_and_nothing_of_it_is_kept(host: FakeHost, tmp_path: Path, what: str) -> None:
    HOSTILE[what](host.told)
    kept = tmp_path / "kept"
    with pytest.raises(fetching.FetchError):
        fetching.fetch(host.told, POINT, host.ask, str(kept), 10)
    assert not list(kept.glob("*")) if kept.exists() else True
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("said", ["no base64 at all!", "", base64.b64encode(b"x" * 9000).decode()])
def test_another_answer_is_refused(host: FakeHost, tmp_path: Path, said: str) -> None:
    with pytest.raises(fetching.FetchError):
        fetching.fetch(host.told, POINT, lambda _words: said, str(tmp_path / "kept"), 10)
    assert not list((tmp_path / "kept").iterdir())


def test_the_oldest_go_and_what_was_interrupted(host: FakeHost, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for name in ("20200101T000000Z-000000", "20210101T000000Z-000000", "20220101T000000Z-000000", "mine"):
        (kept / name).mkdir(parents=True)
    for name, age in (("old", 3 * 86400), ("new", 60)):
        (kept / f".incoming-{name}").mkdir()
        (kept / f".incoming-{name}/00000.cms").write_text("part")
        then = os.stat(kept).st_mtime - age
        os.utime(kept / f".incoming-{name}", (then, then))
    told = fetching.fetch(host.told, POINT, host.ask, str(kept), 2)
    assert told["removed"] == ["20200101T000000Z-000000", "20210101T000000Z-000000"]
    assert {one.name for one in kept.iterdir()} == {POINT, "20220101T000000Z-000000", "mine", ".incoming-new"}


def test_of_the_file_of_the_recipient_the_certificate_alone_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "both.pem"
    certificate = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"
    key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
    path.write_text(f"{key}{certificate}{key}")
    assert fetching.certificate(str(path)) == certificate
    path.write_text(key)
    with pytest.raises(fetching.FetchError, match="holds no certificate"):
        fetching.certificate(str(path))
    with pytest.raises(fetching.FetchError, match="cannot be read"):
        fetching.certificate(str(tmp_path / "none"))
