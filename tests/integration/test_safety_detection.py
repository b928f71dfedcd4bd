# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change is found, nothing is found where there is none, and what could not be read is never in sync."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import stat
import tempfile
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest, record
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import Comparison
from e2e_host import differences, see
from e2e_operator import Operator
from e2e_project import application, write

ROUNDS, MUTATIONS_A_ROUND = 30, 340
NO_OP_RUNS = 1000
NOBODY = 65534


@pytest.fixture(autouse=True)
def fixture_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the audit rely on the times of files that were only just written, as it does of older ones."""
    monkeypatch.setattr(record, "_RACY_NS", 0)


def found(result: Comparison) -> set[str]:
    assert (result.unknown, result.unknown_files) == ([], 0)
    return {difference["path"] for difference in result.differences} | {group["path"] for group in result.groups}


class Forest:
    """A tree that is changed in known ways. Each method that changes something returns the paths that must be found."""

    def __init__(self, root: Path, dice: random.Random) -> None:
        self.root = root
        self.dice = dice
        self.files = [f"d{number // 12}/f{number}" for number in range(300)]
        self.links = [f"d{number % 25}/l{number}" for number in range(40)]
        self.folders = [f"whole{number}" for number in range(20)]
        for name in self.files:
            write(root, {name: f"content of {name} {dice.random()}\n"})
            (root / name).chmod(dice.choice([0o644, 0o755]))
        for name in self.links:
            (root / name).symlink_to(f"f{dice.random()}")
        for name in self.folders:
            write(root, {f"{name}/one": "1\n", f"{name}/two": "2\n"})

    def mutate(self, count: int) -> tuple[set[str], int]:
        """Make ``count`` changes, each to something that no other one touches; return what must be found."""
        expected: set[str] = set()
        targets = [*[("file", name) for name in self.files], *[("link", name) for name in self.links]]
        targets += [("folder", name) for name in self.folders]
        chosen = self.dice.sample(targets, count)
        for kind, name in chosen:
            change = self.dice.choice(_CHANGES[kind])
            expected |= change(self.root, name, self.dice)
        return expected, len(chosen)


def _same_size(root: Path, name: str, dice: random.Random) -> set[str]:
    path = root / name
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[dice.randrange(len(content))] ^= 1
    path.write_bytes(bytes(content))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    return {name}


def _replaced(root: Path, name: str, dice: random.Random) -> set[str]:
    other = root / f"{name}.new"
    other.write_bytes((root / name).read_bytes()[::-1])
    shutil.copystat(root / name, other)
    other.rename(root / name)
    return {name}


def _longer(root: Path, name: str, dice: random.Random) -> set[str]:
    with (root / name).open("a") as file:
        file.write("x")
    return {name}


def _empty(root: Path, name: str, dice: random.Random) -> set[str]:
    os.truncate(root / name, 0)
    return {name}


def _hole(root: Path, name: str, dice: random.Random) -> set[str]:
    size = (root / name).stat().st_size
    os.truncate(root / name, 0)
    os.truncate(root / name, size)
    return {name}


def _mode(root: Path, name: str, dice: random.Random) -> set[str]:
    path = root / name
    path.chmod(stat.S_IMODE(path.stat().st_mode) ^ dice.choice([0o001, 0o010, 0o100, 0o020, 0o4000, 0o2000, 0o1000]))
    return {name}


def _owner(root: Path, name: str, dice: random.Random) -> set[str]:
    if os.geteuid() == 0:
        os.chown(root / name, dice.choice([1, -1]), 2, follow_symlinks=False)
    else:
        _mode(root, name, dice)
    return {name}


def _deleted(root: Path, name: str, dice: random.Random) -> set[str]:
    (root / name).unlink()
    return {name}


def _renamed(root: Path, name: str, dice: random.Random) -> set[str]:
    other = name.replace("f", "F") if dice.random() < 0.5 else f"{name}.moved"
    (root / name).rename(root / other)
    return {name, other}


def _fifo(root: Path, name: str, dice: random.Random) -> set[str]:
    (root / name).unlink()
    os.mkfifo(root / name)
    return {name}


def _link(root: Path, name: str, dice: random.Random) -> set[str]:
    content = root / f"{name}.kept"
    (root / name).rename(content)
    (root / name).symlink_to(content.name)
    return {name, f"{name}.kept"}


def _directory(root: Path, name: str, dice: random.Random) -> set[str]:
    (root / name).unlink()
    write(root, {f"{name}/inside": "x"})
    return {name, f"{name}/inside"}


def _added(root: Path, name: str, dice: random.Random) -> set[str]:
    write(root, {f"{name}.added": ""})
    return {f"{name}.added"}


def _other_target(root: Path, name: str, dice: random.Random) -> set[str]:
    (root / name).unlink()
    (root / name).symlink_to("elsewhere")
    return {name}


def _to_file(root: Path, name: str, dice: random.Random) -> set[str]:
    target = os.fspath((root / name).readlink())
    (root / name).unlink()
    (root / name).write_text(target)
    return {name}


def _no_folder(root: Path, name: str, dice: random.Random) -> set[str]:
    shutil.rmtree(root / name)
    return {f"{name}/"}


def _folder_mode(root: Path, name: str, dice: random.Random) -> set[str]:
    (root / name).chmod(0o700)
    return {f"{name}/"}


def _more_folders(root: Path, name: str, dice: random.Random) -> set[str]:
    write(root, {f"{name}/more/one": "", f"{name}/more/deep/two": ""})
    return {f"{name}/more/"}


def _moved_folder(root: Path, name: str, dice: random.Random) -> set[str]:
    (root / name).rename(root / f"{name}.moved")
    return {f"{name}/", f"{name}.moved/"}


_CHANGES: dict[str, list[Callable[[Path, str, random.Random], set[str]]]] = {
    "file": [
        _same_size,
        _replaced,
        _longer,
        _empty,
        _hole,
        _mode,
        _owner,
        _deleted,
        _renamed,
        _fifo,
        _link,
        _directory,
        _added,
    ],
    "link": [_other_target, _to_file, _deleted],
    "folder": [_no_folder, _folder_mode, _more_folders, _moved_folder],
}


def test_every_mutation_is_found(tmp_path: Path) -> None:
    dice = random.Random(20261121)
    made = 0
    for number in range(ROUNDS):
        root = tmp_path / f"tree{number}"
        forest = Forest(root, dice)
        reference = see(root).directories
        assert found(differences(see(root, reference, reference), reference)) == set()
        expected, count = forest.mutate(MUTATIONS_A_ROUND)
        made += count
        assert found(differences(see(root, reference, reference), reference)) == expected
        assert found(differences(see(root, reference), reference)) == expected
        shutil.rmtree(root)
    assert made >= 10_000


def test_twin_that_trusts_size_and_time_misses_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trusting(name: bytes, seen: os.stat_result) -> bytes:
        return b"%s/%o %d %d" % (name, seen.st_mode, seen.st_size, seen.st_mtime_ns)

    monkeypatch.setattr(digest, "stat_line", trusting)
    forest = Forest(tmp_path / "tree", random.Random(1))
    reference = see(forest.root).directories
    for name in forest.files:
        _same_size(forest.root, name, forest.dice)
    assert found(differences(see(forest.root, reference, reference), reference)) == set()
    assert found(differences(see(forest.root, reference), reference)) == set(forest.files)


def _touched(path: Path) -> None:
    path.touch()


def _rewritten(path: Path) -> None:
    path.write_bytes(path.read_bytes())


def _copied_over(path: Path) -> None:
    other = path.with_suffix(".copy")
    shutil.copy2(path, other)
    other.rename(path)


def _there_and_back(path: Path) -> None:
    path.rename(path.with_suffix(".away"))
    path.with_suffix(".away").rename(path)


def _mode_and_back(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(0o600)
    path.chmod(mode)


def _linked_and_unlinked(path: Path) -> None:
    os.link(path, path.with_suffix(".link"))
    path.with_suffix(".link").unlink()


_NO_OPS = [_touched, _rewritten, _copied_over, _there_and_back, _mode_and_back, _linked_and_unlinked, Path.read_bytes]


def test_nothing_is_found_where_nothing_changed(tmp_path: Path) -> None:
    dice = random.Random(20261122)
    root = tmp_path / "tree"
    write(root, {f"d{number % 4}/f{number}": f"{number}\n" for number in range(16)})
    (root / "d0/link").symlink_to("f1")
    earlier = reference = see(root).directories
    files = sorted(path for path in root.rglob("f*") if not path.is_symlink())
    for _run in range(NO_OP_RUNS):
        dice.choice(_NO_OPS)(dice.choice(files))
        view = see(root, reference, earlier)
        assert found(differences(view, reference)) == set()
        earlier = view.directories


# What cannot be read.


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Be somebody for whom permissions count."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture(name="open_folder")
def fixture_open_folder() -> Iterator[Path]:
    """A folder that others can reach, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="evenkeel-tests-"))
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("denied", "hidden", "files"),
    [("d/file", {"d/file"}, 1), ("d", {"d/"}, 3), ("d/deep", {"d/deep/"}, 1)],
)
def test_what_may_not_be_read_is_unknown(open_folder: Path, denied: str, hidden: set[str], files: int) -> None:
    root = open_folder / "tree"
    write(root, {"d/file": "1", "d/other": "2", "d/deep/file": "3", "e/file": "4"})
    reference = see(root).directories
    (root / denied).chmod(0)
    for earlier in (None, reference):
        with unprivileged():
            view = see(root, reference, earlier if denied != "d/file" else None)
        result = differences(view, reference)
        assert {item["path"] for item in result.unknown} == hidden
        assert {item["reason"] for item in result.unknown} == {"permission denied"}
        assert result.unknown_files == files
        assert (result.differences, result.groups) == ([], [])


_FAULTS = [errno.EIO, errno.EACCES, errno.ESTALE, errno.ENOMEM, errno.EMFILE, errno.ELOOP, errno.ENOENT, errno.ENXIO]
_CALLS = {"open": ["open"], "read": ["read", "readv"], "readlink": ["readlink"], "scandir": ["scandir"]}


class Fault:
    """Lets a system call of the forked workers fail, from its n-th time on, once or for ever."""

    def __init__(self, call: str, code: int, at: int, once: bool) -> None:
        self._real: Callable[..., t.Any] = getattr(os, call)
        self._code, self._at, self._once = code, at, once
        self._parent = os.getpid()
        self._times = 0

    def __call__(self, *arguments: t.Any, **named: t.Any) -> t.Any:
        if os.getpid() != self._parent:
            self._times += 1
            if self._times == self._at or (self._times > self._at and not self._once):
                raise OSError(self._code, os.strerror(self._code))
        return self._real(*arguments, **named)


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize("code", _FAULTS, ids=errno.errorcode.get)
def test_no_failed_call_looks_like_in_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    root = tmp_path / "tree"
    write(root, {"d/file": "1", "d/deep/file": "3", "e/file": "4"})
    (root / "d/link").symlink_to("file")
    reference = see(root).directories
    injected = 0
    for once in (True, False):
        for at in range(1, 12):
            with monkeypatch.context() as patch:
                for name in _CALLS[call]:
                    patch.setattr(os, name, Fault(name, code, at, once))
                view = see(root, reference)
            result = differences(view, reference)
            whole = view.outcome == "ok" and view.complete and not view.unseen_total
            if whole:
                assert found(result) == set(), "the call is not made that often"
                continue
            injected += 1
            assert result.unknown or view.reason or view.outcome == "unknown"
            assert not result.differences, "what was not seen is not missing"
            assert not result.groups
    assert injected >= 2


def test_twin_that_swallows_errors_is_in_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "tree"
    write(root, {"d/file": "1", "e/file": "4"})
    reference = see(root).directories
    write(root, {"d/file": "2"})
    for name in _CALLS["read"]:
        monkeypatch.setattr(os, name, Fault(name, errno.EIO, 1, False))
    monkeypatch.setattr(record.Recorder, "unseen", lambda self, path, reason: None)
    view = see(root, reference)
    assert (view.outcome, view.complete, view.unseen) == ("ok", True, [])


@pytest.mark.parametrize("limit", [0.0, 1e-9])
def test_past_its_time_limit_everything_is_unknown(tmp_path: Path, limit: float) -> None:
    write(tmp_path / "tree", {"d/file": "1"})
    view = see(tmp_path / "tree", timeout_s=limit)
    assert view.outcome == "unknown"
    assert "time limit" in view.reason


@pytest.mark.parametrize("fail_on", ["critical", "low"])
def test_an_audit_that_could_not_read_something_fails(operator: Operator, tmp_path: Path, fail_on: str) -> None:
    reference = application(tmp_path / "reference")
    host = reference.deploy(tmp_path / "host")
    (host / "nested/.git").mkdir(parents=True)
    os.mkfifo(host / "nested/.git/HEAD")
    audit = operator.audit_one(host, drift_repo=str(reference.path), drift_fail_on=fail_on, drift_sections=["trees"])
    assert audit.state() == (2, "unknown")
    (finding,) = (f for f in audit.findings["findings"] if f["check"] == "read")
    assert finding["subject"] == "nested"
    assert finding["outcome"] == "unknown"
