# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore points in a repository of restic, as an operator runs backup, deploy and rollback."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from e2e_operator import Operator
from e2e_project import application

RESTIC = shutil.which("restic") or ""
CANARY = "s3cr3t-canary-c09f"
PASSWORD = "correct-horse-4be2"
pytestmark = pytest.mark.skipif(not RESTIC, reason="no restic is installed")


class Site:
    """An application on one host, which has a repository of restic."""

    def __init__(self, operator: Operator, top: Path) -> None:
        self.operator = operator
        self.reference = application(top / "reference")
        self.root = self.reference.deploy(top / "app")
        (self.root / ".env").write_text(f"TOKEN={CANARY}\n")
        self.state, self.repository, self.password = top / "state", top / "repository", top / "password"
        self.password.write_text(f"{PASSWORD}\n")
        self.password.chmod(0o600)
        environment = {"PATH": os.environ["PATH"], "RESTIC_PASSWORD_FILE": str(self.password)}
        argv = [RESTIC, "--no-cache", "-r", str(self.repository), "init"]
        subprocess.run(argv, check=True, capture_output=True, env=environment)
        place = {"repository": str(self.repository), "password_file": str(self.password)}
        variables = {"drift_root": str(self.root), "drift_repo": str(self.reference.path), "backup_restic": place}
        self.inventory = operator.inventory({"web1": {**variables, "drift_state_dir": str(self.state)}})

    def play(self, playbook: str, *arguments: str) -> tuple[int, str]:
        done = self.operator.play(f"evenkeel.drift.{playbook}", "-i", self.inventory, *arguments)
        assert CANARY not in done.text
        assert PASSWORD not in done.text
        return done.code, done.text

    def points(self) -> list[str]:
        return sorted(one.name for one in self.state.glob("*/points/2*"))


@pytest.fixture(name="site")
def fixture_site(operator: Operator, tmp_path: Path) -> Site:
    return Site(operator, tmp_path)


def test_a_host_that_lost_its_points_gets_them_back(site: Site) -> None:
    code, said = site.play("backup")
    assert code == 0, said
    assert f"kept in the restic repository {site.repository} as well" in said
    secrets = [one for one in site.repository.rglob("*") if one.is_file() and CANARY.encode() in one.read_bytes()]
    assert not secrets
    point = site.points()[0]
    shutil.rmtree(site.state)
    (site.root / "src/app.py").write_text("broken\n")
    (site.root / ".env").unlink()
    code, said = site.play("rollback")
    assert code != 0
    assert f"the newest is {point}: name the one to use" in said
    code, said = site.play("rollback", "-e", f"rollback_to={point}")
    assert code == 0, said
    assert f"restore point {point} was brought back from the restic repository" in said
    assert (site.root / ".env").read_text() == f"TOKEN={CANARY}\n"
    assert (site.root / "src/app.py").read_text() == "two\n"


def test_a_deploy_changes_nothing_while_its_point_is_on_the_host_alone(site: Site) -> None:
    site.reference.commit("Third", {"src/app.py": "three\n"})
    site.password.write_text("another\n")
    code, said = site.play("deploy")
    assert code != 0
    assert "is good, and on this host alone" in said
    assert "the password file is not that of this repository" in said
    assert (site.root / "src/app.py").read_text() == "two\n"
    assert len(site.points()) == 1
    site.password.write_text(f"{PASSWORD}\n")
    _code, said = site.play("deploy")
    assert "[CHANGED] web1" in said
    assert (site.root / "src/app.py").read_text() == "three\n"


def test_a_mistake_is_named_before_anything_is_done(site: Site) -> None:
    code, said = site.play("backup", "-e", '{"backup_restic": {"repository": "/srv/r", "pasword_file": "/etc/p"}}')
    assert code != 0
    assert 'did you mean "password_file"' in said
    assert not site.points()
