# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposals over the local connection: what a deploy suggests, and what it does when it is asked to."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import jsonschema
import pytest
from e2e_operator import Operator, Outcome
from e2e_project import Repository, write

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
CONTRACT = {"trees": [{"name": "source", "forbid": ["**/__pycache__/", "*.bak"]}]}
CLEAN_UP = "clean-up-web1"

Json = dict[str, t.Any]


class Host:
    """A host that is at its reference, but for what must not be there."""

    def __init__(self, folder: Path, operator: Operator) -> None:
        self.folder = folder
        self.operator = operator
        reference = Repository(folder / "reference")
        reference.commit("First", {"app/main.py": "one\n", ".gitignore": "__pycache__/\n"})
        self.root = reference.deploy(folder / "web1", with_git=False)
        write(
            self.root,
            {
                "app/__pycache__/main.pyc": "compiled\n",
                "app/__pycache__/deep/x.pyc": b"\0",
                "app/main.py.bak": "an older one\n",
                ".env.bak": "PASSWORD=tops3cret-value-42\n",
            },
        )
        (self.root / "app/main.py.bak").chmod(0o640)
        given = {
            "drift_repo": str(reference.path),
            "drift_state_dir": str(folder / "state"),
            "drift_sections": ["trees"],
        }
        self.inventory = operator.inventory(
            {"web1": {"drift_root": str(self.root)}}, drift_contract=CONTRACT, drift_application="shop", **given
        )

    def play(self, name: str, *arguments: str, **variables: t.Any) -> Outcome:
        extra = ["-e", json.dumps({"drift_output_dir": str(self.operator.runs), **variables})]
        return self.operator.play(f"evenkeel.drift.{name}", "-i", str(self.inventory), *extra, *arguments)

    def last(self) -> Path:
        return max((self.operator.runs / "deploys").iterdir(), key=lambda path: path.name if path.is_dir() else "")

    def files(self) -> dict[str, tuple[bytes, int, int]]:
        found = {}
        for path in sorted(self.root.rglob("*")):
            kept = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path.relative_to(self.root))] = (content, kept.st_mode, kept.st_mtime_ns if path.is_file() else 0)
        return found


@pytest.fixture(name="host")
def fixture_host(tmp_path: Path, operator: Operator) -> Host:
    return Host(tmp_path / "site", operator)


def test_forbidden_files_are_moved_into_the_restore_point_when_asked(host: Host) -> None:
    before = host.files()
    outcome = host.play("deploy")
    assert outcome.state() == (0, "drift"), outcome.text
    assert host.files() == before
    plan = json.loads((host.last() / "plan.json").read_text())
    jsonschema.validate(plan, SCHEMA)
    assert {one["name"]: (one["can_apply"], one["applied"]) for one in plan["proposals"]} == {
        CLEAN_UP: (True, False),
        "gitignore-web1": (False, False),
    }
    told = (host.last() / "proposals" / CLEAN_UP / "README.md").read_text()
    assert CLEAN_UP in outcome.text and "4 forbidden files" in told and "tops3cret" not in told
    # .env.bak is ignored by nobody, and the compiled files by the reference.
    assert (host.last() / "proposals/gitignore-web1/gitignore").read_text() == "*.bak\n"

    done = host.play("deploy", sync_proposals=[CLEAN_UP])
    assert done.state() == (0, "in_sync"), done.text
    jsonschema.validate(json.loads((host.last() / "plan.json").read_text()), SCHEMA)
    assert set(host.files()) == {".gitignore", "app", "app/main.py"}
    assert json.loads((host.last() / "run.json").read_text())["outcomes"] == {"web1": "changed"}

    back = host.play("rollback")
    assert back.code == 0, back.text
    assert host.files() == before


def test_a_file_that_changed_since_the_plan_is_not_removed(host: Host) -> None:
    assert host.play("deploy", "--check", sync_proposals=[CLEAN_UP]).code == 0
    plan = host.last() / "plan.json"
    write(host.root, {"app/main.py.bak": "another one\n"})
    before = host.files()
    outcome = host.play("deploy", drift_plan=str(plan))
    assert outcome.code == 2
    assert "app/main.py.bak" in outcome.text
    assert host.files() == before


def test_a_wrong_name_changes_nothing(host: Host) -> None:
    before = host.files()
    outcome = host.play("deploy", sync_proposals=["clean-up-web2"])
    assert outcome.code == 2
    assert 'sync_proposals[0]: this plan has no proposal "clean-up-web2", did you mean "clean-up-web1"?' in outcome.text
    assert host.files() == before
    reviewed = host.play("deploy", "--check")
    assert reviewed.code == 0
    outcome = host.play("deploy", drift_plan=str(host.last()), sync_proposals=[CLEAN_UP])
    assert "was made without the proposal clean-up-web1" in outcome.text
    assert host.files() == before
