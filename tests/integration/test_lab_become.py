# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: an ordinary user of SSH who becomes root by sudo audits, remediates and verifies what is root's alone."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from e2e_lab import SmallHost, small_host
from e2e_operator import Operator, Outcome
from e2e_project import Repository

pytestmark = pytest.mark.lab

_ROOT, _URL = "/srv/shop", "http://127.0.0.1:8099/health"
SERVER = """\
import http.server

class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({status})
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", 8099), Health).serve_forever()
"""
# Nobody but root may even look into the application.
_MADE = f"""
useradd --create-home --shell /bin/bash ordinary
install -d -m 0700 -o ordinary -g ordinary /home/ordinary/.ssh
install -m 0600 -o ordinary -g ordinary /lab/keys/lab.pub /home/ordinary/.ssh/authorized_keys
echo 'ordinary ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/ordinary
cp -a /srv/app {_ROOT}
chown -R root: {_ROOT}
chmod 0750 {_ROOT}
printf '[Service]\\nExecStart=/usr/bin/python3 {_ROOT}/src/server.py\\n[Install]\\nWantedBy=multi-user.target\\n' \\
  >/etc/systemd/system/shop.service
systemctl enable --quiet --now shop.service
"""
CONTRACT = {
    "trees": [{"name": "source", "path": "src"}],
    "processes": [{"name": "shop", "match": r"python\S* \S+/server\.py", "unit": "shop.service", "reads": ["src"]}],
    "units": [{"name": "shop.service", "enabled": True}],
    "endpoints": [{"name": "health", "url": _URL}],
}


class Shop:
    """An application on a small host, and an operator who reaches it as an ordinary user."""

    def __init__(self, host: SmallHost, reference: Repository, operator: Operator) -> None:
        self.inside = host.inside
        self.reference = reference
        self.operator = operator
        variables = {
            **host.variables("ordinary"),
            "ansible_become": True,
            "drift_root": _ROOT,
            "drift_repo": str(reference.path),
            "drift_contract": CONTRACT,
        }
        self.inventory = operator.inventory({"web1": variables})
        self.inside("sh", "-ec", _MADE)

    def play(self, name: str, **variables: t.Any) -> Outcome:
        extra = json.dumps({"drift_output_dir": str(self.operator.runs), **variables})
        return self.operator.play(f"evenkeel.drift.{name}", "-i", self.inventory, "-e", extra)

    def outcome(self) -> str:
        """Return how the last remediation left the host."""
        kept = max((self.operator.runs / "deploys").glob("2*/run.json"))
        return str(json.loads(kept.read_text("utf-8"))["outcomes"]["web1"])

    def files(self) -> str:
        return self.inside("find", _ROOT, "-printf", "%p %u:%g %m %s\\n")


@pytest.fixture(name="shop")
def fixture_shop(tmp_path: Path, operator: Operator) -> t.Iterator[Shop]:
    reference = Repository(tmp_path / "reference")
    reference.commit("First", {"src/server.py": SERVER.format(status=200), "src/other.py": "1\n"})
    with small_host(reference.deploy(tmp_path / "old", with_git=False)) as host:
        yield Shop(host, reference, operator)


def test_the_whole_chain_as_an_ordinary_user_with_sudo(shop: Shop) -> None:
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    audit = shop.play("audit")
    assert audit.brief("trees") == {("content", "src/other.py", "behind")}, audit.text
    assert audit.evidence("web1", "trees")["user"] == "root"
    assert audit.findings["verdict"]["state"] == "drift"

    good = shop.play("remediate")
    assert (good.code, shop.outcome()) == (0, "changed"), good.text
    assert f"{_ROOT}/src/other.py root:root 644 2\n" in shop.files()
    assert f"{_ROOT} root:root 750 " in shop.files()

    verified = shop.play("verify", verify_watch={"for": "10s", "every": "1s"})
    assert verified.code == 0, verified.text

    before = shop.files()
    shop.reference.commit("Third", {"src/server.py": SERVER.format(status=500)})
    bad = shop.play("remediate")
    assert (bad.code, shop.outcome()) == (2, "rolled_back"), bad.text
    assert shop.files() == before
    assert "200" in shop.inside("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", _URL)

    # Root's own records, and nothing of the user's beside their home.
    assert shop.inside("stat", "-c", "%U %a", "/var/lib/evenkeel") == "root 700\n"
    assert shop.inside("find", "/srv/shop", "/var", "/tmp", "/etc", "/root", "-user", "ordinary") == ""
    assert shop.inside("find", "/home/ordinary", "-type", "f", "-newer", "/etc/systemd/system/shop.service") == ""
