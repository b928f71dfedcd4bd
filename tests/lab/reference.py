# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the repository of virtuoso, the truth that the lab's hosts are compared with.

reference.py FOLDER: makes FOLDER, or makes it again when it is one of its own.
Its last commit is tests/lab/virtuoso; the commits before it lack one fix each.
The same commits come out on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

MARKER = ".git/evenkeel-lab"
SOURCE = Path(__file__).resolve().parent / "virtuoso"
FIRST_COMMIT = datetime(2025, 9, 19, 8, 0, tzinfo=timezone.utc)


class Fix(t.NamedTuple):
    """A commit: what a file says since, and what it said before."""

    subject: str
    file: str
    since: str
    before: str


FIXES = (
    Fix(
        "Tell the regime of each intent",
        "src/core/market.py",
        'return ("NEUTRAL", "TRENDING", "VOLATILE")[int(time.time() + SYMBOLS.index(symbol)) % 3]',
        'return "unknown"',
    ),
    Fix(
        "Say when a signal was made, not when the server started",
        "src/core/market.py",
        '        "timestamp": now(),\n',
        '        "timestamp": STARTED,\n',
    ),
    Fix(
        "Call monitor_task_completion as it is declared",
        "src/core/tasks.py",
        "task.add_done_callback(monitor_task_completion)",
        "task.add_done_callback(lambda done: monitor_task_completion(done, name=work.__name__))",
    ),
)
# What only the code before a fix needs.
FORMERLY = {"src/core/market.py": ("\n\ndef price(", "\n\nSTARTED = now()\n\n\ndef price(")}


def git(repository: Path, *arguments: str, when: datetime = FIRST_COMMIT) -> None:
    """Run git apart from the user's own configuration, so that every machine makes the same commits."""
    stamp = when.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment.update(
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_NOSYSTEM="1",
        GIT_AUTHOR_NAME="Trading Team",
        GIT_AUTHOR_EMAIL="trading@example.org",
        GIT_COMMITTER_NAME="Trading Team",
        GIT_COMMITTER_EMAIL="trading@example.org",
        GIT_AUTHOR_DATE=stamp,
        GIT_COMMITTER_DATE=stamp,
        LC_ALL="C",
    )
    subprocess.run(["git", *arguments], cwd=repository, env=environment, check=True, stdin=subprocess.DEVNULL)


def replace(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise SystemExit(f"reference.py expects {old!r} once in {path}")
    path.write_text(text.replace(old, new), encoding="utf-8")


def commit(root: Path, subject: str, number: int) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", subject, when=FIRST_COMMIT + timedelta(hours=19 * number))


def build(root: Path) -> None:
    if root.exists():
        if not (root / MARKER).is_file():
            raise SystemExit(f"{root} holds something else than the lab's repository; it was left alone")
        shutil.rmtree(root)
    shutil.copytree(SOURCE, root, ignore=shutil.ignore_patterns("__pycache__", "logs"))
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.suffix == ".sh" else 0o644)
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / MARKER).touch()
    for fix in FIXES:
        replace(root, fix.file, fix.since, fix.before)
    for file, (since, before) in FORMERLY.items():
        replace(root, file, since, before)
    commit(root, "Trade intents over a stream", 0)
    for number, fix in enumerate(FIXES, start=1):
        replace(root, fix.file, fix.before, fix.since)
        if number == len(FIXES):
            for file, (since, before) in FORMERLY.items():
                replace(root, file, before, since)
        commit(root, fix.subject, number)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    os.umask(0o022)
    build(Path(sys.argv[1]).absolute())
