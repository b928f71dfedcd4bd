# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows a change of files, over the local connection: commands at their moments, and the way back by itself."""

from __future__ import annotations

import json
import os
import signal
import typing as t
from pathlib import Path

import jsonschema
import pytest
from e2e_operator import Operator, Outcome
from e2e_project import Repository, write
from waiting import lives, wait_until

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
TREES: dict[str, t.Any] = {"drift_sections": ["trees"]}

Json = dict[str, t.Any]


class Site:
    """An application of two commits on one host, and a file in which its commands say what they saw."""

    def __init__(self, folder: Path, operator: Operator) -> None:
        self.folder = folder
        self.operator = operator
        self.reference = Repository(folder / "reference")
        write(self.reference.path, {"main.py": "one\n"})
        first = self.reference.commit("First")
        self.root = self.reference.deploy(folder / "web1", first, with_git=False)
        self.reference.commit("Second", {"main.py": "two\n"})
        self.said = folder / "said"

    def say(self, word: str, after: str = "true") -> list[str]:
        return ["/bin/sh", "-c", f"echo {word} $(cat main.py) >> {self.said}; {after}"]

    def deploy(self, *arguments: str, **variables: t.Any) -> Outcome:
        given = {"drift_repo": str(self.reference.path), "drift_state_dir": str(self.folder / "state"), **TREES}
        inventory = self.operator.inventory({"web1": {"drift_root": str(self.root)}}, **given)
        extra = {"drift_output_dir": str(self.operator.runs), **variables}
        return self.operator.play("evenkeel.drift.deploy", "-i", str(inventory), "-e", json.dumps(extra), *arguments)

    def last(self) -> Path:
        return max((self.operator.runs / "deploys").iterdir(), key=lambda path: path.name if path.is_dir() else "")

    def result(self) -> Json:
        return t.cast(Json, json.loads((self.last() / "results" / "web1.json").read_text()))

    def content(self) -> str:
        return (self.root / "main.py").read_text()

    def lines(self) -> list[str]:
        return self.said.read_text().splitlines() if self.said.exists() else []


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, operator: Operator) -> Site:
    return Site(tmp_path, operator)


def test_commands_run_at_their_moments_and_not_when_there_is_nothing_to_do(site: Site) -> None:
    moments = ("before_change", "after_change", "after_services", "on_failure")
    hooks = {moment: [site.say(moment)] for moment in moments}
    outcome = site.deploy("--check", sync_hooks=hooks)
    assert (outcome.code, site.lines(), site.content()) == (0, [], "one\n"), outcome.text
    assert f"hook before_change: /bin/sh -c 'echo before_change $(cat main.py) >> {site.said}"[:60] in outcome.text
    outcome = site.deploy(sync_hooks=hooks)
    assert outcome.code == 0, outcome.text
    assert site.lines() == ["before_change one", "after_change two", "after_services two"]
    jsonschema.validate(json.loads((site.last() / "plan.json").read_text()), SCHEMA)
    assert site.deploy(sync_hooks=hooks).code == 0
    assert len(site.lines()) == 3


def test_a_command_that_fails_before_the_change_refuses_it(site: Site) -> None:
    hooks = {"before_change": [site.say("drain", "exit 4")], "on_failure": [site.say("join")]}
    outcome = site.deploy(sync_hooks=hooks)
    assert outcome.code == 2
    assert (site.result()["outcome"], site.content(), site.lines()) == ("refused", "one\n", ["drain one", "join one"])
    assert "nothing was touched: the hook /bin/sh -c" in site.result()["reason"]


def test_a_step_that_fails_brings_the_host_back_by_itself(site: Site) -> None:
    (site.folder / "unwell").write_text("echo the password=correct-horse-battery is wrong >&2; false\n")
    hooks = {"after_services": [site.say("well", f"sh {site.folder}/unwell")], "on_failure": [site.say("back")]}
    outcome = site.deploy(sync_hooks=hooks)
    assert outcome.code == 2
    result = site.result()
    assert (result["outcome"], site.content(), site.lines()) == ("rolled_back", "one\n", ["well two", "back one"])
    assert "ended with 1 and said: the password=<masked> is wrong" in result["reason"]
    assert "correct-horse-battery" not in outcome.text + (site.last() / "result.md").read_text()
    assert f"Everything is back as restore point {result['point']} has it" in result["reason"]
    assert "[ROLLED BACK] web1" in outcome.text
    state = next((site.folder / "state").iterdir())
    assert not [path.name for path in state.iterdir() if path.name.startswith(("services", "journal"))]
    # What failed is evidence: kept, and picked by no rollback.
    kept = result["reason"].partition("what failed is kept as restore point ")[2]
    about = json.loads((state / "points" / kept / "manifest.json").read_text())["about"]
    assert about["kind"] == "replaced"
    hooks = {"after_services": [site.say("well")]}
    assert site.deploy(sync_hooks=hooks).code == 0
    assert site.content() == "two\n"


def test_a_program_that_is_killed_on_the_host_is_told_as_that(site: Site) -> None:
    hooks = {"before_change": [["/bin/sh", "-c", f"echo $$ >> {site.said}; kill -9 $PPID"]]}
    outcome = site.deploy(sync_hooks=hooks)
    (hook,) = map(int, site.lines())
    wait_until(lambda: not lives(hook), "the command before the change has ended")
    assert (outcome.code, site.content()) == (2, "one\n"), outcome.text
    reason = site.result()["reason"]
    assert "the program on the host was ended by SIGKILL before it gave an answer; what it did until then" in reason
    assert "is not known: run the deploy or the rollback again" in reason
    assert "deserialization" not in outcome.text
    outcome = site.deploy()
    assert (outcome.code, site.content()) == (0, "two\n"), outcome.text


def test_a_restart_by_name_touches_no_file_and_is_refused_where_nothing_has_the_name(site: Site) -> None:
    outcome = site.deploy("-e", "sync_restart=shop.service", sync_hooks={"before_change": [site.say("begun")]})
    assert outcome.code == 2, outcome.text
    assert "sync_restart names shop.service, which is no unit or process of this" in outcome.text
    plan = json.loads((site.last() / "plan.json").read_text())
    jsonschema.validate(plan, SCHEMA)
    assert [one["actions"] for one in plan["hosts"]] == [[]]
    assert (site.content(), site.lines()) == ("one\n", [])


def test_a_hook_that_outlives_its_deploy_is_named_by_the_next_one(site: Site) -> None:
    script = f"echo $$ >> {site.said}; kill -9 $PPID; exec sleep 600"
    assert site.deploy(sync_hooks={"before_change": [["/bin/sh", "-c", script]]}).code == 2
    (line,) = site.lines()
    pid = int(line)
    try:
        outcome = site.deploy()
        assert (outcome.code, site.content()) == (2, "one\n"), outcome.text
        said = " ".join(outcome.text.split())
        assert f"of a change that was interrupted still runs (process {pid}): wait until it has ended" in said
    finally:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lives(pid), "the command that was killed has ended")
    outcome = site.deploy()
    assert (outcome.code, site.content()) == (0, "two\n"), outcome.text
