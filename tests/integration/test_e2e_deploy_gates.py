# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates of a deploy, each over the local connection: it refuses with what would make it pass, and then passes."""

from __future__ import annotations

import json
import os
import shutil
import sys
import typing as t
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_project import Files, Repository, git

Json = dict[str, t.Any]

COMPOSE = """services:
  web:
    image: web
    environment:
      DB_HOST: {host}
  {service}:
    image: postgres
"""


class Shop:
    """An application whose host was deployed at the first commit of its repository."""

    def __init__(self, folder: Path, operator: Operator, files: Files, contract: Json | None = None) -> None:
        self.folder = folder
        self.operator = operator
        self.contract = {"trees": [{"name": "source", "path": "."}], **(contract or {})}
        self.reference = Repository(folder / "reference")
        self.reference.commit("First", files)
        self.hosts: dict[str, Path] = {}
        self.host("prod-1")

    def host(self, name: str) -> Path:
        self.hosts[name] = self.reference.deploy(self.folder / name, with_git=False)
        return self.hosts[name]

    def inventory(self, name: str, **variables: t.Any) -> Path:
        hosts = {host: {"drift_root": str(root), **variables.pop(host, {})} for host, root in self.hosts.items()}
        given: Json = {
            "drift_repo": str(self.reference.path),
            "drift_state_dir": str(self.folder / "state"),
            "drift_sections": list(self.contract),
            "drift_contract": self.contract,
        }
        return self.operator.inventory(hosts, name=name, **{**given, **variables})

    def deploy(self, *arguments: str, inventory: Path | None = None, **variables: t.Any) -> Outcome:
        extra = ["-e", json.dumps({"drift_output_dir": str(self.operator.runs), **variables})]
        chosen = inventory or self.inventory("prod")
        return self.operator.play("evenkeel.drift.deploy", "-i", str(chosen), *extra, *arguments)

    def plan(self) -> Json:
        folders = [path for path in (self.operator.runs / "deploys").iterdir() if path.is_dir()]
        return t.cast(Json, json.loads((max(folders) / "plan.json").read_text()))

    def gate(self, name: str) -> Json:
        plan = self.plan()
        gates = [*plan["gates"], *(gate for host in plan["hosts"] for gate in host["gates"])]
        return next(gate for gate in gates if gate["name"] == name)


def flat(outcome: Outcome) -> str:
    return " ".join(outcome.text.split())


def test_a_name_that_nothing_will_have_is_refused(tmp_path: Path, operator: Operator) -> None:
    files: Files = {"compose.yml": COMPOSE.format(host="db", service="db"), "app/main.py": "one\n"}
    shop = Shop(tmp_path / "shop", operator, files, {"compose": [{"project": "shop", "socket": "/run/none.sock"}]})
    shop.reference.commit("Rename the database", {"compose.yml": COMPOSE.format(host="db", service="postgres")})
    outcome = shop.deploy()
    assert outcome.code == 2, outcome.text
    gate = shop.gate("names")
    assert (gate["state"], "DB_HOST of service web will name db" in gate["sentence"]) == ("refuse", True), gate
    assert (shop.hosts["prod-1"] / "compose.yml").read_text() == COMPOSE.format(host="db", service="db")
    shop.reference.commit("Name it everywhere", {"compose.yml": COMPOSE.format(host="postgres", service="postgres")})
    outcome = shop.deploy("--check", sync_services=False)
    assert outcome.code == 0, outcome.text
    assert shop.gate("names")["state"] == "pass"
    shop.reference.commit("Break it", {"compose.yml": "services: [web\n"})
    assert shop.deploy().code == 2
    assert "the Compose files of shop cannot be read" in shop.gate("names")["sentence"]


@pytest.mark.parametrize("value", ["http://db:5432/x", "http://database:5432/x"])
def test_a_configuration_is_judged_as_it_will_be(tmp_path: Path, operator: Operator, value: str) -> None:
    compose = "services:\n  web:\n    image: web\n    env_file: app.ini\n  db:\n    image: postgres\n"
    files: Files = {"compose.yml": compose, "app.ini": "DB_URL=http://db:5432/\n"}
    contract = {"compose": [{"project": "shop"}], "configs": [{"path": "app.ini", "format": "env"}]}
    shop = Shop(tmp_path / "shop", operator, files, contract)
    shop.reference.commit("Another address", {"app.ini": f"DB_URL={value}\n"})
    outcome = shop.deploy("--check")
    assert "Plan plan-" in outcome.text, outcome.text
    gate = shop.gate("names")
    assert gate["state"] == ("refuse" if "database" in value else "pass"), gate


def test_what_is_no_file_stays_as_it_is_and_is_named(tmp_path: Path, operator: Operator) -> None:
    shop = Shop(tmp_path / "shop", operator, dict.fromkeys(("a.py", "fifo.py", "folder.py", "below/x.py"), "one\n"))
    root = shop.hosts["prod-1"]
    for name in ("fifo.py", "folder.py"):
        (root / name).unlink()
    os.mkfifo(root / "fifo.py")
    (root / "folder.py").mkdir()
    (root / "folder.py/inside").write_text("the host's own\n")
    shutil.rmtree(root / "below")
    os.mkfifo(root / "below")
    linked = f"160000,{git(shop.reference.path, 'rev-parse', 'HEAD')},linked"
    shop.reference.commit("Second", dict.fromkeys(("a.py", "fifo.py", "folder.py", "below/x.py"), "two\n"))
    git(shop.reference.path, "update-index", "--add", "--cacheinfo", linked)
    git(shop.reference.path, "commit", "-q", "-m", "A submodule")
    outcome = shop.deploy(drift_fail_on="never", sync_prune=True)
    assert outcome.code == 0, outcome.text
    assert (root / "a.py").read_text() == "two\n"
    assert (root / "fifo.py").is_fifo()
    assert (root / "below").is_fifo()
    assert (root / "folder.py/inside").read_text() == "the host's own\n"
    left = {one["path"] for one in shop.plan()["hosts"][0]["left_out"]}
    assert {"fifo.py", "folder.py", "below", "linked"} & left >= {"fifo.py", "folder.py", "linked"}, left


def test_a_window_that_closes_between_two_batches_stops_the_second(tmp_path: Path, operator: Operator) -> None:
    shop = Shop(tmp_path / "shop", operator, {"a.py": "one\n"})
    shop.reference.commit("Second", {"a.py": "two\n"})
    # The command before the change takes away the window that the deploy has, as time would.
    close = (
        "import json, pathlib, sys; run = max(pathlib.Path(sys.argv[1]).iterdir()) / 'run.json'; "
        "never = {'days': [], 'from': '00:00', 'to': '00:01', 'zone': 'UTC'}; "
        "run.write_text(json.dumps({**json.loads(run.read_text()), 'window': [never]}))"
    )
    always = [{"from": "00:00", "to": "00:00"}]
    shop.host("prod-2")
    (shop.hosts["prod-2"] / "a.py").write_text("one\n")
    hooks = {"before_change": [[sys.executable, "-c", close, str(operator.runs / "deploys")]]}
    outcome = shop.deploy(sync_serial=1, sync_window=always, sync_hooks=hooks)
    assert outcome.code == 2, outcome.text
    assert (shop.hosts["prod-1"] / "a.py").read_text() == "two\n"
    assert (shop.hosts["prod-2"] / "a.py").read_text() == "one\n"
    assert "not begun" in flat(outcome)


def test_prod_comes_after_staging(tmp_path: Path, operator: Operator) -> None:
    shop = Shop(tmp_path / "shop", operator, {"a.py": "one\n"})
    staging = shop.host("staging-1")
    shop.reference.commit("Second", {"a.py": "two\n"})
    prod = shop.inventory("prod", sync_after="staging")
    test = shop.inventory("staging")
    for inventory, host in ((prod, "prod-1"), (test, "staging-1")):
        content = json.loads(inventory.read_text())
        content["all"]["hosts"] = {host: content["all"]["hosts"][host]}
        inventory.write_text(json.dumps(content))
    assert shop.deploy(inventory=prod).code == 2
    assert "no run in" in shop.gate("after")["sentence"]
    assert shop.deploy(inventory=test).code == 0
    assert (staging / "a.py").read_text() == "two\n"
    outcome = shop.deploy(inventory=prod)
    assert outcome.code == 0, outcome.text
    assert shop.gate("after")["state"] == "pass"
    assert (shop.hosts["prod-1"] / "a.py").read_text() == "two\n"


def test_prod_comes_after_all_of_staging(tmp_path: Path, operator: Operator) -> None:
    shop = Shop(tmp_path / "shop", operator, {"a.py": "one\n"})
    shop.host("staging-1")
    shop.host("staging-2")
    shop.reference.commit("Second", {"a.py": "two\n"})
    prod, test = shop.inventory("prod", sync_after="staging"), shop.inventory("staging")
    for inventory, gone in ((prod, ("staging-1", "staging-2")), (test, ("prod-1",))):
        content = json.loads(inventory.read_text())
        content["all"]["hosts"] = {name: its for name, its in content["all"]["hosts"].items() if name not in gone}
        inventory.write_text(json.dumps(content))
    # The inventory knows a host that this deploy leaves out: nothing of it is known.
    assert shop.deploy("--limit", "staging-1", inventory=test).code == 0
    assert shop.deploy(inventory=prod).code == 2
    assert "did not look at staging-2: deploy staging first" in shop.gate("after")["sentence"]
    assert (shop.hosts["prod-1"] / "a.py").read_text() == "one\n"
    assert shop.deploy(inventory=test).code == 0
    assert shop.deploy("--check", inventory=prod).code == 0
    assert shop.gate("after")["state"] == "pass"


def test_a_reviewed_plan_is_for_its_environment_and_its_strategy(tmp_path: Path, operator: Operator) -> None:
    shop = Shop(tmp_path / "shop", operator, {"a.py": "one\n"})
    shop.reference.commit("Second", {"a.py": "two\n"})
    assert shop.deploy("--check").code == 0
    plan = str(max((operator.runs / "deploys").iterdir()) / "plan.json")
    other = shop.deploy(inventory=shop.inventory("staging"), drift_plan=plan)
    assert other.code == 2
    assert "with drift_environment prod, and that is staging now" in flat(other)
    moved = shop.deploy(drift_plan=plan, drift_root=str(tmp_path / "shop/elsewhere"))
    assert moved.code == 2 and "with drift_root" in flat(moved), moved.text
    strategy = shop.deploy(drift_plan=plan, sync_strategy="release")
    assert strategy.code == 2
    assert "was made with sync_strategy tree, and that is release now" in flat(strategy)
    assert (shop.hosts["prod-1"] / "a.py").read_text() == "one\n"
    assert shop.deploy(drift_plan=plan).code == 0
    assert (shop.hosts["prod-1"] / "a.py").read_text() == "two\n"


def test_a_host_in_sync_is_not_refused_what_only_a_change_needs(tmp_path: Path, operator: Operator) -> None:
    shop = Shop(tmp_path / "shop", operator, {"a.py": "one\n"})
    asked = {"sync_rehearsed": "config", "sync_classified": True}
    idle = shop.deploy(**asked)
    assert idle.code == 0, idle.text
    assert "[NOTHING TO DO] prod-1" in idle.text
    gate = shop.gate("rehearsed")
    assert (gate["state"], "a change would be refused now" in gate["sentence"]) == ("not_asked", True), gate
    # What one host needs for its change is asked of that one alone.
    (shop.host("prod-2") / "a.py").write_text("three\n")
    shop.reference.commit("Second", {"b.py": "two\n"})
    shutil.copy(shop.reference.path / "b.py", shop.hosts["prod-1"])
    drifted = shop.deploy(**asked)
    assert drifted.code == 2, drifted.text
    assert "[NOTHING TO DO] prod-1" in drifted.text and "[REFUSED] prod-2" in drifted.text
    assert not (shop.hosts["prod-2"] / "b.py").exists()
