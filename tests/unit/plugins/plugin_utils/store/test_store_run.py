# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run folders: private, made once, complete or marked, and no byte of them changes unnoticed."""

from __future__ import annotations

import concurrent.futures
import errno
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import (
    INCOMPLETE,
    MANIFEST,
    PRIVATE,
    RunFolder,
    StoreError,
    past_runs,
    point_latest,
    prune,
    safe_name,
)
from hypothesis import given
from hypothesis import strategies as st

_STARTED = "2026-03-01T10:00:00Z"


def made(output: Path, started: str = _STARTED, label: str = "prod", *, sealed: bool = True) -> RunFolder:
    folder = RunFolder.create(str(output), started, label)
    folder.write("run.json", {"id": folder.id})
    folder.write("evidence/web1/trees.json", {"host": "web1"})
    if sealed:
        folder.seal()
    return folder


def _create(output: str) -> str:
    return RunFolder.create(output, _STARTED, "prod").path


def test_runs_that_begin_at_once_get_folders_of_their_own(tmp_path: Path) -> None:
    with concurrent.futures.ProcessPoolExecutor(4) as pool:
        paths = list(pool.map(_create, [str(tmp_path / "out")] * 20))
    assert len(set(paths)) == 20
    for path in paths:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(os.path.join(path, PRIVATE)).st_mode) == 0o700
        assert os.path.exists(os.path.join(path, INCOMPLETE))


def test_a_folder_that_cannot_be_made_or_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"drift_output_dir: no run folder can be made in .*file"):
        RunFolder.create(str(tmp_path / "file"), _STARTED, "prod")
    folder = made(tmp_path)
    (tmp_path / folder.id / "findings.json").mkdir()
    with pytest.raises(StoreError, match=r"findings\.json cannot be written"):
        folder.write("findings.json", {})


@pytest.mark.parametrize(("number", "written"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_what_is_to_last_is_written_where_folders_cannot_be_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, written: bool
) -> None:
    """A network file system may have no such call. A disk that fails is another thing."""
    folder, sync = made(tmp_path), os.fsync

    def refuse(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(number, os.strerror(number))
        sync(fd)

    monkeypatch.setattr(os, "fsync", refuse)
    if written:
        folder.write("plan.json", {"id": "plan"}, durable=True)
    else:
        with pytest.raises(StoreError, match=r"plan\.json cannot be written: "):
            folder.write("plan.json", {"id": "plan"}, durable=True)
    assert folder.read("plan.json") == {"id": "plan"}


def test_the_mark_goes_last_and_what_was_secret_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path, sealed=False)
    folder.write_bytes(f"{PRIVATE}/key", b"secret")
    assert not folder.complete()
    with pytest.raises(StoreError, match="is incomplete"):
        folder.verify()
    left: list[list[str]] = []
    plain = os.unlink

    def unlink(path: str, *, dir_fd: int | None = None) -> None:
        left.append(sorted(os.listdir(folder.path)))
        plain(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink)
    folder.seal()
    assert left[1:] == [[INCOMPLETE, MANIFEST, "evidence", "run.json"]]
    assert folder.complete()
    folder.verify()


@pytest.mark.parametrize("name", ["run.json", "evidence/web1/trees.json"])
def test_any_changed_byte_is_refused_by_the_name_of_its_file(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path)
    path = Path(folder.join(name))
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(StoreError, match=name.replace(".", r"\.")):
            folder.verify()
    path.write_bytes(whole)
    folder.verify()


def test_a_file_that_is_gone_or_was_added_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path)
    added = Path(folder.join("evidence/web1/git.json"))
    added.write_text("{}")
    with pytest.raises(StoreError, match=r"web1/git\.json is not what the run wrote"):
        folder.verify()
    added.unlink()
    Path(folder.join("run.json")).unlink()
    with pytest.raises(StoreError, match=r"run\.json is not what the run wrote"):
        folder.verify()


@pytest.mark.parametrize("content", [b"", b"no checksums\n", b"\xff\xff  x\n"])
def test_checksums_that_are_damaged_are_refused(tmp_path: Path, content: bytes) -> None:
    folder = made(tmp_path)
    Path(folder.join(MANIFEST)).write_bytes(content)
    with pytest.raises(StoreError):
        folder.verify()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path)
    Path(folder.join("run.json")).write_text("{")
    with pytest.raises(StoreError, match=r"run\.json is damaged"):
        folder.read("run.json")


def test_a_run_is_found_by_its_path_and_by_its_id(tmp_path: Path) -> None:
    folder = made(tmp_path)
    for name in (folder.path, folder.path + "/", folder.id):
        assert RunFolder.existing(name, str(tmp_path)).id == folder.id
    with pytest.raises(StoreError, match="there is no run 'yesterday'"):
        RunFolder.existing("yesterday", str(tmp_path))


def days(*numbers: int) -> list[str]:
    return [f"2026-03-{number:02}T10:00:00Z" for number in numbers]


def test_the_oldest_go_and_never_the_current_one(tmp_path: Path) -> None:
    runs = [made(tmp_path, started) for started in days(1, 2, 3, 4)]
    current = made(tmp_path, days(5)[0])
    assert prune(str(tmp_path), 0, current) == []
    assert prune(str(tmp_path), 3, current) == [runs[0].id, runs[1].id]
    assert prune(str(tmp_path), 1, RunFolder(current.path + "/")) == [runs[2].id, runs[3].id]
    assert sorted(os.listdir(tmp_path)) == [current.id]


def test_what_somebody_needs_stays(tmp_path: Path) -> None:
    runs = [made(tmp_path, started) for started in days(1, 2, 3)]
    current = made(tmp_path, days(5)[0])
    assert prune(str(tmp_path), 1, current, needed=[runs[1].id, "another"]) == [runs[0].id, runs[2].id]
    assert sorted(os.listdir(tmp_path)) == [runs[1].id, current.id]


def test_ten_of_one_second_are_pruned_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    runs = [made(tmp_path) for _number in range(11)]
    assert prune(str(tmp_path), 2, runs[-1]) == [run.id for run in runs[:9]]


def test_what_may_still_be_under_way_stays(tmp_path: Path) -> None:
    yesterday = made(tmp_path, days(4)[0], sealed=False)
    today = made(tmp_path, days(5)[0], sealed=False)
    current = made(tmp_path, days(5)[0])
    assert prune(str(tmp_path), 1, current) == [yesterday.id]
    assert os.path.isdir(today.path)


def test_only_runs_are_touched(tmp_path: Path) -> None:
    current = made(tmp_path / "out", days(9)[0])
    elsewhere = made(tmp_path / "elsewhere")
    (tmp_path / "out" / elsewhere.id).symlink_to(elsewhere.path)
    (tmp_path / "out" / "notes").mkdir()
    (tmp_path / "out" / "20260101T000000Z-prod-1").mkdir()
    before = sorted(os.listdir(tmp_path / "out"))
    assert [run.id for run in past_runs(str(tmp_path / "out"))] == [current.id]
    assert prune(str(tmp_path / "out"), 1, current) == []
    assert sorted(os.listdir(tmp_path / "out")) == before
    assert past_runs(str(tmp_path / "nowhere")) == []


def test_two_audits_that_prune_at_once_share_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, current = made(tmp_path, days(1)[0]), made(tmp_path, days(2)[0])
    plain = os.rename

    def after_the_other(source: str, target: str) -> None:
        plain(source, str(tmp_path / "gone"))
        plain(source, target)

    monkeypatch.setattr(os, "rename", after_the_other)
    assert prune(str(tmp_path), 1, current) == []
    assert not os.path.exists(old.path)


def test_latest_names_the_newest(tmp_path: Path) -> None:
    for started in days(1, 2):
        folder = made(tmp_path, started)
        point_latest(folder)
        assert os.readlink(tmp_path / "latest") == folder.id
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").mkdir()
    with pytest.raises(StoreError, match="latest cannot be made"):
        point_latest(folder)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".latest")]


@given(st.text(max_size=8), st.text(max_size=8))
def test_host_names_become_file_names_of_their_own(one: str, other: str) -> None:
    try:
        names = safe_name(one), safe_name(other)
    except UnicodeEncodeError:
        return
    assert (names[0] == names[1]) == (one == other)
    assert not names[0].startswith(".")
    assert "/" not in names[0] and "\0" not in names[0]


@pytest.mark.parametrize("name", [".", "..", "../x", "a/b", ".hidden", "%2E"])
def test_no_host_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path, sealed=False)
    evidence.keep(folder, name, evidence.HOST, {"failure": None})
    kept = evidence.load(folder, name, evidence.HOST)
    assert kept is not None and kept["host"] == name
    assert [path for path in folder.files() if path.endswith("host.json")] == [evidence.path_of(name, "host")]


def test_evidence_is_masked_in_keys_and_values(tmp_path: Path) -> None:
    folder = made(tmp_path, sealed=False)
    url = "https://user:hunter2hunter2@example.org/"
    evidence.keep(folder, "web1", "git", {"outcome": "ok", "data": {url: [url, {"a": url}]}})
    assert b"hunter2" not in Path(folder.join("evidence/web1/git.json")).read_bytes()
    assert [item["path"] for item in evidence.index(folder)] == [
        "evidence/web1/git.json",
        "evidence/web1/trees.json",
    ]
