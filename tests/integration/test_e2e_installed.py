# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users get it: built, installed to a path of its own, and run from there, without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.plugin_utils.control import COLLECTION_VERSION
from e2e_lab import CHECKOUT
from e2e_operator import Operator
from e2e_project import application

# No version that a checkout has: a run that names it was made by what was installed.
VERSION = "9.8.7"
GALAXY = Path(sys.executable).parent / "ansible-galaxy"
SHIPPED = {
    *("CONTRIBUTING.md", "FILES.json", "LICENSES", "MANIFEST.json", "README.md", "REUSE.toml"),
    *("changelogs", "docs", "meta", "playbooks", "plugins", "roles"),
}


def checkout(to: Path) -> Path:
    """Copy what git tracks, or would."""
    asked = ["git", "-C", str(CHECKOUT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(asked, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source, target = CHECKOUT / name, to / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for name in ("galaxy.yml", "plugins/plugin_utils/control.py"):
        text = (to / name).read_text()
        assert text.count(COLLECTION_VERSION) == 1
        (to / name).write_text(text.replace(COLLECTION_VERSION, VERSION))
    return to


def galaxy(operator: Operator, *arguments: str, cwd: Path) -> None:
    done = subprocess.run(
        [str(GALAXY), "collection", *arguments],
        cwd=cwd,
        env=operator.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_what_is_built_holds_what_it_needs_and_no_more(operator: Operator, tmp_path: Path) -> None:
    built, installed = tmp_path / "built", tmp_path / "collections"
    galaxy(operator, "build", "--output-path", str(built), cwd=checkout(tmp_path / "checkout"))
    (archive,) = built.iterdir()
    with tarfile.open(archive) as file:
        names = file.getnames()
    assert {name.split("/")[0] for name in names} == SHIPPED
    assert [name for name in names if name.endswith((".pyc", ".tar.gz")) or "__pycache__" in name] == []

    galaxy(operator, "install", "--offline", "-p", str(installed), str(archive), cwd=operator.desk)
    reference = application(tmp_path / "reference")
    root = reference.deploy(tmp_path / "host", commit="HEAD~1")
    inventory = operator.inventory({"web1": {"drift_root": str(root)}}, drift_repo=str(reference.path))
    there = {"ANSIBLE_COLLECTIONS_PATH": str(installed)}
    given = ["-i", str(inventory), "-e", f"drift_output_dir={operator.runs}"]
    audit = operator.play("evenkeel.drift.audit", *given, environment=there)
    assert audit.findings["run"]["controller"]["collection"] == VERSION, audit.text
    assert ("content", "src/app.py", "behind") in audit.brief("trees")
    plan = operator.play("evenkeel.drift.remediate", "--check", *given, environment=there)
    assert plan.code == 0, plan.text
    assert "[WOULD BE CHANGED] web1" in plan.text
