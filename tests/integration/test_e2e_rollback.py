# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup and rollback as an operator runs them: what was is again, and what cannot be is said."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import stat
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome

BACKUP = "evenkeel.drift.backup"
ROLLBACK = "evenkeel.drift.rollback"
CANARY = "s3cr3t-canary-31f8"

Json = dict[str, t.Any]


def git(folder: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    argv = ["git", "-c", "user.name=ops", "-c", "user.email=ops@example.org", "-C", str(folder), *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True, env=environment).stdout.strip()


@dataclasses.dataclass
class Site:
    """One application on one host, and the operator who looks after it."""

    operator: Operator
    root: Path
    reference: Path
    state: Path

    def play(self, playbook: str, *arguments: str, **variables: t.Any) -> Outcome:
        extra = {"drift_root": str(self.root), "drift_repo": str(self.reference), "drift_state_dir": str(self.state)}
        inventory = self.operator.inventory({"web1": extra})
        given = [f"-e{json.dumps(variables)}"] if variables else []
        return self.operator.play(playbook, "-i", inventory, *given, *arguments)

    def points(self) -> list[Path]:
        return sorted(self.state.glob("*/points/*"))

    def seen(self) -> dict[str, t.Any]:
        """Return all that is below the root but for the repository, as no code of the collection sees it."""
        found: dict[str, t.Any] = {}
        for path in sorted(self.root.rglob("*")):
            if ".git" in path.parts:
                continue
            told = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(told.st_mode) else None
            times = told.st_mtime_ns if content is not None else None
            found[str(path.relative_to(self.root))] = (told.st_mode, told.st_uid, told.st_gid, times, content)
        return found


@pytest.fixture(name="site")
def fixture_site(operator: Operator, tmp_path: Path) -> Site:
    reference, root = tmp_path / "reference", tmp_path / "app"
    (reference / "src").mkdir(parents=True)
    (reference / "config").mkdir()
    (reference / "src/main.py").write_text("print('one')\n")
    (reference / "config/app.yaml").write_text("level: 1\n")
    (reference / ".gitignore").write_text("*.log\n.env\nvenv/\n")
    git(reference, "init", "-q", "-b", "main")
    git(reference, "add", "-A")
    git(reference, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", str(reference), str(root))
    (root / ".env").write_text(f"TOKEN={CANARY}\n")
    (root / ".env").chmod(0o600)
    (root / "app.log").write_text("ignored\n")
    (root / "src/main.py").write_text("print('edited on the host')\n")
    return Site(operator, root, reference, tmp_path / "state")


def damage(site: Site) -> None:
    """Do to the files what a deploy by hand could do."""
    (site.root / "src/main.py").write_text("print('two')\n")
    (site.root / "src/main.py").chmod(0o755)
    (site.root / ".env").write_text("TOKEN=\n")
    shutil.rmtree(site.root / "config")


def test_what_was_saved_comes_back_and_the_rollback_can_be_undone(site: Site) -> None:
    before = site.seen()
    made = site.play(BACKUP)
    assert made.code == 0, made.text
    assert "4 files" in made.text
    assert "uncommitted work is kept as commit" in made.text
    assert "no databases outside these files, no volumes" in made.text
    damage(site)
    damaged = site.seen()
    back = site.play(ROLLBACK)
    assert back.code == 0, back.text
    assert site.seen() == before
    assert "every path is as restore point" in back.text
    assert "of 120 s" in back.text
    again = site.play(ROLLBACK)
    assert "changed=0" in again.text
    assert "nothing had to be changed" in again.text
    assert len(site.points()) == 2
    undone = site.play(ROLLBACK, rollback_to=site.points()[-1].name)
    assert undone.code == 0, undone.text
    restored = site.seen()
    # The point of what a rollback replaces has the paths of its point: what is gone is gone again.
    assert restored == damaged
    assert CANARY not in made.text + back.text + undone.text


def test_a_deploy_is_undone_by_the_point_that_it_made(site: Site) -> None:
    git(site.root, "checkout", "-q", "--", ".")
    (site.reference / "src/main.py").write_text("print('two')\n")
    (site.reference / "new").mkdir()
    (site.reference / "new/feature.py").write_text("print('new')\n")
    git(site.reference, "rm", "-q", "config/app.yaml")
    git(site.reference, "add", "-A")
    git(site.reference, "commit", "-q", "-m", "second")
    before = site.seen()
    deployed = site.play("evenkeel.drift.deploy", sync_prune=True, drift_output_dir=str(site.operator.runs))
    assert (site.root / "new/feature.py").exists(), deployed.text
    assert not (site.root / "config/app.yaml").exists(), deployed.text
    back = site.play(ROLLBACK)
    assert back.code == 0, back.text
    assert site.seen() == before


def test_a_rehearsal_proves_the_point_and_changes_nothing(site: Site) -> None:
    site.play(BACKUP)
    damage(site)
    before = site.seen()
    for told in (site.play(ROLLBACK, "--check"), site.play(ROLLBACK, rollback_rehearse=True)):
        assert told.code == 0, told.text
        assert "src/main.py: would be written" in told.text
        assert "rehearsed in" in told.text
    assert site.seen() == before
    assert len(site.points()) == 1


def test_a_backup_in_check_mode_tells_the_size_and_writes_nothing(site: Site) -> None:
    told = site.play(BACKUP, "--check")
    assert told.code == 0, told.text
    assert "a restore point would have 4 files" in told.text
    assert not site.state.exists()


def test_a_damaged_point_is_never_used(site: Site) -> None:
    site.play(BACKUP)
    damage(site)
    before = site.seen()
    victim = max((site.points()[0] / "objects").iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[0] ^= 1
    victim.write_bytes(content)
    told = site.play(ROLLBACK)
    assert told.code != 0
    assert "is not what it was" in told.text
    assert site.seen() == before


def test_a_point_that_is_marked_bad_is_not_picked(site: Site) -> None:
    before = site.seen()
    site.play(BACKUP)
    damage(site)
    site.play(BACKUP)
    told = site.play(ROLLBACK, rollback_mark_bad=site.points()[-1].name, rollback_why="made of a broken release")
    assert told.code == 0, told.text
    assert site.seen() == before


def test_a_point_without_a_name_is_refused_and_not_the_newest_one(site: Site) -> None:
    site.play(BACKUP)
    damage(site)
    damaged = site.seen()
    for variable in ("rollback_to", "rollback_mark_bad"):
        told = site.play(ROLLBACK, **{variable: ""})
        assert told.code != 0
        assert f"{variable}: is empty" in " ".join(told.text.split())
        assert site.seen() == damaged


def test_without_a_point_it_says_so(site: Site) -> None:
    told = site.play(ROLLBACK)
    assert told.code != 0
    assert "none was ever made" in told.text
    assert not site.state.exists()


def test_old_points_go(site: Site) -> None:
    for number in range(3):
        (site.root / "src/main.py").write_text(f"print({number})\n")
        told = site.play(BACKUP, backup_keep=2)
        assert told.code == 0, told.text
    assert len(site.points()) == 2
    assert "removed, since newer ones are kept" in told.text
    refs = git(site.root, "for-each-ref", "--format=%(refname)", "refs/evenkeel").split()
    assert refs == [f"refs/evenkeel/{point.name}" for point in site.points()]


def test_named_paths_alone(site: Site) -> None:
    told = site.play(BACKUP, backup_paths=["config/app.yaml", "new.txt"], backup_git=False)
    assert told.code == 0, told.text
    (site.root / "new.txt").write_text("deployed\n")
    (site.root / "src/main.py").write_text("print('not of this point')\n")
    site.play(ROLLBACK)
    assert not (site.root / "new.txt").exists()
    assert (site.root / "src/main.py").read_text() == "print('not of this point')\n"


def test_a_change_that_was_interrupted_is_finished_first(site: Site, tmp_path: Path) -> None:
    before = site.seen()
    site.play(BACKUP)
    damage(site)
    kill_in_the_middle(site)
    assert list(site.state.glob("*/journal.*"))
    assert "interrupted" in site.play(BACKUP).text
    told = site.play(ROLLBACK)
    assert told.code == 0, told.text
    assert "an interrupted change was finished first" in told.text
    assert site.seen() == before
    assert not list(site.state.glob("*/journal.*"))


def kill_in_the_middle(site: Site) -> None:
    """Apply a change as the engine does, in a process that is killed when the first file took its place."""
    program = f"""
import hashlib, os, signal, sys
sys.path[:0] = {sys.path!r}
from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import open_state
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
content = b"print('three')\\n"
os.mkdir({str(site.state / "contents")!r})
with open({str(site.state / "contents")!r} + "/" + hashlib.sha256(content).hexdigest(), "wb") as target:
    target.write(content)
old = open({str(site.root / "src/main.py")!r}, "rb").read()
rename = os.rename
def killing(*names, **fds):
    rename(*names, **fds)
    if names[1] in ("main.py", b"main.py"):
        os.kill(os.getpid(), signal.SIGKILL)
os.rename = killing
digest = hashlib.sha256(content).hexdigest()
before = {{"type": "file", "sha256": hashlib.sha256(old).hexdigest(), "size": len(old), "mode": "0755"}}
operations = [{{"do": "write", "path": "src/main.py", "sha256": digest, "size": len(content), "before": before}}]
state = open_state({str(site.state)!r}, {site.points()[0].parent.parent.name!r})
source = os.open({str(site.state / "contents")!r}, os.O_RDONLY)
about = {{"id": "plan-1", "kind": "sync", "who": "ops", "why": "deploy", "run": ""}}
transaction.apply(operations, [source], {str(site.root)!r}, state, about, Host("/", 60))
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="this user cannot become another, on this machine")
def test_the_points_of_root_are_closed_to_others(site: Site) -> None:
    site.play(BACKUP)
    for path in [site.state, *site.state.rglob("*")]:
        assert path.stat().st_uid == 0
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_bad_input_of_a_backup(site: Site) -> None:
    told = site.play(BACKUP, drift_state_dir="/", drift_root="app")
    assert told.code != 0
    assert "drift_root: expected" in told.text
    assert "directory on the host of its own" in told.text


def test_a_backup_that_cannot_tell_what_is_ignored_says_so(site: Site) -> None:
    told = site.play(BACKUP, drift_repo="/nonexistent")
    assert told.code != 0
    assert "what the reference ignores cannot be told" in told.text
    assert not site.state.exists()


def test_bad_input_of_a_rollback(site: Site) -> None:
    told = site.play(ROLLBACK, rollback_to="yesterday", rollback_level="half")
    assert told.code != 0
    assert "config" in told.text
