# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore points that are fetched to the control node, as an operator runs it, and brings one back by hand."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from e2e_operator import Operator
from e2e_project import application

OPENSSL = shutil.which("openssl") or ""
CANARY = "s3cr3t-canary-77d0"
pytestmark = pytest.mark.skipif(not OPENSSL, reason="no openssl is installed")


class Site:
    """An application on one host, and an operator with a key."""

    def __init__(self, operator: Operator, top: Path) -> None:
        self.operator = operator
        self.reference = application(top / "reference")
        self.root = self.reference.deploy(top / "app")
        (self.root / ".env").write_text(f"TOKEN={CANARY}\n")
        self.state, self.kept = top / "state", top / "kept"
        self.recipient = top / "both.pem"
        words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=backup"]
        files = ["-keyout", str(self.recipient), "-out", str(top / "certificate.pem")]
        subprocess.run([OPENSSL, *words, *files], check=True, capture_output=True)
        # Key and certificate in one file, as some keep them.
        self.secret = self.recipient.read_text()
        self.recipient.write_text(self.secret + (top / "certificate.pem").read_text())
        variables = {"drift_root": str(self.root), "drift_repo": str(self.reference.path)}
        variables["drift_state_dir"] = str(self.state)
        self.fetch = {"to": str(self.kept), "recipient": str(self.recipient)}
        self.inventory = operator.inventory({"web1": {**variables, "drift_application": "shop"}})

    def play(self, playbook: str, **variables: object) -> tuple[int, str]:
        given = ["-e", json.dumps(variables)]
        done = self.operator.play(f"evenkeel.drift.{playbook}", "-i", self.inventory, "-vvv", *given)
        assert CANARY not in done.text
        assert self.secret.splitlines()[5] not in done.text
        return done.code, done.text

    def holds(self, folder: Path, secret: str) -> list[Path]:
        return [one for one in folder.rglob("*") if one.is_file() and secret.encode() in one.read_bytes()]


@pytest.fixture(name="site")
def fixture_site(operator: Operator, tmp_path: Path) -> Site:
    return Site(operator, tmp_path)


def test_a_point_comes_encrypted_and_goes_back_by_hand(site: Site) -> None:
    code, said = site.play("backup", backup_fetch=site.fetch)
    assert code == 0, said
    [point] = (site.kept / "web1/shop").iterdir()
    assert "fetched, encrypted by its host, in " in said
    assert not site.holds(site.kept, CANARY)
    # The twin: what is searched for lies in the point on its host.
    assert site.holds(site.state, CANARY)
    assert not site.holds(site.state, site.secret.splitlines()[5])
    assert not list((site.state / "shop/outgoing").iterdir())
    shutil.rmtree(site.state / "shop/points")
    (site.root / ".env").unlink()
    code, said = site.play("rollback", rollback_to=point.name, backup_fetch=site.fetch)
    assert code != 0
    assert f"it was fetched, and lies encrypted in {point} on the control node: bring it back as docs/backup.md" in said
    # As docs/backup.md has it, without ssh in between.
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=point, check=True)
    words = ["cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", str(site.recipient), "-in"]
    parts = sorted(point.glob("*.cms"))
    text = b"".join(
        subprocess.run([OPENSSL, *words, str(one)], check=True, capture_output=True).stdout for one in parts
    )
    back = f"umask 077; mkdir -p '{site.state}/shop/points'; tar -x --no-same-owner -C '{site.state}/shop/points'"
    subprocess.run(["/bin/sh", "-c", back], input=text, check=True)
    code, said = site.play("rollback", rollback_to=point.name)
    assert code == 0, said
    assert (site.root / ".env").read_text() == f"TOKEN={CANARY}\n"


def test_a_deploy_changes_nothing_while_its_point_cannot_be_fetched(site: Site) -> None:
    site.reference.commit("Third", {"src/app.py": "three\n"})
    site.kept.write_text("in the way")
    code, said = site.play("deploy", backup_fetch=site.fetch)
    assert code != 0
    assert "is good, and was not fetched: " in said
    assert (site.root / "src/app.py").read_text() == "two\n"
    assert not list((site.state / "shop/outgoing").iterdir())


def test_a_mistake_is_named_before_anything_is_done(site: Site) -> None:
    code, said = site.play("backup", backup_fetch={**site.fetch, "recipient": str(site.root / "src/app.py")})
    assert code != 0
    assert "holds no certificate in PEM" in said
    assert not site.state.exists()
