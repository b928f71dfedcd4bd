# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the demonstration: `reference/`, a git repository with history, and `prod/`, a copy of it that has drifted.

build_demo.py FOLDER: makes FOLDER, or makes it again when it is one of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from datetime import datetime, timedelta, timezone
from pathlib import Path

from demo_application import COMMITS, Change, source

MARKER = ".evenkeel-demo"
FIRST_COMMIT = datetime(2025, 9, 19, 8, 0, tzinfo=timezone.utc)
BEHIND = 4
ENVIRONMENT = "venv311"
INSTALLED = {"aiohttp": "3.9.1", "ccxt": "4.3.27", "numpy": "1.26.4", "pydantic": "2.7.1", "uvicorn": "0.29.0"}
"""What the environment of prod has: aiohttp is not the version that requirements.txt asks for."""


def git(repository: Path, *arguments: str, when: datetime = FIRST_COMMIT) -> None:
    """Run git apart from the user's own configuration, so that every machine makes the same commits."""
    stamp = when.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment.update(
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_SYSTEM=os.devnull,
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


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if name.endswith(".sh") else 0o644)


def edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise SystemExit(f"the demonstration expects {old!r} once in {path}")
    path.write_text(text.replace(old, new), encoding="utf-8")


def commit(root: Path, change: Change, when: datetime) -> None:
    write(root, change.files)
    for name, old, new in change.edits:
        edit(root, name, old, new)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", change.subject, when=when)


def build_reference(root: Path) -> None:
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    for number, change in enumerate(COMMITS):
        commit(root, change, FIRST_COMMIT + timedelta(hours=19 * number))


def build_prod(root: Path, reference: Path) -> None:
    """Clone the reference, step back some commits, and do what people do to a server in a hurry."""
    git(root.parent, "clone", "--quiet", str(reference), root.name)
    git(root, "reset", "--quiet", "--hard", f"origin/main~{BEHIND}")

    # An experiment that somebody put aside.
    edit(root, "config/config.yaml", "interval_s: 10", "interval_s: 30")
    git(root, "stash", "push", "--quiet", "--message", "slower polling while the exchange is down")

    # Fixes made in place and never committed.
    edit(root, "src/monitoring/monitor.py", "timeout=30", "timeout=120")
    edit(root, "src/data_processing/error_handler.py", "MAX_RETRIES = 3", "MAX_RETRIES = 25")
    write(root, {"src/web/enhanced_real_data_server.py": source("Serve real data on port 8004.", "serve")})
    (root / "src/data_processing/batch_writer.py").unlink()
    (root / "scripts/restart.sh").chmod(0o644)

    # What a running application leaves behind.
    for package in ("src/core", "src/monitoring"):
        for name in ("__init__", "main"):
            write(root, {f"{package}/__pycache__/{name}.cpython-311.pyc": f"compiled {name}\n"})
    write(root, {f"logs/{name}.log": "09:15:02 cycle complete in 8.1 s\n" * 40 for name in ("main", "web_server")})
    write(root, {".env": "BYBIT_API_KEY=demo-only-not-a-key\nLOG_LEVEL=INFO\n"})


def build_environment(root: Path) -> None:
    """Make a virtual environment without pip, and install the metadata of packages that nothing here runs."""
    venv.create(root, symlinks=True, with_pip=False)
    (packages,) = root.glob("lib/python3*/site-packages")
    for name, version in INSTALLED.items():
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        record = f"{name}/__init__.py,,\n{name}-{version}.dist-info/METADATA,,\n"
        files = {"METADATA": metadata, "RECORD": record, "INSTALLER": "pip\n", "top_level.txt": f"{name}\n"}
        write(packages, {f"{name}-{version}.dist-info/{file}": text for file, text in files.items()})
        write(packages, {f"{name}/__init__.py": f'"""The demonstration does without {name}."""\n'})


def main(folder: Path) -> None:
    os.umask(0o022)  # the modes of the files are part of the demonstration
    if folder.exists():
        if any(folder.iterdir()) and not (folder / MARKER).is_file():
            raise SystemExit(f"{folder} holds something else than a demonstration; it was left alone")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARKER).touch()
    build_reference(folder / "reference")
    build_prod(folder / "prod", folder / "reference")
    build_environment(folder / "prod" / ENVIRONMENT)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]).absolute())
