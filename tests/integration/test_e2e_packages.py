# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages and imports of a host, from the playbook to the findings: what was planted is found, and nothing else."""

from __future__ import annotations

import shutil
import sys
import venv
from pathlib import Path

import pytest
from e2e_operator import Operator
from e2e_project import Repository, write

REQUIREMENTS = "\n".join(
    [
        "--index-url https://builder:correct-horse-battery-staple@example.org/simple",
        "Right_One==1.0 \\",
        "    --hash=sha256:" + "0" * 64,
        "wrong.one==2.0",
        "gone>=1 ; python_version >= '3.8'",
        "windows==1; sys_platform == 'win32'",
        "-r requirements/base.txt",
    ]
)
AGGREGATOR = "import right_one\nfrom gate_working import Gate\nfrom bit_working import Bit\n"


def environment(root: Path, **versions: str) -> Path:
    venv.create(root, symlinks=True, with_pip=False)
    (site,) = root.glob("lib/python3*/site-packages")
    for name, version in versions.items():
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        write(site, {f"{name}-{version}.dist-info/METADATA": metadata, f"{name}.py": ""})
    return site


@pytest.fixture(name="reference")
def fixture_reference(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "reference")
    made.commit(
        "First",
        {
            ".gitignore": "venv/\n",
            "requirements.txt": REQUIREMENTS,
            "requirements/base.txt": "-c limits.txt\nbase\n",
            "requirements/limits.txt": "base<3\nnot_installed==9\n",
            "services/aggregator.py": AGGREGATOR,
            "services/gate_working.py": "class Gate: pass\n",
            "services/bit_working.py": "class Bit: pass\n",
            "services/copy.py": "".join(f"value_{number} = {number}\n" for number in range(30)),
            "services/other.py": "".join(f"other_{number} = {number}\n" for number in range(30)),
        },
    )
    return made


CONTRACT = {
    "packages": [{"venv": "venv", "requirements": "requirements.txt", "only_declared": True}],
    "trees": [
        {
            "name": "source",
            "imports": True,
            "similar": [{"a": "services/copy.py", "b": "services/other.py", "max": 0.1}],
        }
    ],
}


def test_finds_exactly_what_was_planted(operator: Operator, reference: Repository, tmp_path: Path) -> None:
    host = reference.deploy(tmp_path / "host")
    site = environment(host / "venv", right_one="1.0", wrong_one="1.9", base="3.1", extra="1.0")
    (site / "~extra-0.9.dist-info").mkdir()
    (host / "services/gate_working.py").unlink()
    write(host, {"services/bit_working.py": "class OldBit: pass\n"})
    shutil.copy(host / "services/copy.py", host / "services/other.py")
    audit = operator.audit_one(host, drift_contract=CONTRACT, drift_repo=str(reference.path))
    assert audit.brief("packages") == {
        ("version", "wrong-one", "wrong_version"),
        ("installed", "gone", "not_installed"),
        ("version", "base", "wrong_version"),
        ("declared", "extra", "undeclared_package"),
        ("metadata", f"venv/{site.relative_to(host / 'venv')}/~extra-0.9.dist-info", "broken_metadata"),
    }
    assert {one for one in audit.brief("trees") if one[0] in ("imports", "similar")} == {
        ("imports", "services/aggregator.py:gate_working", "unresolved_import"),
        ("imports", "services/aggregator.py:bit_working:Bit", "unresolved_import"),
        ("similar", "services/copy.py:services/other.py", "too_similar"),
    }
    known = {one["subject"]: one for one in audit.findings["findings"]}
    for subject, file in (("gate_working", "gate_working"), ("bit_working:Bit", "bit_working")):
        finding = known[f"services/aggregator.py:{subject}"]
        assert finding["expected"]["reference_has"] == [f"services/{file}.py"]
        assert finding["remedy"]["kind"] == "deploy"
    assert known["wrong-one"]["expected"] == {"specifier": "==2.0", "file": "requirements.txt", "line": 4}
    assert (audit.code, audit.findings["verdict"]["complete"]) == (2, True)
    written = b"".join(path.read_bytes() for path in operator.home.rglob("*") if path.is_file())
    assert b"correct-horse-battery-staple" not in written
    assert b"Packages that differ" in written
    assert "Imports that lead nowhere" in audit.report


def test_a_clean_host_has_no_finding(operator: Operator, reference: Repository, tmp_path: Path) -> None:
    host = reference.deploy(tmp_path / "host")
    environment(host / "venv", right_one="1.0", wrong_one="2.0", base="2.9", gone="1.5")
    audit = operator.audit_one(host, drift_contract=CONTRACT, drift_repo=str(reference.path))
    assert (audit.brief(), audit.state()) == (set(), (0, "in_sync"))
    facts = next(one["facts"] for one in audit.findings["facts"] if one["section"] == "packages")
    assert facts["environments"][0]["python"] == ".".join(map(str, sys.version_info[:3]))


def test_what_cannot_be_seen_is_never_in_sync(operator: Operator, tmp_path: Path) -> None:
    host = tmp_path / "host"
    (host / "empty/lib/python3.11/site-packages").mkdir(parents=True)
    contract = {"packages": [{"venv": "empty", "requirements": ["gone.txt"]}, {"venv": "none"}]}
    audit = operator.audit_one(host, drift_contract=contract)
    assert audit.brief() == {("environment", "empty", "unseen"), ("environment", "none", "not_installed")}
    assert audit.code == 2
