# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More of the mistakes of ``test_verify_mistakes.py``: what an audit sees of each is judged by its own rules, and the
verification of that must neither pass nor keep silent about it.
"""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.path_severity import PathSeverity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.tree_imports import imports
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.trees import judge as judge_trees
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import asked, gates
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import markdown
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import consistency, verdicts
from config_environments import entry as config_entry
from config_environments import found as found_across
from config_environments import secret
from judge_builders import CONTEXT, OLD, TREE, difference, entry, tree
from judge_builders import git as repository
from streams_builders import WIDE, server
from streams_builders import judged as judged_streams
from test_judge_config_across import host as configured
from test_judge_git import judge as judge_git
from test_judge_logs import SLOW, cycles
from test_judge_logs import judged as judged_logs
from test_judge_processes import evidence, process
from test_judge_processes import judged as judged_processes
from test_judge_stream_servers import MEMCACHED
from test_judge_tree_imports import SEEN
from verify_builders import ABOUT, files, run, seen, verification

Json = dict[str, t.Any]


class Told(t.NamedTuple):
    """A verification of what was judged: its verdicts by check, the whole, and what its report says."""

    verdicts: dict[str, str]
    overall: str
    text: str


def told(*made: Check) -> Told:
    """Verify what the rules of an audit made of some evidence, and let it be compared with itself."""
    findings = run(*map(_found, made), hosts=sorted({one.host for one in made}))
    decided = verification(findings, *(seen(name) for name in sorted({one.host for one in made})))
    consistency.check(decided, findings, files(findings))
    by_check = {one["check"]: one["verdict"] for one in decided["checks"]}
    return Told(by_check, decided["overall"]["verdict"], markdown.render(decided, findings).replace("\\", ""))


def _found(check: Check) -> Json:
    document = {**dataclasses.asdict(check), "id": check.id, "environment": "prod"}
    return {**document, "evidence": [f"evidence/{check.host}/{check.section}.json#{check.subject}"]}


def test_b_26_cycles_do_not_pass_for_a_time_that_holds_more(tmp_path: Path) -> None:
    """26 cycles were the proof of 40 minutes: every 37.7 s, where one every 20 s is declared."""
    said = told(*judged_logs(SLOW, cycles(37.7, 16, 30), tmp_path).checks)
    assert (said.verdicts["interval"], said.overall) == (verdicts.FAIL, verdicts.FAIL)
    assert "16 times in 9 min 25 s; declared are at most 20 s" in said.text


def test_e_two_virtual_environments_do_not_pass() -> None:
    """One process ran in venv, another one in venv311, and the table had both."""
    two = evidence(process(), process(8, exe="/srv/app/venv311/bin/python", venv="/srv/app/venv311"))
    said = told(*judged_processes(two, instances=2).checks)
    assert (said.verdicts["one_environment"], said.overall) == (verdicts.FAIL, verdicts.FAIL)
    assert "/srv/app/venv311" in said.text


def test_f_a_cache_that_everybody_can_reach_does_not_pass() -> None:
    """Memcached listened on 0.0.0.0:11211, in a report that called the infrastructure well."""
    cache = {"kind": "memcached", "address": "127.0.0.1:11211", "about": MEMCACHED, "binding": WIDE}
    made = judged_streams([{"memcached": "127.0.0.1:11211"}], {**server(), **cache})
    said = told(*made.checks)
    assert (said.verdicts["exposed"], said.overall) == (verdicts.FAIL, verdicts.FAIL)


def test_j_work_that_was_put_away_does_not_pass() -> None:
    """Stash, pull, checkout of a hash: what only the host had is hidden, and HEAD is on no branch."""
    head = {"commit": OLD, "branch": None, "detached": True, "unborn": False}
    said = told(*judge_git(repository(head=head, stashes=1, relation=None), branch="main").values())
    assert (said.verdicts["stash"], said.verdicts["branch"], said.overall) == (verdicts.FAIL,) * 3


def test_j_a_file_that_is_longer_on_the_host_does_not_pass() -> None:
    """1505 lines where the reference has 1469: the host may have work of its own."""
    longer = difference("src/main.py", entry("b", lines=1505), entry("a", lines=1469), base=entry("a", lines=1469))
    said = told(*judge_trees([TREE], {"trees": [tree(differences=[longer])]}, CONTEXT).checks)
    assert (said.verdicts["content"], said.overall) == (verdicts.FAIL, verdicts.FAIL)
    assert "1505" in said.text and "1469" in said.text


def test_k_the_same_env_on_a_laptop_and_in_production_does_not_pass() -> None:
    keys = [secret("API_KEY", "a-key-of-some-exchange-0123"), secret("API_SECRET", "its-secret-0123456789abc")]
    contract = config_entry(default="must_match")
    hosts = [configured(name, contract, *keys, secret=True, digest="d" * 64) for name in ("local", "prod")]
    said = told(*found_across(*hosts))
    assert (said.verdicts["identical"], said.overall) == (verdicts.FAIL, verdicts.FAIL)
    assert "is the same, byte for byte, as in local" in said.text


def test_m_a_copied_file_without_the_name_that_is_imported_does_not_pass() -> None:
    """The provider was copied, and the class that is imported from it is in no file of that name."""
    lost = {"path": "src/main.py", "line": 3, "lines": [3], "module": "provider_working", "name": "ProviderWorking"}
    lost.update(found="src/provider_working.py", candidates=[], reference_has=[], host_has=[])
    seen_imports = {**SEEN, "unresolved": [lost], "unresolved_total": 1}
    scope = Scope(Context("prod", "web1"), "trees", "source", {}, "system")
    said = told(*imports(scope, PathSeverity({}), {"path": "src", "imports": seen_imports}))
    assert (said.verdicts["imports"], said.overall) == (verdicts.FAIL, verdicts.FAIL)
    assert "imports ProviderWorking from provider_working, but src/provider_working.py does not define it" in said.text


PLAN = {"gates": [], "hosts": [{"host": "web1", "actions": [{}], "gates": gates.on_the_host()}]}
POINT = "20261121T160000Z-0a1b2c"


@pytest.mark.parametrize(
    ("result", "box"),
    [
        # It was made, read back, and is named: a way back reads this one, and no other.
        ({"outcome": "changed", "point": POINT}, f"- [x] [PASS] restore point of web1: {POINT} holds"),
        # Nothing was saved, because nothing was to be changed, or because that failed.
        ({"outcome": "unchanged"}, "- [ ] [NOT ASKED] restore point of web1: no restore point was made"),
        ({"outcome": "changed", "point": None}, "- [ ] [NOT ASKED] restore point of web1: no restore point was made"),
        (
            {"outcome": "failed", "reason": "no space left", "point": None},
            "- [ ] [UNKNOWN] restore point of web1: whether it was",
        ),
        (None, "- [ ] [NOT ASKED] restore point of web1: its change did not begin. It would have been: "),
    ],
)
def test_n_a_backup_that_nobody_made_is_not_ticked(result: Json | None, box: str) -> None:
    """A backup was promised by a command without the name of a file, and the way back read another one."""
    found = run()
    made = verification(
        found,
        about=ABOUT._replace(deploy="20261121T155900Z-prod-1"),
        gates=asked.as_it_went(PLAN, {} if result is None else {"web1": result}),
    )
    assert box in markdown.render(made, found).replace("\\", "")


SHOWN = [
    test_e_two_virtual_environments_do_not_pass,
    test_f_a_cache_that_everybody_can_reach_does_not_pass,
    test_j_work_that_was_put_away_does_not_pass,
    test_j_a_file_that_is_longer_on_the_host_does_not_pass,
    test_k_the_same_env_on_a_laptop_and_in_production_does_not_pass,
    test_m_a_copied_file_without_the_name_that_is_imported_does_not_pass,
]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda one: one.__name__)
def test_each_of_these_tests_fails_where_the_mistake_is_made(
    shown: t.Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finding that is told and passes all the same is what the reports that were made by hand are full of."""
    monkeypatch.setattr(verdicts, "of_check", lambda *_about: verdicts.PASS)
    with pytest.raises(AssertionError):
        shown()


def test_the_broken_twin_ticks_a_backup_that_nobody_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "POINT", "another name")
    monkeypatch.setattr(asked, "_BY_HOST", [gate["name"] for gate in PLAN["hosts"][0]["gates"]])
    with pytest.raises(AssertionError):
        test_n_a_backup_that_nobody_made_is_not_ticked(
            {"outcome": "unchanged"}, "- [ ] [NOT ASKED] restore point of web1: no restore point was made"
        )
