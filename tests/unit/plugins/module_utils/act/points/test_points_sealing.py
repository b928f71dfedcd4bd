# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore points that are encrypted on their host: the owner of the certificate reads them, and nobody else."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import time
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import sealing
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from restic_lab import CANARY, Kept, content

OPENSSL = shutil.which("openssl") or ""
pytestmark = pytest.mark.skipif(not OPENSSL, reason="no openssl on this machine")
KINDS = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]}

Json = t.Dict[str, t.Any]


class Sealed(Kept):
    """A host whose points are encrypted for the owner of a certificate."""

    def __init__(self, top: Path, kind: str) -> None:
        super().__init__(top)
        self.key, self.certificate = top / "backup.key", top / "backup.pem"
        words = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=backup", "-newkey", *KINDS[kind]]
        files = ["-keyout", str(self.key), "-out", str(self.certificate)]
        subprocess.run([OPENSSL, *words, *files], check=True, capture_output=True)

    def make(self, certificate: str = "", timeout: int = 60, **options: t.Any) -> Json:
        text = certificate or self.certificate.read_text()
        return self.ask(restic=None, fetch={"certificate": text, "timeout": timeout}, **options)

    def outgoing(self) -> dict[str, bytes]:
        return content(self.state / "app/outgoing")

    def left_alone(self, point: str, for_s: float = 7200) -> None:
        """Have nobody work on an encrypted point for a while."""
        moment = time.time() - for_s
        os.utime(self.state / "app/outgoing" / point, (moment, moment))

    def opened(self, made: Json) -> Path:
        """Return the point as an operator gets it out of its parts with openssl and tar."""
        parts = [Path(made["sealed"]["folder"]) / part["name"] for part in made["sealed"]["parts"]]
        text = b"".join(self.decrypted(part) for part in parts)
        into = self.top / "opened"
        with tarfile.open(fileobj=io.BytesIO(text)) as archive:
            assert archive.getnames()[-1] == f"{made['point']}/COMPLETE"
        into.mkdir()
        subprocess.run(["tar", "-x", "-C", str(into)], input=text, check=True)
        return into / str(made["point"])

    def decrypted(self, part: Path) -> bytes:
        words = ["cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(part), "-inkey", str(self.key)]
        return subprocess.run([OPENSSL, *words], check=True, capture_output=True).stdout


@pytest.fixture(name="host")
def fixture_host(tmp_path: Path) -> Sealed:
    return Sealed(tmp_path, "rsa")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_owner_of_the_key_gets_the_point_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(sealing, "_PART", 300_000)
    host = Sealed(tmp_path, kind)
    made = host.make()
    assert len(made["sealed"]["parts"]) == 4, made
    opened = content(host.opened(made))
    assert opened == content(host.folder(made["point"]))
    # The twin: what is searched for is found where nothing is encrypted.
    assert any(CANARY.encode() in one for one in opened.values())
    assert not any(CANARY.encode() in one for one in host.outgoing().values())
    modes = {one.stat().st_mode & 0o777 for one in (host.state / "app/outgoing").rglob("*")}
    assert modes == {0o700, 0o600}


def test_a_later_backup_removes_what_was_not_fetched_and_nothing_that_is_under_way(host: Sealed) -> None:
    first, second, third = (host.make()["point"] for _number in range(3))
    assert {name.partition("/")[0] for name in host.outgoing()} == {first, second, third}, "all may be on their way"
    host.left_alone(first)
    # The clock went back since.
    host.left_alone(second, -7200)
    host.ask(restic=None)
    assert {name.partition("/")[0] for name in host.outgoing()} == {third}


def test_a_backup_meanwhile_disturbs_no_point_that_is_being_encrypted(
    host: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host.root / "large.bin").write_bytes(os.urandom(900_000))
    monkeypatch.setattr(sealing, "_PART", 300_000)
    others: list[Json] = []
    original = sealing._Parts.end

    def end(parts: t.Any) -> None:
        original(parts)
        if len(parts.made) == 1 and not others:
            others.append({})
            others[0] = host.ask(restic=None)

    monkeypatch.setattr(sealing._Parts, "end", end)
    made = host.make()
    assert "msg" not in others[0]
    assert len(made["sealed"]["parts"]) == 4, made
    assert content(host.opened(made)) == content(host.folder(made["point"]))


BROKEN = {
    "no certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "slow": "",
    "none": "",
    "dies": "",
}


@pytest.mark.parametrize("how", sorted(BROKEN))
def test_what_cannot_be_encrypted_leaves_a_good_point_and_nothing_else(
    host: Sealed, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "none":
        monkeypatch.setattr(
            "ansible_collections.evenkeel.drift.plugins.module_utils.act.program.find", lambda _name: None
        )
    elif how in ("slow", "dies"):
        host.in_between(
            monkeypatch, "exec sleep 60" if how == "slow" else "head -c 5000 >/dev/null; echo why >&2; exit 7"
        )
    made = host.make(BROKEN[how], timeout=1 if how == "slow" else 60)
    assert made["failed"] is True
    assert f"the restore point {made['point']} is good, and was not fetched: " in made["msg"]
    assert not host.outgoing()
    assert host.ask("verified", restic=None, point=made["point"])["point"] == made["point"]


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_why_it_cannot_be_encrypted_is_told_however_large_the_point_is(
    host: Sealed, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    (host.root / "large.bin").write_bytes(os.urandom(size))
    host.in_between(monkeypatch, "head -c 5000 >/dev/null; echo no such cipher >&2; exit 7")
    assert "ended with 7 and said: no such cipher" in host.make()["msg"]


def test_a_damaged_object_is_not_sealed(host: Sealed) -> None:
    made = host.make()
    victim = max((host.folder(made["point"]) / "objects").iterdir(), key=lambda one: one.stat().st_size)
    changed = bytearray(victim.read_bytes())
    changed[77] ^= 1
    victim.write_bytes(bytes(changed))
    shutil.rmtree(made["sealed"]["folder"])
    recipient = sealing.Recipient(host.certificate.read_text(), 60)
    with pytest.raises(Damaged, match="is not what it was"), State(
        str(host.state / "app"), os.open(host.state / "app", os.O_RDONLY)
    ) as state:
        points_fd = os.open(host.folder(""), os.O_RDONLY)
        try:
            sealing.seal(recipient, state, points_fd, made["point"])
        finally:
            os.close(points_fd)
    assert not host.outgoing()


@pytest.mark.parametrize("how", ["changed", "open"])
def test_no_digest_of_a_damaged_object_leaves_the_host(host: Sealed, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """That of a small secret would be as good as the secret."""
    original = sealing._write

    def write(point_fd: int, point: str, *more: t.Any) -> None:
        for one in (host.folder(point) / "objects").iterdir():
            if how == "open":
                one.chmod(0o644)
            else:
                one.write_bytes(os.urandom(one.stat().st_size))
        original(point_fd, point, *more)

    monkeypatch.setattr(sealing, "_write", write)
    made = host.make()
    assert "is not what it was" in made["msg"] or "can be read or written by others" in made["msg"]
    verified = host.ask("verified", restic=None, point=made["point"])
    assert not re.search("[0-9a-f]{64}", made["msg"] + verified["msg"])
    assert re.search(r"[0-9a-f]{12}\.\.\.", made["msg"]) and re.search(r"[0-9a-f]{12}\.\.\.", verified["msg"])


def test_killed_on_the_way_nothing_readable_lies_outside_of_the_points(host: Sealed) -> None:
    (host.root / "large.bin").write_bytes(b"x" * 20_000)
    host.make()
    calls = counted(host.make)
    first = calls.index("mkdir")
    for number in range(first, len(calls) + 1, max(len(calls) // 12, 1)):
        assert killed_at(number, host.make)
        readable = [one for one in host.top.rglob("*") if one.is_file() and CANARY.encode() in one.read_bytes()]
        assert {one == host.root / ".env" or host.folder("") in one.parents for one in readable} == {True}
    for one in (host.state / "app/outgoing").iterdir():
        host.left_alone(one.name)
    assert "msg" not in host.ask(restic=None)
    assert not host.outgoing()
