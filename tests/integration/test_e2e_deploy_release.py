# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys of hosts whose drift_root is a link to a release: a new one is made, and the link is switched."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import jsonschema
import pytest
from e2e_operator import Operator, Outcome
from e2e_project import Repository, write

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "plan.schema.json").read_text(encoding="utf-8"))


class Site:
    """A repository of two commits, and a host whose only release is the first."""

    def __init__(self, folder: Path, operator: Operator) -> None:
        self.folder = folder
        self.operator = operator
        self.reference = Repository(folder / "reference")
        files = {".gitignore": "*.log\nlogs\n", "app/main.py": "one\n", "app/gone.py": "x\n", "README": "r\n"}
        self.first = self.reference.commit("First", files)
        self.above = folder / "shop"
        (self.above / "releases").mkdir(parents=True)
        self.release = self.reference.deploy(self.above / "releases" / "first", self.first, with_git=False)
        self.link = self.above / "current"
        self.link.symlink_to("releases/first")
        (self.reference.path / "app/gone.py").unlink()
        self.second = self.reference.commit("Second", {"app/main.py": "two\n", "new/module.py": "new\n"})

    def play(self, book: str, *arguments: str, **variables: t.Any) -> Outcome:
        given = {"drift_repo": str(self.reference.path), "drift_state_dir": str(self.folder / "state")}
        given["drift_sections"] = ["trees"]
        inventory = self.operator.inventory({"web1": {"drift_root": str(self.link)}}, **given)
        extra = {"drift_output_dir": str(self.operator.runs), **variables}
        return self.operator.play(f"evenkeel.drift.{book}", "-i", str(inventory), "-e", json.dumps(extra), *arguments)

    def deploy(self, *arguments: str, **variables: t.Any) -> Outcome:
        return self.play("deploy", *arguments, sync_strategy="release", sync_prune=True, **variables)


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, operator: Operator) -> Site:
    return Site(tmp_path / "site", operator)


def test_a_release_is_made_and_switched_to_and_rolled_back(site: Site) -> None:
    write(site.release, {"logs/app.log": "a line\n", "README": "edited at night\n"})
    outcome = site.deploy("--check", sync_shared=["logs"])
    assert outcome.code == 0, outcome.text
    assert os.readlink(site.link) == "releases/first"
    outcome = site.deploy(sync_shared=["logs"])
    assert outcome.code == 0, outcome.text
    assert outcome.brief() == {("content", "README", "edited_on_host")}
    assert os.readlink(site.link) == f"releases/{site.second[:12]}-1"
    assert (site.link / "app/main.py").read_text() == "two\n"
    assert (site.release / "app/main.py").read_text() == "one\n"
    assert (site.release / "app/gone.py").exists() and not (site.link / "app/gone.py").exists()
    # What was left alone came along, and what is shared is one for all.
    assert (site.link / "README").read_text() == "edited at night\n"
    assert os.readlink(site.link / "logs") == "../../shared/logs"
    assert (site.link / "logs/app.log").read_text() == "a line\n"
    folders = [path for path in (site.operator.runs / "deploys").iterdir() if path.is_dir()]
    jsonschema.validate(json.loads((max(folders, key=lambda path: path.name) / "plan.json").read_text()), SCHEMA)
    outcome = site.play("rollback")
    assert outcome.code == 0, outcome.text
    assert (site.link / "app/main.py").read_text() == "one\n"
    assert (site.link / "app/gone.py").exists() and not (site.link / "new").exists()


def test_a_host_without_releases_is_told_how_to_begin(site: Site) -> None:
    site.link.unlink()
    site.release.rename(site.link)
    outcome = site.deploy()
    assert outcome.code == 2
    assert f"ln -s releases/first {site.link}" in " ".join(outcome.text.split())
    assert (site.link / "app/main.py").read_text() == "one\n"
