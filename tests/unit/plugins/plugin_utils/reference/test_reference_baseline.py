# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import json
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import baseline
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from reference_repos import sha256

CONTENT: dict[str, t.Any] = {
    "application": "app",
    "environment": "prod",
    "host": "prod-1",
    "created": "2026-11-20T00:00:00Z",
    "collector": "1",
    "git": {"head": None},
    "trees": [
        {
            "name": "source",
            "path": ".",
            "spec": {"secret": []},
            "directories": [
                ["", "755", [["a", digest.FILE, "644", sha256("a"), 1, 0, "root", "root"]]],
                ["sub/", "755", [[".env", digest.FILE, "600", digest.KEYED, 0, 0, "root", "root"]]],
            ],
        }
    ],
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "baseline.json"
    baseline.save(str(path), CONTENT)
    return path


def refused(path: Path, allowed: Path | None = None) -> str:
    with pytest.raises(ReferenceUnavailable) as caught:
        baseline.load(str(path), None if allowed is None else str(allowed))
    assert str(path) in caught.value.reason and caught.value.reason.isprintable()
    return caught.value.reason


def test_what_is_saved_is_loaded(saved: Path) -> None:
    found = baseline.load(str(saved))
    assert {name: found[name] for name in CONTENT} == CONTENT
    assert found["schema"] == "evenkeel.drift/baseline/1"
    assert saved.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in saved.parent.iterdir()) == ["baseline.json"]


def test_the_same_content_is_the_same_file(saved: Path) -> None:
    before = saved.read_bytes()
    baseline.save(str(saved), json.loads(json.dumps(CONTENT)))
    assert saved.read_bytes() == before


def test_a_flipped_bit_anywhere_is_refused(saved: Path) -> None:
    data = saved.read_bytes()
    for offset in range(len(data)):
        for bit in (0, 5):
            saved.write_bytes(data[:offset] + bytes([data[offset] ^ (1 << bit)]) + data[offset + 1 :])
            refused(saved)


def test_a_truncation_anywhere_is_refused(saved: Path) -> None:
    data = saved.read_bytes()
    for length in range(len(data)):
        saved.write_bytes(data[:length])
        refused(saved)


@pytest.mark.parametrize("more", [b"\n", b" ", b"{}", b"\0"])
def test_more_at_either_end_is_refused(saved: Path, more: bytes) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data + more)
    refused(saved)
    saved.write_bytes(more + data)
    refused(saved)


def test_other_spellings_of_the_same_are_refused(saved: Path) -> None:
    data = saved.read_bytes()
    content = json.loads(data)
    spellings = [
        json.dumps(content, sort_keys=True, indent=1).encode(),
        json.dumps(dict(reversed(content.items())), separators=(",", ":")).encode() + b"\n",
        data.replace(b'"app"', b'"\\u0061pp"'),
        data.replace(b'{"application"', b'{"application":"x","application"'),
        data.decode().encode("utf-16"),
    ]
    for spelling in spellings:
        assert spelling != data
        saved.write_bytes(spelling)
        refused(saved)


def test_a_naive_loader_would_not_notice(saved: Path) -> None:
    """The broken twin: plain JSON takes most edits."""
    saved.write_bytes(saved.read_bytes().replace(b"prod-1", b"prod-2"))
    assert json.loads(saved.read_bytes())["host"] == "prod-2"
    assert "was edited after it was saved" in refused(saved)


def _resealed(saved: Path, **changes: object) -> None:
    content = {**json.loads(saved.read_bytes()), **changes}
    content.pop("sha256")
    saved.write_bytes(baseline._canonical({**content, "sha256": baseline._checksum(content)}))


def test_each_reason_says_what_is_wrong(saved: Path) -> None:
    assert "No such file" in refused(saved.parent / "absent.json")
    assert "cannot be read" in refused(saved.parent)
    _resealed(saved, schema="evenkeel.drift/baseline/2")
    assert "has the schema evenkeel.drift/baseline/2, not evenkeel.drift/baseline/1" in refused(saved)
    _resealed(saved, schema=baseline.SCHEMA, extra=1)
    assert "missing or unknown keys: extra" in refused(saved)
    saved.write_text("[" * 100_000)
    assert "edited or cut off" in refused(saved)
    saved.write_text("[]")
    assert "no JSON object" in refused(saved)


@pytest.mark.parametrize("trees", [[1], [{}], [{"name": 1, "path": "", "spec": {}, "directories": []}], {}])
def test_a_sealed_file_of_another_shape_is_refused(saved: Path, trees: object) -> None:
    _resealed(saved, trees=trees)
    assert "is no baseline" in refused(saved)


@pytest.mark.parametrize(
    ("name", "patterns", "leaks"),
    [(".env", [], True), ("id_rsa", [], True), ("plain", [], False), ("plain", [["plain$", True]], True)],
)
def test_digests_of_secret_files_are_not_saved(tmp_path: Path, name: str, patterns: list[object], leaks: bool) -> None:
    content = copy.deepcopy(CONTENT)
    content["trees"][0]["spec"]["secret"] = patterns
    content["trees"][0]["directories"][0][-1] = [[name, digest.FILE, "644", sha256("x"), 1, 0, "root", "root"]]
    path = tmp_path / "baseline.json"
    if not leaks:
        baseline.save(str(path), content)
        return
    with pytest.raises(ValueError, match="digest of the secret file"):
        baseline.save(str(path), content)
    assert not path.exists()


def test_an_entry_that_says_it_is_secret_has_no_digest(tmp_path: Path) -> None:
    content = copy.deepcopy(CONTENT)
    content["trees"][0]["directories"][0][-1] = [{"name": "x", "secret": True, "sha256": sha256("x")}]
    with pytest.raises(ValueError, match="digest of the secret file"):
        baseline.save(str(tmp_path / "baseline.json"), content)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReferenceUnavailable, match="cannot be written: No such file"):
        baseline.save(str(tmp_path / "absent" / "baseline.json"), CONTENT)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    for name in ("good", "bad"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    allowed = tmp_path / "allowed"
    kind, key, *_comment = (tmp_path / "good.pub").read_text().split()
    allowed.write_text(f'ops@example.org namespaces="evenkeel.drift" {kind} {key}\n')
    return tmp_path / "good", allowed


def test_signatures(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    key, allowed = keys
    path = tmp_path / "signed.json"
    baseline.save(str(path), CONTENT, str(key))
    signed = Path(f"{path}.sig")
    assert signed.stat().st_mode & 0o777 == 0o600
    assert baseline.load(str(path), str(allowed)) == baseline.load(str(path))
    _resealed(path, host="prod-2")
    assert baseline.load(str(path))["host"] == "prod-2"
    assert "not that of an allowed signer" in refused(path, allowed)
    signed.unlink()
    assert "signed.json.sig is missing" in refused(path, allowed)


def test_signatures_of_others_are_refused(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    _key, allowed = keys
    path = tmp_path / "signed.json"
    baseline.save(str(path), CONTENT, str(tmp_path / "bad"))
    assert "not that of an allowed signer" in refused(path, allowed)
    Path(f"{path}.sig").write_text("garbage")
    assert "not that of an allowed signer" in refused(path, allowed)


def test_saving_without_a_key_removes_the_old_signature(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    path = tmp_path / "signed.json"
    baseline.save(str(path), CONTENT, str(keys[0]))
    baseline.save(str(path), CONTENT)
    assert not Path(f"{path}.sig").exists()


def test_a_key_that_cannot_sign_is_said(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    with pytest.raises(ReferenceUnavailable, match="cannot sign"):
        baseline.save(str(tmp_path / "x.json"), CONTENT, str(keys[1]))
    assert not (tmp_path / "x.json").exists()
