# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three environments beside each other, each with an inventory directory of its own, and branches beside them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from e2e_operator import AUDIT, LOCAL, Operator, Outcome
from e2e_project import Repository, application, git, write

Json = dict[str, t.Any]

ENVIRONMENTS = ("local", "staging", "prod")


def inventory(operator: Operator, name: str, hosts: Json, group: str = "", **variables: t.Any) -> Path:
    """Write an inventory directory with one group, whose variables it has; return its path."""
    folder = operator.desk / name
    group = group or name
    (folder / "group_vars").mkdir(parents=True)
    listed = {host: {**LOCAL, **own} for host, own in hosts.items()}
    (folder / "hosts.json").write_text(json.dumps({group: {"hosts": listed}}))
    (folder / "group_vars" / f"{group}.json").write_text(json.dumps(variables))
    return folder


def audit(operator: Operator, *folders: Path) -> Outcome:
    sources = [part for folder in folders for part in ("-i", str(folder))]
    return operator.play(AUDIT, *sources, "-e", json.dumps({"drift_output_dir": str(operator.runs)}))


def three(operator: Operator, repository: Repository, **reference: t.Any) -> list[Path]:
    """Deploy the newest commit to local, the one before to staging, and an edited copy of that to prod."""
    wanted = {"git": {"repo": str(repository.path), "ref": "main", **reference}}
    made = []
    for name, commit in zip(ENVIRONMENTS, ("main", "main~1", "main~1"), strict=True):
        root = repository.deploy(operator.home / f"at-{name}", commit)
        if name == "prod":
            write(root, {"src/hotfix.py": "hot\n"})
        made.append(
            inventory(
                operator,
                name,
                {f"{name}-1": {"drift_root": str(root)}},
                drift_environment=name,
                drift_reference=wanted,
            )
        )
    return made


def test_three_environments_and_branches_are_columns_of_one_matrix(operator: Operator, tmp_path: Path) -> None:
    origin = application(tmp_path / "origin")
    git(origin.path, "branch", "staging", "main~1")
    clone = Repository.__new__(Repository)
    clone.path = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(origin.path), str(clone.path))
    branches = ["origin/main", "origin/staging", "origin/nothing"]
    outcome = audit(operator, *three(operator, clone, branches=branches))
    findings = outcome.findings
    matrix = findings["matrix"]
    assert matrix["columns"] == ["local", "prod", "staging", "origin/main", "origin/nothing", "origin/staging"]
    rows = {(row["section"], row["component"]): row["cells"] for row in matrix["rows"]}
    commits = {name: cell["state"] for name, cell in rows[("git", "repository")].items()}
    assert commits == {
        "local": "in_sync",
        "prod": "differs",
        "staging": "differs",
        "origin/main": "in_sync",
        "origin/nothing": "unknown",
        "origin/staging": "differs",
    }
    assert rows[("git", "repository")]["origin/staging"]["note"] == "1 behind"
    assert rows[("trees", "source")]["origin/staging"]["count"] == 1
    assert "no remote branch origin/nothing" in matrix["about"]["origin/nothing"]["reason"]
    related = {(one["a"], one["b"]): (one["ahead"], one["behind"], one["outcome"]) for one in findings["relations"]}
    assert related[("local", "prod")] == (1, 0, "ok")
    assert related[("prod", "staging")] == (0, 0, "ok")
    assert related[("local", "origin/nothing")] == (None, None, "unknown")
    assert "only in prod" in outcome.report
    assert "## Register of manual changes" in outcome.report
    again = operator.play("evenkeel.drift.judge", "-i", "localhost,", "-e", json.dumps({"drift_run": str(outcome.run)}))
    assert again.code == outcome.code or again.code == 0, again.text
    assert outcome.findings == findings


def test_the_environment_that_holds_the_reference_stands_first_and_is_marked(
    operator: Operator, tmp_path: Path
) -> None:
    repository = application(tmp_path / "repository")
    root = repository.deploy(tmp_path / "root")
    copy = repository.deploy(tmp_path / "copy")
    one = inventory(operator, "aprod", {"prod-1": {"drift_root": str(copy)}}, drift_reference={"host": "local-1"})
    two = inventory(operator, "local", {"local-1": {"drift_root": str(root)}})
    outcome = audit(operator, one, two)
    assert outcome.findings["matrix"]["columns"] == ["local", "aprod"]
    assert outcome.findings["matrix"]["about"]["local"]["reference"] is True
    assert "local (reference)" in outcome.report
    assert outcome.findings["findings"] == []
    related = outcome.findings["relations"]
    assert [(row["ahead"], row["behind"], row["outcome"]) for row in related] == [(0, 0, "ok")]


def test_hosts_of_one_environment_that_differ_are_a_finding_of_their_own(operator: Operator, tmp_path: Path) -> None:
    repository = application(tmp_path / "repository")
    hosts = {}
    for name, commit in (("web1", "main"), ("web2", "main"), ("web3", "main~1")):
        repository.deploy(tmp_path / name / "app", commit)
        hosts[name] = {"drift_root": str(tmp_path / name / "app")}
    folder = inventory(operator, "prod", hosts, drift_reference={"git": {"repo": str(repository.path)}})
    outcome = audit(operator, folder)
    unlike = [one for one in outcome.findings["findings"] if one["check"] == "hosts_alike"]
    assert [(one["section"], one["component"], one["cause"]) for one in unlike] == [
        ("git", "repository", "hosts_differ"),
        ("trees", "source", "hosts_differ"),
    ]
    assert [group["hosts"] for group in unlike[0]["observed"]["groups"]] == [["web1", "web2"], ["web3"]]
    assert "Hosts of one environment that differ" in outcome.report


def test_one_host_in_two_inventories_is_refused(operator: Operator, tmp_path: Path) -> None:
    hosts = {"app": {"drift_root": str(tmp_path)}}
    folders = [inventory(operator, name, hosts) for name in ("staging", "prod")]
    outcome = audit(operator, *folders)
    assert outcome.code != 0 and outcome.run is None
    assert 'host "app" is in two inventories' in outcome.text.replace("\\", "")


def test_variables_of_one_inventory_that_count_for_another_are_refused(operator: Operator, tmp_path: Path) -> None:
    folders = [
        inventory(operator, name, {f"{name}-1": {"drift_root": str(tmp_path)}}, group="all", drift_environment=name)
        for name in ("staging", "prod")
    ]
    outcome = audit(operator, *folders)
    assert outcome.code != 0 and outcome.run is None
    assert "which is that of" in outcome.text
